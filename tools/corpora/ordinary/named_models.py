"""Files that name the classes of well-known models, as their libraries pickle them; the libraries are not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpora.assembly import call, pushed
from corpora.ordinary.artefact import written
from telamon.kits.attacks.pickles import BUILD, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpora.ordinary.artefact import Artefact

SIMPLE: dict[str, tuple[tuple[str, str], ...]] = {
    "xgboost": (("xgboost.sklearn", "XGBClassifier"), ("xgboost.core", "Booster")),
    "xgboost-regressor": (("xgboost.sklearn", "XGBRegressor"), ("xgboost.core", "Booster")),
    "lightgbm": (("lightgbm.sklearn", "LGBMClassifier"), ("lightgbm.basic", "Booster")),
    "catboost": (("catboost.core", "CatBoostClassifier"),),
    "sentence-transformers": (
        ("sentence_transformers.SentenceTransformer", "SentenceTransformer"),
        ("sentence_transformers.models.Transformer", "Transformer"),
        ("sentence_transformers.models.Pooling", "Pooling"),
    ),
    "ultralytics": (
        ("ultralytics.nn.tasks", "DetectionModel"),
        ("ultralytics.nn.modules.conv", "Conv"),
        ("ultralytics.nn.modules.block", "C2f"),
        ("ultralytics.nn.modules.block", "Bottleneck"),
        ("ultralytics.nn.modules.block", "SPPF"),
        ("ultralytics.nn.modules.conv", "Concat"),
        ("ultralytics.nn.modules.head", "Detect"),
        ("ultralytics.nn.modules.block", "DFL"),
    ),
    "yolov5": (("models.yolo", "DetectionModel"), ("models.common", "Conv"), ("models.yolo", "Detect")),
    "old-scikit-learn": (
        ("sklearn.ensemble.forest", "RandomForestClassifier"),
        ("sklearn.tree.tree", "DecisionTreeClassifier"),
        ("sklearn.linear_model.logistic", "LogisticRegression"),
        ("sklearn.preprocessing.data", "StandardScaler"),
        ("sklearn.svm.classes", "SVC"),
    ),
    "gensim": (("gensim.models.word2vec", "Word2Vec"), ("gensim.models.keyedvectors", "KeyedVectors")),
    "bert-config": (("transformers.models.bert.configuration_bert", "BertConfig"),),
    "lightning": (("pytorch_lightning.utilities.parsing", "AttributeDict"),),
    "lightning-2": (("lightning_fabric.utilities.data", "AttributeDict"),),
    "omegaconf": (
        ("omegaconf.dictconfig", "DictConfig"),
        ("omegaconf.base", "ContainerMetadata"),
        ("omegaconf.nodes", "AnyNode"),
        ("omegaconf.base", "Metadata"),
    ),
    "fairseq": (("argparse", "Namespace"), ("fairseq.data.dictionary", "Dictionary")),
    "imbalanced-learn": (("imblearn.pipeline", "Pipeline"), ("imblearn.over_sampling._smote.base", "SMOTE")),
    "statsmodels": (("statsmodels.regression.linear_model", "OLS"),),
    "timm": (("timm.models.vision_transformer", "VisionTransformer"),),
    "spacy-free-nltk": (("nltk.tokenize.punkt", "PunktSentenceTokenizer"), ("nltk.tokenize.punkt", "PunktParameters")),
}


def artefacts() -> Iterator[Artefact]:
    """Yield instances of each library's classes with plain state, then files with calls of their own."""
    for name, classes in SIMPLE.items():
        yield written(f"{name}.pkl", _instances(classes))
    yield written("training_args.bin", _training_arguments())
    yield written("numpy-1.pkl", _numpy("numpy.core.multiarray"))
    yield written("numpy-2.pkl", _numpy("numpy._core.multiarray"))


def _instance(module: str, name: str, state: dict[str, object]) -> Program:
    return Program(protocol=2).global_(module, name).raw(b")\x81" + pushed(state, 2) + BUILD)


def _instances(classes: tuple[tuple[str, str], ...]) -> bytes:
    parts = [_instance(module, name, {"name": name, "size": 3}) for module, name in classes]
    return Program(protocol=2).raw(pushed(parts, 2)).finished()


def _training_arguments() -> bytes:
    """`training_args.bin` as `Trainer` saves it beside a model."""
    state: dict[str, object] = {
        "output_dir": "out",
        "learning_rate": 5e-05,
        "lr_scheduler_type": call("transformers.trainer_utils", "SchedulerType", "linear", protocol=2),
        "eval_strategy": call("transformers.trainer_utils", "IntervalStrategy", "no", protocol=2),
        "save_strategy": call("transformers.trainer_utils", "SaveStrategy", "steps", protocol=2),
        "optim": call("transformers.training_args", "OptimizerNames", "adamw_torch", protocol=2),
        "hub_strategy": call("transformers.trainer_utils", "HubStrategy", "every_save", protocol=2),
        "accelerator_config": _instance("transformers.trainer_pt_utils", "AcceleratorConfig", {"split_batches": False}),
        "distributed_state": _instance(
            "accelerate.state",
            "PartialState",
            {
                "backend": None,
                "device": call("torch", "device", "cuda", 0, protocol=2),
                "distributed_type": call("accelerate.utils.dataclasses", "DistributedType", "NO", protocol=2),
            },
        ),
    }
    return _instance("transformers.training_args", "TrainingArguments", state).finished()


def _numpy(module: str) -> bytes:
    array = call(module, "_reconstruct", Program(protocol=2).global_("numpy", "ndarray"), (0,), b"b", protocol=2)
    dtype = call("numpy", "dtype", "f8", False, True, protocol=2)
    dtype = dtype.raw(pushed((3, "<", None, None, None, -1, -1, 0), 2) + BUILD)
    array = array.raw(pushed((1, (2,), dtype, False, bytes(16)), 2) + BUILD)
    scalar = call(module, "scalar", dtype, bytes(8), protocol=2)
    return Program(protocol=2).raw(pushed([array, scalar], 2)).finished()
