"""Byte patterns for runs of inert opcodes, so that the interpreter's matcher walks them and not Python code.

Possessive quantifiers (Python 3.11) keep every pattern linear: what was taken is never given back.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Pattern: TypeAlias = re.Pattern[bytes]

_SHORT: Final = 16
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
        rb"\x8c" + _sized(48, _ANY),
        rb"M..",
        rb"G.{8}",
        rb"J.{4}",
        rb"\x8a" + _sized(9, _ANY),
        rb"X" + _sized(32, _ANY, rb"\0\0\0"),
        rb"[CU]" + _sized(32, _ANY),
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
    gets = b"|" + _GET if known is None else (rb"|h[" + re.escape(known) + b"]" if known else b"")
    return re.compile(_runs(_SINGLES + _ACTS, _put(puts=puts) + b"|" + _REGULAR + gets), re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class Tokens:
    """The patterns of one step of the swift machine, by what is being filled.

    Attributes:
        in_list: Where values follow each other.
        in_dict: Where keys and values do.
        idiom: A call of a memoised class or function with plain arguments, alone.
    """

    in_list: Pattern
    in_dict: Pattern
    idiom: Pattern


RUN, PAIRS, KEY, OPENING, CALLABLE, ARGUMENTS, CALL, STATE, CLOSING = range(1, 10)
"""Groups of a step: see `tokens`."""


@functools.cache
def tokens(*, puts: bool, has_gets: bool) -> Tokens:
    """Returns the patterns of a step: a run of plain values, then one structural token if there is one.

    A plain value pushes exactly one value and acts on nothing: a constant, a tuple of constants, or a list
    or dict of plain values two levels deep. With `has_gets` a GET counts as a constant, for streams in which
    all GETs are known to find something hashable.
    """
    memo = rb"(?:q.|r.{4})?+" if puts else rb"\x94?+"
    plain = _constant(memo, puts=puts)
    constant = b"(?:" + plain + b"|" + _GET + b")" if has_gets else plain
    made = {b"c": constant, b"m": memo, b"g": _GET}
    arguments = rb"(?:\)|%(c)s\x85%(m)s|%(c)s{2}\x86%(m)s|%(c)s{3}\x87%(m)s|\((?:%(c)s)*+t%(m)s)" % made
    call = arguments + rb"[R\x81]"
    made[b"a"] = arguments
    top = b"(?:" + plain + b"|" + _GET + b"(?!" + call + b"))" if has_gets else plain
    value = _value(top, constant, _value(constant, constant, constant, memo), memo)
    pairs = made[b"p"] = b"(?:" + constant + value + b")"
    structure = rb"(?:([\]}]%(m)s\()|(%(g)s)(%(a)s)([R\x81])%(m)s(?:\}%(m)s\((%(p)s*+)ub)?+|([eu])|)" % made
    return Tokens(
        in_list=re.compile(b"(" + value + b"++)?+()()" + structure, re.DOTALL),
        in_dict=re.compile(b"()(" + pairs + b"++)?+(" + top + b")?+" + structure, re.DOTALL),
        idiom=re.compile(_GET + call + memo, re.DOTALL),
    )


def _constant(memo: bytes, *, puts: bool) -> bytes:
    """Returns the pattern of an opcode that pushes an immutable constant which cannot fail, and its PUT."""
    text = rb"X" + _sized(_SHORT, _ASCII, rb"\0\0\0") if puts else rb"\x8c" + _sized(_SHORT, _ASCII)
    return b"(?:(?:K.|" + text + rb"|[N\x88\x89)]|M..|J.{4}|G.{8}|C" + _sized(13, _ANY) + b")" + memo + b")"


def _value(first: bytes, constant: bytes, inner: bytes, memo: bytes) -> bytes:
    """Returns the pattern of a plain value; `inner` is that of the values within its lists and dicts."""
    made = {b"f": first, b"c": constant, b"m": memo, b"v": inner}
    return (
        rb"(?:%(f)s|\((?:%(c)s)*+t%(m)s"
        rb"|\]%(m)s(?:\(%(v)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(v)s)*+u|%(c)s%(v)ss)"
        rb"|[\]}\x8f]%(m)s(?!\())" % made
    )
