"""Byte patterns for runs of inert opcodes, so that the interpreter's matcher walks them and not Python code.

Possessive quantifiers (Python 3.11) keep every pattern linear: what was taken is never given back.
"""

from __future__ import annotations

import functools
import re
from typing import Final, TypeAlias

Pattern: TypeAlias = re.Pattern[bytes]

_SHORT: Final = 14
_SHORT_BINSTRING: Final = ord("U")
_ASCII: Final = rb"[\0-\x7f]"
_ANY: Final = b"."
_GET: Final = rb"(?:h.|j.{4})"

_SINGLES: Final = rb"N\x88\x89}\])(\x8ft\x85\x86\x87leuasd\x90\x91012"
"""Opcodes without argument that neither look up nor call, for a character class; MEMOIZE apart."""

_ACTS: Final = rb"Rbo\x81\x92\x93Q\x97\x98"
"""Opcodes without argument that look up, call or change something outside, likewise."""


@functools.cache
def _sized(most: int, filler: bytes, zeros: bytes = b"") -> bytes:
    """Returns the pattern of a little-endian size below `most` and of so many bytes behind it."""
    sizes = (re.escape(bytes([size])) + zeros + (filler + b"{%d}" % size if size else b"") for size in range(most))
    return b"(?:" + b"|".join(sizes) + b")"


_SHORT_TEXT: Final = rb"\x8c" + _sized(256, _ANY)
_TEXT: Final = rb"X" + _sized(128, _ANY, rb"\0\0\0")
_COUNTED: Final = b"|".join(
    (
        _SHORT_TEXT,
        rb"M..",
        rb"G.{8}",
        rb"J.{4}",
        rb"\x8a" + _sized(33, _ANY),
        _TEXT,
        rb"[CU]" + _sized(64, _ANY),
    )
)
"""Constants whose argument is short or of a fixed size, but BININT1, whatever their content."""

_LOOK_UPS: Final = rb"c[^\n]*+\n[^\n]*+\n|P[^\n]*+\n|\x95.{8}|\x82.|\x83..|\x84.{4}"
"""Opcodes with an argument that are not constants, in a regular stream."""


def _runs(plain: bytes, others: bytes) -> bytes:
    """Returns the pattern of the longest run of one-byte opcodes and others."""
    return b"(?:[" + plain + b"]*+(?:" + others + b"))*+[" + plain + b"]*+"


@functools.cache
def inert() -> Pattern:
    """Returns the pattern of the longest run of opcodes that neither look up nor call, frames excepted."""
    others = rb"[Khq\x80].|" + _COUNTED + rb"|[jr].{4}|[ILFSVpg][^\n]*+\n"
    return re.compile(_runs(_SINGLES + rb"\x94", others), re.DOTALL)


def _memo_runs(others: bytes, *, puts: bool) -> bytes:
    """Returns the pattern of the longest run of a regular stream's opcodes: PUTs, those without argument, others."""
    if puts:
        return _runs(_SINGLES + _ACTS, others + b"|" + _put(puts=True))
    return _runs(_SINGLES + _ACTS + rb"\x94", others)


def _put(*, puts: bool) -> bytes:
    """Returns the pattern of the opcode that fills the memo."""
    return rb"(?:q.|r.{4})" if puts else rb"\x94"


_REGULAR: Final = rb"[K\x80].|" + _COUNTED + rb"|[ILFSV][^\n]*+\n|" + _LOOK_UPS


@functools.lru_cache(maxsize=64)
def regular(*, puts: bool, known: bytes | None = None, known_long: tuple[bytes, ...] = ()) -> Pattern:
    """Returns the pattern of a run of a regular stream's opcodes: one kind of PUT, no long payload.

    Args:
        puts: Whether the memo is filled by BINPUT and LONG_BINPUT, else by MEMOIZE.
        known: The indexes that BINGET may have; any GET if None.
        known_long: The indexes that LONG_BINGET may have then, as four bytes each.
    """
    gets = _GET + b"|" if known is None else (rb"h[" + re.escape(known) + b"]|" if known else b"")
    if known is not None and known_long:
        gets += b"j(?:" + b"|".join(map(re.escape, known_long)) + b")|"
    return re.compile(_memo_runs(gets + _REGULAR, puts=puts), re.DOTALL)


@functools.cache
def memo_tokens(*, puts: bool) -> Pattern:
    """Returns the pattern that finds, in a run of `regular`, every PUT and GET; at the end it is empty."""
    token = b"(" + _put(puts=puts) + b"|" + _GET + b"|)"
    return re.compile(_runs(_SINGLES + _ACTS, _REGULAR) + token, re.DOTALL)


@functools.cache
def memo_puts(*, puts: bool) -> Pattern:
    """Returns the pattern that finds, in a run of `regular`, every PUT; at the end it is empty."""
    token = b"(" + _put(puts=puts) + b"|)"
    return re.compile(_runs(_SINGLES + _ACTS, _REGULAR + b"|" + _GET) + token, re.DOTALL)


@functools.cache
def operations(*, puts: bool) -> Pattern:
    """Returns the pattern of one opcode of a run of `regular`."""
    others = _put(puts=puts) + b"|" + _REGULAR + b"|" + _GET
    return re.compile(b"[" + _SINGLES + _ACTS + b"]|" + others, re.DOTALL)


RUN, PAIRS, KEY, CALLABLE, ARGUMENTS, CALL, STATE, CLOSING, OPENING = range(1, 10)
"""Groups of a step: see `step`."""


