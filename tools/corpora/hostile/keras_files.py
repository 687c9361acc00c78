"""Keras models: code, gadgets and paths in configurations, in archives, in HDF5 attributes and alone."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

import h5py

from corpora.case import Case, Technique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Config = dict[str, Any]  # JSON


def built(module: str, class_name: str, config: object, **more: object) -> Config:
    """Return an object as Keras 3 serialises it."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None, **more}


DENSE: Final = built("keras.layers", "Dense", {"name": "dense", "units": 8, "activation": "relu"})
BYTECODE: Final = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}
GADGETS: Final[dict[str, Config]] = {
    "lambda": built("keras.layers", "Lambda", {"function": BYTECODE}),
    "lambda-behind-a-package": {"class_name": "Custom>Lambda", "config": {"function": ["4wEA", None, None]}},
    "lambda-of-old-files": {"class_name": "Lambda", "config": {"function": ["4wEA", None, None]}},
    "bytecode-as-an-activation": built("keras.layers", "Activation", {"activation": BYTECODE}),
    "torch-module (CVE-2025-49655)": built("keras.layers", "TorchModuleWrapper", {"module": "gAJ9Lg=="}),
    "get-file (CVE-2025-8747)": built("keras.utils", "get_file", {"origin": "https://example.invalid/x"}),
    "get-file-as-a-function": built("keras.utils", "function", "get_file"),
    "get-file-by-its-place": built("keras.src.utils.file_utils", "get_file", {"origin": "https://example.invalid/x"}),
    "unsafe-mode-switched-on (CVE-2025-9906)": built("keras.config", "enable_unsafe_deserialization", {}),
    "another-model-loaded": built("keras.saving", "load_model", {"filepath": "other.keras"}),
    "model-from-json": built("keras.models", "model_from_json", {"json_string": "{}"}),
    "picture-written": built("keras.utils", "save_img", {"path": "telamon-canary"}),
    "callback": built("keras.callbacks", "CSVLogger", {"filename": "telamon-canary"}),
    "data-set-fetched": built("keras.datasets.mnist", "load_data", {}),
    "saved-model-layer": built("keras.layers", "TFSMLayer", {"filepath": "other"}),
    "exec (CVE-2025-1550)": built("builtins", "function", "exec"),
    "eval-as-a-class": built("builtins", "eval", {"source": "1"}),
    "os-system (CVE-2025-1550)": built("os", "function", "system"),
    "os-system-as-a-class": built("os", "system", {"command": "touch telamon-canary"}),
    "subprocess": built("subprocess", "Popen", {"args": ["touch", "telamon-canary"]}),
    "runpy": built("runpy", "function", "run_path"),
    "type-specification": built("os", "__typespec__", [], spec_name="system"),
    "vocabulary-outside (CVE-2025-12058)": built("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}),
    "vocabulary-that-climbs": built("keras.layers", "TextVectorization", {"vocabulary": "../../secret.txt"}),
    "vocabulary-elsewhere": built("keras.layers", "IntegerLookup", {"vocabulary": "https://example.invalid/v"}),
    "operation-of-tensorflow": {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}},
}


def sequential(layer: Config) -> Config:
    """Return a model of a dense layer and another one."""
    return built("keras", "Sequential", {"name": "model", "layers": [DENSE, layer]}, compile_config={"loss": "mse"})


def archive(text: bytes) -> bytes:
    """Return a `.keras` file with that configuration, and without weights."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("metadata.json", '{"keras_version": "3.15.0"}')
        file.writestr("config.json", text)
    return buffer.getvalue()


def attribute(text: bytes, libver: str = "earliest") -> bytes:
    """Return a `.h5` file with that configuration."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=libver) as file:
        file.attrs["model_config"] = text.decode()
    return buffer.getvalue()


CONTAINERS: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "archive": ("model.keras", archive),
    "hdf5": ("model.h5", attribute),
    "hdf5-latest": ("model.h5", lambda text: attribute(text, "latest")),
    "json": ("model.json", bytes),
}
SPELLINGS: Final[dict[str, Callable[[str], bytes]]] = {
    "escaped-keys": lambda text: text.replace('"class_name"', '"cl\\u0061ss_name"').encode(),
    "escaped-names": lambda text: text.replace('"Lambda"', '"L\\u0061mbda"').encode(),
    "blanks-before": lambda text: b"\n" * 6000 + text.encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "byte-order-mark": lambda text: text.encode("utf-8-sig"),
    "no-number": lambda text: text.replace('"units": 8', '"units": NaN').encode(),
    "in-a-list": lambda text: f"[1, {text}]".encode(),
    "in-an-object": lambda text: f'{{"a": {{"b": {text}}}}}'.encode(),
}


def cases() -> Iterator[Case]:
    """Yield every gadget in every container, then ways to spell one."""
    plain = json.dumps(sequential(DENSE)).encode()
    for name, gadget in GADGETS.items():
        text = json.dumps(sequential(gadget)).encode()
        for place, (file_name, put) in CONTAINERS.items():
            yield Case(
                name=f"{name} in {place}",
                technique=Technique.KERAS,
                data=put(text),
                twin=put(plain),
                file_name=file_name,
            )
    for name, spell in SPELLINGS.items():
        data, twin = (spell(json.dumps(sequential(layer))) for layer in (GADGETS["lambda"], DENSE))
        yield Case(
            name=name, technique=Technique.KERAS, data=archive(data), twin=archive(twin), file_name="model.keras"
        )
