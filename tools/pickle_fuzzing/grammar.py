"""Grammar-based generator of pickles: mostly valid programs of all opcodes of protocols 0 to 5.

The generator follows stack, marks and memo by kinds of values, so that most steps find what they need; a small
share of the steps does not look.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from pickle_fuzzing import spellings

if TYPE_CHECKING:
    from collections.abc import Callable

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
    """

    protocol: int
    steps: int
    is_framed: bool
    broken: float = BROKEN_STEPS
    odd: float = ODD_SPELLINGS


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

    def build(self) -> bytes:
        """Returns the pickle."""
        shape, steps, chance = self._shape, _STEPS, self._random
        if shape.protocol >= 2 and chance() < 0.95:
            self.out += bytes((0x80, shape.protocol))
        if shape.is_framed:
            self._open_frame()
        for _ in range(shape.steps):
            if chance() < shape.broken:
                self.out += broken_step(self._rng)
            else:
                steps[int(chance() * len(steps))](self)
        self._finish()
        return bytes(self.out)

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
        elif depth >= 3 and stack[-3] in "dg" and stack[-2] in HASHABLE:
            self.out += b"s"
            del stack[-2:]
        elif depth >= 3 and stack[-3] == "Y" and stack[-2] == "i":
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

    # -- the outside world -------------------------------------------------------------------------------------

    def _line(self, options: tuple[str, ...], *, is_ascii: bool = False) -> bytes:
        if self._random() < self._shape.odd / 6:
            return self._spell(spellings.ODD_LINES, 1, spellings.NAME_LETTERS, odd=True) + b"\n"
        text = ""
        while not text or (is_ascii and not text.isascii()):
            text = options[int(self._random() * len(options))]
        return text.encode() + b"\n"

    def lookup(self) -> None:
        """GLOBAL, STACK_GLOBAL with computed names, or EXT."""
        form = self._random()
        if form < 0.45:
            self._emit(b"c" + self._line(spellings.MODULES) + self._line(spellings.NAMES), "g")
        elif form < 0.9:
            for options in (spellings.MODULES, spellings.NAMES):
                self._name(options)
            self.out += b"\x93"
            self._stack[-2:] = ["g"]
        else:
            options = spellings.EXTENSIONS
            code = options[int(self._random() * (10 if self._random() < 0.9 else len(options)))]
            if code < 256:
                self._emit(bytes((0x82, code)), "g")
            elif code < 65536:
                self._emit(b"\x83" + struct.pack("<H", code), "g")
            else:
                self._emit(b"\x84" + struct.pack("<I", code), "g")

    def _name(self, options: tuple[str, ...]) -> None:
        """Push a name for STACK_GLOBAL: said outright, memoised, through decoys, or not a str."""
        form = self._random()
        if form < 0.25 and (known := [index for index, kind in self._memo.items() if kind == "s"]):
            self._get(known[int(self._random() * len(known))], "s")
        elif form < 0.3:
            self.text()
        elif form < 0.303:
            self.value()
        else:
            self.string(options[int(self._random() * len(options))])
            if form > 0.8:
                self.put()
            if form > 0.93:
                self.value()
                self._pop()
            elif form > 0.9:
                self.out += b"20"

    def arguments(self) -> None:
        """Push a tuple."""
        form = self._random()
        if form < 0.2:
            return self._emit(b")", "t")
        if form < 0.45 and self._memo:
            self.get()
        elif form < 0.5:
            self.filled()
            self.put()
        else:
            self.value()
        if form < 0.6:
            self._stack[-1] = self._tuple_kind([self._stack[-1]])
            self.out += b"\x85"
            return None
        self.key()
        parts = self._stack[-2:]
        del self._stack[-2:]
        return self._emit(b"\x86", self._tuple_kind(parts))

    def call(self) -> None:
        """REDUCE, NEWOBJ, NEWOBJ_EX, OBJ or INST, with all that they need."""
        if not (self._depth() and self._stack[-1] == "g" and self._random() < 0.5):
            self.lookup() if self._random() < 0.8 else self._get_kind("g")
        form = self._random()
        if form < 0.45:
            self.arguments()
            self.out += b"R"
            self._stack.pop()
        elif form < 0.65:
            self.arguments()
            self.out += b"\x81"
            self._stack.pop()
        elif form < 0.75:
            self.arguments()
            self.out += b"}"
            for _ in range(int(self._random() * 2)):
                self.string("key")
                self.value()
                self._stack.pop()
                self._stack.pop()
                self.out += b"s"
            self.out += b"\x92"
            self._stack.pop()
        else:
            self.mark()
            if form < 0.9:
                self.lookup()
            for _ in range(int(self._random() * 3)):
                self.value()
            del self._stack[self._marks.pop() :]
            if form < 0.9:
                self._emit(b"o", "g")
            else:
                self._emit(b"i" + self._line(spellings.MODULES) + self._line(spellings.NAMES), "g")

    def misfit(self) -> None:
        """An opcode on a target that it is not made for: some of these are errors, some are not."""
        form, count = self._random(), int(self._random() * 3)
        changed = [index for index, kind in self._memo.items() if kind in "ldeY"]
        if changed and form < 0.25:
            self.out += b"]N"
            index = changed[int(self._random() * len(changed))]
            self._get(index, "d")
            self.out += self._pick((b"\x86b", b"b", b"\x85Nb", b"K\0Ns", b"K\0K\1s", b"s"))
            self._stack[-1] = "T"
            return
        if form < 0.3:
            self.filled() if form < 0.2 else self.byte_string()
            for _ in range(1 + count):
                self.integer() if self._random() < 0.7 else self.value()
            self.out += b"s" if count == 1 else b"a" if not count else b"u"
        elif form < 0.5:
            self.value()
            self.out += b"("
            for _ in range(count):
                self.integer() if self._random() < 0.7 else self.value()
            self.out += self._pick((b"e", b"u", b"\x90", b"o"))
        elif form < 0.65:
            self.value()
            self.out += self._pick((b"Nb", b"N}\x86b", b"NN\x86b", b"}}\x86b", b"}b", b"Nb", b"\x98", b"\x98"))
        elif form < 0.8:
            self.out += b"}" if form < 0.75 else b"("
            self.filled()
            if count:
                self.out += b"\x85"
            self.value()
            self.out += b"s" if form < 0.75 else b"d"
        elif form < 0.84:
            self.lookup()
            self.out += b")}"
            self._stack.pop()
            self.key()
            self.out += b"Ns\x92"
        else:
            for _ in range(3):
                self.value()
            self.out += self._pick((b"R", b"\x81", b"\x92", b"b", b"\x93", b"Q", b"\x98", b"a", b"s"))
        self._stack.append("T")

    def bulky(self) -> None:
        """Something longer than what a reader may keep whole: items, text, names, numbers, marks."""
        form, many = self._random(), 60 + int(self._random() * 20)
        if self._random() < 0.85:
            return self.value()
        if form < 0.3:
            key = bytes((0x4B, many - int(self._random() * 4)))
            return self._emit(b"](" + b"K\x05" * many + b"e" + key + self._pick((b"Ns", b"]s")), "l")
        if form < 0.5:
            self.out += b"\x8c\x02os" if form < 0.45 else b"X" + struct.pack("<I", 4100) + b"m" * 4100
            self.out += b"X" + struct.pack("<I", 4103) + b"path.os." * 512 + b"getpgid"
            return self._emit(b"\x93", "g")
        if form < 0.6:
            return self._emit(b"cos\n" + b"path.os." * 512 + b"system\n", "g")
        if form < 0.75:
            body = self._rng.randbytes(5000) if form < 0.65 else self._pick((b"\0", b"\1", b"\xff")) + bytes(4999)
            if form > 0.72:
                body = b"\xff" * 5000
            self.out += self._pick((b"", b"](NNe", b"\x96\2\0\0\0\0\0\0\0ab"))
            self.out += b"\x8b" + struct.pack("<I", 5000) + body
            return self._emit(self._pick((b"", b"K\1s", b"Ns", b"a")), "i")
        if form < 0.85:
            return self._emit(b"(" * many + b"t" * many, "t")
        if form < 0.9:
            return self._emit(b"(" + b"K\x01N" * 30 * many + b"l", "l")
        return self._emit(b"cm\nf\n" + b")R" * many, "g")

    def state(self) -> None:
        """BUILD with a state of every form."""
        if not (self._depth() and self._stack[-1] == "g"):
            self.call()
        form = self._random()
        if form < 0.5:
            self.filled()
        elif form < 0.7:
            self.value()
        else:
            self.filled() if form < 0.85 else self._emit(b"N", "n")
            self.filled()
            self.out += b"\x86"
            self._stack.pop()
        self.out += b"b"
        self._stack.pop()

    def identify(self) -> None:
        """PERSID or BINPERSID."""
        if self._random() < 0.5:
            pid = spellings.PIDS[int(self._random() * (4 if self._random() < 0.8 else len(spellings.PIDS)))]
            return self._emit(b"P" + pid + b"\n", "g")
        self.value()
        self.out += b"Q"
        self._stack[-1] = "g"
        return None

    def buffer(self) -> None:
        """NEXT_BUFFER, READONLY_BUFFER."""
        if self._random() < 0.5:
            return self._emit(b"\x97", "g")
        self.byte_string()
        self.out += b"\x98"
        if self._stack[-1] == "Y":
            self._stack[-1] = "v"
        return None

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

    def _get_kind(self, kind: str) -> None:
        known = [index for index, known in self._memo.items() if known == kind]
        if not known:
            return self.lookup()
        return self._get(known[int(self._random() * len(known))], kind)

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


