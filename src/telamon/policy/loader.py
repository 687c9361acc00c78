"""Finds, reads and validates a policy file."""

from __future__ import annotations

import datetime as dt
import stat
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from telamon.catalog import BrokenControlError, UnknownControlError
from telamon.kits.text.display import printable
from telamon.policy.compiler import Policy
from telamon.policy.document import PolicyFile
from telamon.policy.errors import PolicyError, Problem
from telamon.policy.waivers import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.catalog import Catalog, Listed
    from telamon.core.settings import Settings
    from telamon.policy.nodes import Document, Plain

NAME: Final = "telamon.yaml"
CONTROLS: Final = "controls"
MAX_PROBLEMS: Final = 50  # more than a screen shows; a generated file could have tens of thousands


def locate(start: Path, *, explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the policy file to use: the one named, `TELAMON_POLICY`, or `telamon.yaml` here or above."""
    if explicit is not None:
        return explicit
    if environ.get("TELAMON_POLICY"):
        return Path(environ["TELAMON_POLICY"])
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        file = candidate / NAME
        if _is_there(file):
            return file
    return None


def _is_there(file: Path) -> bool:
    """Whether there is a file or link to read; a link that leads nowhere must not pass for no policy."""
    try:
        mode = file.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def default(catalog: Catalog) -> Policy:
    """Return the policy without a file: every control of the catalogue with its defaults."""
    return Policy(file=None, document=PolicyFile(version=1), controls=MappingProxyType(_defaults(catalog)))


def load(path: Path | None, catalog: Catalog, *, today: dt.date | None = None) -> Policy:
    """Return the compiled policy of a file, or the defaults where there is none.

    Args:
        path: The file.
        catalog: The controls.
        today: For how long waivers may hold; by default the day in UTC.

    Raises:
        PolicyError: The file cannot be read or is not valid; it has all problems.
    """
    if path is None:
        return default(catalog)
    from telamon.policy.files import UnreadableError, read_start  # noqa: PLC0415  # only where there is a file
    from telamon.policy.nodes import MAX_BYTES, read_document  # noqa: PLC0415  # likewise

    try:
        content = read_start(path, limit=MAX_BYTES)
    except UnreadableError as error:
        problem = Problem(file=str(path), line=1, column=1, message=f"cannot be read: {error.message}")
        raise PolicyError((problem,)) from error
    return compile_document(read_document(content, str(path)), path, catalog, today=today)


def compile_document(document: Document, path: Path, catalog: Catalog, *, today: dt.date | None = None) -> Policy:
    """Return the compiled policy of a document; the arguments are those of `load`.

    Raises:
        PolicyError: It is not valid; the error has all problems, up to a number that nobody reads through.
    """
    from telamon.policy.validation import problems_of, secret_hook, shown  # noqa: PLC0415  # as above

    value = document.value
    if not isinstance(value, dict):
        wrong = document.problem((), f"expected a mapping, found {shown(value)}")
        raise PolicyError((*document.problems, wrong)[:MAX_PROBLEMS])
    rest = {key: inner for key, inner in value.items() if key != CONTROLS}
    sections: dict[str, _Section] = {}
    every = chain(
        document.problems,
        problems_of(document, rest, PolicyFile, (), also=(CONTROLS,)),
        _sections(document, value.get(CONTROLS), sections, catalog),
    )
    problems = tuple(islice(every, MAX_PROBLEMS))
    if problems:
        raise PolicyError(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))
    whole = msgspec.convert(rest, PolicyFile, dec_hook=secret_hook)
    if problems := tuple(islice(_long_waivers(document, whole, today or dt.datetime.now(dt.UTC).date()), MAX_PROBLEMS)):
        raise PolicyError(problems)
    own = {
        name: msgspec.convert(section.value, section.kind, dec_hook=secret_hook) for name, section in sections.items()
    }
    return Policy(
        file=path,
        document=whole,
        controls=MappingProxyType(_defaults(catalog) | own),
        marks=document.marks,
    )


def _long_waivers(document: Document, whole: PolicyFile, today: dt.date) -> Iterator[Problem]:
    """Yield the problems of waivers that hold for so long that nobody will look at them again."""
    for index, waiver in enumerate(whole.waivers):
        if waiver.expires - today > LONGEST:
            message = f"expected a day at most {LONGEST.days} days ahead, found `{waiver.expires}`"
            yield document.problem(("waivers", index, "expires"), message, f"the last is {today + LONGEST}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    kind: type[Settings]
    value: Plain


def _sections(document: Document, controls: Plain, found: dict[str, _Section], catalog: Catalog) -> Iterator[Problem]:
    """Yield the problems of the `controls` section, and put each section with its struct into `found`."""
    from telamon.policy.validation import problems_of, shown  # noqa: PLC0415  # as above

    if controls is None:
        return
    if not isinstance(controls, dict):
        yield document.problem((CONTROLS,), f"expected a mapping, found {shown(controls)}")
        return
    for name, value in controls.items():
        listed = _control(document, name, catalog)
        if isinstance(listed, Problem):
            yield listed
            continue
        section = _Section(kind=listed.control.settings(), value={} if value is None else value)
        found[name] = section
        yield from problems_of(document, section.value, section.kind, (CONTROLS, name))


def _control(document: Document, name: str, catalog: Catalog) -> Listed | Problem:
    """Return the control that a section is for, or what is wrong with the section's name."""
    from telamon.policy.nodes import SHOWN  # noqa: PLC0415  # as above
    from telamon.policy.validation import unknown_key  # noqa: PLC0415  # as above

    try:
        listed = catalog.find(name)
    except UnknownControlError:
        known = [one.control.name for one in (*catalog.own, *catalog.third_party)]
        return unknown_key(document, name, known, (CONTROLS,))
    except BrokenControlError as error:  # the name may be one that it would have brought
        message = f"expected a control of telamon or of a sound package, found `{printable(name, SHOWN)}`"
        return document.problem((CONTROLS, name), message, error.message)
    if listed.control.name != name:
        message = f"expected the control's name `{listed.control.name}`, found `{name}`"
        return document.problem((CONTROLS, name), message)
    return listed


def _defaults(catalog: Catalog) -> dict[str, Settings]:
    return {listed.control.name: listed.control.settings()() for listed in catalog}
