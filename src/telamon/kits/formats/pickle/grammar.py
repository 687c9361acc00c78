"""Byte patterns for runs of inert opcodes, so that the interpreter's matcher walks them and not Python code.

Possessive quantifiers (Python 3.11) keep every pattern linear: what was taken is never given back.
"""

from __future__ import annotations

import functools
import re
from typing import Final, TypeAlias

Pattern: TypeAlias = re.Pattern[bytes]

_SHORT: Final = 14
_ASCII: Final = rb"[\0-\x7f]"
_ANY: Final = b"."
_GET: Final = rb"(?:h.|j.{4})"

_SINGLES: Final = rb"N\x88\x89}\])(\x8ft\x85\x86\x87leuasd\x90\x91012"
"""Opcodes without argument that neither look up nor call, for a character class; MEMOIZE apart."""

_ACTS: Final = rb"Rbo\x81\x92\x93Q\x97\x98"
"""Opcodes without argument that look up, call or change something outside, likewise."""


def _sized(most: int, filler: bytes, zeros: bytes = b"") -> bytes:
    """Returns the pattern of a little-endian size below `most` and of so many bytes behind it."""
    sizes = (re.escape(bytes([size])) + zeros + (filler + b"{%d}" % size if size else b"") for size in range(most))
    return b"(?:" + b"|".join(sizes) + b")"


_COUNTED: Final = b"|".join(
    (
        rb"\x8c" + _sized(256, _ANY),
        rb"M..",
        rb"G.{8}",
        rb"J.{4}",
        rb"\x8a" + _sized(9, _ANY),
        rb"X" + _sized(128, _ANY, rb"\0\0\0"),
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
def regular(*, puts: bool, known: bytes | None = None) -> Pattern:
    """Returns the pattern of a run of a regular stream's opcodes: one kind of PUT, no long payload.

    Args:
        puts: Whether the memo is filled by BINPUT and LONG_BINPUT, else by MEMOIZE.
        known: The indexes that BINGET may have while LONG_BINGET ends the run; any GET if None.
    """
    gets = _GET + b"|" if known is None else (rb"h[" + re.escape(known) + b"]|" if known else b"")
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
def step(*, puts: bool, has_calls: bool, in_dict: bool) -> Pattern:
    """Returns the pattern of one step of the swift machine, which matches everywhere.

    A step is a run of plain values, then at most one idiom, one APPENDS or SETITEMS, and one opening of a list
    or dict, in this order. A plain value pushes exactly one value: a constant, a tuple of constants, or a list
    or dict of such, two deep. An idiom is a call, by REDUCE or NEWOBJ, of a memoised callable with constant arguments,
    and the BUILD that sets its state. GETs count as constants, so they have to be known to find something
    hashable.

    Args:
        puts: See `regular`.
        has_calls: Whether an idiom counts as a plain value: all their calls are known and only counted.
        in_dict: Whether keys and values are put in, else values.
    """
    made = _parts(puts=puts)
    simple = rb"(?:%(c)s|\((?:%(c)s)*+t%(m)s)"
    made[b"simple"] = simple % made
    flat = rb"(?:%(top)s|\((?:%(c)s)*+t%(m)s" + (b"|" + _IDIOM if has_calls else b"")
    empty = rb"|[\]}\x8f]%(m)s(?!\())"
    leaves = rb"|\]%(m)s(?:\(%(simple)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(simple)s)*+u|%(c)s%(c)ss)"
    made[b"inner"] = (flat + leaves + empty) % made
    filled = rb"|\]%(m)s(?:\(%(inner)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(inner)s)*+u|%(c)s%(c)ss)"
    made[b"value"] = (flat + filled + empty) % made
    head = rb"()((?:%(c)s%(value)s)++)?+(%(top)s)?+" if in_dict else rb"(%(value)s++)?+()()"
    tail = rb"(?:(%(get)s)(%(args)s)([R\x81])%(m)s(?:(%(state)s)b)?+)?+"
    # After the end of a record, the next one may be plain as a whole: it is not opened before that is tried.
    tail += rb"(?:([eu])|([\]}]%(m)s\())?+" if has_calls else rb"([eu])?+([\]}]%(m)s\()?+"
    return re.compile((head + tail) % made, re.DOTALL)


_IDIOM: Final = rb"%(get)s%(args)s[R\x81]%(m)s(?:%(state)sb|(?![N}\]]))"


@functools.cache
def idiom(*, puts: bool) -> Pattern:
    """Returns the pattern of an idiom's call and its PUT, without BUILD."""
    return re.compile(rb"%(get)s%(args)s[R\x81]%(m)s" % _parts(puts=puts), re.DOTALL)


@functools.cache
def idioms(*, puts: bool) -> Pattern:
    """Returns the pattern that finds idioms in a run of `regular`: GET, call and BUILD; at the end it is empty."""
    made = _parts(puts=puts)
    others = made[b"get"] + b"(?!" + made[b"args"] + rb"[R\x81])|" + _REGULAR
    found = rb"(?:(%(get)s)%(args)s([R\x81])%(m)s(?:%(state)s(b))?+|)" % made
    return re.compile(_memo_runs(others, puts=puts) + found, re.DOTALL)


def _parts(*, puts: bool) -> dict[bytes, bytes]:
    """Returns the parts of a step's pattern: m, a PUT if any; c, a constant; args, the arguments of an idiom."""
    memo = rb"(?:q.|r.{4})?+" if puts else rb"\x94?+"
    text = rb"X" + _sized(_SHORT, _ASCII, rb"\0\0\0") if puts else rb"\x8c" + _sized(_SHORT, _ASCII)
    plain = rb"K.|" + text + memo + rb"|[N\x88\x89)]|M..|J.{4}|G.{8}|C(?:\x08.{8}|\x0a.{10})" + memo
    made = {b"m": memo, b"get": _GET, b"c": b"(?:h.|" + plain + b"|j.{4})"}
    made[b"args"] = rb"(?:\)|\((?:%(c)s)*+t%(m)s|%(c)s(?:\x85|%(c)s(?:\x86|%(c)s\x87))%(m)s)" % made
    made[b"top"] = b"(?:" + plain + rb"|%(get)s(?!%(args)s[R\x81]))" % made
    kept = rb"(?:%(c)s|\]%(m)s(?:\((?:%(c)s)*+e|%(c)sa|(?!\()))" % made
    made[b"state"] = rb"\}%(m)s(?:\((?:%(c)s%(kept)s)*+u|%(c)s%(c)ss)" % (made | {b"kept": kept})
    return made
