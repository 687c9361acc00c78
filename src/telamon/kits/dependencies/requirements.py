"""Reads requirements files of pip and lists of conda (pip: Requirements File Format; PEP 508; conda list --export)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.kits.dependencies.records import MAX_WORD, Dependency, Registry, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE: Final = 64 * 1024  # characters of a requirement with its hashes
COMMENT: Final = re.compile(r"(?:^|\s)#.*")  # pip: COMMENT_RE
OPTIONS: Final = re.compile(r"\s--?[A-Za-z].*")  # what follows a requirement on its line: hashes, settings
EXPORTED: Final = re.compile(r"([A-Za-z0-9._-]+)=([A-Za-z0-9._!+-]+)=([A-Za-z0-9._-]+)")  # name=version=build
OF_PYPI: Final = "pypi"  # the build string, or channel, of what pip installed in an environment of conda
EXPLICIT: Final = re.compile(r"(?:https?|file)://\S+/([^/\s#]+?)-([^-/\s]+)-([^-/\s]+)\.(?:tar\.bz2|conda)(?:#\S+)?")
PIN: Final = re.compile(rf"={{2,3}}\s{{0,8}}([A-Za-z0-9._!+-]{{1,{MAX_WORD}}})")
WHEEL: Final = re.compile(
    r"(?:.*[/=:])?([A-Za-z0-9._]+)-([A-Za-z0-9._!+]+)(?:-\d[^-]*)?-[^-/]+-[^-/]+-[^-/]+\.whl(?:[#?].*)?"
)
SDIST: Final = re.compile(r"(?:.*[/=:])?([A-Za-z0-9._-]+)-(\d[A-Za-z0-9._!+]*)\.(?:tar\.gz|zip)(?:[#?].*)?")
OTHERS: Final = ("-", "git+", "hg+", "svn+", "bzr+", "http:", "https:", "file:", ".", "/", "$")


def read(text: str) -> Iterator[Dependency | Unread]:
    """Yield what each line asks for; options, and addresses that name no version, are passed over."""
    for number, line in _lines(text):
        if len(line) > MAX_LINE:
            yield Unread(reason=f"a line of more than {MAX_LINE} characters", line=number)
        else:
            yield from _requirement(line, number)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, those that a backslash continues as one, with the number of the first."""
    parts: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start if parts else number
        whole = line if not parts else f" {line}"
        if line.endswith("\\") and not COMMENT.match(line):
            parts.append(whole.removesuffix("\\"))
            continue
        joined = COMMENT.sub("", "".join((*parts, whole))).strip()
        parts = []
        if joined:
            yield start, joined
    if parts and (joined := COMMENT.sub("", "".join(parts)).strip()):
        yield start, joined


def _requirement(line: str, number: int) -> Iterator[Dependency | Unread]:
    if (exported := EXPORTED.fullmatch(line)) is not None:
        name, version, build = exported.groups()
        registry = Registry.PYPI if build.startswith(OF_PYPI) else Registry.CONDA
        yield Dependency(registry=registry, name=name, version=version, line=number)
        return
    if (explicit := EXPLICIT.fullmatch(line)) is not None:
        yield Dependency(registry=Registry.CONDA, name=explicit[1], version=explicit[2], line=number)
        return
    if line.startswith(OTHERS) or line == "@EXPLICIT":
        yield from of_address(line, number)
        return
    yield from of_requirement(OPTIONS.sub("", line).strip(), number)


def of_requirement(text: str, number: int | None = None) -> Iterator[Dependency | Unread]:
    """Yield what one requirement of PEP 508 asks for."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # 15 ms, few files are worth

    try:
        requirement = Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        if (found := list(of_address(text, number))) and ";" not in text:
            yield from found
        else:
            yield Unread(reason=f"no requirement: `{text[:60]}`", line=number)
        return
    if requirement.url is not None:
        yield from of_address(requirement.url, number)
        return
    specifiers = str(requirement.specifier)
    pin = PIN.fullmatch(specifiers)
    is_pinned = pin is not None and not specifiers.endswith(".*")
    yield Dependency(
        registry=Registry.PYPI,
        name=requirement.name,
        version=pin[1] if is_pinned and pin is not None else "",
        specifiers="" if is_pinned else specifiers,
        line=number,
    )


def of_address(address: str, number: int | None = None) -> Iterator[Dependency]:
    """Yield the package that the address of a wheel or source distribution names in its last part."""
    from urllib.parse import unquote  # noqa: PLC0415  # likewise

    text = unquote(address.split(maxsplit=1)[0] if address.split() else "")
    found = WHEEL.fullmatch(text) or SDIST.fullmatch(text)
    if found is not None and not address.startswith("-"):
        yield Dependency(registry=Registry.PYPI, name=found[1], version=found[2], line=number)
