"""Reads models in XGBoost's binary form of versions before 3.1, which begins with numbers and no signature.

The layout is that of `LearnerModelParamLegacy`, `GBTreeModelParam`, `TreeParam` and `RegTree::Load` of xgboost 1.7.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.tree_arrays import is_walk, is_within
from telamon.kits.formats.xgboost import MAX_FLAWS, XgboostModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.kits.formats.source import Source

PREFIX: Final = b"binf"
PARAMETER_BYTES: Final = 136
MAX_TEXT_BYTES: Final = 1 << 20
MAX_TEXTS: Final = 10_000
MAX_TREES: Final = 100_000
_MODEL_BYTES, _TREE_BYTES, _NODE_BYTES, _STAT_BYTES = 160, 148, 20, 16
_NAME_WITHIN = 64
_OBJECTIVES: Final = (b"reg:", b"binary:", b"multi:", b"rank:", b"count:", b"survival:", b"gpu:")
_WORD = 0x7FFFFFFF  # the highest bit of two fields is a flag of its own


def begins_xgboost(head: bytes) -> bool:
    """Whether bytes begin like such a model: the name of an objective stands behind the parameters."""
    at = PARAMETER_BYTES + (len(PREFIX) if head.startswith(PREFIX) else 0)
    if len(head) < at + 8:
        return False
    length = int.from_bytes(head[at : at + 8], "little")
    return 0 < length < _NAME_WITHIN and head[at + 8 : at + 8 + length].startswith(_OBJECTIVES)


def read_xgboost(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> XgboostModel:
    """Returns what a model says and what of it native code must not believe.

    Raises:
        MalformedError: It breaks off.
        SourceError: The file cannot be read.
    """
    cursor = Cursor(source, is_late=is_late)
    if source.read(0, len(PREFIX)) == PREFIX:
        cursor.skip(len(PREFIX))
    made = XgboostModel()
    _base, feature_count, class_count, has_attributes, has_metrics = struct.unpack("<fIiii", cursor.take(20))
    cursor.skip(PARAMETER_BYTES - 20)
    objective = _text(cursor)
    made.booster = _text(cursor).decode("utf-8", "replace")
    for flaw in _booster(cursor, made, feature_count, max(class_count, 1)):
        if len(made.flaws) < MAX_FLAWS:
            made.flaws.append(flaw)
    if has_attributes:
        for _ in range(cursor.count("Q", "attributes", item_bytes=16, most=MAX_TEXTS)):
            key = _text(cursor).decode("utf-8", "replace")
            made.attributes[key] = _text(cursor).decode("utf-8", "replace")
    if objective == b"count:poisson" and cursor.left:  # only versions before 1.0 write its largest step
        _text(cursor)
    if has_metrics:
        for _ in range(cursor.count("Q", "metrics", item_bytes=8, most=MAX_TEXTS)):
            _text(cursor)
    if cursor.left:
        raise MalformedError(f"expected the end, found {cursor.left} bytes", offset=cursor.position)
    return made


def _booster(cursor: Cursor, made: XgboostModel, feature_count: int, groups: int) -> Iterator[str]:
    if made.booster == "gblinear":
        cursor.skip(_MODEL_BYTES - 24)  # GBLinearModelParam: 136 bytes
        cursor.skip(4 * cursor.count("Q", "weights", item_bytes=4))
        return
    if made.booster not in {"gbtree", "dart"}:
        raise MalformedError(f"expected a booster, found {made.booster[:40]!r}", offset=cursor.position)
    tree_count = cursor.count("i", "trees", item_bytes=_TREE_BYTES, most=MAX_TREES)
    cursor.skip(_MODEL_BYTES - 4)
    made.tree_count = tree_count
    for number in range(tree_count):
        for flaw in _tree(cursor, feature_count):
            yield f"tree {number}: {flaw}"
    if not is_within(_numbers(cursor, "i", tree_count), 0, groups):
        yield f"the groups of the trees are not below {groups}"
    if made.booster == "dart" and tree_count:
        weights = cursor.count("Q", "weights", item_bytes=4)
        cursor.skip(4 * weights)
        if weights != tree_count:
            yield f"{weights} weights for {tree_count} trees"


def _tree(cursor: Cursor, feature_count: int) -> Iterator[str]:
    _, node_count, _deleted, _, features, width = struct.unpack("<6i", cursor.take(24))
    cursor.skip(_TREE_BYTES - 24)
    if node_count <= 0 or features > max(feature_count, 1) or width not in {0, 1}:
        yield f"{node_count} nodes of {features} features and leaves of {width}"
    if not 0 < node_count <= cursor.left // (_NODE_BYTES + _STAT_BYTES):
        raise MalformedError(f"expected nodes that the file can hold, found {node_count}", offset=cursor.position)
    cursor.step(node_count)
    words = _numbers(cursor, "i", node_count * 5)
    cursor.skip(node_count * _STAT_BYTES)
    left, right = words[1::5], words[2::5]
    if not is_walk(left, right):
        yield "children that lie outside of the tree, or are reached twice"
    used = [word & _WORD for word, child in zip(words[3::5], left, strict=True) if child != -1]
    if not is_within(used, 0, max(feature_count, 1)):
        yield f"splits by features beyond the {feature_count} of the model"


def _numbers(cursor: Cursor, code: str, count: int) -> array[int]:
    made: array[int] = array(code)
    made.frombytes(cursor.take(count * made.itemsize))
    if sys.byteorder == "big":
        made.byteswap()
    return made


def _text(cursor: Cursor) -> bytes:
    return cursor.take(cursor.count("Q", "bytes", most=MAX_TEXT_BYTES))
