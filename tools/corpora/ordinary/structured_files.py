"""Configurations, descriptions and archives of models as their tools write them."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any, Final  # Any: JSON

from corpora.hostile.structured_files import ITEMS, MEMBER, node, several, skops, tarred, value, zipped
from corpora.ordinary.artefact import Artefact, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    Node = dict[str, Any]  # JSON

PICKLE: Final = pickle.dumps({"coef": [0.5, -1.0], "classes": ["a", "b"]}, 4)
TORCH: Final = {"model/data.pkl": pickle.dumps({"bias": [0.0, 1.0]}, 2), "model/version": b"3\n"}
CONFIGURATIONS: Final = {
    "hydra_train.yaml": (
        "defaults:\n  - _self_\n  - override hydra/launcher: joblib\nseed: 12345\n"
        "trainer:\n  _target_: lightning.pytorch.trainer.Trainer\n  default_root_dir: ${paths.output_dir}\n"
        "logger:\n  _target_: lightning.pytorch.loggers.wandb.WandbLogger\n  project: x\n"
        "data: {_target_: torchvision.datasets.MNIST, root: '${paths.data}', download: true}\n"
        "seeding: {_target_: torch.manual_seed, seed: 7}\n"
        "loss: {_target_: hydra.utils.get_class, path: torch.nn.CrossEntropyLoss}\n"
        "paths: {output_dir: '${hydra:runtime.output_dir}', data: '${oc.env:DATA,./data}'}\n"
    ),
    "hydra_partial.yaml": (
        "optimizer: {_target_: torch.optim.AdamW, _partial_: true, lr: 3e-4, betas: [0.9, 0.95]}\n"
        "scheduler: {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 10}\n"
        "net: {_target_: src.models.components.simple_dense_net.SimpleDenseNet, input_size: 784}\n"
    ),
    "torchtune.yaml": (
        "tokenizer:\n  _component_: torchtune.models.llama3.llama3_tokenizer\n  path: /tmp/tokenizer.model\n"
        "optimizer: {_component_: torch.optim.AdamW, fused: true}\n"
        "dataset: {_component_: torchtune.datasets.alpaca_cleaned_dataset}\n"
        "metric_logger: {_component_: torchtune.training.metric_logging.DiskLogger, log_dir: '${output_dir}/logs'}\n"
        "profiler: {_component_: torchtune.training.setup_torch_profiler}\noutput_dir: out\n"
    ),
    "lightning_cli.yaml": (
        "seed_everything: true\nmodel:\n  class_path: anomalib.models.Padim\n  init_args: {backbone: resnet18}\n"
        "trainer:\n  callbacks:\n  - class_path: lightning.pytorch.callbacks.EarlyStopping\n    init_args: {}\n"
        "_target_: anomalib.engine.Engine\n"
    ),
    "hyperparams.yaml": (
        "seed: 1986\n__set_seed: !apply:torch.manual_seed [!ref <seed>]\n"
        "output_folder: !ref results/<seed>\n"
        "embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN\n  input_size: 80\n"
        "compute_features: !new:speechbrain.lobes.features.Fbank\n  n_mels: 80\n"
        "opt_class: !name:torch.optim.Adam\n  lr: 0.001\n"
        "modules:\n  embedding_model: !ref <embedding_model>\n"
        "pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer\n  loadables: {m: !ref <embedding_model>}\n"
    ),
    "gemspec.yaml": (
        "--- !ruby/object:Gem::Specification\nname: rake\nversion: !ruby/object:Gem::Version\n  version: 13.0.6\n"
        "requirements: []\ndependencies:\n- !ruby/object:Gem::Dependency\n  name: x\n"
        "  requirement: !ruby/object:Gem::Requirement\n    requirements: []\n"
    ),
    "hparams.yaml": (
        "model: !!python/object:argparse.Namespace\n  lr: 0.1\n  sizes: !!python/tuple\n  - 1\n  - 2\n"
        "schedule: !!python/object/apply:collections.OrderedDict\n- - - a\n    - 1\n"
    ),
    "zoo_args.yml": (
        "!!python/object/apply:collections.OrderedDict\n- - - algo\n    - ppo\n  - - env\n    - CartPole-v1\n"
        "  - - device\n    - auto\n"
    ),
    "numpy_dump.yaml": (
        "mean: !!python/object/apply:numpy.core.multiarray.scalar\n- !!python/object/apply:numpy.dtype\n"
        "  args:\n  - f8\n  - false\n  - true\n- !!binary |\n  AAAAAAAA8D8=\n"
    ),
    "ldm.yaml": (
        "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    linear_start: 0.00085\n"
        "    unet_config: {target: ldm.modules.diffusionmodules.openaimodel.UNetModel, params: {in_channels: 4}}\n"
        "_target_: diffusers.UNet2DConditionModel\n"
    ),
    "anchored.yaml": (
        "base: &base {_target_: torch.nn.Linear, bias: true}\na: {<<: *base, out_features: 3}\n"
        "b: {<<: *base, out_features: 4}\nall: [*base, *base]\n"
    ),
}
BESIDE: Final = {
    "conda.yaml": "channels: [conda-forge]\ndependencies:\n- python=3.11.9\n- pip: [mlflow==3.14.0]\nname: env\n",
    "python_env.yaml": "python: 3.11.9\nbuild_dependencies: [pip==24.0]\ndependencies: [-r requirements.txt]\n",
    "kubernetes.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\napiVersion: apps/v1\nkind: Pod\n",
    "workflow.yml": "on: [push]\njobs:\n  test:\n    if: ${{ !cancelled() }}\n    steps:\n    - run: echo hi\n",
    "template.yaml": "Resources:\n  Bucket: !Ref Name\n  Role: !Sub '${AWS::Partition}:x'\n  Gets: !GetAtt [A, Arn]\n",
    "vault.yml": "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nplain: !unsafe '{{ x }}'\n",
    "compose.yaml": "x-base: &base\n  image: postgres\nservices:\n  db:\n    <<: *base\n  web:\n    <<: *base\n",
}
MLMODEL: Final = """artifact_path: model
flavors:
  python_function:
    env: {{conda: conda.yaml, virtualenv: python_env.yaml}}
    loader_module: {loader}
    {extra}
    python_version: 3.11.9
  {flavor}:
    {detail}