def _table(*weighted: tuple[Callable[[Program], None], int]) -> tuple[Callable[[Program], None], ...]:
    return tuple(step for step, weight in weighted for _ in range(weight))


_VALUES: Final = _table(
    (Program.integer, 6),
    (Program.text, 8),
    (Program.constant, 3),
    (Program.empty, 3),
    (Program.floating, 2),
    (Program.byte_string, 3),
)
_STEPS: Final = _table(
    (Program.value, 18),
    (Program.mark, 8),
    (Program.close, 9),
    (Program.insert, 7),
    (Program.filled, 3),
    (Program.tuple_of_top, 5),
    (Program.lookup, 6),
    (Program.call, 12),
    (Program.state, 5),
    (Program.identify, 2),
    (Program.buffer, 2),
    (Program.put, 10),
    (Program.get, 8),
    (Program.play, 9),
    (Program.misfit, 1),
    (Program.bulky, 1),
)

LINES: Final = {0x46: 1, 0x49: 1, 0x4C: 1, 0x50: 1, 0x53: 1, 0x56: 1, 0x67: 1, 0x70: 1, 0x63: 2, 0x69: 2}
"""Opcodes with text arguments, and how many lines each has."""
FIXED: Final = {0x4A: 4, 0x4B: 1, 0x4D: 2, 0x47: 8, 0x68: 1, 0x6A: 4, 0x71: 1, 0x72: 4} | {
    0x80: 1, 0x82: 1, 0x83: 2, 0x84: 4, 0x95: 8,
}  # fmt: skip
"""Opcodes with arguments of fixed length."""
COUNTED: Final = {0x54: 4, 0x55: 1, 0x58: 4, 0x42: 4, 0x43: 1, 0x8A: 1, 0x8B: 4} | {
    0x8C: 1, 0x8D: 8, 0x8E: 8, 0x96: 8,
}  # fmt: skip
"""Opcodes with a length before their argument, and the width of the length."""
BARE: Final = b"(.0122NRabd}elo]t)su\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98Q"
OPCODES: Final = tuple(sorted({*LINES, *FIXED, *COUNTED, *BARE}))
"""All opcodes of protocols 0 to 5."""


