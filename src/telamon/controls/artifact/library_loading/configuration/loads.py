# tables, one thought a line
"""Judges calls that load models and data: what they restrict, and where what they load comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.given import Whence, by_origin
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease
from telamon.core.records import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.controls.artifact.library_loading.configuration.given import Given
    from telamon.core.records import Rule

TORCH_LOADS: Final = frozenset({"torch.load", "torch.serialization.load"})
URL_LOADS: Final = frozenset({"load_state_dict_from_url", "load_url"})
LOADERS: Final = frozenset(
    {"pickle.load", "pickle.loads", "pickle.Unpickler().load", "dill.load", "dill.loads", "dill.Unpickler().load"}
    | {"cloudpickle.load", "cloudpickle.loads", "pickle5.load", "pickle5.loads", "joblib.load"}
    | {"sklearn.externals.joblib.load", "pandas.read_pickle", "shelve.open", "marshal.load", "marshal.loads"}
    | {"compress_pickle.load", "compress_pickle.loads", "jsonpickle.decode", "torch.package.PackageImporter"}
    | {"fastai.learner.load_learner", "fastai.vision.all.load_learner", "fastai.text.all.load_learner"}
    | {"autogluon.tabular.TabularPredictor.load", "cuml.load", "hummingbird.ml.load", "pyod.utils.load"}
)
# Reinforcement learning: `PPO.load(path)` unpickles with cloudpickle.
LOADING_PACKAGES: Final = ("stable_baselines3.", "sb3_contrib.")
READING: Final = ("load", "read", "restore", "resume", "npz", "from_", "open")
KERAS: Final = ("keras.", "tensorflow.keras.", "tf_keras.", "tensorflow.python.keras.")
UNSAFE_YAML: Final = frozenset({"Loader", "CLoader", "UnsafeLoader", "CUnsafeLoader"})
FULL_YAML: Final = frozenset({"FullLoader", "CFullLoader"})
SAFE_YAML: Final = "Use `yaml.safe_load(text)`, or `yaml.load(text, Loader=yaml.CSafeLoader)`."
RESTRICTED: Final = "Use `torch.load(path, weights_only=True)`; convert files that need more with `telamon convert`."
SANDBOXED: Final = (
    "Load it in a sandbox, `telamon.load(path)`, or fetch safetensors: `safetensors.torch.load_file(path)`."
)


def judge_loads(given: Given, release: TorchRelease) -> Iterator[Hit]:
    """Yield what a call loads without restriction."""
    step = given.step
    yield from _switches(given)
    if step.name in TORCH_LOADS:
        yield from _torch(given, release)
    elif given.last in URL_LOADS and ("hub" in step.name or "model_zoo" in step.name or step.name.startswith(".")):
        yield from _from_url(given)
    elif step.name in LOADERS or (given.last == "load" and step.name.startswith(LOADING_PACKAGES)):
        if given.whence(0, "filepath_or_buffer", "filename", "file", "path") is Whence.FETCHED:
            yield _hit(
                given, rules.DOWNLOADED_LOAD, Severity.HIGH,
                f"`{step.name}` runs what the file says, and the file was fetched", SANDBOXED,
            )  # fmt: skip
    elif "yaml" in step.name:
        yield from _yaml(given)
    elif step.name.startswith("skops.io.load"):
        yield from _skops(given)
    elif step.name.startswith("mlflow.") and given.last == "load_model":
        yield from _mlflow(given)


def _hit(  # noqa: PLR0917  # the parts of a hit
    given: Given, rule: Rule, severity: Severity, message: str, remedy: str, subject: str = ""
) -> Hit:
    return Hit(
        rule=rule,
        severity=severity,
        message=message,
        subject=subject or message,
        line=given.step.line,
        column=given.step.column,
        remedy=remedy,
    )


def _switches(given: Given) -> Iterator[Hit]:
    """What restricts nothing because an argument says so."""
    last = given.last.casefold()
    is_reading = any(word in last for word in READING)
    origin = given.whence(0, "f", "file", "path", "filepath", "checkpoint_path", "folder_path")
    whose = " of what was fetched" if origin is Whence.FETCHED else ""
    shown = given.step.name.lstrip(".")
    if is_reading and given.is_set("weights_only", False) and given.step.name not in TORCH_LOADS:
        message = f"`{shown}(weights_only=False)`{whose} runs what the file says"
        yield _hit(given, rules.UNRESTRICTED_LOAD, by_origin(origin), message, RESTRICTED)
    is_array = given.step.name in {"numpy.load", "numpy.lib.npyio.load"}
    if is_reading and given.is_set("allow_pickle", True, 2 if is_array else None):
        message = f"`{shown}(allow_pickle=True)`{whose} runs what the arrays of objects in the file say"
        remedy = "Use `np.load(path, allow_pickle=False)`, and keep texts and numbers in arrays of their own types."
        yield _hit(given, rules.UNRESTRICTED_LOAD, by_origin(origin), message, remedy)
    if given.is_set("safe_mode", False) and any(word in last for word in (*READING, "deserialize")):
        message = f"`{shown}(safe_mode=False)`{whose} runs the code of Lambda layers"
        remedy = "Use `keras.saving.load_model(path, safe_mode=True)`, and registered layers in place of Lambdas."
        yield _hit(given, rules.UNRESTRICTED_LOAD, by_origin(origin), message, remedy)
    if given.is_set("allow_dangerous_deserialization", True):
        message = f"`{shown}(allow_dangerous_deserialization=True)`{whose} unpickles the index"
        remedy = "Use a store that holds no pickle, or index again from the documents."
        yield _hit(given, rules.UNRESTRICTED_LOAD, by_origin(origin), message, remedy)
    if given.last == "enable_unsafe_deserialization":
        message = f"`{shown}()` lets every Keras file of the process run code"
        remedy = "Remove the call: `safe_mode=True` is Keras's default."
        yield _hit(given, rules.UNRESTRICTED_LOAD, Severity.HIGH, message, remedy)
    if given.is_set("use_safetensors", False) and "from_" in last:
        message = f"`{shown}(use_safetensors=False)` takes the repository's pickles although it may have safetensors"
        yield _hit(given, rules.UNRESTRICTED_LOAD, Severity.LOW, message, "Use `use_safetensors=True`.")
    if given.last == "load_model" and given.step.name.startswith(KERAS) and given.value(1, "custom_objects"):
        message = f"`{shown}(custom_objects=...)` lets the file name these classes and functions"
        remedy = "Name only what the file needs, and nothing that runs code."
        yield _hit(given, rules.UNRESTRICTED_LOAD, Severity.INFO, message, remedy)


def _torch(given: Given, release: TorchRelease) -> Iterator[Hit]:
    origin = given.whence(0, "f")
    stated = given.value(None, "weights_only")
    is_old = release is TorchRelease.BEFORE
    if given.is_set("weights_only", False):
        severity, how = by_origin(origin), "`torch.load(weights_only=False)` runs what the file says"
    elif stated is not None or given.value(None, "**") is not None:
        return
    elif given.value(2, "pickle_module") is not None and not is_old:
        severity, how = by_origin(origin), "`torch.load(pickle_module=...)` runs what the file says"
    elif is_old:
        severity, how = by_origin(origin), "`torch.load` runs what the file says: the requirements pin torch before 2.6"
    elif release is TorchRelease.EITHER or (release is TorchRelease.UNKNOWN and origin is Whence.FETCHED):
        severity, how = (
            by_origin(origin, fetched=Severity.MEDIUM, else_=Severity.LOW),
            "`torch.load` without `weights_only` runs what the file says with torch before 2.6",
        )
    else:
        return
    if origin is Whence.FETCHED:
        how += ", and the file was fetched"
    yield _hit(given, rules.UNRESTRICTED_LOAD, severity, how, RESTRICTED)


def _from_url(given: Given) -> Iterator[Hit]:
    """torch.hub's function has `weights_only=False` by default (torch/hub.py)."""
    if given.is_set("weights_only", True) or given.value(None, "**") is not None:
        return
    stated = given.value(None, "weights_only")
    if stated is not None and not stated.constants:
        return
    address = given.value(0, "url")
    is_plain = address is not None and any(text.startswith("http://") for text in address.texts)
    severity = Severity.HIGH if is_plain else Severity.LOW if given.is_set("check_hash", True) else Severity.MEDIUM
    message = f"`{given.step.name.lstrip('.')}` runs what the fetched file says, unless `weights_only=True`"
    remedy = "Use `load_state_dict_from_url(url, weights_only=True, check_hash=True)`."
    yield _hit(given, rules.DOWNLOADED_LOAD, severity, message, remedy)


