"""Models of tree libraries whose node numbers lead native code out of its arrays, or whose texts are pickles."""

from __future__ import annotations

import base64
import copy
import json
import struct
from typing import TYPE_CHECKING, Any, Final

from corpora.case import Case, Expectation, Technique
from corpora.model_bytes import ubjson
from corpora.real_models import CATBOOST, LIGHTGBM, LIGHTGBM_CATEGORIES, XGBOOST_JSON

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOAD: Final = b"cos\nsystem\n(S'touch telamon-canary'\ntR."
TREE: Final = ("learner", "gradient_booster", "model", "trees", 0)
MODEL: Final = TREE[:3]
# Name: where in XGBoost's model, and what stands there instead.
XGBOOST: Final[dict[str, tuple[tuple[str | int, ...], Any]]] = {  # JSON
    "child outside": ((*TREE, "left_children", 0), 1000),
    "child below zero": ((*TREE, "right_children", 0), -7),
    "child that is its parent": ((*TREE, "left_children", 0), 0),
    "child of two parents": ((*TREE, "right_children", 0), 1),
    "feature outside": ((*TREE, "split_indices", 0), 99),
    "array that is short": ((*TREE, "split_conditions"), [0.5]),
    "node that is no number": ((*TREE, "left_children", 0), "1"),
    "category outside": ((*TREE, "categories_nodes"), [0]),
    "group outside": ((*MODEL, "tree_info", 0), 3),
    "more trees stated": ((*MODEL, "gbtree_model_param", "num_trees"), "5"),
    "round outside": ((*MODEL, "iteration_indptr"), [0, 9]),
    "unknown booster": (("learner", "gradient_booster", "name"), "evil"),
    "features that are none": (("learner", "learner_model_param", "num_feature"), "-1"),
    "pickle as an attribute": (("learner", "attributes"), {"scikit_learn": PAYLOAD.decode()}),
    "pickle in base64": (("learner", "attributes"), {"note": base64.b64encode(PAYLOAD).decode()}),
    "pickle in hexadecimal digits": (("learner", "attributes"), {"note": PAYLOAD.hex()}),
}
# Name: what of LightGBM's text becomes what.
LINES: Final = {
    "child outside": ("left_child=1 -1", "left_child=9 -1"),
    "child below its leaves": ("right_child=-2 -3", "right_child=-2 -9"),
    "child that is its parent": ("left_child=1 -1", "left_child=0 -1"),
    "feature outside": ("split_feature=0 0", "split_feature=0 3"),
    "array that is short": ("threshold=1.0000000180025095e-35 -1.2499999999999998", "threshold=1"),
    "leaves that are none": ("num_leaves=3", "num_leaves=-3"),
    "leaves without values": ("leaf_value=-0.16821615383017793 ", "leaf_value="),
    "node that is no number": ("left_child=1 -1", "left_child=1 x"),
    "more trees stated": ("tree_sizes=", "tree_sizes=1 "),
    "names of more features": ("feature_names=", "feature_names=one_more "),
}
CATBOOST_JSON: Final[dict[str, Any]] = {
    "model_info": {"params": "{}"},
    "features_info": {"float_features": [{"feature_index": 0, "borders": [0.5]}]},
    "oblivious_trees": [{"leaf_values": [0.1, 0.2], "splits": [{"float_feature_index": 0, "split_index": 0}]}],
    "scale_and_bias": [1, [0]],
}
CATBOOST_CHANGES: Final[dict[str, tuple[tuple[str | int, ...], Any]]] = {
    "feature outside": (("oblivious_trees", 0, "splits", 0, "float_feature_index"), 7),
    "leaves that are short": (("oblivious_trees", 0, "leaf_values"), [0.1]),
    "tree too deep": (("oblivious_trees", 0, "splits"), [{"float_feature_index": 0}] * 40),
    "pickle in its information": (("model_info", "params"), PAYLOAD.decode()),
}
SIZES, STARTS = struct.pack("<3I", 2, 2, 2), struct.pack("<3I", 2, 0, 2)  # of the two trees of `CATBOOST`


def changed(value: Any, trail: tuple[str | int, ...], new: Any) -> Any:
    """Return a copy of parsed JSON with something else at one place."""
    made = copy.deepcopy(value)
    inner = made
    for key in trail[:-1]:
        inner = inner[key]
    inner[trail[-1]] = new
    return made


