"""Judges the cells of a notebook as one program; places are cells and the lines in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from telamon.controls.artifact.library_loading.configuration.commands import judge_commands
from telamon.controls.artifact.library_loading.configuration.hit import Gap, Hit
from telamon.controls.artifact.library_loading.configuration.python import TELLING, judge_python
from telamon.kits.code.notebooks import PYTHON_CELL, SHELL_CELL, cells, language_of, plain_python
from telamon.kits.code.python import parse
from telamon.kits.formats.json_tree import MAX_JSON_BYTES, read_json
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.controls.artifact.library_loading.configuration.hit import Judged
    from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease
    from telamon.kits.code.notebooks import Cell


def judge_notebook(source: bytes, release: Callable[[], TorchRelease]) -> Iterator[Judged]:
    """Yield what a notebook configures riskily."""
    if len(source) > MAX_JSON_BYTES:
        yield Gap(reason=f"the notebook has more than {MAX_JSON_BYTES} bytes")
        return
    try:
        tree = read_json(source).value
    except MalformedError as error:
        yield Gap(reason=f"the notebook is not understood: {error.message}")
        return
    if not isinstance(tree, dict):
        return
    listed, _ = cells(tree)
    program = _Program(lines=[], where=[])
    for cell in listed:
        if SHELL_CELL.match(cell.text):
            for one in judge_commands(cell.text.partition("\n")[2], first_line=2):
                yield replace(one, member=f"cell {cell.number}") if isinstance(one, Hit) else one
        elif language_of(tree) in {"python", ""} and (not cell.text.startswith("%%") or PYTHON_CELL.match(cell.text)):
            yield from program.add(cell)
    for one in judge_python("\n".join(program.lines).encode("utf-8", "replace"), release):
        yield program.placed(one) if isinstance(one, Hit) else one


@dataclass(frozen=True, slots=True)
class _Program:
    """The cells of Python as one text.

    Attributes:
        where: For each line the number of its cell, and of the line in it.
    """

    lines: list[str]
    where: list[tuple[int, int]]

    def add(self, cell: Cell) -> Iterator[Gap]:
        """Take up a cell; yield that it is not understood."""
        text = plain_python(cell.text)
        encoded = text.encode("utf-8", "replace")
        try:
            parse(encoded)
        except MalformedError as error:
            if TELLING.search(encoded):
                yield Gap(reason=f"cell {cell.number} is not understood: {error.message}")
            return
        self.lines.extend(text.split("\n"))
        self.where.extend((cell.number, line) for line in range(1, text.count("\n") + 2))

    def placed(self, hit: Hit) -> Hit:
        """Return a hit with the place in its cell."""
        if hit.line is None or hit.line > len(self.where):
            return hit
        number, line = self.where[hit.line - 1]
        return replace(hit, member=f"cell {number}", line=line)
