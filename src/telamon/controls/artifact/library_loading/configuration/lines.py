# ruff: noqa: E501  # patterns, one thought a line
"""Judges settings that stand one a line: `.env`, INI, TOML, units of systemd, properties, and templates of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.commands import judge_command, place, remote
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.variables import NAME, TRUE, judge_variable
from telamon.core.records import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE: Final = 10_000
TRAILING: Final = re.compile(r"\s#\s.*")
COMMENT: Final = ("#", ";", "//", "--[[", "{{/*", "<!--")
TELLING: Final = re.compile(
    rf"trust[_-]?remote[_-]?code|custom-logit-processor|backend-directory|weights[-_]only|(?:{NAME.pattern})",
    re.IGNORECASE,
)
REMOTE: Final = re.compile(r"""["']?(?:[\w-]+\.)*(trust[_-]?remote[_-]?code)["']?\s*[=:]\s*["']?(\w+)""", re.IGNORECASE)
REVISION: Final = re.compile(r"""["']?(?:code[_-]?)?revision["']?\s*[=:]\s*["']?([0-9a-f]{40})\b""")
SET: Final = re.compile(
    rf"""["']?(?<![\w-])({NAME.pattern})(?![\w-])["']?\s*[=:]\s*(?:"([^"]*)"|'([^']*)'|([^\s"',;]*))"""
)
# Of a template: `- name: X` and, on the next line, `value: "1"`.
NAMED: Final = re.compile(rf"""\bname:\s*["']?({NAME.pattern})["']?\s*$""")
VALUE: Final = re.compile(r"""\bvalue:\s*["']?([^"'\s]*)""")


def judge_lines(text: str) -> Iterator[Hit]:
    """Yield what the lines of a text configure riskily; a backslash at its end joins a line to the next."""
    if not TELLING.search(text):
        return
    is_pinned = REVISION.search(text) is not None
    lines = text.splitlines()
    for start, line, hit in _hits(text, is_pinned=is_pinned):
        is_joined = start < len(lines) and line != lines[start - 1]
        at = place(lines, start, hit.subject) if is_joined else (start, hit.column)
        yield replace(hit, line=at[0], column=at[1])


def _hits(text: str, *, is_pinned: bool) -> Iterator[tuple[int, str, Hit]]:
    """Yield hits with the number and text of the line; their columns are those of that text."""
    named = ""
    for number, line in _joined(text):
        if named and (value := VALUE.search(line)) is not None:
            for hit in judge_variable(named, value[1], number, value.start(1) + 1):
                yield number, line, hit
        match = NAMED.search(line)
        named = match[1] if match else ""
        for one in SET.finditer(line):
            value_text = next((part for part in one.groups()[1:] if part is not None), "")
            for hit in judge_variable(one[1], value_text, number, one.start(1) + 1):
                yield number, line, hit
        if (key := REMOTE.search(line)) is not None and key[2].casefold() in TRUE and f"--{key[1]}" not in line:
            yield number, line, remote(key[1], is_pinned=is_pinned, line=number, column=key.start(1) + 1)
        if "--" in line:
            words = [word for word in line.split() if not NAME.match(word.partition("=")[0])]
            for hit in judge_command(["", *words]):
                at = line.find(hit.subject.partition(" ")[0])
                yield number, line, replace(hit, column=max(at, 0) + 1)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, those that a backslash continues as one, with the number of the first."""
    parts: list[str] = []
    start = length = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw[:MAX_LINE]
        if line.lstrip().startswith(COMMENT):
            continue
        line = TRAILING.sub("", line)
        start = start if parts else number
        is_continued = line.endswith("\\") and length < MAX_LINE
        parts.append(line[:-1] if is_continued else line)
        length += len(line)
        if not is_continued:
            yield start, " ".join(parts)
            parts, length = [], 0
    if parts:
        yield start, " ".join(parts)


def judge_properties(text: str) -> Iterator[Hit]:
    """Yield what a `config.properties` of TorchServe lets others do (pytorch.org/serve/configuration.html)."""
    stated: dict[str, tuple[int, str]] = {}
    for number, content in _joined(text):
        key, separator, stated_value = content.partition("=")
        if separator:
            stated[key.strip()] = (number, stated_value.strip())
    line, addresses = stated.get("management_address", (1, "127.0.0.1"))
    is_open = re.search(r"0\.0\.0\.0|\[::\]|//\*", addresses) is not None
    urls_line, urls = stated.get("allowed_urls", (line, ""))
    if is_open and (not urls or ".*" in urls):
        yield _served(
            line, Severity.HIGH, "management_address", "lets all that can reach it register models from any address (CVE-2023-43654)",
            "Use `management_address=http://127.0.0.1:8081` and name whole addresses in `allowed_urls`.",
        )  # fmt: skip
    elif re.search(r"https?\S*//\.\*|^\.\*|\|\.\*", urls):
        message = "lets TorchServe load models from any address that fits"
        yield _served(urls_line, Severity.MEDIUM, "allowed_urls", message, "Name whole addresses in `allowed_urls`.")
    number, value = stated.get("install_py_dep_per_model", (1, ""))
    if value.casefold() in TRUE:
        message = "has TorchServe install the packages that a model's archive asks for"
        remedy = "Use `install_py_dep_per_model=false`, and install what the models need when the image is built."
        yield _served(number, Severity.MEDIUM, "install_py_dep_per_model", message, remedy)
    yield from judge_lines(text)


def _served(line: int, severity: Severity, key: str, does: str, remedy: str) -> Hit:
    return Hit(
        rule=rules.OPEN_SERVER,
        severity=severity,
        message=f"`{key}` {does}",
        subject=key,
        line=line,
        column=1,
        remedy=remedy,
    )


def judge_triton(text: str) -> Iterator[Hit]:
    """Yield what a `config.pbtxt` of Triton takes from where others can write (python_backend: EXECUTION_ENV_PATH)."""
    from telamon.controls.artifact.library_loading.configuration.places import Kind, kind_of  # noqa: PLC0415  # few are

    for match in re.finditer(r'EXECUTION_ENV_PATH"?[^}]{0,200}?string_value\s*:\s*"([^"]*)"', text):
        line = text.count("\n", 0, match.start(1)) + 1
        if kind_of(match[1]) is Kind.SHARED:
            message = f"takes Python and its packages from {Kind.SHARED}"
            remedy = "Keep it beside the model: `$$TRITON_MODEL_DIRECTORY/environment.tar.gz`."
            yield _served(line, Severity.HIGH, "EXECUTION_ENV_PATH", message, remedy)
    for match in re.finditer(r'\bmodel_operations\b[^}]{0,500}?op_library_filename\s*:\s*\[?\s*"([^"]*)"', text):
        line = text.count("\n", 0, match.start(1)) + 1
        kind = kind_of(match[1])
        severity = Severity.HIGH if kind is Kind.SHARED else Severity.LOW
        yield Hit(
            rule=rules.NATIVE_LIBRARY, severity=severity, subject=match[1], line=line, column=1,
            message="opens a library of operators, which is native code",
            remedy="Open it by an absolute path in a folder that only the installer can write to.",
        )  # fmt: skip
