"""Models of libraries that are not installed for this: what they wrote, and what their formats ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from corpora import r_bytes as r
from corpora import real_models
from corpora.hostile import graph_models, object_files, tree_models
from corpora.messages import field
from corpora.model_bytes import msgpack_array, msgpack_map, ubjson
from corpora.ordinary.artefact import Artefact, written

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN: Final = {
    "xgboost.json": real_models.XGBOOST_JSON,
    "dart.ubj": real_models.XGBOOST_DART,
    "catboost.cbm": real_models.CATBOOST,
    "catboost.pmml": real_models.CATBOOST_PMML,
    "openvino.xml": real_models.OPENVINO,
    "lightgbm.txt": real_models.LIGHTGBM,
    "categories.txt": real_models.LIGHTGBM_CATEGORIES,
}
MADE: Final = {
    "xgboost.ubj": ubjson(json.loads(real_models.XGBOOST_JSON)),
    "xgboost-0.90.bin": tree_models.old_xgboost(),
    "catboost.json": json.dumps(tree_models.CATBOOST_JSON).encode(),
    "network.mlmodel": graph_models.coreml(500, field(1, graph_models.LAYER)),
    "program.mlmodel": graph_models.milled(graph_models.constant("@model_path/weights/weight.bin")),
    "inference.pdmodel": graph_models.paddle("matmul_v2"),
    "inference.json": graph_models.paddle_json("matmul"),
    "inference.pdiparams": graph_models.tensor() * 3,
    "model-symbol.json": graph_models.symbol({"op": "relu", "name": "r", "inputs": [[0, 0, 0]]}),
    "model-0000.params": graph_models.parameters(),
    "model.cntk": graph_models.dictionary(name="z"),
    "model.pte": graph_models.executorch(),
    "flax_model.msgpack": msgpack_map({"params": msgpack_map({"w": msgpack_array((2, 3), "bfloat16", bytes(12))})}),
    "numbers.rds": r.written(r.numbers(1, 2, 3)),
    "native.rds": r.written(r.listed(r.texts("a"), r.numbers(1)), "B"),
    "text.rds": r.written(r.listed(r.texts("a b"), r.numbers(1)), "A"),
    "formula.rds": r.written(r.call("~", r.symbol("y"), r.symbol("x"))),
    "workspace.RData": r.written(r.bound("model", r.closure(r.call("mean", r.symbol("x")))), is_workspace=True),
    "module.pyc": object_files.compiled("import os\n\ndef run():\n    os.system('true')\n"),
}


def artefacts() -> Iterator[Artefact]:
    """Yield each of them."""
    for name, data in (WRITTEN | MADE).items():
        yield written(name, data)
