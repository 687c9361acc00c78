"""Collects the observations of one container, so that a hostile one cannot make a million of them."""

from __future__ import annotations

from collections import Counter

from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import label

MAX_PER_CODE = 50
"""Observations of one code that are kept per container; a reader of the report has understood by then."""


class Notes:
    """Observations on one container, in order, at most `MAX_PER_CODE` of a code and then one that says so.

    Args:
        path: Path of the container, printable.
    """

    __slots__ = ("_counts", "_path", "_pending")

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._pending: list[Observation] = []
        self._counts: Counter[ObservationCode] = Counter()

    def add(self, code: ObservationCode, message: str, *, name: str = "", offset: int | None = None) -> None:
        """Notes one fact about the member `name`, or about the container where there is none."""
        self._counts[code] += 1
        if self._counts[code] > MAX_PER_CODE + 1:
            return
        if self._counts[code] == MAX_PER_CODE + 1:
            message, name = "more of the same are not listed", ""
        member = label((*self._path, name)) if name else label(self._path)
        self._pending.append(Observation(code=code, message=message, member=member, offset=offset))

    def drain(self) -> list[Observation]:
        """Returns what was noted since the last call."""
        drained, self._pending = self._pending, []
        return drained
