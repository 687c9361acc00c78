"""Checks the arrays by which ensembles of decision trees store their nodes, as native code walks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def is_walk(left: Sequence[int], right: Sequence[int], *, leaf: int = -1) -> bool:
    """Whether following children from node 0 ends: all lie within the arrays, and none is reached twice.

    Args:
        left: Of each node its left child, or `leaf`.
        right: Of each node its right child, or `leaf`.
        leaf: What stands for no child.
    """
    count = len(left)
    if len(right) != count:
        return False
    children = [child for side in (left, right) for child in side if child != leaf]
    if not children:
        return True
    # No node has two parents and the root has none, so that a walk from the root meets none again.
    return min(children) > 0 and max(children) < count and len(set(children)) == len(children)


def is_within(values: Sequence[int], low: int, high: int) -> bool:
    """Whether all values lie from `low` to below `high`."""
    return not len(values) or (min(values) >= low and max(values) < high)
