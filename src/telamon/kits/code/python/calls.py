"""Every call of a source text with its resolved name, in the order of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.code.python.tracing import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.code.python.facts import Call


def calls(source: bytes) -> Iterator[Call]:
    """Yields every call that a source text holds; one that can be of several callees once for each.

    Raises:
        MalformedError: As `parse`; a text that does more than is followed yields what was.
    """
    for step in trace(source).steps:
        yield step.call()
