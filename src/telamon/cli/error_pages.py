"""What error codes mean, read from the docstrings of the error classes in the source.

The source is read and not imported: the classes stand in modules that need cryptography, databases and parsers, and
`telamon explain` has to answer at once.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import telamon
from telamon.core.records import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEDY: Final = "Remedy: "
_BLOCK: Final = re.compile(r"^class (?!_)(?P<name>\w+)\(.*\n(?:(?:[ \t].*)?\n)*", re.MULTILINE)
_CODE: Final = re.compile(r"^    code(?:: ClassVar\[str\])? = \"(?P<code>[a-z0-9-]+)\"$", re.MULTILINE)
_DETAILS: Final = re.compile(r"^(?:Args|Attributes):$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """What an error code means.

    Attributes:
        code: As messages have it in brackets, `error[code]`.
        exit_code: With which the command ends.
        meaning: What happened, in one or more paragraphs.
        remedy: What to do.
    """

    code: str
    exit_code: ExitCode
    meaning: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class ErrorPages:
    """The pages of all errors of the package.

    Attributes:
        folder: Of the package.
    """

    folder: Path

    def find(self, code: str) -> ErrorPage | None:
        """Return the page of an error code, or `None`."""
        name = self._codes.get(code)
        return None if name is None else self._page(code, name)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, sorted."""
        return tuple(sorted(self._codes))

    def __iter__(self) -> Iterator[ErrorPage]:
        return (self._page(code, self._codes[code]) for code in self.codes)

    @cached_property
    def _classes(self) -> dict[str, str]:
        """The source of each public class that has a code of its own, by the name of the class."""
        sources = (file.read_text(encoding="utf-8") for file in _modules(self.folder))
        blocks = (block for source in sources if _CODE.search(source) for block in _BLOCK.finditer(source))
        return {block["name"]: block[0] for block in blocks if _CODE.search(block[0])}

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {match["code"]: name for name, block in self._classes.items() if (match := _CODE.search(block))}

    def _page(self, code: str, name: str) -> ErrorPage:
        text = _DETAILS.split(inspect.cleandoc(ast.get_docstring(_parsed(self._classes[name])) or ""))[0].strip()
        meaning, _, remedy = text.partition(f"\n\n{REMEDY}")
        return ErrorPage(code=code, exit_code=self._exit_code(name), meaning=meaning, remedy=" ".join(remedy.split()))

    def _exit_code(self, name: str) -> ExitCode:
        """Return the exit code that a class sets, or else its base."""
        kind = _parsed(self._classes[name])
        for statement in kind.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id="exit_code")], value=ast.Attribute(attr=chosen))
                    | ast.AnnAssign(target=ast.Name(id="exit_code"), value=ast.Attribute(attr=chosen))
                ):
                    return ExitCode[chosen]
                case _:
                    continue
        return self._exit_code(next(base.id for base in kind.bases if isinstance(base, ast.Name)))


def pages() -> ErrorPages:
    """Return the pages of telamon's errors; nothing is read before one is asked for."""
    return ErrorPages(folder=Path(telamon.__file__).parent)


def _modules(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*.py") if "tests" not in file.relative_to(folder).parts)


def _parsed(block: str) -> ast.ClassDef:
    """Return a class out of its source, which must be one."""
    [kind] = ast.parse(block).body
    if not isinstance(kind, ast.ClassDef):
        raise TypeError(f"expected a class, found {type(kind).__name__}")
    return kind