def cases() -> Iterator[Case]:
    """Yield models of XGBoost in three forms, of LightGBM, and of CatBoost in two."""
    model = json.loads(XGBOOST_JSON)
    for name, (trail, new) in XGBOOST.items():
        hostile = changed(model, trail, new)
        yield _case(f"xgboost json: {name}", json.dumps(hostile).encode(), XGBOOST_JSON, "model.json")
        yield _case(f"xgboost ubjson: {name}", ubjson(hostile), ubjson(model), "model.ubj")
    yield from _old_xgboost()
    for name, (line, other) in LINES.items():
        data = LIGHTGBM.replace(line.encode(), other.encode(), 1)
        yield _case(f"lightgbm: {name}", data, LIGHTGBM, "model.txt")
    outside = LIGHTGBM_CATEGORIES.replace(b"cat_boundaries=0 1", b"cat_boundaries=0 9")
    yield _case("lightgbm: categories outside", outside, LIGHTGBM_CATEGORIES, "model.txt")
    for name, (trail, new) in CATBOOST_CHANGES.items():
        twin = json.dumps(CATBOOST_JSON).encode()
        yield _case(f"catboost json: {name}", json.dumps(changed(CATBOOST_JSON, trail, new)).encode(), twin, "m.json")
    for name, old, new_bytes in (
        ("tree larger than its splits", SIZES, struct.pack("<3I", 2, 2, 900)),
        ("tree that begins outside", STARTS, struct.pack("<3I", 2, 0, 900)),
        ("trees that share splits", SIZES, struct.pack("<3I", 2, 4, 2)),
        ("leaves that are missing", SIZES, struct.pack("<3I", 2, 1, 2)),
    ):
        yield _case(f"catboost: {name}", CATBOOST.replace(old, new_bytes, 1), CATBOOST, "model.cbm")
    yield _broken("xgboost: cut", ubjson(model)[:-40], "model.ubj")
    yield _broken("lightgbm: cut", LIGHTGBM[:500], "model.txt")
    yield _broken("catboost: cut", CATBOOST[:200], "model.cbm")


def _old_xgboost() -> Iterator[Case]:
    """Yield models in the binary form of versions before 3.1."""
    twin = old_xgboost()
    for name, data in (
        ("child outside", old_xgboost(left=77)),
        ("child that is its parent", old_xgboost(left=0)),
        ("feature outside", old_xgboost(feature=50)),
        ("group outside", old_xgboost(group=4)),
        ("pickle as an attribute", old_xgboost(attribute=PAYLOAD)),
    ):
        yield _case(f"xgboost binary: {name}", data, twin, "model.bin")


def old_xgboost(*, left: int = 1, feature: int = 0, group: int = 0, attribute: bytes = b"hello") -> bytes:
    """Return a model of one tree of three nodes in XGBoost's first form."""
    nodes = ((-1, left, 2, feature, 0.5), (0, -1, -1, 0, 0.1), (0, -1, -1, 0, 0.2))
    tree = struct.pack("<6i", 1, 3, 0, 1, 2, 0).ljust(148, b"\0")
    tree += b"".join(struct.pack("<3iIf", *node) for node in nodes) + bytes(16 * len(nodes))
    return (
        struct.pack("<fIiii", 0.5, 2, 0, 1, 0).ljust(136, b"\0")
        + _text(b"binary:logistic")
        + _text(b"gbtree")
        + struct.pack("<i", 1).ljust(160, b"\0")
        + tree
        + struct.pack("<i", group)
        + struct.pack("<Q", 1)
        + _text(b"note")
        + _text(attribute)
    )


def _text(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def _case(name: str, data: bytes, twin: bytes, file_name: str) -> Case:
    if data == twin:
        raise ValueError(f"expected `{name}` to differ from its twin")
    return Case(
        name=name,
        technique=Technique.TREES,
        data=data,
        expectation=Expectation.FLAGGED,
        twin=twin,
        file_name=file_name,
    )


def _broken(name: str, data: bytes, file_name: str) -> Case:
    expectation = Expectation.REFUSED
    return Case(name=name, technique=Technique.TREES, data=data, expectation=expectation, file_name=file_name)
