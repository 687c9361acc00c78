"""Tables on the terminal: columns as wide as their widest cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.text.display import columns, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telamon.proving.coverage import Coverage


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield one line for each row."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(columns(row[at]) for row in cells) for at in range(len(cells[0]))]
    for row in cells:
        padded = [cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def coverage_table(covered: Coverage) -> Iterator[str]:
    """Yield the coverage: one line for each mitigation, why pairs do not count, the sum, and what is out of scope."""
    head = ["mitigation", "name", "state", "pairs", "control"]
    body = [
        [row.mitigation, row.name, row.state, f"{len(row.proved)}/{row.pairs}", row.control] for row in covered.rows
    ]
    yield from table([head, *body])
    for row in covered.rows:
        yield from (printable(f"{row.mitigation}: {note}") for note in row.notes)
    first, last = covered.rows[0].mitigation, covered.rows[-1].mitigation
    yield (
        f"{covered.proved} of {covered.pairs} (mitigation, technique) pairs are enforced with a fresh, passed proof; "
        f"in scope: {len(covered.rows)} mitigations, {first} to {last}"
    )
    if covered.beyond:
        yield (
            f"not in scope yet: {len(covered.beyond)} mitigations of ATLAS {covered.release} with "
            f"{covered.all_pairs - covered.pairs} of its {covered.all_pairs} pairs"
        )
        yield from (printable(f"  {each.mitigation}  {each.name}") for each in covered.beyond)
