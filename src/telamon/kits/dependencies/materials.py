"""Reads bills of materials (CycloneDX, SPDX 2 and 3, in JSON) by their package URLs, and metadata of packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telamon.kits.dependencies.records import Dependency, Registry, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree: TypeAlias = Any  # parsed JSON of any shape

PURL: Final = re.compile(r"pkg:/{0,2}(pypi|npm|conda)/([^@?#]+)(?:@([^?#]+))?", re.IGNORECASE)
MAX_DEPTH: Final = 64  # of components within one another
# Core metadata 2.x: fields begin at the beginning of a line; the description follows behind the first empty one.
FIELD: Final = re.compile(r"^(Name|Version)[ \t]*:[ \t]*(\S{1,256})[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
END: Final = re.compile(r"\r?\n\r?\n")


def of_purl(purl: str) -> Dependency | None:
    """Return the package of a package URL (ECMA-427), `None` where it is of no registry that is known.

    >>> of_purl("pkg:npm/%40babel/core@7.0.0").name
    '@babel/core'
    """
    from urllib.parse import unquote  # noqa: PLC0415  # few files have any

    found = PURL.match(purl)
    if found is None:
        return None
    registry = {"pypi": Registry.PYPI, "npm": Registry.NPM, "conda": Registry.CONDA}[found[1].lower()]
    return Dependency(registry=registry, name=unquote(found[2]).strip("/"), version=unquote(found[3] or ""))


def read_cyclonedx(tree: Tree) -> Iterator[Dependency | Unread]:
    """Yield the components with a package URL, also those within others."""
    levels = [(tree.get("components"), 0)]
    while levels:
        components, depth = levels.pop()
        if depth > MAX_DEPTH:
            yield Unread(reason=f"components more than {MAX_DEPTH} deep in one another")
            continue
        for component in components if isinstance(components, list) else ():
            if not isinstance(component, dict):
                continue
            purl = component.get("purl")
            found = of_purl(purl) if isinstance(purl, str) else None
            if found is not None and found.version:
                yield found
            elif found is not None and isinstance(component.get("version"), str):
                yield Dependency(registry=found.registry, name=found.name, version=component["version"])
            levels.append((component.get("components"), depth + 1))


def read_spdx(tree: Tree) -> Iterator[Dependency | Unread]:
    """Yield the packages with a package URL: external references in SPDX 2, `packageUrl` and identifiers in SPDX 3."""
    for package in tree.get("packages") if isinstance(tree.get("packages"), list) else ():
        references = package.get("externalRefs") if isinstance(package, dict) else None
        for reference in references if isinstance(references, list) else ():
            if isinstance(reference, dict) and reference.get("referenceType") == "purl":
                yield from _with_version(reference.get("referenceLocator"), package.get("versionInfo"))
    for element in tree.get("@graph") if isinstance(tree.get("@graph"), list) else ():
        if isinstance(element, dict):
            yield from _with_version(
                element.get("software_packageUrl") or element.get("packageUrl"),
                element.get("software_packageVersion") or element.get("packageVersion"),
            )


def _with_version(purl: Tree, version: Tree) -> Iterator[Dependency]:
    found = of_purl(purl) if isinstance(purl, str) else None
    if found is not None:
        own = found.version or (version if isinstance(version, str) else "")
        yield Dependency(registry=found.registry, name=found.name, version=own)


def read_metadata(text: str) -> Iterator[Dependency | Unread]:
    """Yield the package whose `METADATA` or `PKG-INFO` it is."""
    head = END.split(text, 1)[0]
    fields = {found[1].lower(): found[2] for found in reversed(list(FIELD.finditer(head)))}
    if fields.keys() >= {"name", "version"}:
        yield Dependency(registry=Registry.PYPI, name=fields["name"], version=fields["version"])
    else:
        yield Unread(reason="metadata of a package without its name or version")


def read_keras(text: str) -> Iterator[Dependency | Unread]:
    """Yield the Keras that the `metadata.json` of a `.keras` file says it was written by."""
    import json  # noqa: PLC0415  # likewise

    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Unread(reason=f"no JSON: {str(error)[:80]}")
        return
    version = tree.get("keras_version") if isinstance(tree, dict) else None
    if isinstance(version, str):
        yield Dependency(registry=Registry.PYPI, name="keras", version=version)