def _yaml(given: Given) -> Iterator[Hit]:
    name, last = given.step.name, given.last
    is_yaml = name.startswith(("yaml.", "ruamel.yaml.", "ruamel_yaml."))
    if not is_yaml:
        return
    origin = given.whence(0, "stream")
    if last in {"unsafe_load", "unsafe_load_all"}:
        yield _hit(
            given, rules.YAML_LOAD, by_origin(origin), f"`{name}` calls what the tags of the text name", SAFE_YAML
        )
    elif last in {"full_load", "full_load_all"}:
        message = f"`{name}` made instances of any class before PyYAML 5.4 (CVE-2020-14343)"
        yield _hit(given, rules.YAML_LOAD, Severity.LOW, message, SAFE_YAML)
    elif last == "YAML" and not name.startswith("yaml."):
        kind = given.value(0, "typ")
        words = [
            word for one in (kind.constants if kind else ()) for word in (one if isinstance(one, tuple) else (one,))
        ]
        if "unsafe" in words:
            message = f"`{name}(typ='unsafe')` calls what the tags of the text name"
            yield _hit(given, rules.YAML_LOAD, Severity.MEDIUM, message, "Use `YAML(typ='safe')`.")
    elif last in {"load", "load_all"} and "YAML()" not in name:
        yield from _yaml_by_loader(given, by_origin(origin))


