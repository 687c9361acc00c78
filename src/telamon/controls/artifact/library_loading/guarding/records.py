"""What a guard goes by, and how it refuses."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from telamon.core.records import ExitCode

MOST_REPORTED_BYTES: Final = 1024 * 1024
VARIABLE: Final = "TELAMON_GUARD"  # by which the processes below a guarded one know what to go by


class LoadRefusedError(TelamonError, pickle.UnpicklingError):
    """A loader was about to fetch, or what it loads was about to do, what the guard does not allow.

    It is an `UnpicklingError` too, so that programs that handle broken files handle refused ones.

    Remedy: Find out where the file came from. If you vouch for the callable, the hint has the line for the policy.

    Args:
        message: What was refused, of which file, and why.
        hint: The line of the policy that would allow it.
        name: The callable as `module:qualified.name`, or the audit event.
    """

    code: ClassVar[str] = "load-refused"
    exit_code: ClassVar[ExitCode]

    def __init__(self, message: str, *, hint: str = "", name: str = "") -> None:
        super().__init__(message, hint=hint)
        self.name = name

    def __str__(self) -> str:
        """The message with the hint: tracebacks show nothing else."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class LoadWarning(UserWarning):
    """What the guard would have refused, in shadow mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a guard has refused, or in shadow mode would have.

    Attributes:
        file: What the thread had opened for reading last; empty where that is not known.
        event: The audit event.
        name: `module:qualified.name` of what was to be fetched; else the event.
        message: What the program was told.
    """

    file: str
    event: str
    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """What a guard goes by.

    Attributes:
        is_enforcing: Whether what is not allowed is refused, or only warned of.
        may_unknown: Whether classes and functions of which nothing is known may be fetched.
        allowed: `module:qualified.name` of what the user vouches for.
        must_follow: Whether Python processes that are started must have the guard as well.
        trusts_processes: Whether what processes of one program send each other is not judged.
        profiles: Names that single files may fetch besides, by the SHA-256 of the file in hexadecimal.
        report: Path of a file to which each refusal is appended, a line of JSON each; empty for none.
    """

    is_enforcing: bool = True
    may_unknown: bool = False
    allowed: frozenset[str] = frozenset()
    must_follow: bool = True
    trusts_processes: bool = True
    profiles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    report: str = ""

    def to_text(self) -> str:
        """Return them as one line of JSON, for the environment of children."""
        profiles = {digest: sorted(names) for digest, names in self.profiles.items()}
        return json.dumps({**asdict(self), "allowed": sorted(self.allowed), "profiles": profiles})

    @classmethod
    def from_text(cls, text: str) -> GuardRules:
        """Return the rules of `to_text`.

        Raises:
            ValueError: It is not that text.
        """
        try:
            fields = json.loads(text)
            profiles = {digest: frozenset(names) for digest, names in fields["profiles"].items()}
            return cls(**{**fields, "allowed": frozenset(fields["allowed"]), "profiles": profiles})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("expected the rules of a guard") from error


def read_refusals(path: Path) -> tuple[Refusal, ...]:
    """Return what a guard reported to a file; what the processes have written there is as untrusted as they are.

    Args:
        path: The file; there is none where nothing was refused.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(MOST_REPORTED_BYTES).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ()
    found = []
    for line in lines:
        with suppress(ValueError, TypeError, AttributeError):  # cut short, or no refusal
            found.append(Refusal(**{name: str(value) for name, value in json.loads(line).items()}))
    return tuple(found)
