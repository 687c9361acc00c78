"""The commands that a control adds to the CLI: how a manifest names them, what they are given, what they give back.

A command is a `click.Command` or `click.Group` in the control's `commands.py`. The CLI adds the shared options, reads
the policy, and puts a `CommandContext` where `click.pass_obj` finds it; the command does its work and returns a
`Result`, which the CLI writes in the format asked for, records in the ledger and turns into the exit code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from telamon.core.records import Finding, Outcome
    from telamon.core.settings import Settings

S_co = TypeVar("S_co", bound="Settings", covariant=True)

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value] | None"

# What the CLI adds to every command of a control, and what its own callback would see; a command has neither.
SHARED_OPTIONS: Final = frozenset(
    {"--policy", "--format", "--output", "-o", "--verbose", "-v", "--color", "--no-color"}
)
SHARED_PARAMETERS: Final = frozenset({"policy_file", "format_name", "output", "verbose", "color"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReference:
    """A command as the manifest names it, so that `telamon --help` imports nothing but manifests.

    Attributes:
        name: The word behind `telamon`, in kebab-case.
        target: `module:attribute` of the `click.Command`.
        summary: One line for `telamon --help`, which ends with a full stop.
    """

    name: str
    target: str
    summary: str

    def load(self) -> object:
        """Import the module and return what the target names.

        Raises:
            ImportError: There is no such module, or it does not import.
            AttributeError: The module has nothing of that name.
        """
        module, _, attribute = self.target.partition(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredModel:
    """A model that the policy declares.

    Attributes:
        path: File or folder, joined to the policy's folder; `None` for a model that only an upstream serves.
        upstream: Address of the server that serves it; else empty.
    """

    name: str
    path: Path | None
    upstream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredDataset:
    """A data set that the policy declares.

    Attributes:
        path: File or folder, joined to the policy's folder.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that a command did and that the ledger shall hold, beside the outcomes of its result.

    Attributes:
        kind: A kebab-case word, such as `signature`.
        outcome: One word, such as `signed`.
        subject: Digest of the subject's bytes as `algorithm:hex`; empty where there is none.
        body: Details as a JSON object, kept apart from the entry so that they can be erased.
    """

    kind: str
    outcome: str
    subject: str = ""
    body: Mapping[str, Value] | None = None


class CommandContext(Protocol[S_co]):
    """What the CLI gives to a command of a control; nothing in it changes while the command runs."""

    @property
    def settings(self) -> S_co:
        """The control's own settings from the policy."""

    @property
    def policy_folder(self) -> Path:
        """What paths in the settings are relative to."""

    @property
    def policy_digest(self) -> str:
        """`sha256:...` over what the policy puts in force."""

    @property
    def models(self) -> tuple[DeclaredModel, ...]:
        """The models that the policy declares, in the order of the file."""

    @property
    def datasets(self) -> tuple[DeclaredDataset, ...]:
        """The data sets that the policy declares, in the order of the file."""

    def record(self, evidence: Evidence) -> None:
        """Record `evidence` in the ledger at once, or do nothing where the policy names no ledger.

        A ledger that cannot be written to raises nothing: the result is reported with the failure (exit code 3).

        Raises:
            TelamonError: The evidence itself cannot be recorded: its words are no words, or its body is too large.
        """

    def clock(self) -> datetime:
        """Return the time, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command of a control concluded; the CLI writes, records and exits by it.

    The exit code is that of a report (4, then 1 for a finding at or above the gate, then 3 for an outcome that is
    `not-understood`), and where that is 0, `status`. What could not run at all is raised as a `TelamonError`.

    Attributes:
        findings: Each of a rule of the control; set against the gate, the waivers and the shadow mode.
        outcomes: What the control concluded about each subject; each is an entry in the ledger.
        values: What else is to be shown, by name: in text as lines and tables, in JSON as they are.
        product: The document that the command was asked for. In the text format it goes to standard output or the
            `--output` file as it is, and everything else to the terminal beside it.
        status: The exit status of a program that the command ran in the user's stead.
    """

    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    product: str = ""
    status: int = 0
