"""Checks models of XGBoost in JSON and UBJSON: whether the arrays of trees are what native code takes them for.

The schema is `doc/model.schema` of dmlc/xgboost, versions 1.0 to 3.2.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.tree_arrays import is_walk, is_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from telamon.kits.formats.json_tree import Json

MAX_FLAWS: Final = 50
MAX_COUNT: Final = 1 << 31
DELETED: Final = 2147483647
"""Feature of a node that pruning has removed (`RegTree::Node::kDeletedNodeMarker`)."""

_PER_NODE: Final = ("right_children", "parents", "split_indices", "split_conditions", "default_left")
_PER_CATEGORY: Final = ("categories_segments", "categories_sizes")
_BOOSTERS: Final = frozenset({"gbtree", "gblinear", "dart"})


@dataclass(slots=True, kw_only=True)
class XgboostModel:
    """What a model says.

    Attributes:
        booster: Kind of the model.
        tree_count: Of the ensemble.
        attributes: Texts that users have attached.
        flaws: What cannot be, in words.
    """

    booster: str = ""
    tree_count: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    flaws: list[str] = field(default_factory=list)


def model_of(value: Json) -> Json:
    """Returns the model of what `Booster.__getstate__` keeps, a model beside its configuration; else the value."""
    return value["Model"] if isinstance(value, dict) and value.keys() == {"Model", "Config"} else value


def looks_like_xgboost(value: Json) -> bool:
    """Whether a parsed text is a model of XGBoost, or its configuration."""
    learner = value.get("learner") if isinstance(value, dict) else None
    return isinstance(learner, dict) and "gradient_booster" in learner


def check_xgboost(value: Json, *, is_late: Callable[[], bool] = lambda: False) -> XgboostModel:
    """Returns what a model says and what of it native code must not believe.

    Args:
        value: The parsed text, of which `looks_like_xgboost` is true.
        is_late: Tells when the time is up, which is a flaw of its own.
    """
    made = XgboostModel()
    for flaw in _model(_mapping(value).get("learner"), made, is_late):
        if len(made.flaws) >= MAX_FLAWS:
            break
        made.flaws.append(flaw)
    return made


def _model(learner: Any, made: XgboostModel, is_late: Callable[[], bool]) -> Iterator[str]:  # parsed JSON
    learner = _mapping(learner)
    attributes = _mapping(learner.get("attributes"))
    made.attributes = {str(key): text for key, text in attributes.items() if isinstance(text, str)}
    booster = _mapping(learner.get("gradient_booster"))
    made.booster = str(booster.get("name", ""))[:100]
    if made.booster not in _BOOSTERS:
        yield f"the booster is `{made.booster}`"
    parameters = _mapping(learner.get("learner_model_param"))
    feature_count = _count(parameters.get("num_feature", "0"))
    if feature_count is None:
        yield "the number of features is none"
        return
    for name in ("feature_names", "feature_types"):
        given = _list(learner.get(name))
        if len(given) and feature_count and len(given) != feature_count:
            yield f"{len(given)} `{name}` for {feature_count} features"
    groups = max(_count(parameters.get("num_class", "0")) or 1, _count(parameters.get("num_target", "1")) or 1)
    inner = _mapping(booster.get("gbtree", booster))
    model = _mapping(inner.get("model"))
    if made.booster == "gblinear":
        if len(_list(model.get("weights"))) != (feature_count + 1) * groups and len(model):
            yield f"{len(_list(model.get('weights')))} weights for {feature_count} features and {groups} groups"
        return
    yield from _forest(model, feature_count, groups, made, is_late)
    weights = _list(booster.get("weight_drop"))
    if made.booster == "dart" and len(weights) != made.tree_count:
        yield f"{len(weights)} weights for {made.tree_count} trees"


def _forest(
    model: Mapping[str, Any], feature_count: int, groups: int, made: XgboostModel, is_late: Callable[[], bool]
) -> Iterator[str]:
    trees = _list(model.get("trees"))
    made.tree_count = len(trees)
    stated = _count(_mapping(model.get("gbtree_model_param")).get("num_trees", "0"))
    if model and stated != len(trees):
        yield f"{len(trees)} trees where {stated} are stated"
    info = _list(model.get("tree_info"))
    if len(info) != len(trees) or not _are_numbers(info) or not is_within(info, 0, groups):
        yield f"the groups of the trees are not {len(trees)} numbers below {groups}"
    bounds = _list(model.get("iteration_indptr"))
    if not _are_numbers(bounds) or not is_within(bounds, 0, len(trees) + 1) or list(bounds) != sorted(bounds):
        yield f"the rounds do not lie within {len(trees)} trees"
    for number, tree in enumerate(trees):
        if is_late():
            yield "the time was up before the trees ended"
            return
        for flaw in _tree(_mapping(tree), feature_count):
            yield f"tree {number}: {flaw}"


def _tree(tree: Mapping[str, Any], feature_count: int) -> Iterator[str]:
    parameters = _mapping(tree.get("tree_param"))
    stated = _count(parameters.get("num_nodes"))
    width = _count(parameters.get("size_leaf_vector", "1"))
    left = _list(tree.get("left_children"))
    if stated is None or not stated or width is None:
        yield "the number of nodes is none"
        return
    if len(left) != stated:
        yield f"{len(left)} nodes where {stated} are stated"
    wrong = [name for name in _PER_NODE if len(_list(tree.get(name))) != len(left)]
    if wrong or len(_list(tree.get("base_weights"))) not in {len(left) * max(width, 1), len(left)}:
        yield f"arrays are not as long as there are nodes ({', '.join(wrong) or 'base_weights'})"
        return
    right, features = _list(tree["right_children"]), _list(tree["split_indices"])
    if not (_are_numbers(left) and _are_numbers(right) and _are_numbers(features) and _are_numbers(tree["parents"])):
        yield "nodes that are no whole numbers"
        return
    inner = [node for node, child in enumerate(left) if child != -1]
    used = right if len(inner) == len(left) else [right[node] if left[node] != -1 else -1 for node in range(len(left))]
    if not is_walk(left, used):
        yield "children that lie outside of the tree, or are reached twice"
    if not is_within([features[node] for node in inner], 0, min(max(feature_count, 1), DELETED)):
        yield f"splits by features beyond the {feature_count} of the model"
    yield from _categories(tree, len(left))


def _categories(tree: Mapping[str, Any], node_count: int) -> Iterator[str]:
    nodes = _list(tree.get("categories_nodes"))
    starts, sizes = (_list(tree.get(name)) for name in _PER_CATEGORY)
    values = _list(tree.get("categories"))
    if not len(starts) == len(sizes) == len(nodes) or not all(map(_are_numbers, (nodes, starts, sizes, values))):
        yield "categories whose arrays differ in length"
    elif not is_within(nodes, 0, node_count) or not is_within(values, 0, 1 << 24):
        yield "categories of nodes that are not there, or of absurd numbers"
    elif any(begin < 0 or size < 0 or begin + size > len(values) for begin, size in zip(starts, sizes, strict=True)):
        yield "categories that lie outside of their array"


def _mapping(value: Any) -> Mapping[str, Any]:  # parsed JSON
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:  # parsed JSON
    return value if isinstance(value, list | array) else ()


def _are_numbers(values: Sequence[Any]) -> bool:
    if isinstance(values, array):
        return values.typecode not in "fd"
    return set(map(type, values)) <= {int}


def _count(value: Any) -> int | None:  # parsed JSON; numbers are written as texts
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not text.isascii() or not text.isdecimal() or len(text) > 10:  # noqa: PLR2004  # digits of 2^31
        return None
    return int(text) if int(text) < MAX_COUNT else None