def broken_step(rng: Random) -> bytes:
    """Returns one opcode with an argument that fits its form, whatever the stack holds; or no opcode at all."""
    code = rng.choice(OPCODES) if rng.random() < 0.97 else rng.getrandbits(8)
    head = bytes((code,))
    if code in LINES:
        pool = spellings.INTEGERS + spellings.ODD_LINES + spellings.FLOATS
        return head + b"".join(rng.choice(pool) + b"\n" for _ in range(LINES[code]))
    if code in FIXED:
        return head + rng.randbytes(FIXED[code])
    if code in COUNTED:
        width = COUNTED[code]
        length = rng.choice(spellings.WRONG_LENGTHS) if rng.random() < 0.3 else rng.randrange(9)
        return head + (length % 256**width).to_bytes(width, "little") + rng.randbytes(min(length, 9))
    return head


def generate(rng: Random) -> bytes:
    """Returns one pickle, or several after one another."""
    count = 1 if rng.random() < 0.9 else 2
    parts = []
    for _ in range(count):
        protocol = rng.randrange(6)
        shape = Shape(
            protocol=protocol,
            steps=1 + int(rng.random() ** 2 * 30),
            is_framed=rng.random() < (0.45 if protocol >= 4 else 0.06),
            odd=ODD_SPELLINGS if rng.random() < 0.8 else 0.5,
        )
        parts.append(Program(rng, shape).build())
    if rng.random() < 0.03:
        parts.append(rng.randbytes(rng.randrange(9)))
    return b"".join(parts)
