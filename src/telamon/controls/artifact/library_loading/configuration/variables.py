"""Judges environment variables that decide how models and libraries are loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.places import Kind, kind_of
from telamon.core.records import Severity
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.core.records import Rule

TRUE: Final = frozenset({"1", "true", "yes", "y", "on"})
FALSE: Final = frozenset({"0", "false", "no", "n", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A variable that switches something on.

    Attributes:
        does: What it does when it is on, behind the name.
        remedy: What to do instead.
    """

    rule: Rule
    severity: Severity
    does: str
    remedy: str


_REMOTE: Final = Switch(
    rule=rules.REMOTE_CODE,
    severity=Severity.HIGH,
    does="lets every model's repository run its own Python",
    remedy="Remove it, and name the models that need it with `revision=<commit>` in the code.",
)
SWITCHES: Final = {
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": Switch(
        rule=rules.UNRESTRICTED_LOAD,
        severity=Severity.HIGH,
        does="lets every `torch.load` of the process that does not say `weights_only` run what the file says",
        remedy="Remove it, and convert the files that need it: `telamon convert model.pt model.safetensors`.",
    ),
    "HF_HUB_TRUST_REMOTE_CODE": _REMOTE,
    "HF_DATASETS_TRUST_REMOTE_CODE": _REMOTE,
    "TRUST_REMOTE_CODE": _REMOTE,
    "VLLM_TRUST_REMOTE_CODE": _REMOTE,
    "HF_TRUST_REMOTE_CODE": _REMOTE,
    "VLLM_ALLOW_INSECURE_SERIALIZATION": Switch(
        rule=rules.UNRESTRICTED_LOAD,
        severity=Severity.HIGH,
        does="lets vLLM unpickle messages between its processes",
        remedy="Remove it, or set `VLLM_ALLOW_INSECURE_SERIALIZATION=0`.",
    ),
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": Switch(
        rule=rules.OPEN_SERVER,
        severity=Severity.MEDIUM,
        does="lets whoever reaches the server load adapters from paths and repositories that they name",
        remedy="Remove it, and name the adapters with `--lora-modules`.",
    ),
    "TS_INSTALL_PY_DEP_PER_MODEL": Switch(
        rule=rules.OPEN_SERVER,
        severity=Severity.MEDIUM,
        does="has TorchServe install the packages that a model's archive asks for",
        remedy="Remove it, and install what the models need when the image is built.",
    ),
}
FORCED: Final = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
PATHS: Final = {
    "LD_PRELOAD": Severity.HIGH,
    "LD_AUDIT": Severity.HIGH,
    "DYLD_INSERT_LIBRARIES": Severity.HIGH,
    "LD_LIBRARY_PATH": Severity.MEDIUM,
    "DYLD_LIBRARY_PATH": Severity.MEDIUM,
    "PYTHONPATH": Severity.MEDIUM,
    "PYTHONHOME": Severity.MEDIUM,
    "PYTHONSTARTUP": Severity.MEDIUM,
    "GCONV_PATH": Severity.MEDIUM,
}
"""Variables that name libraries or where they are, with the severity of a folder that everybody can write to."""

NAME: Final = re.compile(
    "|".join(sorted((*SWITCHES, FORCED, *PATHS, "TS_ALLOWED_URLS"), key=lambda name: (-len(name), name)))
)


def judge_variable(name: str, value: str, line: int, column: int) -> Iterator[Hit]:
    """Yield what setting an environment variable to a value does.

    Args:
        name: Of the variable.
        value: Without quotes; what is not known before it runs stands as a hole or begins with `$`.
        line: One-based.
        column: One-based.
    """
    plain = value.strip().strip("'\"").casefold()
    shown = printable(f"{name}={value.strip()}", 120)
    if (switch := SWITCHES.get(name)) is not None and plain in TRUE:
        yield Hit(
            rule=switch.rule, severity=switch.severity, message=f"`{shown}` {switch.does}", subject=f"{name} is on",
            line=line, column=column, remedy=switch.remedy,
        )  # fmt: skip
    elif name == FORCED and plain in FALSE:
        yield Hit(
            rule=rules.UNRESTRICTED_LOAD, severity=Severity.LOW, subject=f"{name} is off", line=line, column=column,
            message=f"`{shown}` says that `torch.load` need not be restricted, and restricts nothing",
            remedy=f"Set `{FORCED}=1`: then no call of `torch.load` can run what a file says.",
        )  # fmt: skip
    elif name == "TS_ALLOWED_URLS" and ".*" in value:
        yield Hit(
            rule=rules.OPEN_SERVER, severity=Severity.MEDIUM, subject=name, line=line, column=column,
            message=f"`{shown}` lets TorchServe load models from any address that fits",
            remedy="Name whole addresses: `TS_ALLOWED_URLS=https://models.example.com/`.",
        )  # fmt: skip
    elif name in PATHS:
        yield from _paths(name, value, line, column)


def _paths(name: str, value: str, line: int, column: int) -> Iterator[Hit]:
    separators = r"[:;\s]" if name in {"LD_PRELOAD", "LD_AUDIT"} else r"[:;]"
    for part in re.split(separators, value.strip().strip("'\"")):
        kind = kind_of(part)
        if kind is Kind.SHARED:
            severity = PATHS[name]
        elif kind is Kind.RELATIVE and (name not in {"LD_PRELOAD", "LD_AUDIT"} or "/" in part):
            severity = Severity.LOW if name.startswith("PYTHON") else Severity.MEDIUM
        else:
            continue  # a library by its bare name is searched for in the system's folders
        yield Hit(
            rule=rules.LIBRARY_PATH, severity=severity, subject=f"{name} {part}", line=line, column=column,
            message=f"`{name}` names `{printable(part, 80)}`, {kind}: what lies there is loaded into every process",
            remedy=f"Name an absolute folder that only the installer can write to: `{name}=/opt/app/lib`.",
        )  # fmt: skip
