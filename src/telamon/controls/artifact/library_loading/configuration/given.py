"""What a call is given, as far as loading goes: where a path comes from, and whether a switch is a constant."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading.configuration.places import HOLE, Kind, kind_of
from telamon.core.records import Severity
from telamon.kits.code.python import Fetching, Origin, Value

if TYPE_CHECKING:
    from telamon.kits.code.python import Step

COMMIT: Final = re.compile(r"[0-9a-f]{40}")
ADDRESS: Final = re.compile(r"(?:https?|ftp|s3|gs|gcs|hf|abfss?|wasbs?|az|oss|dbfs)://", re.IGNORECASE)
FETCHING: Final = Fetching(
    giving=frozenset(
        {"hf_hub_download", "snapshot_download", "cached_download", "load_from_hub", "download_artifacts"}
        | {"download_artifact", "download_as_bytes", "download_as_string", "download_blob", "get_object"}
        | {"dataset_download", "model_download", "dataset_file_download", "cached_path", "download_loaded_file"}
    ),
    saving=MappingProxyType(
        {
            "download_file": (2, "Filename"),
            "download_fileobj": (2, "Fileobj"),
            "download_to_filename": (0, "filename"),
            "download_url_to_file": (1, "dst"),
            "fget_object": (2, "file_path"),
        }
    ),
)
"""Of hubs and object stores: huggingface_hub, modelscope, boto3, google-cloud-storage, minio, mlflow, wandb, kaggle."""


class Whence(Enum):
    """Where what is loaded comes from."""

    FETCHED = "fetched"
    CONSTANT = "constant"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Given:
    """A call in its surroundings.

    Attributes:
        step: The call as it was followed.
        node: It in the tree; `None` for what a call only hands on.
        parameters: Of the functions that it stands in: what one of these gives is decided elsewhere.
    """

    step: Step
    node: ast.Call | None
    parameters: frozenset[str]

    @property
    def last(self) -> str:
        """The last part of the callee's name."""
        return self.step.name.rpartition(".")[2]

    def value(self, position: int | None, keyword: str) -> Value | None:
        """Return an argument, `None` where it is not given."""
        if position is not None and position < len(self.step.values):
            return self.step.values[position]
        return dict(self.step.named).get(keyword)

    def is_set(self, keyword: str, to: object, position: int | None = None) -> bool:
        """Whether an argument is that constant, and no parameter of a function around the call decides it."""
        value = self.value(position, keyword)
        if value is None or not value.constants or any(constant is not to for constant in value.constants):
            return False
        return not self._is_passed_on(keyword, position)

    def _is_passed_on(self, keyword: str, position: int | None) -> bool:
        if self.node is None:
            return True
        given = [part.value for part in self.node.keywords if part.arg == keyword]
        if not given and position is not None and position < len(self.node.args):
            given = [self.node.args[position]]
        for expression in given:
            if isinstance(expression, ast.Constant):
                return False
            roots = {inner.id for inner in ast.walk(expression) if isinstance(inner, ast.Name)}
            if roots & self.parameters or any(isinstance(inner, ast.Attribute) for inner in ast.walk(expression)):
                return True
        return not given

    def is_pinned(self, *keywords: str) -> bool:
        """Whether one of the arguments is a whole commit."""
        for keyword in keywords:
            value = self.value(None, keyword)
            if value is not None and value.texts and all(COMMIT.fullmatch(text) for text in value.texts):
                return True
        return False

    def whence(self, position: int = 0, *keywords: str) -> Whence:
        """Return where the argument, or what the method is called on, comes from."""
        values = [found for keyword in ("", *keywords) if (found := self.value(position, keyword)) is not None]
        return whence(*(values or [self.step.receiver]), self.step.receiver)


def whence(*values: Value) -> Whence:
    """Return where data comes from."""
    for value in values:
        if any(mark.origin is Origin.NETWORK for mark in value.marks) or any(map(ADDRESS.match, value.texts)):
            return Whence.FETCHED
    first = values[0] if values else Value()
    is_whole = bool(first.texts) and not any(HOLE in text for text in first.texts)
    return Whence.CONSTANT if is_whole else Whence.OPEN


def place_of(value: Value | None) -> Kind:
    """Return the worst place that a path can lead to."""
    kinds = {kind_of(text) for text in value.texts} if value is not None else set()
    for kind in (Kind.SHARED, Kind.RELATIVE, Kind.FIXED):
        if kind in kinds:
            return kind
    return Kind.OPEN


def by_origin(found: Whence, *, fetched: Severity = Severity.HIGH, else_: Severity = Severity.MEDIUM) -> Severity:
    """Return the severity by where what is loaded comes from."""
    return fetched if found is Whence.FETCHED else else_