mlflow_version: 3.14.0
model_uuid: 0a9e1f0bb7a54a2f8c1f9b6a8b1c2d3e
signature:
  inputs: '[{{"type": "tensor", "tensor-spec": {{"dtype": "float64", "shape": [-1, 4]}}}}]'
utc_time_created: '2025-01-02 03:04:05.000000'
"""
FLAVORS: Final = {
    "sklearn": (
        "mlflow.sklearn",
        "model_path: model.pkl",
        "{code: null, pickled_model: model.pkl, sklearn_version: 1.5.2}",
    ),
    "pytorch": ("mlflow.pytorch", "data: data", "{code: null, model_data: data, pytorch_version: 2.5.1}"),
    "pyfunc": (
        "mlflow.pyfunc.model",
        "python_model: python_model.pkl\n    artifacts: {w: {path: artifacts/w.bin, uri: /tmp/w.bin}}",
        "{}",
    ),
    "with_code": ("mlflow.pyfunc.model", "code: code\n    python_model: python_model.pkl", "{code: code}"),
    "own_loader": ("my_package.loader", "code: code\n    data: data", "{code: code}"),
    "xgboost": ("mlflow.xgboost", "data: model.xgb", "{data: model.xgb, model_class: xgboost.sklearn.XGBClassifier}"),
    "transformers": ("mlflow.transformers", "model_binary: model", "{framework: pt, task: text-classification}"),
    "langchain": ("mlflow.langchain", "model_code_path: /home/me/chain.py", "{model_code_path: /home/me/chain.py}"),
    "spark": ("mlflow.spark", "data: sparkml", "{model_data: sparkml, pyspark_version: 3.5.0}"),
}
MANIFEST: Final[dict[str, Any]] = {
    "createdOn": "02/01/2025 03:04:05",
    "runtime": "python",
    "model": {"modelName": "m", "serializedFile": "model.pt", "handler": "image_classifier", "modelVersion": "1.0"},
    "archiverVersion": "0.12.0",
}
HANDLER: Final = "from ts.torch_handler.base_handler import BaseHandler\n\n\nclass Handler(BaseHandler):\n    pass\n"
BENTO: Final = """service: service:svc
name: iris_classifier
version: 6otbsmxzq6lwbgxi
bentoml_version: 1.4.8
creation_time: '2025-01-02T03:04:05.000000+00:00'
models:
- tag: iris_clf:2uo5fkgxj27exuqj
  module: bentoml.sklearn
  creation_time: '2025-01-02T03:04:05.000000+00:00'
