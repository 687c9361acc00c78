"""Reads numbers and bytes of a binary format one after the other, never behind the end of the source."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.source import Source

AHEAD_BYTES: Final = 64 * 1024
"""What is read at once; longer stretches that are passed over are never read."""

MAX_TAKEN_BYTES: Final = 64 * 1024 * 1024
"""Bytes that are taken at once, and that are kept in all."""

MAX_BLANKS: Final = 16
"""Blanks that may follow the end of a text, such as an end of line."""

TIME_STEPS: Final = 0xFFF
"""Steps between two looks at the clock, less one."""


class Cursor:
    """A position in a source that only moves forward; every length is checked before anything is made of it.

    Args:
        source: The bytes.
        order: Of numbers, as `struct` writes it: `<` or `>`.
        most_steps: Items that are read in all, so that a hostile file costs bounded time.
        is_late: Tells when the time is up; asked every few thousand steps.
    """

    __slots__ = ("_base", "_data", "_is_late", "_kept", "_most_steps", "order", "position", "source", "steps")

    def __init__(
        self,
        source: Source,
        *,
        order: str = "<",
        most_steps: int = 1_000_000,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:
        self.source = source
        self.order = order
        self.position = 0
        self.steps = 0
        self._most_steps = most_steps
        self._is_late = is_late
        self._kept = 0
        self._base = 0
        self._data = b""

    @property
    def left(self) -> int:
        """Bytes behind the position."""
        return self.source.size - self.position

    def step(self, count: int = 1) -> None:
        """Counts items.

        Raises:
            MalformedError: There are more than are read, or the time is up.
        """
        before, self.steps = self.steps, self.steps + count
        is_due = before // (TIME_STEPS + 1) != self.steps // (TIME_STEPS + 1)
        if self.steps > self._most_steps or (is_due and self._is_late()):
            raise MalformedError(f"expected fewer items than {self.steps}", offset=self.position)

    def take(self, length: int) -> bytes:
        """Returns the next bytes.

        Raises:
            MalformedError: The source ends before, or they are more than are taken at once.
        """
        begin = self.position - self._base
        if begin + length > len(self._data):
            self.check(length)
            if length > MAX_TAKEN_BYTES:
                raise MalformedError(f"expected at most {MAX_TAKEN_BYTES} bytes at once", offset=self.position)
            self._base, begin = self.position, 0
            self._data = self.source.read(self.position, max(length, AHEAD_BYTES))
        self.position += length
        return self._data[begin : begin + length]

    def keep(self, length: int) -> bytes:
        """Returns the next bytes, of which the caller keeps something.

        Raises:
            MalformedError: As by `take`, or more is kept by now than may be.
        """
        self._kept += length
        if self._kept > MAX_TAKEN_BYTES:
            raise MalformedError(f"expected to keep at most {MAX_TAKEN_BYTES} bytes", offset=self.position)
        return self.take(length)

    def word(self, longest: int) -> bytes:
        """Returns the bytes up to the next blank or the end, without blanks before them; empty at the end.

        Raises:
            MalformedError: It is longer, or more stands before it than is read.
        """
        word = bytearray()
        passed = 0
        while self.left:
            byte = self.take(1)
            passed += 1
            if not passed & 0xF:
                self.step()
            if not byte.isspace():
                word += byte
                if len(word) > longest:
                    raise MalformedError(f"expected a word of at most {longest} bytes", offset=self.position)
            elif word:
                break
        return bytes(word)

    def end(self) -> None:
        """Raises `MalformedError` where anything but a few blanks follows."""
        if self.left > MAX_BLANKS or self.source.read(self.position, self.left).strip():
            raise MalformedError(f"expected the end, found {self.left} bytes", offset=self.position)

    def skip(self, length: int) -> None:
        """Passes over bytes, which must be there.

        Raises:
            MalformedError: The source ends before.
        """
        self.check(length)
        self.position += length
        if self.position - self._base > len(self._data):
            self._base, self._data = self.position, b""

    def check(self, length: int) -> None:
        """Raises `MalformedError` where so many bytes do not follow."""
        if length < 0 or length > self.left:
            raise MalformedError(f"expected {length} bytes more, found {self.left}", offset=self.position)

    def number(self, code: str) -> int:
        """Returns a whole number of a type that `struct` knows by its letter."""
        (value,) = struct.unpack(self.order + code, self.take(struct.calcsize(self.order + code)))
        return value  # type: ignore[no-any-return]  # struct's types depend on its format

    def count(self, code: str, what: str, *, item_bytes: int = 1, most: int | None = None) -> int:
        """Returns a number of items, each of which takes at least `item_bytes` of what is left.

        Raises:
            MalformedError: It is negative, or what is left cannot hold so many.
        """
        at = self.position
        value = self.number(code)
        limit = self.left // item_bytes if most is None else min(self.left // item_bytes, most)
        if not 0 <= value <= limit:
            raise MalformedError(f"expected at most {limit} {what}, found {value}", offset=at)
        return value
