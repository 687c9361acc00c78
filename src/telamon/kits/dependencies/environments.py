"""Reads environments of conda and MLflow, and locks of conda-lock, which are YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from telamon.kits.dependencies.records import Dependency, Registry, Unread
from telamon.kits.dependencies.requirements import of_requirement, read

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree: TypeAlias = Any  # parsed YAML of any shape

MAX_YAML_BYTES: Final = 2 * 1024 * 1024  # libyaml reads some 2 MB in a second
MAX_ALIASES: Final = 100  # conda and conda-lock write none; a few are people's
# conda's match specification: name, then an optional version with `=`, `==`, `>=`, ..., then a build (conda docs).
SPEC: Final = re.compile(r"(?:[\w./-]+::)?([A-Za-z0-9_][A-Za-z0-9._-]*)\s{0,4}((?:[=<>!~].*)?)")
EXACT: Final = re.compile(r"={1,2}\s{0,4}(\d[A-Za-z0-9._!+]*)(?:=[A-Za-z0-9._-]+)?")
# What models written by MLflow say about libraries that made them (MLmodel, `flavors`).
WRITERS: Final = {
    "mlflow_version": "mlflow",
    "sklearn_version": "scikit-learn",
    "pytorch_version": "torch",
    "keras_version": "keras",
    "transformers_version": "transformers",
    "xgb_version": "xgboost",
    "lgb_version": "lightgbm",
}


def read_yaml(text: str) -> Iterator[Dependency | Unread]:
    """Yield what an environment of conda or MLflow asks for, or what a lock of conda-lock installs."""
    tree = _parse(text)
    if isinstance(tree, Unread):
        yield tree
        return
    if not isinstance(tree, dict):
        yield Unread(reason="an environment that is no mapping")
        return
    packages = tree.get("package")
    if isinstance(packages, list):
        yield from _locked(packages)
    for key in ("dependencies", "build_dependencies"):
        wanted = tree.get(key)
        if isinstance(wanted, list):
            # MLflow's python_env.yaml is for pip; it has no channels and names its Python apart
            yield from _environment(wanted, is_pip="python" in tree and "channels" not in tree)


def writers(text: str) -> Iterator[Dependency]:
    """Yield the libraries that an `MLmodel` of MLflow says it was written by."""
    tree = _parse(text)
    levels = [tree]
    if isinstance(tree, dict) and isinstance(tree.get("flavors"), dict):
        levels += list(tree["flavors"].values())
    for level in levels:
        for key, name in WRITERS.items():
            version = level.get(key) if isinstance(level, dict) else None
            if isinstance(version, str):
                yield Dependency(registry=Registry.PYPI, name=name, version=version)


def _parse(text: str) -> Tree:
    import yaml  # noqa: PLC0415  # 20 ms, which few files are worth

    if len(text) > MAX_YAML_BYTES:
        return Unread(reason=f"YAML of more than {MAX_YAML_BYTES} bytes")
    if text.count("*") > MAX_ALIASES and sum(1 for _ in re.finditer(r"(?:^|[\s\[{,:-])\*\w", text)) > MAX_ALIASES:
        return Unread(reason="YAML that refers to itself too often")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506  # a safe loader, in C where there is one
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        return Unread(reason=f"no YAML: {str(error).splitlines()[0][:80]}")


def _locked(packages: list[Tree]) -> Iterator[Dependency | Unread]:
    for index, package in enumerate(packages):
        if not isinstance(package, dict):
            yield Unread(reason=f"the package {index} of the lock is no mapping")
            continue
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str) and isinstance(version, str):
            registry = Registry.PYPI if package.get("manager") == "pip" else Registry.CONDA
            yield Dependency(registry=registry, name=name, version=version)


def _environment(wanted: list[Tree], *, is_pip: bool) -> Iterator[Dependency | Unread]:
    for each in wanted:
        if isinstance(each, dict):  # `- pip: [...]`
            inner = each.get("pip")
            for line in inner if isinstance(inner, list) else ():
                if isinstance(line, str):
                    yield from read(line)
        elif isinstance(each, str):
            yield from read(each) if is_pip else _spec(each)


def _spec(text: str) -> Iterator[Dependency | Unread]:
    found = SPEC.fullmatch(text.split("#", maxsplit=1)[0].strip())
    if found is None:
        return  # a file beside, or a form with brackets
    name, rest = found[1], found[2].strip()
    exact = EXACT.fullmatch(rest)
    if exact is not None:
        # `=1.2` means 1.2.*; with a build or `==` it is the version itself
        is_prefix = not rest.startswith("==") and "=" not in rest[1:]
        if is_prefix:
            yield Dependency(registry=Registry.CONDA, name=name, specifiers=f"=={exact[1]}.*")
        else:
            yield Dependency(registry=Registry.CONDA, name=name, version=exact[1])
        return
    for dependency in of_requirement(f"{name}{rest}") if rest else ():
        if isinstance(dependency, Dependency):
            yield Dependency(
                registry=Registry.CONDA, name=name, version=dependency.version, specifiers=dependency.specifiers
            )