@functools.cache
def step(*, puts: bool, has_shapes: bool, in_dict: bool) -> Pattern:
    """Returns the pattern of one step of the swift machine, which matches everywhere.

    A step is a run of plain values, then at most one idiom, one APPENDS or SETITEMS, and one opening of a list
    or dict, in this order. A plain value pushes exactly one value: a constant, a tuple of constants, or a list
    or dict of such, two deep. An idiom is a call, by REDUCE or NEWOBJ, of a memoised callable with constant arguments,
    and the BUILD that sets its state. GETs count as constants, so they have to be known to find something
    hashable.

    Args:
        puts: See `regular`.
        has_shapes: Whether values of a known shape are tried between steps: then a step that takes plain values
            takes nothing else.
        in_dict: Whether keys and values are put in, else values.
    """
    made = _parts(puts=puts)
    simple = rb"(?:%(c)s|\((?:%(c)s)*+t%(m)s)"
    made[b"simple"] = simple % made
    flat = rb"(?:%(top)s|\((?:%(c)s)*+t%(m)s"
    empty = rb"|[\]}\x8f]%(m)s(?!\())"
    leaves = rb"|\]%(m)s(?:\(%(simple)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(simple)s)*+u|%(c)s%(c)ss)"
    made[b"inner"] = (flat + leaves + empty) % made
    filled = rb"|\]%(m)s(?:\(%(inner)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(inner)s)*+u|%(c)s%(c)ss)"
    made[b"value"] = (flat + filled + empty) % made
    head = rb"()((?:%(c)s%(value)s)++)?+(%(top)s)?+" if in_dict else rb"(%(value)s++)?+()()"
    idiom = rb"(?:(%(get)s)(%(args)s)([R\x81])%(m)s(?:(%(state)s)b)?+)?+([eu])?+"
    opening = rb"([\]}]%(m)s\()?+"
    if has_shapes:
        others = rb"(?:(?![\]}])" + idiom + b"|" + opening + b")"
        others = b"(?(2)|(?(3)|" + others + b"))" if in_dict else b"(?(1)|" + others + b")"
        return re.compile((head + others) % made, re.DOTALL)
    return re.compile((head + idiom + opening) % made, re.DOTALL)


SCALAR: Final = rb"(?:[hK].|[N\x88\x89)]|M..|[Jj].{4}|G.{8})"
"""The pattern of a constant of fixed size, or of a GET."""

PUT_IF_ANY: Final = {True: rb"(?:q.|r.{4})?+", False: rb"\x94?+"}
"""The pattern of a PUT that may be there, by whether the memo is filled by BINPUT and LONG_BINPUT."""


LINES: Final = {
    ord("I"): rb"I(?:0[01]?|-?[1-9][0-9]{0,17})\n",
    ord("L"): rb"L-?(?:0|[1-9][0-9]{0,17})L?\n",
    ord("F"): rb"F-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-][0-9]{2})?\n",
    ord("S"): rb"S'[^\\'\n\x80-\xff]{0,200}'\n",
    ord("V"): rb"V[^\\\n\x80-\xff]{0,200}\n",
}
"""The patterns of constants in their text forms, as picklers write them and every loader reads them."""


@functools.cache
def text(most: int, *, puts: bool, is_ascii: bool = True) -> bytes:
    """Returns the pattern of a string of fewer than `most` bytes, and of its PUT."""
    filler = _ASCII if is_ascii else _ANY
    if puts:
        return rb"X" + _sized(most, filler, rb"\0\0\0") + PUT_IF_ANY[puts]
    return rb"\x8c" + _sized(most, filler) + PUT_IF_ANY[puts]


@functools.cache
def texts(*, puts: bool) -> Pattern:
    """Returns the pattern that finds, in values of a known shape, every string that is not in a text form."""
    others = rb"[K\x80].|" + _COUNTED.replace(_TEXT if puts else _SHORT_TEXT, rb"(?!)") + rb"|[ILFSV][^\n]*+\n|" + _GET
    token = rb"(X" + _sized(256, _ANY, rb"\0\0\0") if puts else rb"(\x8c" + _sized(256, _ANY)
    return re.compile(_memo_runs(others, puts=puts) + token + b")", re.DOTALL)


@functools.cache
def counted(code: int, most: int) -> bytes:
    """Returns the pattern of an opcode with one byte of size and a payload of fewer than `most` bytes."""
    return re.escape(bytes([code])) + _sized(most, _ASCII if code == _SHORT_BINSTRING else _ANY)


def _parts(*, puts: bool) -> dict[bytes, bytes]:
    """Returns the parts of a step's pattern: m, a PUT if any; c, a constant; args, the arguments of an idiom."""
    memo = PUT_IF_ANY[puts]
    plain = rb"K.|" + text(_SHORT, puts=puts) + rb"|[N\x88\x89)]|M..|J.{4}|G.{8}|C(?:\x08.{8}|\x0a.{10})" + memo
    made = {b"m": memo, b"get": _GET, b"c": b"(?:h.|" + plain + b"|j.{4})"}
    made[b"args"] = rb"(?:\)|\((?:%(c)s)*+t%(m)s|%(c)s(?:\x85|%(c)s(?:\x86|%(c)s\x87))%(m)s)" % made
    made[b"top"] = b"(?:" + plain + rb"|%(get)s(?!%(args)s[R\x81]))" % made
    kept = rb"(?:%(c)s|\]%(m)s(?:\((?:%(c)s)*+e|%(c)sa|(?!\()))" % made
    made[b"state"] = rb"\}%(m)s(?:\((?:%(c)s%(kept)s)*+u|%(c)s%(c)ss)" % (made | {b"kept": kept})
    return made
