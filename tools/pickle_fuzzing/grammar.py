"""Grammar-based generator of pickles: mostly valid programs of all opcodes of protocols 0 to 5.

The generator follows stack, marks and memo by kinds of values, so that most steps find what they need; a small
share of the steps does not look.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from pickle_fuzzing import spellings
from pickle_fuzzing.layout import COUNTED, FIXED, LINES, OPCODES
from pickle_fuzzing.program import ODD_SPELLINGS, Program, Shape, table

if TYPE_CHECKING:
    from random import Random


class Stream(Program):
    """A program that reaches for the outside world: look-ups, calls, states, ids, buffers."""

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
            elif chance() < shape.trust:
                self.trust()
            else:
                steps[int(chance() * len(steps))](self)
        self._finish()
        return bytes(self.out)

    # -- the outside world -------------------------------------------------------------------------------------

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
            codes = spellings.EXTENSIONS
            code = codes[int(self._random() * (10 if self._random() < 0.9 else len(codes)))]
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

    def _get_kind(self, kind: str) -> None:
        known = [index for index, known in self._memo.items() if known == kind]
        if not known:
            return self.lookup()
        return self._get(known[int(self._random() * len(known))], kind)

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
        _MISFITS[int(self._random() * len(_MISFITS))](self)
        self._stack.append("T")

    def _use_remembered(self) -> None:
        changed = [index for index, kind in self._memo.items() if kind in "ldeY"]
        if not changed:
            return self.value()
        self.out += b"]N"
        self._get(changed[int(self._random() * len(changed))], "d")
        self.out += self._pick((b"\x86b", b"b", b"\x85Nb", b"K\0Ns", b"K\0K\1s", b"s"))
        self._stack.pop()
        return None

    def _assign_item(self) -> None:
        count = int(self._random() * 3)
        self.filled() if self._random() < 0.7 else self.byte_string()
        for _ in range(1 + count):
            self.integer() if self._random() < 0.7 else self.value()
        self.out += (b"a", b"s", b"u")[count]

    def _fill_constant(self) -> None:
        self.value()
        self.out += b"("
        for _ in range(int(self._random() * 3)):
            self.integer() if self._random() < 0.7 else self.value()
        self.out += self._pick((b"e", b"u", b"\x90", b"o"))

    def _build_constant(self) -> None:
        self.value()
        self.out += self._pick((b"Nb", b"N}\x86b", b"NN\x86b", b"}}\x86b", b"}b", b"Nb", b"\x98", b"\x98"))

    def _use_as_key(self) -> None:
        form = self._random()
        self.out += b"}" if form < 0.7 else b"("
        self.filled()
        self.out += b"\x85" if self._random() < 0.7 else b""
        self.value()
        self.out += b"s" if form < 0.7 else b"d"

    def _misname_keywords(self) -> None:
        self.lookup()
        self.out += b")}"
        self._stack.pop()
        self.key()
        self.out += b"Ns\x92"

    def _call_constant(self) -> None:
        for _ in range(3):
            self.value()
        self.out += self._pick((b"R", b"\x81", b"\x92", b"b", b"\x93", b"Q", b"\x98", b"a", b"s"))

    def trust(self) -> None:
        """The result of a call as arguments, name, state, index, buffer, key or container."""
        if self._random() < 0.3:
            return self.emptied()
        before, given, after = _TRUST[int(self._random() * len(_TRUST))]
        self.out += before
        for kind in given:
            self.out += b"cgivers\ngive_" + kind + b"\n)R"
            if self._random() < 0.3:
                self._stack.append("g")
                self.put()
                self._stack.pop()
        return self._emit(after, "g")

    def emptied(self) -> None:
        """A container that a call has seen, and may have changed, is used where its content matters."""
        index = len(self._memo)
        made, uses = _CHANGED[int(self._random() * len(_CHANGED))]
        self._memo[index] = "T"
        self._emit(made, "T")
        self.out += b"r" + struct.pack("<I", index) + b"0cm\nf\n"
        self._get(index, "T")
        self.out += b"\x85R0"
        before, after = uses[int(self._random() * len(uses))]
        self.out += before
        self._get(index, "T")
        self.out += after
        del self._stack[-2:]

    def aliased(self) -> None:
        """A container that is filled, or used as a state, through its memo slot while it stands on the stack."""
        before, made, fill, after, kind = _ALIASED[int(self._random() * len(_ALIASED))]
        index = len(self._memo)
        self._emit(before + made, kind)
        self.out += b"\x94" if self._random() < 0.7 or index > 255 else bytes((0x71, index))
        self._memo[index] = kind
        if self._random() < 0.2:
            self.out += b"N"
            self._get(index, kind)
            self.out += b"\x86b"
        else:
            self._get(index, kind)
            self.out += fill + b"0" + after
        self._stack.pop()

    def bulky(self) -> None:
        """Something longer than what a reader may keep whole: items, text, names, numbers, marks."""
        if self._random() < 0.85:
            return self.value()
        many = 60 + int(self._random() * 20)
        form = self._random()
        if form < 0.25:
            key = bytes((0x4B, many - int(self._random() * 4)))
            return self._emit(b"](" + b"K\x05" * many + b"e" + key + self._pick((b"Ns", b"]s")), "l")
        if form < 0.45:
            return self._long_integer()
        code = _BULKY[int(self._random() * len(_BULKY))]
        return self._emit(code.replace(b"[", b"(" * many).replace(b"/", b"t" * many), "t")

    def _long_integer(self) -> None:
        """A number of many bytes that need not be large, used as an index or an item."""
        body = (self._rng.randbytes(5000), b"\0" * 5000, b"\xff" * 5000, b"\1".ljust(5000, b"\0"))
        self.out += self._pick((b"", b"](NNe", b"\x96\2\0\0\0\0\0\0\0ab"))
        self.out += b"\x8b" + struct.pack("<I", 5000) + self._pick(body)
        self._emit(self._pick((b"", b"K\1s", b"Ns", b"a")), "i")

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


_STEPS: Final = table(
    (Stream.value, 18),
    (Stream.mark, 8),
    (Stream.close, 9),
    (Stream.insert, 7),
    (Stream.filled, 3),
    (Stream.tuple_of_top, 5),
    (Stream.lookup, 6),
    (Stream.call, 12),
    (Stream.state, 5),
    (Stream.identify, 3),
    (Stream.buffer, 2),
    (Stream.put, 10),
    (Stream.get, 8),
    (Stream.play, 9),
    (Stream.misfit, 1),
    (Stream.bulky, 1),
    (Stream.aliased, 1),
)

_MISFITS: Final = table(
    (Stream._use_remembered, 3),  # noqa: SLF001  # the class's own
    (Stream._assign_item, 3),  # noqa: SLF001  # likewise
    (Stream._fill_constant, 2),  # noqa: SLF001  # likewise
    (Stream._build_constant, 2),  # noqa: SLF001  # likewise
    (Stream._use_as_key, 2),  # noqa: SLF001  # likewise
    (Stream._misname_keywords, 1),  # noqa: SLF001  # likewise
    (Stream._call_constant, 2),  # noqa: SLF001  # likewise
)
_LONG_PATH: Final = b"path.os." * 512
_BULKY: Final = (
    b"[/",
    b"(" + b"K\x01N" * 2500 + b"l",
    b"(" + b"K\x01N" * 2500 + b"d",
    b"}(" + b"K\x01N" * 100 + b"u",
    b"cm\nf\n" + b")R" * 70,
    b"cm\nf\n" + b"2" * 5000 + b"0" * 5000,
    b"cos\n" + _LONG_PATH + b"system\n",
    b"\x8c\x02osX" + struct.pack("<I", len(_LONG_PATH) + 7) + _LONG_PATH + b"getpgid\x93",
    (b"X" + struct.pack("<I", 4100) + b"m" * 4100) * 2 + b"\x93",
    b"X" + struct.pack("<I", 4097) + b"m" * 4095 + b"\xc3\xa9",
    b"B" + struct.pack("<I", 5000) + bytes(5000) + b"\x98",
    b"\x96" + struct.pack("<Q", 5000) + bytes(5000) + b"K\x05K\x07s",
)
"""Long things; `[` and `/` stand for many MARKs and TUPLEs."""
_ALIASED: Final = (
    *((b"", b"]", b"(NNe", b"K\1Ns", "l"), (b"", b"]", b"Na", b"K\0Ns", "l"), (b"", b"]", b"(NNe", b"(Ne", "l")),
    *(
        (b"", b"}", b"(Va\nNu", b"(Vb\nNu", "d"),
        (b"", b"}", b"Va\nNs", b"", "d"),
        (b"", b"\x8f", b"(K\1\x90", b"", "e"),
    ),
    *(
        (b"cm\nf\n)", b"}", b"(Va\nNu", b"\x92", "g"),
        (b"]N", b"}", b"", b"\x86b", "l"),
        (b"]N", b"}", b"N0", b"\x86b", "l"),
    ),
    *((b"cm\nf\n", b"]", b"(NNe", b"\x85R", "g"), (b"cm\nf\n)\x81", b"}", b"(Va\nNu", b"b", "g")),
)
"""What stands before a container, the container, how it is filled through its slot, how it is used, what is left."""
_TRUST: Final = (
    *((b"cm\nf\n", (b"tuple",), b"R"), (b"cm\nf\n", (b"tuple",), b"\x81"), (b"cm\nf\n)", (b"dict",), b"\x92")),
    *((b"cm\nf\n", (b"tuple", b"dict"), b"\x92"), (b"", (b"text", b"text"), b"\x93"), (b"Vos\n", (b"text",), b"\x93")),
    *(
        (b"]", (b"none",), b"b"),
        (b"}", (b"pair",), b"b"),
        (b"]N", (b"dict",), b"\x86b"),
        (b"", (b"bytearray",), b"\x98"),
    ),
    *((b"", (b"bytes",), b"\x98"), (b"](NN(ee", (b"index",), b"Ns"), (b"](NNe", (b"index",), b"Ns")),
    *((b"\x96\1\0\0\0\0\0\0\0a", (b"index", b"index"), b"s"), (b"\x96\1\0\0\0\0\0\0\0a", (b"index",), b"a")),
    *(
        (b"", (b"list",), b"K\0Ns"),
        (b"", (b"dict",), b"K\1Ns"),
        (b"", (b"set",), b"(K\1\x90"),
        (b"", (b"list",), b"Na"),
    ),
    *((b"}", (b"text", b"dict"), b"s"), (b"", (b"text",), b"cm\nf\n\x85R"), (b"(cm\nf\n", (b"text",), b"o")),
)
"""Programs around results: what stands before, what the calls give, what is done with it."""
_CHANGED: Final = (
    (b"}Va\nNs", ((b"]N", b"\x86b"), (b"](K\1N", b"\x86e"), (b"cm\nf\n)", b"\x92"), (b"]", b"b"), (b"", b"K\1Ns"))),
    (b"](NNe", ((b"", b"K\1Ns"), (b"", b"K\0Ns"), (b"", b"(NNe"), (b"}", b"Ns"), (b"cm\nf\n", b"b"))),
    (b"\x96\2\0\0\0\0\0\0\0ab", ((b"", b"K\1K\1s"), (b"", b"(K\1K\2e"), (b"", b"\x98"), (b"}", b"\x98Ns"))),
    (b"\x8f(K\1\x90", ((b"", b"(K\1\x90"), (b"}", b"Ns"))),
)
"""Containers, and what stands before and behind them where they are used after a call has seen them."""


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
        return head + (length & ((1 << 8 * width) - 1)).to_bytes(width, "little") + rng.randbytes(min(length, 9))
    return head


def generate(rng: Random, trust: float = 0.002) -> bytes:
    """Returns one pickle, or several after one another; see `Shape.trust`."""
    count = 1 if rng.random() < 0.9 else 2
    parts = []
    for _ in range(count):
        protocol = rng.randrange(6)
        shape = Shape(
            protocol=protocol,
            steps=1 + int(rng.random() ** 2 * 30),
            is_framed=rng.random() < (0.45 if protocol >= 4 else 0.06),
            odd=ODD_SPELLINGS if rng.random() < 0.8 else 0.5,
            trust=trust,
        )
        parts.append(Stream(rng, shape).build())
    if rng.random() < 0.03:
        parts.append(rng.randbytes(rng.randrange(9)))
    return b"".join(parts)
