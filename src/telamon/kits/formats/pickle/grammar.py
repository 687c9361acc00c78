"""Byte patterns for runs of inert opcodes, so that the interpreter's matcher walks them and not Python code.

Possessive quantifiers (Python 3.11) keep every pattern linear: what was taken is never given back.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

Pattern: TypeAlias = re.Pattern[bytes]

_MEMO: Final = rb"\x94?+"
_SHORT: Final = 16
_ASCII: Final = rb"[\0-\x7f]"
_ANY: Final = b"."

_SINGLES: Final = rb"[N\x88\x89}\])(\x8ft\x85\x86\x87leuasd\x90\x91012\x94]"
"""Opcodes without argument that neither look up nor call."""

_ACTS: Final = rb"[Rbo\x81\x92\x93Q\x97\x98]"
"""Opcodes without argument that look up, call or change something outside."""


def _sized(most: int, filler: bytes, zeros: bytes = b"") -> bytes:
    """Returns the pattern of a little-endian size below `most` and of so many bytes behind it."""
    sizes = (re.escape(bytes([size])) + zeros + (filler + b"{%d}" % size if size else b"") for size in range(most))
    return b"(?:" + b"|".join(sizes) + b")"


def _arguments(*, puts: bool, gets: bool) -> bytes:
    """Returns the alternatives for inert opcodes with an argument, whatever their content."""
    wide = rb"GJj" if gets else rb"GJ"
    return b"|".join(
        (
            rb"[K" + (b"h" if gets else b"") + (b"q" if puts else b"") + rb"\x80].",
            rb"\x8c" + _sized(48, _ANY),
            rb"M..",
            rb"G.{8}",
            b"[" + wide[1:] + (b"r" if puts else b"") + rb"].{4}",
            rb"\x8a" + _sized(9, _ANY),
            rb"X" + _sized(32, _ANY, rb"\0\0\0"),
            rb"[CU]" + _sized(32, _ANY),
            rb"[ILFSV" + (b"pg" if puts else b"") + rb"][^\n]*+\n",
        )
    )


@functools.cache
def inert() -> Pattern:
    """Returns the pattern of the longest run of opcodes that neither look up nor call, frames excepted."""
    alternatives = _arguments(puts=True, gets=True)
    return re.compile(b"(?:" + _SINGLES + b"*+(?:" + alternatives + b"))*+" + _SINGLES + b"*+", re.DOTALL)


_PLAIN: Final = b"[" + _SINGLES[1:-1].replace(rb"\x94", b"") + _ACTS[1:-1] + b"]"
_STEP: Final = (
    _arguments(puts=False, gets=False) + rb"|c[^\n]*+\n[^\n]*+\n|P[^\n]*+\n|\x95.{8}|\x82.|\x83..|\x84.{4}"
)
"""The alternatives for every opcode with an argument that a regular stream may have, memo opcodes excepted."""


@functools.lru_cache(maxsize=64)
def regular(known: bytes) -> Pattern:
    """Returns the pattern of a run of a regular stream's opcodes: no PUT, no long payload.

    Args:
        known: The indexes that BINGET may have; LONG_BINGET ends the run.
    """
    gets = rb"|h[" + re.escape(known) + b"]" if known else b""
    plain = _PLAIN[:-1] + rb"\x94]*+"
    return re.compile(b"(?:" + plain + b"(?:" + _STEP + gets + b"))*+" + plain, re.DOTALL)


@functools.cache
def any_get() -> Pattern:
    """Returns the pattern of a run of a regular stream's opcodes with whatever GETs."""
    plain = _PLAIN[:-1] + rb"\x94]*+"
    return re.compile(b"(?:" + plain + b"(?:" + _STEP + rb"|h.|j.{4}))*+" + plain, re.DOTALL)


_SKIPPED: Final = b"(?:" + _PLAIN + b"*+(?:" + _STEP + b"))*+" + _PLAIN + b"*+"


@functools.cache
def memo_tokens() -> Pattern:
    """Returns the pattern that finds, in a run of `any_get`, every MEMOIZE and GET; at the end it is empty."""
    return re.compile(_SKIPPED + rb"(\x94|h.|j.{4}|)", re.DOTALL)


@functools.cache
def memoizes() -> Pattern:
    """Returns the pattern that finds, in a run of `any_get`, every MEMOIZE; at the end it is empty."""
    skipped = b"(?:" + _PLAIN + b"*+(?:" + _STEP + rb"|h.|j.{4}))*+" + _PLAIN + b"*+"
    return re.compile(skipped + rb"(\x94|)", re.DOTALL)


@functools.cache
def operations() -> Pattern:
    """Returns the pattern of one opcode of a run of `any_get`."""
    return re.compile(_PLAIN + rb"|\x94|" + _STEP + rb"|h.|j.{4}", re.DOTALL)


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
def tokens(*, has_gets: bool) -> Tokens:
    """Returns the patterns of a step: a run of plain values, then one structural token if there is one.

    A plain value pushes exactly one value and acts on nothing: a constant, a tuple of constants, or a list
    or dict of plain values two levels deep. With `has_gets` a GET counts as a constant, for streams in which
    all GETs are known to find something hashable.
    """
    get = rb"(?:h.|j.{4})"
    constant = _constant() if not has_gets else b"(?:" + _constant() + b"|" + get + b")"
    arguments = (
        rb"(?:\)|%(c)s\x85%(m)s|%(c)s{2}\x86%(m)s|%(c)s{3}\x87%(m)s|\((?:%(c)s)*+t%(m)s)" % {b"c": constant, b"m": _MEMO}
    )
    call = arguments + rb"[R\x81]"
    top = _constant() if not has_gets else b"(?:" + _constant() + b"|" + get + b"(?!" + call + b"))"
    value = _value(top, _value(constant, b""))
    pairs = b"(?:" + constant + value + b")"
    structure = (
        rb"(?:([\]}]" + _MEMO + rb"\()"
        rb"|(" + get + b")(" + arguments + rb")([R\x81])" + _MEMO
        + rb"(?:\}" + _MEMO + rb"\((" + pairs + rb"*+)ub)?+"
        rb"|([eu])|)"
    )
    return Tokens(
        in_list=re.compile(b"(" + value + b"++)?+()()" + structure, re.DOTALL),
        in_dict=re.compile(b"()(" + pairs + b"++)?+(" + top + b")?+" + structure, re.DOTALL),
        idiom=re.compile(get + b"(" + arguments + rb")[R\x81]" + _MEMO, re.DOTALL),
    )


def _constant() -> bytes:
    """Returns the pattern of an opcode that pushes an immutable constant which cannot fail, and its MEMOIZE."""
    return (
        rb"(?:(?:K.|\x8c" + _sized(_SHORT, _ASCII) + rb"|[N\x88\x89)]|M..|J.{4}|G.{8}|C" + _sized(13, _ANY) + rb")"
        + _MEMO + rb")"
    )


def _value(constant: bytes, inner: bytes) -> bytes:
    """Returns the pattern of a plain value; `inner` is that of the values within its lists and dicts."""
    made = {b"c": constant, b"m": _MEMO, b"v": inner or constant}
    tuples = rb"|\((?:%(c)s)*+t%(m)s" % made
    empty = rb"|[\]}\x8f]%(m)s(?!\()" % made
    filled = rb"|\]%(m)s(?:\(%(v)s*+e|%(c)sa)|\}%(m)s(?:\((?:%(c)s%(v)s)*+u|%(c)s%(v)ss)" % made
    return b"(?:" + constant + tuples + filled + empty + b")"
