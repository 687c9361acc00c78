"""Reads CatBoost's models, the binary form and its JSON, and checks what native code takes their trees for.

The binary form is `CBM1`, a length and a flatbuffer (`model.fbs` of catboost 1.2), behind which its parts stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats import flatbuffer
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.tree_arrays import is_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.flatbuffer import Table
    from telamon.kits.formats.json_tree import Json
    from telamon.kits.formats.source import Source

MAGIC: Final = b"CBM1"
MAX_FLAWS: Final = 50
MAX_TREES: Final = 200_000
MAX_DEPTH: Final = 31
"""Splits of a symmetric tree: its leaves are counted in 32 bits; training stops at 16."""

KNOWN_PARTS: Final = frozenset({"static_provider_v1", "text_process_v1", "text_process_v2", "embed_process_1"})
NO_LEAF: Final = 0xFFFFFFFF


class _Core:
    FORMAT, TREES, INFO, PARTS = range(4)


class _Trees:
    DIMENSIONS, SPLITS, SIZES, STARTS, CATEGORIES, FLOATS, ONE_HOT, CTR, LEAVES, WEIGHTS, STEPS, LEAF_OF = range(12)
    TEXTS, ESTIMATED = 12, 13


@dataclass(slots=True, kw_only=True)
class CatboostModel:
    """What a model says.

    Attributes:
        form: Version of the form.
        tree_count: Of the ensemble.
        info: What it says of its making, by key.
        parts: Names of what follows the trees.
        flaws: What cannot be, in words.
    """

    form: str = ""
    tree_count: int = 0
    info: dict[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    flaws: list[str] = field(default_factory=list)


def read_catboost(source: Source) -> CatboostModel:
    """Returns what a model in binary form says and what of it native code must not believe.

    Raises:
        MalformedError: It breaks off, or an offset leads out of it.
        SourceError: The file cannot be read.
    """
    length = int.from_bytes(source.read(4, 4), "little")
    if source.read(0, 4) != MAGIC or not 8 <= length <= source.size - 8:  # noqa: PLR2004  # of a flatbuffer
        raise MalformedError(f"expected a core within the file, found one of {length} bytes", offset=4)
    core = flatbuffer.root(source.sub(8, length))
    info = {entry.text(0): entry.text(1) for entry in core.tables(_Core.INFO)}
    parts = tuple(text.rstrip("\0") for text in core.texts(_Core.PARTS))
    made = CatboostModel(form=core.text(_Core.FORMAT), info=info, parts=parts)
    trees = core.table(_Core.TREES)
    if trees is None:
        raise MalformedError("expected trees", offset=8)
    sizes = trees.vector(_Trees.SIZES, 4)[1]
    if sizes > MAX_TREES:
        raise MalformedError(f"expected at most {MAX_TREES} trees, found {sizes}")
    made.tree_count = sizes
    made.flaws = _first(_trees(trees))
    if not parts and 8 + length != source.size:
        made.flaws.append(f"{source.size - 8 - length} bytes follow the trees, and no part is named")
    return made


def _trees(trees: Table) -> Iterator[str]:
    dimensions = trees.number(_Trees.DIMENSIONS, 4) or 1  # flatbuffers leave what is the default out
    splits, sizes, starts = (trees.numbers(at, "i") for at in (_Trees.SPLITS, _Trees.SIZES, _Trees.STARTS))
    leaves = trees.vector(_Trees.LEAVES, 8)[1]
    trees.vector(_Trees.WEIGHTS, 8)
    if not 1 <= dimensions <= 1 << 20 or leaves % dimensions:
        yield f"{leaves} values of leaves for {dimensions} dimensions"
        return
    if (
        len(sizes) != len(starts)
        or not is_within(sizes, 0, len(splits) + 1)
        or not is_within(starts, 0, len(splits) + 1)
    ):
        yield "trees whose splits lie outside of their array"
        return
    if sum(sizes) > len(splits) or any(start + size > len(splits) for start, size in zip(starts, sizes, strict=True)):
        yield "trees whose splits lie outside of their array"
        return
    bins = _bins(trees)
    steps_at, step_count = trees.vector(_Trees.STEPS, 4)
    if splits and bins is not None and not is_within(splits, 0, max(bins, 1)):
        yield f"splits beyond the {bins} of the features"
    if not step_count:
        if any(size > MAX_DEPTH for size in sizes):
            yield f"trees deeper than {MAX_DEPTH}"
        elif sum(1 << size for size in sizes) * dimensions != leaves:
            yield f"{leaves} values of leaves where the trees have {sum(1 << size for size in sizes) * dimensions}"
        return
    yield from _steps(trees, steps_at, step_count, list(zip(starts, sizes, strict=True)), leaves)


def _steps(trees: Table, at: int, count: int, spans: list[tuple[int, int]], leaves: int) -> Iterator[str]:
    """Trees that are not symmetric: from each node, how far it is to the left child and to the right one, or 0."""
    steps = trees.pairs(at, count)
    leaf_of = trees.numbers(_Trees.LEAF_OF, "I")
    if count != len(leaf_of):
        yield f"{count} nodes and leaves of {len(leaf_of)} nodes"
        return
    if any(leaf != NO_LEAF and leaf >= leaves for leaf in leaf_of):
        yield f"nodes whose leaf is beyond the {leaves} values"
    for start, size in spans:
        stop = start + size
        if stop > count:
            yield "trees whose nodes lie outside of their array"
            return
        if any(node + max(steps[2 * node], steps[2 * node + 1]) >= stop for node in range(start, stop)):
            yield "children that lie outside of the tree"
            return


def _bins(trees: Table) -> int | None:
    """Returns how many splits the features have together; `None` where features are counted that are not known."""
    count = sum(feature.vector(3, 4)[1] for feature in trees.tables(_Trees.FLOATS))
    count += sum(feature.vector(1, 4)[1] for feature in trees.tables(_Trees.ONE_HOT))
    count += sum(feature.vector(1, 4)[1] for feature in trees.tables(_Trees.CTR))
    return None if any(True for _ in trees.tables(_Trees.ESTIMATED)) else count


def looks_like_catboost(value: Json) -> bool:
    """Whether a parsed text is a model of CatBoost."""
    return isinstance(value, dict) and "features_info" in value and ("oblivious_trees" in value or "trees" in value)


def check_catboost(value: Json) -> CatboostModel:
    """Returns what a model in JSON says, of which `looks_like_catboost` is true, and what of it cannot be."""
    model: Any = value  # parsed JSON
    made = CatboostModel(form="JSON")
    info = model.get("model_info")
    made.info = (
        {str(key): text for key, text in info.items() if isinstance(text, str)} if isinstance(info, dict) else {}
    )
    trees = model.get("oblivious_trees", model.get("trees"))
    made.tree_count = len(trees) if isinstance(trees, list) else 0
    made.flaws = _first(_json_trees(model, trees))
    return made


def _json_trees(model: Any, trees: Any) -> Iterator[str]:  # parsed JSON
    features = model["features_info"]
    if not isinstance(trees, list) or not isinstance(features, dict):
        yield "trees or features that are no list"
        return
    given = features.get("float_features")
    counts = {"float_feature_index": len(given) if isinstance(given, list) else 0}
    for number, tree in enumerate(trees):
        if not isinstance(tree, dict):
            yield f"tree {number} is none"
        elif "oblivious_trees" in model:
            splits, leaves = tree.get("splits"), tree.get("leaf_values")
            if not isinstance(splits, list) or not isinstance(leaves, list) or len(splits) > MAX_DEPTH:
                yield f"tree {number} has no splits or no leaves"
            elif len(leaves) % (1 << len(splits)) or not leaves:
                yield f"tree {number}: {len(leaves)} values of leaves for {len(splits)} splits"
            elif not all(_is_split(split, counts["float_feature_index"]) for split in splits):
                yield f"tree {number}: splits by features that are not there"


def _is_split(split: Any, float_count: int) -> bool:  # parsed JSON
    if not isinstance(split, dict):
        return False
    at, index = split.get("float_feature_index", 0), split.get("split_index", 0)
    is_float = split.get("split_type") in {None, "FloatFeature"} and "float_feature_index" in split
    return all(isinstance(value, int) and 0 <= value < 1 << 31 for value in (at, index)) and (
        not is_float or at < float_count
    )


def _first(flaws: Iterator[str]) -> list[str]:
    return [flaw for flaw, _ in zip(flaws, range(MAX_FLAWS), strict=False)]
