"""One pickle in the making: constants, containers, memo and frames, over stack and memo known by kinds."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from pickle_fuzzing import spellings

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

Kind = TypeVar("Kind", bound="Program")

HASHABLE: Final = frozenset("nbifystgF")
"""n None, b bool, i int, f float, y bytes, s str, t tuple, g stub, F frozenset; T is a tuple with l, d, e or Y."""

BROKEN_STEPS: Final = 0.006
ODD_SPELLINGS: Final = 0.12
LARGE_INDICES: Final = (300, 1000, 70_000, 2**28, 2**31, 2**32 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one program is made of.

    Attributes:
        protocol: Protocol whose opcodes are preferred; others are mixed in.
        steps: Number of steps before the program is brought to its STOP.
        is_framed: Whether FRAMEs are put around parts of it.
        broken: Chance of a step that does not look at the stack.
        odd: Chance of an unusual spelling.
        trust: Chance of a step that takes the result of a call for a built-in value.
    """

    protocol: int
    steps: int
    is_framed: bool
    broken: float = BROKEN_STEPS
    odd: float = ODD_SPELLINGS
    trust: float = 0.002


class Program:
    """One pickle in the making."""

    def __init__(self, rng: Random, shape: Shape) -> None:
        self.out = bytearray()
        self._rng = rng
        self._random = rng.random
        self._shape = shape
        self._stack: list[str] = []
        self._marks: list[int] = []
        self._memo: dict[int, str] = {}
        self._frames: list[int] = []

    # -- the stack ---------------------------------------------------------------------------------------------

    def _pick(self, options: tuple[bytes, ...]) -> bytes:
        return options[int(self._random() * len(options))]

    def _spell(self, options: tuple[bytes, ...], plain: int, letters: bytes, *, odd: bool) -> bytes:
        """Returns one of the first `plain` options, or where it is to be odd any of them or a random text."""
        if not odd:
            return options[int(self._random() * plain)]
        if self._random() < 0.6:
            return self._pick(options)
        return bytes(self._rng.choices(letters, k=int(self._random() * 9)))

    def _line(self, options: tuple[str, ...], *, is_ascii: bool = False) -> bytes:
        if self._random() < self._shape.odd / 6:
            return self._spell(spellings.ODD_LINES, 1, spellings.NAME_LETTERS, odd=True) + b"\n"
        text = ""
        while not text or (is_ascii and not text.isascii()):
            text = options[int(self._random() * len(options))]
        return text.encode() + b"\n"

    def _fence(self) -> int:
        return self._marks[-1] if self._marks else 0

    def _depth(self) -> int:
        return len(self._stack) - self._fence()

    def _emit(self, code: bytes, kind: str) -> None:
        self.out += code
        self._stack.append(kind)

    def _tuple_kind(self, parts: list[str]) -> str:
        return "t" if all(part in HASHABLE for part in parts) else "T"

    def _finish(self) -> None:
        chance = self._random()
        while self._marks:
            self._close_mark()
        if chance < 0.01:
            self._stack.clear()
            self.out += b"0"
        if not self._stack:
            self.value()
        while len(self._stack) > 1 and chance > 0.03:
            if chance < 0.5:
                self._pop()
            else:
                self.tuple_of_top()
        if chance > 0.98:
            self.mark()
        self.out += b"." if self._random() > 0.01 else b""
        while self._frames:
            self._close_frame()

    # -- constants ---------------------------------------------------------------------------------------------

    def value(self) -> None:
        """Push a constant or an empty container."""
        _VALUES[int(self._random() * len(_VALUES))](self)

    def integer(self) -> None:
        form = self._random()
        if form < 0.25:
            odd = self._random() < self._shape.odd
            text = self._spell(spellings.INTEGERS, 18, spellings.NUMBER_LETTERS, odd=odd)
            self._emit(b"I" + text + b"\n", "i")
        elif form < 0.4:
            odd = self._random() < self._shape.odd
            text = self._spell(spellings.LONGS, 6, spellings.NUMBER_LETTERS, odd=odd)
            self._emit(b"L" + text + b"\n", "i")
        elif form < 0.7:
            self._emit(bytes((0x4B, self._rng.getrandbits(8))), "i")
        elif form < 0.8:
            self._emit(b"M" + self._rng.randbytes(2), "i")
        elif form < 0.9:
            self._emit(b"J" + self._rng.randbytes(4), "i")
        else:
            size = int(self._random() * 12) if self._random() < 0.95 else 300
            head = bytes((0x8A, size)) if size < 256 and form < 0.95 else b"\x8b" + struct.pack("<I", size)
            body = self._rng.randbytes(size) if form < 0.98 else self._pick((b"\0", b"\xff", b"\1")).ljust(size, b"\0")
            self._emit(head + body[:size], "i")

    def floating(self) -> None:
        if self._random() < 0.5:
            self._emit(b"G" + self._rng.randbytes(8), "f")
        else:
            odd = self._random() < self._shape.odd * 2
            text = self._spell(spellings.FLOATS, 6, spellings.NUMBER_LETTERS, odd=odd)
            self._emit(b"F" + text + b"\n", "f")

    def constant(self) -> None:
        self.out += b"N\x88\x89"[(at := int(self._random() * 3)) : at + 1]
        self._stack.append("nbb"[at])

    def text(self) -> None:
        """Push a str in one of its forms."""
        form, odd = self._random(), self._random() < self._shape.odd
        if form < 0.2:
            self._emit(b"S" + self._quoted(odd=odd) + b"\n", "s")
        elif form < 0.35:
            body = self._spell(spellings.UNICODES, 5, spellings.UNICODE_LETTERS, odd=odd)
            self._emit(b"V" + body + b"\n", "s")
        elif form < 0.5:
            body = self._pick(spellings.BODIES) if odd else self._pick(spellings.BODIES[:8])
            self._emit(self._counted(b"U", b"T", None, body), "s")
        else:
            texts = spellings.TEXTS if odd else spellings.TEXTS[:12]
            self.string(texts[int(self._random() * len(texts))], odd=odd)

    def string(self, text: str, *, odd: bool = False) -> None:
        """Push this str in a binary form."""
        body = text.encode("utf-8", "surrogatepass")
        if odd and self._random() < 0.1:
            body = self._pick(spellings.BROKEN_UTF8)
        self._emit(self._counted(b"\x8c", b"X", b"\x8d", body), "s")

    def byte_string(self) -> None:
        size = spellings.SIZES[int(self._random() * (8 if self._random() < 0.9 else len(spellings.SIZES)))]
        body = self._rng.randbytes(size)
        if self._random() < 0.25:
            self._emit(b"\x96" + struct.pack("<Q", size) + body, "Y")
        else:
            self._emit(self._counted(b"C", b"B", b"\x8e", body), "y")

    def _quoted(self, *, odd: bool) -> bytes:
        if not odd:
            return b"'" + self._pick(spellings.BODIES[:6]) + b"'"
        left, right = spellings.QUOTES[int(self._random() * len(spellings.QUOTES))]
        return left + self._spell(spellings.BODIES, 6, spellings.STRING_LETTERS, odd=True) + right

    def _counted(self, short: bytes, medium: bytes, long: bytes | None, body: bytes) -> bytes:
        form = self._random()
        if form < 0.6 and len(body) < 256:
            return short + bytes((len(body),)) + body
        if form < 0.85 or long is None:
            return medium + struct.pack("<I", len(body)) + body
        return long + struct.pack("<Q", len(body)) + body

    # -- containers --------------------------------------------------------------------------------------------

    def empty(self) -> None:
        at = int(self._random() * 4)
        self._emit((b")", b"]", b"}", b"\x8f")[at], "tlde"[at])

    def mark(self) -> None:
        self.out += b"("
        self._marks.append(len(self._stack))

    def _close_mark(self) -> None:
        """Take everything above the top mark into one value."""
        mark = self._marks.pop()
        parts = self._stack[mark:]
        del self._stack[mark:]
        form = self._random()
        hashable = all(part in HASHABLE for part in parts)
        if form < 0.3:
            self._emit(b"t", self._tuple_kind(parts))
        elif form < 0.5:
            self._emit(b"l", "l")
        elif form < 0.65 and len(parts) % 2 == 0 and all(part in HASHABLE for part in parts[::2]):
            self._emit(b"d", "d")
        elif form < 0.8 and hashable:
            self._emit(b"\x91", "F")
        elif parts and parts[0] == "g" and form < 0.93:
            self._emit(b"o", "g")
        elif form < 0.97:
            self._emit(
                b"i" + self._line(spellings.MODULES, is_ascii=True) + self._line(spellings.NAMES, is_ascii=True), "g"
            )
        else:
            self.out += b"1"

    def close(self) -> None:
        """Close a mark by a container, a call, or into what stands below it."""
        if not self._marks:
            return self.value()
        mark = self._marks[-1]
        below = self._stack[mark - 1] if mark > (self._marks[-2] if len(self._marks) > 1 else 0) else ""
        parts = self._stack[mark:]
        code = b""
        if below in "lg" and below and self._random() < 0.6:
            code = b"e"
        elif below in "dg" and below and len(parts) % 2 == 0 and all(part in HASHABLE for part in parts[::2]):
            code = b"u"
        elif below in "eg" and below and all(part in HASHABLE for part in parts):
            code = b"\x90"
        if not code:
            return self._close_mark()
        self.out += code
        self._marks.pop()
        del self._stack[mark:]
        return None

    def insert(self) -> None:
        """APPEND, SETITEM: one item into what stands below."""
        stack, depth = self._stack, self._depth()
        if depth >= 2 and stack[-2] in "lg":
            self.out += b"a"
            stack.pop()
        elif (depth >= 3 and stack[-3] in "dg" and stack[-2] in HASHABLE) or (
            depth >= 3 and stack[-3] == "Y" and stack[-2] == "i"
        ):
            self.out += b"s"
            del stack[-2:]
        else:
            self.empty()
            self.value()

    def filled(self) -> None:
        """Push a container and fill it through a mark."""
        form, count = self._random(), int(self._random() * 4)
        target, code, each = ((b"]", b"e", 1), (b"}", b"u", 2), (b"\x8f", b"\x90", 1))[int(form * 3)]
        self._emit(target, {b"]": "l", b"}": "d", b"\x8f": "e"}[target])
        depth = len(self._stack)
        self.out += b"("
        self._marks.append(depth)
        for _ in range(count * each):
            self.key()
        self.out += code
        self._marks.pop()
        del self._stack[depth:]

    def key(self) -> None:
        """Push something hashable."""
        form = self._random()
        (self.text if form < 0.6 else self.integer if form < 0.85 else self.constant)()

    def tuple_of_top(self) -> None:
        """TUPLE1, TUPLE2 or TUPLE3."""
        count = min(1 + int(self._random() * 3), self._depth())
        if not count:
            return self._emit(b")", "t")
        parts = self._stack[-count:]
        del self._stack[-count:]
        return self._emit(bytes((0x84 + count,)), self._tuple_kind(parts))

    # -- memo and stack games ----------------------------------------------------------------------------------

    def put(self) -> None:
        """PUT, BINPUT, LONG_BINPUT or MEMOIZE."""
        if not self._depth():
            return self.value()
        form = self._random()
        if form < 0.5:
            index = len(self._memo)
            self.out += b"\x94"
        else:
            index = len(self._memo) if form < 0.85 else int(self._random() * 40)
            if form > 0.993:
                index = LARGE_INDICES[int(self._random() * len(LARGE_INDICES))]
            if form < 0.65:
                self.out += b"p" + self._index(index) + b"\n"
            elif index < 256 and form < 0.9:
                self.out += bytes((0x71, index))
            else:
                self.out += b"r" + struct.pack("<I", index)
        self._memo[index] = self._stack[-1]
        return None

    def get(self) -> None:
        """GET, BINGET or LONG_BINGET of something that is there, most of the time."""
        if not self._memo:
            return self.put()
        known = list(self._memo)
        index = known[int(self._random() * len(known))]
        kind = self._memo[index]
        if self._random() < 0.004:
            index = int(self._random() * 300)
        return self._get(index, kind)

    def _get(self, index: int, kind: str) -> None:
        form = self._random()
        if form < 0.3:
            self._emit(b"g" + self._index(index) + b"\n", kind)
        elif form < 0.8 and index < 256:
            self._emit(bytes((0x68, index)), kind)
        else:
            self._emit(b"j" + struct.pack("<I", index & 0xFFFFFFFF), kind)

    def _index(self, index: int) -> bytes:
        if self._random() < self._shape.odd / 4:
            return self._pick(spellings.INDICES).replace(b"%d", b"%d" % index)
        return b"%d" % index

    def _pop(self) -> None:
        self.out += b"0"
        self._stack.pop()

    def play(self) -> None:
        """DUP, POP, POP_MARK, POP of a mark, nested marks."""
        form, depth = self._random(), self._depth()
        if form < 0.4 and depth:
            self._emit(b"2", self._stack[-1])
        elif form < 0.6 and depth:
            self._pop()
        elif form < 0.7 and self._marks and not depth:
            self.out += b"0"
            self._marks.pop()
        elif form < 0.75 and self._marks:
            self.out += b"1"
            del self._stack[self._marks.pop() :]
        elif form < 0.8:
            self.out += b"(("
            self.value()
            self._stack.pop()
            self.out += b"10"
        elif form < 0.83:
            self.out += bytes((0x80, int(self._random() * 6)))
        elif form < 0.84:
            self.out += bytes((0x80, int(self._random() * 8)))
        elif form < 0.9 and self._shape.is_framed:
            self._open_frame()
        elif form < 0.95 and self._frames:
            self._close_frame()
        else:
            self.mark()

    # -- frames ------------------------------------------------------------------------------------------------

    def _open_frame(self) -> None:
        self.out += b"\x95" + bytes(8)
        self._frames.append(len(self.out))

    def _close_frame(self) -> None:
        start = self._frames.pop()
        length = len(self.out) - start
        form = self._random()
        if form < 0.06:
            length = max(0, length + int(self._random() * 9) - 4)
        elif form < 0.08:
            length = int(self._random() * length)
        elif form < 0.1:
            length = 0
        elif form < 0.105:
            length = spellings.WRONG_LENGTHS[int(self._random() * len(spellings.WRONG_LENGTHS))]
        self.out[start - 8 : start] = struct.pack("<Q", length)


def table(*weighted: tuple[Callable[[Kind], None], int]) -> tuple[Callable[[Kind], None], ...]:
    """Returns each step as many times as its weight says."""
    return tuple(step for step, weight in weighted for _ in range(weight))


_VALUES: Final = table(
    (Program.integer, 6),
    (Program.text, 8),
    (Program.constant, 3),
    (Program.empty, 3),
    (Program.floating, 2),
    (Program.byte_string, 3),
)
