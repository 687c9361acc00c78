"""Finds, reads and validates a policy file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from telamon.catalog import BrokenControlError, UnknownControlError
from telamon.policy.compiler import Policy
from telamon.policy.document import PolicyFile
from telamon.policy.errors import PolicyError, Problem
from telamon.policy.secrets import SecretReference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.catalog import Catalog
    from telamon.core.settings import Settings
    from telamon.policy.nodes import Document, Plain

NAME: Final = "telamon.yaml"


def locate(start: Path, *, explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the policy file to use: the one named, `TELAMON_POLICY`, or `telamon.yaml` here or above."""
    if explicit is not None:
        return explicit
    if environ.get("TELAMON_POLICY"):
        return Path(environ["TELAMON_POLICY"])
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / NAME).is_file():
            return candidate / NAME
    return None


def default(catalog: Catalog) -> Policy:
    """Return the policy without a file: every control of the catalogue with its defaults."""
    return Policy(file=None, document=PolicyFile(version=1), controls=_defaults(catalog))


def load(path: Path | None, catalog: Catalog) -> Policy:
    """Return the compiled policy of a file, or the defaults where there is none.

    Raises:
        PolicyError: The file cannot be read or is not valid; it has all problems.
    """
    if path is None:
        return default(catalog)
    from telamon.policy.nodes import MAX_BYTES, read_document  # noqa: PLC0415  # only where there is a file

    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(file=str(path), line=1, column=1, message=f"cannot be read: {error.strerror}")
        raise PolicyError((problem,)) from error
    return compile_document(read_document(content, str(path)), path, catalog)


def compile_document(document: Document, path: Path, catalog: Catalog) -> Policy:
    """Return the compiled policy of a document.

    Raises:
        PolicyError: It is not valid; the error has all problems.
    """
    from telamon.policy.validation import problems_of, shown  # noqa: PLC0415  # as above

    value = document.value
    if not isinstance(value, dict):
        raise PolicyError((document.problem((), f"expected a mapping, found {shown(value)}"),))
    sections = value.get("controls") or {}
    rest = {key: inner for key, inner in value.items() if key != "controls"}
    problems = list(problems_of(document, rest, PolicyFile, ()))
    if not isinstance(sections, dict):
        problems.append(document.problem(("controls",), f"expected a mapping, found {shown(sections)}"))
        sections = {}
    kinds: dict[str, type[Settings]] = {}
    problems += _sections(document, sections, kinds, catalog)
    if problems:
        raise PolicyError(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))
    try:
        converted = msgspec.convert(rest, PolicyFile, dec_hook=_secret)
        own = {name: msgspec.convert(sections[name] or {}, kind) for name, kind in kinds.items()}
    except msgspec.ValidationError as error:  # a constraint across fields, which no single value breaks
        raise PolicyError((document.problem((), f"{error}"),)) from error
    return Policy(file=path, document=converted, controls=_defaults(catalog) | own, marks=document.marks)


def _sections(
    document: Document, sections: dict[str, Plain], kinds: dict[str, type[Settings]], catalog: Catalog
) -> Iterator[Problem]:
    """Yield the problems of the `controls` section, and fill `kinds` with the struct of each section."""
    from telamon.policy.validation import problems_of, unknown_key  # noqa: PLC0415  # as above

    for name, section in sections.items():
        try:
            listed = catalog.find(name)
        except (UnknownControlError, BrokenControlError):
            yield unknown_key(document, name, [listed.control.name for listed in catalog], ("controls",))
            continue
        kinds[name] = listed.control.settings()
        if listed.control.name != name:
            message = f"expected the control's name `{listed.control.name}`, found `{name}`"
            yield document.problem(("controls", name), message)
        yield from problems_of(document, {} if section is None else section, kinds[name], ("controls", name))


def _defaults(catalog: Catalog) -> dict[str, Settings]:
    return {listed.control.name: listed.control.settings()() for listed in catalog}


def _secret(kind: type, value: object) -> object:
    if kind is SecretReference:
        return SecretReference(value)
    raise NotImplementedError(f"no conversion to {kind.__name__}")  # msgspec's protocol for a hook
