"""Short text for abstract values, bounded in length and in work however the values share each other."""

from __future__ import annotations

from typing import Final

from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.values import (
    Buffer,
    Clipped,
    Collection,
    Extension,
    Global,
    Kind,
    Persistent,
    Result,
    Unknown,
    Value,
)

ELLIPSIS: Final = "..."
_DEEPEST: Final = 12
_LONGEST_INT_BITS: Final = 512
_EXACT_LEAVES: Final = (Global, str, bytes, int, float, type(None), Extension)
_BRACKETS: Final = {
    Kind.LIST: ("[", "]"),
    Kind.TUPLE: ("(", ")"),
    Kind.DICT: ("{", "}"),
    Kind.SET: ("{", "}"),
    Kind.FROZENSET: ("frozenset({", "})"),
}


def render(value: Value, limit: int = 120) -> str:
    """Returns Python-like text for a value, such as `os.system('id')`, of at most `limit` characters.

    The text is ASCII with control characters escaped; work is bounded by `limit`, not by the value.
    """
    text = _Text(limit)
    text.value(value, 0)
    return text.finish()


def fingerprint(value: Value, limit: int) -> str | None:
    """Returns text that no different value has, or None where `limit` characters do not hold it."""
    text = _Text(limit, is_exact=True)
    text.value(value, 0)
    return text.finish() if text.is_complete else None


class _Text:
    """Text that stops growing at a budget; what is written after that is dropped."""

    def __init__(self, limit: int, *, is_exact: bool = False) -> None:
        self._limit = limit
        self._is_exact = is_exact
        self._is_cut = False
        self._left = limit + 1
        self._parts: list[str] = []

    def finish(self) -> str:
        """Returns the text, ending in `...` where it was cut."""
        whole = "".join(self._parts)
        if len(whole) <= self._limit:
            return whole
        return whole[: max(self._limit - len(ELLIPSIS), 0)] + ELLIPSIS[: self._limit]

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out."""
        return self._left > 0 and not self._is_cut

    def put(self, part: str) -> None:
        self._parts.append(part[: self._left])
        self._left = max(self._left - len(part), 0)

    def value(self, value: Value, depth: int) -> None:
        """Writes one value; recursion is bounded by the budget and by a depth."""
        if self._left <= 0:
            return
        if depth > _DEEPEST:
            self._is_cut = True
            self.put(ELLIPSIS)
        elif isinstance(value, Result):
            self._result(value, depth)
        elif isinstance(value, Collection):
            self._collection(value, depth)
        elif self._is_exact and not isinstance(value, _EXACT_LEAVES):
            self._is_cut = True
        elif self._is_exact and isinstance(value, Global):
            self.put(repr((value.module, value.name, value.is_path)))
        else:
            self.put(_leaf(value, self._left))

    def _result(self, value: Result, depth: int) -> None:
        self.value(value.callable, depth + 1)
        if value.opcode in {Opcode.NEWOBJ, Opcode.NEWOBJ_EX}:
            self.put(".__new__")
        self.put("(")
        if isinstance(value.arguments, Collection):
            self._items(value.arguments, depth + 1)
        else:
            self.put("*")
            self.value(value.arguments, depth + 1)
        if value.keywords is not None:
            self.put(", **")
            self.value(value.keywords, depth + 1)
        self.put(")")

    def _collection(self, value: Collection, depth: int) -> None:
        if value.kind is Kind.SET and not value.count:
            self.put("set()")
            return
        opening, closing = _BRACKETS[value.kind]
        self.put(opening)
        self._items(value, depth + 1)
        if value.kind is Kind.TUPLE and value.count == 1:
            self.put(",")
        self.put(closing)

    def _items(self, value: Collection, depth: int) -> None:
        is_dict = value.kind is Kind.DICT
        for index, item in enumerate(value.items):
            if self._left <= 0:
                return
            if index:
                self.put(": " if is_dict and index % 2 else ", ")
            self.value(item, depth)
        if not value.is_whole:
            self._is_cut = True
            self.put(", ..." if value.items else ELLIPSIS)


def _leaf(value: Value, limit: int) -> str:  # noqa: PLR0911 - one text per kind of value
    """Returns the text of a value that holds no others."""
    match value:
        case Global():
            return f"{_name(value.module, limit)}.{_name(value.name, limit)}"
        case Clipped(type_name=type_name, sample=sample, length=length):
            return f"<{type_name} of {length}: {sample[: min(limit, 20)]!a}...>"
        case Persistent(pid=pid):
            return f"<persistent {render(pid, min(limit, 60))}>"
        case Extension(code=code):
            return f"<extension {code}>"
        case Buffer(index=index):
            return f"<buffer {index}>"
        case Unknown() | Collection() | Result():
            return "<unknown>"
        case str() | bytes():
            return ascii(value[:limit])
        case int() if not isinstance(value, bool) and value.bit_length() > _LONGEST_INT_BITS:
            return hex(value)  # decimal text of a long one costs quadratic time
        case _:
            return repr(value)


def _name(name: str | None, limit: int) -> str:
    """Returns a module or attribute name with everything unprintable escaped."""
    if name is None:
        return "<computed>"
    return ascii(name[:limit])[1:-1]
