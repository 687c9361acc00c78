"""Reads LightGBM's text models and checks what native code takes their trees for.

The layout is that of `GBDT::SaveModelToString` and `Tree::ToString` in microsoft/LightGBM, versions 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.tree_arrays import is_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.source import Source

MAX_TREES: Final = 200_000
MAX_NODES: Final = 3_000_000
"""Nodes of all trees together, a second and a half of CPU; counted by the two letters that a number takes at least."""

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
MAX_FLAWS: Final = 50
_ENDS: Final = frozenset({"end of trees"})
_KEPT: Final = frozenset(
    {"num_leaves", "num_cat", "split_feature", "left_child", "right_child", "cat_boundaries", "is_linear"}
    | {"cat_threshold", "threshold", "decision_type", "leaf_value", "num_features", "leaf_features", "Tree"}
)
_WHOLE: Final = (
    "split_feature", "left_child", "right_child", "decision_type", "cat_boundaries", "leaf_features", "num_features"
)  # fmt: skip  # whole numbers, which are made of every letter
_CATEGORICAL = 1


@dataclass(slots=True, kw_only=True)
class LightgbmModel:
    """What a model says.

    Attributes:
        version: Of the form.
        objective: As written.
        tree_count: Of the ensemble.
        flaws: What cannot be, in words.
    """

    version: str = ""
    objective: str = ""
    tree_count: int = 0
    flaws: list[str] = field(default_factory=list)


def begins_lightgbm(head: bytes) -> bool:
    """Whether a text begins like such a model."""
    lines = head[:64].replace(b"\r", b"").split(b"\n")
    return len(lines) > 1 and lines[0] == b"tree" and lines[1].startswith(b"version=v")


def read_lightgbm(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> LightgbmModel:
    """Returns what a model says and what of it native code must not believe.

    Raises:
        MalformedError: It breaks off before `end of trees`, or is larger than is read.
        SourceError: The file cannot be read.
    """
    made = LightgbmModel()
    checker = _Checker(made)
    blocks = _blocks(source, is_late)
    header = next(blocks, {})
    feature_count = checker.header(header)
    nodes = number = 0
    for block in blocks:
        number += 1
        nodes += max(len(block.get(key, "")) for key in _WHOLE) // 2
        if is_late():
            raise MalformedError("expected to read the trees in time")
        if number > MAX_TREES or nodes > MAX_NODES:
            raise MalformedError("expected fewer trees, or smaller ones")
        checker.tree(number - 1, block, feature_count)
    made.tree_count = number
    sizes = header.get("tree_sizes")
    if sizes is not None and len(sizes.split()) != number:
        checker.flaw(f"{number} trees where {len(sizes.split())} are stated")
    return made


def _blocks(source: Source, is_late: Callable[[], bool]) -> Iterator[dict[str, str]]:
    """Yields the keys of the header, then those of each tree; what follows the trees is for people."""
    block: dict[str, str] = {}
    for number, line in enumerate(_lines(source)):
        if not number & 0xFFF and is_late():
            raise MalformedError("expected to read the trees in time")
        if line in _ENDS:
            yield block
            return
        key, _, value = line.partition("=")
        if key == "Tree":
            yield block
            block = {}
        if key in block and key in _KEPT:
            raise MalformedError(f"expected `{key}` once in a tree")
        block[key] = value
        if len(block) > 1000:  # noqa: PLR2004  # a tree has some thirty keys
            raise MalformedError("expected fewer keys in a tree")
    raise MalformedError("expected `end of trees`", offset=source.size)


def _lines(source: Source) -> Iterator[str]:
    rest = b""
    for chunk in source.chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise MalformedError(f"expected lines of at most {MAX_LINE_BYTES} bytes")
        for line in whole:
            yield line.decode("utf-8", "replace").strip("\r")
    yield rest.decode("utf-8", "replace").strip("\r")


class _Checker:
    def __init__(self, made: LightgbmModel) -> None:
        self._made = made

    def flaw(self, text: str) -> None:
        if len(self._made.flaws) < MAX_FLAWS:
            self._made.flaws.append(text)

    def header(self, header: dict[str, str]) -> int:
        self._made.version = header.get("version", "")[:20]
        self._made.objective = header.get("objective", "")[:200]
        counts = {}
        for key, most in (("num_class", 1 << 20), ("num_tree_per_iteration", 1 << 20), ("max_feature_idx", 1 << 31)):
            counts[key] = _number(header.get(key, "1" if key != "max_feature_idx" else ""), most)
            if counts[key] is None:
                self.flaw(f"`{key}` is `{header.get(key, '')[:40]}`")
        last = counts["max_feature_idx"]
        if last is None:
            return 0
        for key in ("feature_names", "feature_infos"):
            given = header.get(key)
            if given is not None and len(given.split()) != last + 1:
                self.flaw(f"{len(given.split())} `{key}` for {last + 1} features")
        return last + 1

    def tree(self, number: int, block: dict[str, str], feature_count: int) -> None:
        leaf_count = _number(block.get("num_leaves", ""), MAX_NODES)
        category_count = _number(block.get("num_cat", "0"), MAX_NODES)
        if not leaf_count or category_count is None:
            self.flaw(f"tree {number}: `num_leaves` is `{block.get('num_leaves', '')[:40]}`")
            return
        try:
            for flaw in _tree(block, leaf_count, category_count, feature_count):
                self.flaw(f"tree {number}: {flaw}")
        except ValueError:
            self.flaw(f"tree {number}: a node is no whole number")


def _tree(block: dict[str, str], leaf_count: int, category_count: int, feature_count: int) -> Iterator[str]:
    inner = leaf_count - 1
    left, right, features, kinds = (
        _whole(block.get(key, "")) for key in ("left_child", "right_child", "split_feature", "decision_type")
    )
    if len(block.get("leaf_value", "").split()) != leaf_count and inner:
        yield f"values of leaves are not {leaf_count}"
    if not inner:
        return
    thresholds = block.get("threshold", "").split()
    if {len(left), len(right), len(features), len(thresholds)} != {inner} or len(kinds) not in {0, inner}:
        yield f"arrays are not as long as there are splits, {inner}"
        return
    # Children from 0 are splits, below 0 the complements of leaves; each is reached once.
    children = left + right
    if sorted(children) != [*range(-leaf_count, 0), *range(1, inner)]:
        yield "children that lie outside of the tree, or are reached twice"
    if not is_within(features, 0, feature_count):
        yield f"splits by features beyond the {feature_count} of the model"
    yield from _categories(block, kinds, thresholds, category_count)
    if block.get("is_linear", "0").strip() not in {"0", ""}:
        used = _whole(block.get("leaf_features", ""))
        if not is_within(used, 0, feature_count) or sum(_whole(block.get("num_features", ""))) != len(used):
            yield "leaves whose linear models use features that are not there"


def _categories(block: dict[str, str], kinds: list[int], thresholds: list[str], count: int) -> Iterator[str]:
    used = [float(text) for text, kind in zip(thresholds, kinds, strict=False) if kind & _CATEGORICAL]
    if any(not 0 <= value < count for value in used):
        yield f"splits by categories beyond the {count} of the tree"
    if not count:
        return
    bounds = _whole(block.get("cat_boundaries", ""))
    words = len(block.get("cat_threshold", "").split())
    if len(bounds) != count + 1 or bounds != sorted(bounds) or bounds[0] or bounds[-1] > words:
        yield "categories that lie outside of their array"


def _whole(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def _number(text: str, most: int) -> int | None:
    text = text.strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) >= most:  # noqa: PLR2004  # digits
        return None
    return int(text)
