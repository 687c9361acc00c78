# ruff: noqa: E501  # tables, one thought a line
"""Chooses the judge of a file by its name, and for names without a suffix by its first line."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telamon.core.records import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.controls.artifact.library_loading.configuration.hit import Judged
    from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease


class Form(StrEnum):
    """How a file is read."""

    PYTHON = "python"
    NOTEBOOK = "notebook"
    SHELL = "shell script"
    DOCKERFILE = "dockerfile"
    DOCUMENT = "yaml or json"
    LINES = "settings"
    PROPERTIES = "properties"
    TRITON = "triton configuration"
    PATH_FILE = "path file"


SUFFIXES: Final = {
    "py": Form.PYTHON, "pyw": Form.PYTHON, "wsgi": Form.PYTHON, "ipynb": Form.NOTEBOOK, "pth": Form.PATH_FILE,
    "sh": Form.SHELL, "bash": Form.SHELL, "zsh": Form.SHELL, "ksh": Form.SHELL, "dash": Form.SHELL, "command": Form.SHELL,
    "slurm": Form.SHELL, "sbatch": Form.SHELL, "mk": Form.LINES, "make": Form.LINES,
    "yaml": Form.DOCUMENT, "yml": Form.DOCUMENT, "json": Form.DOCUMENT, "jsonc": Form.LINES,
    "env": Form.LINES, "service": Form.LINES, "ini": Form.LINES, "cfg": Form.LINES, "conf": Form.LINES, "toml": Form.LINES,
    "properties": Form.PROPERTIES, "pbtxt": Form.TRITON, "tpl": Form.LINES, "tf": Form.LINES, "hcl": Form.LINES, "nomad": Form.LINES,
    "dockerfile": Form.DOCKERFILE, "containerfile": Form.DOCKERFILE, "docker": Form.DOCKERFILE,
}  # fmt: skip
NAMED: Final = {
    "makefile": Form.LINES, "gnumakefile": Form.LINES, "justfile": Form.LINES, "procfile": Form.LINES, ".env": Form.LINES,
    ".envrc": Form.SHELL, ".bashrc": Form.SHELL, ".profile": Form.SHELL, ".bash_profile": Form.SHELL, ".zshrc": Form.SHELL,
    "dockerfile": Form.DOCKERFILE, "containerfile": Form.DOCKERFILE, ".flaskenv": Form.LINES, "environment": Form.LINES,
    "ld.so.preload": Form.LINES,
}  # fmt: skip
LONGEST: Final = {
    Form.PYTHON: 4 * 1024 * 1024,
    Form.NOTEBOOK: 7 * 1024 * 1024,
}
MAX_BYTES: Final = 1024 * 1024  # of all others: what people write by hand is a hundredth of it
NATIVE: Final = re.compile(r".*\.(?:so(?:\.\d+)*|dylib|dll|pyd)", re.IGNORECASE | re.DOTALL)
SITES: Final = frozenset({"site-packages", "dist-packages"})
SHEBANG: Final = re.compile(rb"#!\s*\S*(?:/|/env\s+(?:-\S+\s+)*)(python[\d.]*|(?:ba|z|da|k|a)?sh)\b")
TESTS: Final = re.compile(
    r"(?:.*/)?(?:tests?|testing|unit_tests?)/.*|(?:.*/)?(?:test_[^/]*|[^/]*_test|conftest)\.py", re.DOTALL
)


def form_of(name: str) -> Form | None:
    """Return how a file of this name is read, `None` where it configures nothing by its name."""
    folded = name.rpartition("/")[2].casefold()
    if (named := NAMED.get(folded)) is not None:
        return named
    stem, dot, suffix = folded.rpartition(".")
    if not dot:
        return None
    if (form := SUFFIXES.get(suffix)) is not None:
        return form
    if stem.startswith((".env", "dockerfile", "containerfile")) or folded.startswith((".env.", "dockerfile.")):
        return Form.LINES if folded.startswith(".env") else Form.DOCKERFILE
    return None


def is_library(name: str) -> bool:
    """Whether a file is a native library by its name, or installed by its folder."""
    return NATIVE.fullmatch(name) is not None or not SITES.isdisjoint(name.split("/"))


def form_by_head(head: bytes) -> Form | None:
    """Return how a file without a suffix is read, by the program that its first line names."""
    match = SHEBANG.match(head)
    if match is None:
        return None
    return Form.PYTHON if match[1].startswith(b"python") else Form.SHELL


def longest(form: Form) -> int:
    """Return how many bytes of such a file are read."""
    return LONGEST.get(form, MAX_BYTES)


def judge(form: Form, name: str, source: bytes, release: Callable[[], TorchRelease]) -> Iterator[Judged]:
    """Yield what a file configures riskily; what tests do is no deployment, and low at most.

    Args:
        form: How it is read.
        name: Of the file, with its folders.
        source: The whole of it.
        release: As of `judge_python`.
    """
    from telamon.controls.artifact.library_loading.configuration.hit import Hit  # noqa: PLC0415  # lazy, like all below
    from telamon.controls.artifact.library_loading.configuration.places import HOLE  # noqa: PLC0415  # lazy
    from telamon.controls.artifact.library_loading.loading_rules import DANGEROUS_GLOBAL, LIBRARY_PATH  # noqa: PLC0415  # lazy

    is_test = TESTS.fullmatch(name.casefold()) is not None
    seen: set[tuple[object, ...]] = set()
    for one in _judged(form, name, source, release):
        if not isinstance(one, Hit):
            yield one
            continue
        # One call can be of several callees, and one line can name several paths and functions.
        what = one.subject if one.rule in {DANGEROUS_GLOBAL, LIBRARY_PATH} else one.severity
        key = (one.rule.id, what, one.member, one.line, one.column)
        if key not in seen:
            seen.add(key)
            is_capped = is_test and one.severity.rank > Severity.LOW.rank
            severity = Severity.LOW if is_capped else one.severity
            yield replace(one, severity=severity, message=one.message.replace(HOLE, "..."))


def _judged(  # noqa: PLR0911  # one form each
    form: Form, name: str, source: bytes, release: Callable[[], TorchRelease]
) -> Iterator[Judged]:
    if form is Form.PYTHON:
        from telamon.controls.artifact.library_loading.configuration.python import judge_python  # noqa: PLC0415  # lazy

        return judge_python(source, release)
    if form is Form.NOTEBOOK:
        from telamon.controls.artifact.library_loading.configuration.notebook import judge_notebook  # noqa: PLC0415  # lazy

        return judge_notebook(source, release)
    text = source.decode("utf-8", "replace").removeprefix("\ufeff")
    if form is Form.PATH_FILE:
        from telamon.controls.artifact.library_loading.configuration.installed import judge_path_file  # noqa: PLC0415  # lazy

        return judge_path_file(text)
    if form in {Form.SHELL, Form.DOCKERFILE}:
        from telamon.controls.artifact.library_loading.configuration.commands import judge_commands  # noqa: PLC0415  # lazy
        from telamon.kits.code.dockerfiles import script_of  # noqa: PLC0415  # lazy

        return judge_commands(script_of(text) if form is Form.DOCKERFILE else text, shown=text)
    if form is Form.DOCUMENT:
        from telamon.controls.artifact.library_loading.configuration.documents import judge_document  # noqa: PLC0415  # lazy

        return judge_document(text)
    from telamon.controls.artifact.library_loading.configuration import lines  # noqa: PLC0415  # lazy

    if form is Form.PROPERTIES:
        is_serve = name.rpartition("/")[2] == "config.properties"
        return lines.judge_properties(text) if is_serve else lines.judge_lines(text)
    return lines.judge_triton(text) if form is Form.TRITON else lines.judge_lines(text)
