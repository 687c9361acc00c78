"""Tables on the terminal: columns as wide as their widest cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.text.display import columns, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telamon.proving.coverage import Row


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield one line for each row."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(columns(row[at]) for row in cells) for at in range(len(cells[0]))]
    for row in cells:
        padded = [cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def coverage_table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the coverage table: one line for each mitigation, and a sum."""
    head = ["mitigation", "name", "state", "pairs", "control"]
    body = [[row.mitigation, row.name, row.state, f"{len(row.proved)}/{row.pairs}", row.control] for row in rows]
    yield from table([head, *body])
    proved = sum(len(row.proved) for row in rows)
    yield f"{proved} of {sum(row.pairs for row in rows)} (mitigation, technique) pairs have a fresh, passed proof"
