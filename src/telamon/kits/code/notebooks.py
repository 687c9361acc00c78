"""Reads Jupyter notebooks: their cells of code, and each as plain Python, where IPython's own syntax becomes calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from telamon.kits.formats.json_tree import Json

SHELL_CELL: Final = re.compile(r"%%(?:bash|sh|system|sx|!|script\s+(?:--\S+\s+)*(?:\S*/)?(?:ba|z|da)?sh)\b|!!")
PYTHON_CELL: Final = re.compile(r"%%(?:time|timeit|capture|prun|python3?|pypy|px|memit|mprun)\b")
WRITTEN_CELL: Final = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(\S+)")
COMMAND: Final = re.compile(r"^(\s*)(?:[\w, ]+=\s*)?!{1,2}(.*)$")
MAGIC: Final = re.compile(r"^(\s*)(?:[\w, ]+=\s*)?%(?:(sx|system|time|timeit|prun|pip|conda|uv)\b\s*(.*)|.*)$")
HELP: Final = re.compile(r"^\s*(?:\?{1,2}[\w.%*]+|[\w.%*\[\]'\"]+\?{1,2})\s*;?\s*(?:#.*)?$")
SCRIPTS: Final = ("text/html", "application/javascript", "image/svg+xml")  # outputs that the browser runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The source of one cell of code.

    Attributes:
        number: Among all cells, from 1.
        text: As it stands in the notebook.
    """

    number: int
    text: str


def plain_python(text: str) -> str:
    """Return a cell as Python, line by line: commands become `os.system`, magics and questions vanish."""
    lines = text.split("\n")
    if PYTHON_CELL.match(text):
        lines[0] = "pass"
    shown: list[str] = []
    is_continued = False
    for line in lines:
        if is_continued:
            is_continued = line.rstrip().endswith("\\")
            shown[-1] = (
                shown[-1][:-2] + repr(line.rstrip("\\ "))[1:-1].replace('"', "'") + "')"
                if shown[-1].endswith("')")
                else shown[-1]
            )
            shown.append("")
            continue
        converted = _line(line)
        is_continued = converted != line and line.rstrip().endswith("\\")
        shown.append(converted)
    return "\n".join(shown)


def _line(line: str) -> str:
    command = COMMAND.match(line)
    if command:
        return (
            f"{command[1]}__import__('os').system({command[2].rstrip(chr(92)).strip()!r})"
            if command[2].strip()
            else f"{command[1]}pass"
        )
    magic = MAGIC.match(line)
    if (magic and line.lstrip().startswith("%")) or (magic and "= %" in line):
        return _magic(magic)
    return "pass" if HELP.match(line) else line


def _magic(match: re.Match[str]) -> str:
    indent, name, rest = match[1], match[2], (match[3] or "").strip()
    if name in {"sx", "system"}:
        return f"{indent}__import__('os').system({rest!r})"
    if name in {"pip", "conda", "uv"}:
        return f"{indent}__import__('os').system({f'{name} {rest}'!r})"
    if name in {"time", "timeit", "prun"}:
        body = re.sub(r"^(?:-\w+\s*\d*\s+)+", "", rest)
        return f"{indent}{body or 'pass'}"
    return f"{indent}pass"


def cells(tree: dict[str, Json]) -> tuple[list[Cell], list[str]]:
    """Return the cells of code and the scripts of outputs; notebooks before format 4 hold them in worksheets."""
    sheets = tree.get("worksheets")
    listed = tree.get("cells")
    if not isinstance(listed, list):
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        listed = first.get("cells") if isinstance(first, dict) else []
    found: list[Cell] = []
    scripts: list[str] = []
    for number, cell in enumerate(listed if isinstance(listed, list) else [], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        found.append(Cell(number=number, text=_text(cell.get("source", cell.get("input")))))
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            if isinstance(data, dict):
                scripts += [_text(data[kind]) for kind in SCRIPTS if kind in data]
    return found, scripts


def _text(value: Json) -> str:
    if isinstance(value, list):
        return "".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""


def language_of(tree: dict[str, Json]) -> str:
    """Return the language of a notebook's cells in lower case, empty where it does not say."""
    metadata = tree.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        described = metadata.get(key)
        name = described.get(inner) if isinstance(described, dict) else None
        if isinstance(name, str):
            lowered = name.casefold()
            return "python" if lowered in {"ipython", "python3", "python2", "sos"} else lowered
    return ""
