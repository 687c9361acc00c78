"""What is wrong with a policy file, with the place of each problem."""

from __future__ import annotations

from dataclasses import dataclass

from telamon.core.errors import SecretError, TelamonError
from telamon.kits.text.display import printable

__all__ = ["BaselineError", "PolicyError", "Problem", "SecretError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a policy file.

    Attributes:
        file: The file's name as the user would type it.
        line: One-based.
        column: One-based.
        message: What was expected and what was found.
        hint: The remedy, such as the nearest valid name; else empty.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        # Names and values out of the file must not make lines of their own.
        hint = f" ({self.hint})" if self.hint else ""
        return f"{printable(self.file)}:{self.line}:{self.column}: {printable(self.message + hint)}"


class PolicyError(TelamonError):
    """A policy file is not valid; all its problems are reported together.

    Remedy: Go to the line and column of each problem; `telamon policy schema` prints what is valid, for editors.

    Args:
        problems: In the order of the file; at least one.
    """

    code = "policy"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class BaselineError(TelamonError):
    """A baseline file cannot be read or written.

    Remedy: Name a file that can be read and written; `telamon check --write-baseline FILE` makes a new one.
    """

    code = "baseline"