def _yaml_by_loader(given: Given, severity: Severity) -> Iterator[Hit]:
    name, loader = given.step.name, given.value(1, "Loader")
    if loader is None:
        if given.value(None, "**") is None:
            message = f"`{name}` without a loader calls what the tags of the text name (PyYAML before 5.1)"
            yield _hit(given, rules.YAML_LOAD, severity, message, SAFE_YAML)
        return
    lasts = {found.rpartition(".")[2] for found in loader.names if "yaml" in found.partition(".")[0]}
    if lasts & UNSAFE_YAML:
        message = f"`{name}` with `{min(lasts & UNSAFE_YAML)}` calls what the tags of the text name"
        yield _hit(given, rules.YAML_LOAD, severity, message, SAFE_YAML)
    elif lasts & FULL_YAML:
        which = min(lasts & FULL_YAML)
        message = f"`{name}` with `{which}` made instances of any class before PyYAML 5.4 (CVE-2020-14343)"
        yield _hit(given, rules.YAML_LOAD, Severity.LOW, message, SAFE_YAML)


def _skops(given: Given) -> Iterator[Hit]:
    trusted = given.value(1, "trusted")
    if trusted is None:
        return
    is_all = any("get_untrusted_types()" in name for name in trusted.names) or given.is_set("trusted", True, 1)
    if is_all:
        message = "`skops.io.load` trusts all types that the file itself names"
        remedy = "Write the types down after reading them: `skops.io.load(path, trusted=['mypackage.MyClass'])`."
        yield _hit(given, rules.DANGEROUS_GLOBAL, Severity.HIGH, message, remedy)


def _mlflow(given: Given) -> Iterator[Hit]:
    if given.whence(0, "model_uri") is not Whence.FETCHED:
        return
    where = given.value(0, "model_uri")
    is_plain = where is not None and any(text.startswith(("http://", "ftp://")) for text in where.texts)
    message = f"`{given.step.name}` loads a model, with the code that it brings, from an address"
    remedy = "Register the model and load a version of it: `mlflow.pyfunc.load_model('models:/name/3')`."
    yield _hit(given, rules.DOWNLOADED_LOAD, Severity.HIGH if is_plain else Severity.MEDIUM, message, remedy)