docker: {distro: debian, python_version: '3.11', setup_script: null, base_image: null}
python: {requirements_txt: ./requirements.txt, packages: [scikit-learn], lock_packages: true}
"""
BENTO_MODEL: Final = """name: iris_clf
version: 2uo5fkgxj27exuqj
module: bentoml.sklearn
labels: {}
options: {}
context: {framework_name: sklearn, bentoml_version: 1.4.8, python_version: 3.11.9}
signatures: {predict: {batchable: false}}
api_version: v1
creation_time: '2025-01-02T03:04:05.000000+00:00'
"""
SPARK: Final = (
    '{"class":"%s","timestamp":1735787045000,"sparkVersion":"3.5.0","uid":"x_1","paramMap":{},"defaultParamMap":{}}\n'
)
STAGES: Final = (
    "org.apache.spark.ml.PipelineModel",
    "org.apache.spark.ml.classification.LogisticRegressionModel",
    "pyspark.ml.pipeline.PipelineModel",
    "ml.dmlc.xgboost4j.scala.spark.XGBoostClassificationModel",
    "com.johnsnowlabs.nlp.DocumentAssembler",
)
NEMO: Final = (
    "sample_rate: 16000\npreprocessor:\n  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor\n"
    "encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\n  feat_in: 80\n"
    "optim: {name: adamw, sched: {name: CosineAnnealing}}\n"
    "target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE\nnemo_version: 2.0.0\n"
)
ESTIMATORS: Final = (
    ("sklearn.linear_model._logistic", "LogisticRegression"),
    ("sklearn.ensemble._forest", "RandomForestClassifier"),
    ("sklearn.preprocessing._data", "StandardScaler"),
    ("sklearn.pipeline", "Pipeline"),
    ("lightgbm.sklearn", "LGBMClassifier"),
)


def estimator(module: str, name: str) -> Node:
    """Return the node of an estimator with a few attributes."""
    attributes = {"C": value(1.0), "classes_": node("numpy", "ndarray", "NdArrayNode", type="numpy", file="1.npy")}
    names = [node("builtins", "str", "TypeNode") for _ in attributes]
    keys = node("builtins", "list", "ListNode", content=names)
    content = node("builtins", "dict", "DictNode", content=attributes, key_types=keys)
    return node(module, name, "ObjectNode", content=content, __id__=1)


def artefacts() -> Iterator[Artefact]:
    """Yield configurations, then the models of each tool."""
    for name, text in CONFIGURATIONS.items():
        yield written(name, text.encode())
        yield written(f"{name}.tar", tarred({name: text.encode()}, "w"))
    for flavor, (loader, extra, detail) in FLAVORS.items():
        text = MLMODEL.format(loader=loader, extra=extra, flavor=flavor, detail=detail)
        yield written(f"{flavor}.MLmodel", text.encode())
        beside = {f"model/{name}": content.encode() for name, content in BESIDE.items()}
        members = {"model/MLmodel": text.encode(), "model/model.pkl": PICKLE, **beside}
        yield written(f"mlflow-{flavor}.tar.gz", tarred(members))
    yield written("pickle_module_info.txt", b"mlflow.pytorch.pickle_module")
    yield from _served()
    for module, name in ESTIMATORS:
        yield written(f"{name}.skops", skops(estimator(module, name)))
    yield written(
        "bytes.skops", skops(node("builtins", "bytes", "BytesNode", file=MEMBER), **{MEMBER: b"\xff\x00\x01"})
    )
    yield written("function.skops", skops(node("scipy.special._ufuncs", "expit", "FunctionNode")))
    yield written("values.skops", skops(several(value(1), value("a"), value(None), ITEMS)))


def _served() -> Iterator[Artefact]:
    torch = zipped(TORCH)
    own = {**MANIFEST, "model": {"modelName": "m", "serializedFile": "model.pt", "handler": "handler.py:handle"}}
    for name, manifest in (("builtin", MANIFEST), ("own", own)):
        members: dict[str, bytes | str] = {
            "MAR-INF/MANIFEST.json": json.dumps(manifest),
            "model.pt": torch,
            "handler.py": HANDLER,
        }
        yield written(f"{name}.mar", zipped(members))
    yield written("iris.bento", tarred({"bento.yaml": BENTO.encode(), "src/service.py": b"import bentoml\n"}))
    yield written("iris.bentomodel", tarred({"model.yaml": BENTO_MODEL.encode(), "saved_model.pkl": PICKLE}))
    for stage in STAGES:
        yield written(f"{stage.rpartition('.')[2]}-part-00000", (SPARK % stage).encode())
    spark = {
        "m/metadata/part-00000": (SPARK % STAGES[0]).encode(),
        "m/metadata/_SUCCESS": b"",
        "m/metadata/.part-00000.crc": b"crc\x00\x00\x00\x02\x00\x9d\x8a\x01\x02",
        "m/stages/0_x/metadata/part-00000": (SPARK % STAGES[1]).encode(),
    }
    yield written("spark.tar.gz", tarred(spark))
    nemo = {"./model_config.yaml": NEMO.encode(), "./model_weights.ckpt": torch, "./vocab.txt": b"a\nb\n"}
    yield written("plain.nemo", tarred(nemo, "w"))
    yield written("packed.nemo", tarred(nemo, "w:gz"))
