"""Reads locks and projects in TOML and JSON: poetry, uv, pdm, PEP 751, PEP 621, Pipenv, npm."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telamon.kits.dependencies.records import Dependency, Registry, Unread
from telamon.kits.dependencies.requirements import of_requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Tree: TypeAlias = Any  # parsed TOML or JSON of any shape

MAX_DEPTH: Final = 32  # of dependencies within one another in the first form of npm's lock


def read_toml(text: str) -> Iterator[Dependency | Unread]:
    """Yield the packages of a lock in TOML, or the requirements of a `pyproject.toml` or `Pipfile`."""
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        yield Unread(reason=f"no TOML: {str(error)[:80]}")
        return
    # `package` in poetry.lock, uv.lock and pdm.lock; `packages` in pylock.toml (PEP 751)
    for key in ("package", "packages"):
        packages = tree.get(key)
        if isinstance(packages, list):
            yield from _packages(packages)
        elif isinstance(packages, dict):  # Pipfile
            yield from _pipfile(packages)
    for key in ("dev-packages",):
        if isinstance(tree.get(key), dict):
            yield from _pipfile(tree[key])
    yield from _project(tree)


def _packages(packages: list[Tree]) -> Iterator[Dependency | Unread]:
    for index, package in enumerate(packages):
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            yield Unread(reason=f"the package {index} of the lock has no name")
            continue
        version = package.get("version")
        if isinstance(version, str):  # there is none for what stands in a folder or repository
            yield Dependency(registry=Registry.PYPI, name=package["name"], version=version)


def _project(tree: Tree) -> Iterator[Dependency | Unread]:
    """Yield what a project asks for (PEP 621, PEP 735, PEP 518, and poetry's own way of before)."""
    project = _table(tree, "project")
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += [*_table(tree, "dependency-groups").values(), _table(tree, "build-system").get("requires")]
    for requirements in lists:
        for each in requirements if isinstance(requirements, list) else ():
            if isinstance(each, str):
                yield from of_requirement(each)
    poetry = _table(_table(tree, "tool"), "poetry")
    groups = [poetry, *_table(poetry, "group").values()]
    for group in groups:
        for key in ("dependencies", "dev-dependencies"):
            for name, wanted in (_table(group, key) if isinstance(group, dict) else {}).items():
                version = wanted.get("version") if isinstance(wanted, dict) else wanted
                if name != "python" and isinstance(version, str):
                    yield from _poetry(name, version)


def _poetry(name: str, version: str) -> Iterator[Dependency | Unread]:
    """Yield a requirement in poetry's words, where they say what PEP 440 says too."""
    if version.startswith(("^", "~")) and not version.startswith("~="):
        version = ">=" + version.lstrip("^~").strip()  # the lower end is all that is certain
    elif version[:1].isdigit():
        version = f"=={version}"
    yield from of_requirement(f"{name}{'' if version == '*' else version}")


def _pipfile(packages: dict[str, Tree]) -> Iterator[Dependency | Unread]:
    for name, wanted in packages.items():
        version = wanted.get("version") if isinstance(wanted, dict) else wanted
        if isinstance(version, str):
            yield from of_requirement(f"{name}{'' if version == '*' else version}")


def read_json(text: str) -> Iterator[Dependency | Unread]:
    """Yield the packages of a `Pipfile.lock`, a lock of npm, or a bill of materials in CycloneDX or SPDX."""
    from telamon.kits.dependencies.materials import read_cyclonedx, read_spdx  # noqa: PLC0415  # few files are

    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Unread(reason=f"no JSON: {str(error)[:80]}")
        return
    if not isinstance(tree, dict):
        yield Unread(reason="a lock that is no object")
        return
    readers: dict[str, Callable[[Tree], Iterator[Dependency | Unread]]] = {
        "bomFormat": read_cyclonedx,
        "spdxVersion": read_spdx,
        "@graph": read_spdx,
        "_meta": _pipfile_lock,
        "lockfileVersion": _npm,
    }
    for key, read in readers.items():
        if key in tree:
            yield from read(tree)
            return
    yield Unread(reason="a lock in JSON of no kind that is known")


def _pipfile_lock(tree: Tree) -> Iterator[Dependency | Unread]:
    for section, packages in tree.items():
        if section == "_meta" or not isinstance(packages, dict):
            continue
        for name, package in packages.items():
            version = package.get("version") if isinstance(package, dict) else None
            if isinstance(version, str):
                yield from of_requirement(f"{name}{version}")


def _npm(tree: Tree) -> Iterator[Dependency | Unread]:
    """Yield what a lock of npm installs: `packages` by path (forms 2 and 3), else `dependencies` (form 1)."""
    packages = tree.get("packages")
    if isinstance(packages, dict):
        for path, package in packages.items():
            head, found, name = path.rpartition("node_modules/")
            del head
            if not found or not isinstance(package, dict) or package.get("link"):
                continue  # the project itself, and folders of it
            real = package.get("name")  # where it is installed under another name
            version = package.get("version")
            if isinstance(version, str):
                yield Dependency(registry=Registry.NPM, name=real if isinstance(real, str) else name, version=version)
        return
    yield from _npm_nested(_table(tree, "dependencies"), 0)


def _npm_nested(dependencies: dict[str, Tree], depth: int) -> Iterator[Dependency | Unread]:
    if depth > MAX_DEPTH:
        yield Unread(reason=f"dependencies more than {MAX_DEPTH} deep in one another")
        return
    for name, package in dependencies.items():
        if not isinstance(package, dict):
            continue
        version = package.get("version")
        if isinstance(version, str) and version.startswith("npm:"):
            name, _, version = version.removeprefix("npm:").rpartition("@")  # noqa: PLW2901  # under another name
        if isinstance(version, str) and ":" not in version:
            yield Dependency(registry=Registry.NPM, name=name, version=version)
        yield from _npm_nested(_table(package, "dependencies"), depth + 1)


def _table(tree: Tree, key: str) -> dict[str, Tree]:
    found = tree.get(key) if isinstance(tree, dict) else None
    return found if isinstance(found, dict) else {}
