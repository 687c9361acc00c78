"""Values that stay bytes until somebody looks at them: runs of plain values, and containers filled with them."""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias

from telamon.kits.formats.pickle.endings import Break, IrregularError
from telamon.kits.formats.pickle.limits import UNBOUNDED
from telamon.kits.formats.pickle.values import Collection, Kind, Result, Value, is_hashable

VALUES: Final = 0
PAIRS: Final = 1
ONE: Final = 2

Run: TypeAlias = tuple[int, int, int]
"""Plain values that the stream pushes between two offsets, and what is known of them.

Where they start, where they stop, and their shape: VALUES, one or more; PAIRS, hashable keys and values in turn;
ONE constant. A bare tuple, because a stream has as many of them as a tenth of its bytes.
"""

Entry: TypeAlias = Value | Run

_SETTLED: Final = 2000


class Owner(Protocol):
    """What decodes runs.

    Attributes:
        items_kept: Items kept per container.
    """

    items_kept: int

    def decode(self, start: int, stop: int) -> list[Value]:
        """Returns the values that a run of plain values between two offsets pushes."""


class LazyCollection(Collection):
    """A container that decodes what was put in when somebody looks.

    Beyond the owner's `items_kept` nothing more is kept, and `count` is UNBOUNDED.

    Args:
        kind: Which container.
        owner: Decodes the runs.
        entries: What is in it; the list is taken over.
    """

    __slots__ = ("_contents", "_entries", "_is_cut", "_is_hashable", "_owner")

    def __init__(self, kind: Kind, owner: Owner, entries: list[Entry] | None = None) -> None:
        self.kind = kind
        self.hash_steps = 1
        self.depth = 0
        self._owner = owner
        self._entries = entries
        self._contents: list[Value] | None = None
        self._is_cut = False
        self._is_hashable: bool | None = None

    def put(self, items: list[Value], keep: int) -> None:
        """Puts entries in, as far as there is room; each of them holds at least one value."""
        entries = self._entries
        if entries is None and len(items) <= keep:
            self._entries = items  # type: ignore[assignment]  # values are entries
            return
        self._contents = None
        if entries is None:
            entries = self._entries = []
        room = keep - len(entries)
        if room < len(items):
            self._is_cut = True
            items = items[: room - room % 2]
        entries.extend(items)

    def forget(self) -> None:
        """Drops what was not looked at yet."""
        if self._contents is None:
            self._is_cut = bool(self._entries) or self._is_cut
            self._contents = []
            self._entries = None

    def _decoded(self) -> list[Value]:
        """Returns all entries as values."""
        items: list[Value] = []
        for entry in self._entries or ():
            if type(entry) is tuple:
                items += self._owner.decode(entry[0], entry[1])
            else:
                items.append(entry)  # type: ignore[arg-type]  # mypy does not narrow by `type() is`
        return items

    @property
    def items(self) -> list[Value]:  # type: ignore[override]  # decoded on demand
        """The first items."""
        if self._contents is None:
            try:
                items = self._decoded()
            except (ValueError, Break, IrregularError):  # the map was closed, or the memo holds something else
                self.forget()
                return []
            keep = self._owner.items_kept
            self._is_cut = self._is_cut or len(items) > keep
            self._contents = items[:keep]
            if self.kind is not Kind.TUPLE and type(self) is LazyCollection:
                self._entries = list(self._contents)
        return self._contents

    @property
    def count(self) -> int:  # type: ignore[override]  # decoded on demand
        """How many items there are, UNBOUNDED where they were not all looked at."""
        items = self.items
        return UNBOUNDED if self._is_cut else len(items)

    @property
    def is_hashable(self) -> bool:  # type: ignore[override]  # decoded on demand
        """Whether it can be a key."""
        if self.kind is not Kind.TUPLE:
            return False
        if self._is_hashable is None:
            self._is_hashable = all(map(is_hashable, self._decoded()))
        return self._is_hashable


def lazy_tuple(owner: Owner, entries: list[Entry], *, is_hashable: bool) -> LazyCollection:
    """Returns a tuple of entries; whether it is hashable is settled here, so that nesting costs no recursion."""
    made = LazyCollection(Kind.TUPLE, owner, entries)
    made._is_hashable = is_hashable  # noqa: SLF001 - of this module
    return made


class LazyMade(LazyCollection):
    """The tuple or dict that the opcodes between two offsets make."""

    __slots__ = ()

    def __init__(self, kind: Kind, owner: Owner, start: int, stop: int) -> None:
        super().__init__(kind, owner, [(start, stop, ONE)])

    def _decoded(self) -> list[Value]:
        made = super()._decoded()
        if not made or not isinstance(made[-1], Collection):
            return []
        self._is_cut = not made[-1].is_whole
        return made[-1].items


def settle(value: Value, settled: set[int] | None = None) -> None:
    """Decodes what a value holds, so that it no longer needs the scanned buffer.

    Of a value that holds very many others the rest is left as it is: once the buffer is closed, containers there
    have forgotten what was in them, and their `is_whole` says so.

    Args:
        value: The value.
        settled: The `id` of values that were settled before and are still alive; it is added to.
    """
    seen = set() if settled is None else settled
    most = len(seen) + _SETTLED
    waiting: list[Value] = [value]
    while waiting and len(seen) < most:
        present = waiting.pop()
        if not isinstance(present, Collection | Result) or id(present) in seen:
            continue
        seen.add(id(present))
        if isinstance(present, Collection):
            waiting += present.items
        else:
            waiting += (present.callable, present.arguments, present.keywords, present.state)
