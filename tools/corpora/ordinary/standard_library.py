"""Pickles of objects of the standard library, in every protocol."""

from __future__ import annotations

import argparse
import array
import calendar
import collections
import copy
import datetime as dt
import decimal
import enum
import fractions
import functools
import http
import inspect
import ipaddress
import itertools
import logging
import operator
import pathlib
import random
import re
import signal
import string
import tokenize
import types
import uuid
import zoneinfo
from typing import TYPE_CHECKING

from corpora.ordinary.artefact import pickled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpora.ordinary.artefact import Artefact


def artefacts() -> Iterator[Artefact]:
    """Yield each group of values, in each protocol that can hold it."""
    for name, value in _values().items():
        for protocol in (0, 1, 2, 3, 4, 5) if name in {"plain", "containers", "times"} else (2, 4):
            yield pickled(f"{name}-{protocol}.pkl", value, protocol)


def _values() -> dict[str, object]:
    generator = random.Random(7)  # noqa: S311  # a sample's numbers, not a secret
    zone = dt.timezone(dt.timedelta(hours=2), "CEST")
    return {
        "plain": [None, True, 1, -(10**40), 0.5, 1j, "text", "\ud800", b"\x00\xff", (), [], {}, set(), ...],
        "containers": [
            collections.OrderedDict(a=1),
            collections.defaultdict(list, a=[1]),
            collections.Counter("telamon"),
            collections.deque([1, 2], maxlen=3),
            collections.ChainMap({"a": 1}),
            collections.UserDict(a=1),
            frozenset({1}),
            bytearray(b"abc"),
            range(3),
            slice(1, 2),
            types.SimpleNamespace(a=1),
            array.array("d", [0.5]),
            string.Template("$a"),
        ],
        "times": [
            dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=zone),
            dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
            dt.date(2026, 1, 2),
            dt.time(3, 4, tzinfo=zone),
            dt.timedelta(days=1),
        ],
        "zones": [zoneinfo.ZoneInfo("UTC")],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), decimal.Context(prec=5), generator],
        "identifiers": [
            uuid.UUID(int=7),
            ipaddress.ip_address("192.0.2.1"),
            ipaddress.ip_network("2001:db8::/32"),
            ipaddress.ip_interface("192.0.2.1/24"),
        ],
        "paths": [pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("c:/a"), pathlib.Path("models")],
        "namespace": argparse.Namespace(lr=0.1, epochs=3, out=pathlib.PurePosixPath("runs")),
        "enumerations": [http.HTTPStatus.OK, inspect.Parameter.empty, calendar.MONDAY, re.IGNORECASE, enum.Enum],
        "flags": [signal.SIGTERM, re.MULTILINE | re.DOTALL, logging.INFO],
        "records": [
            tokenize.TokenInfo(1, "a", (1, 0), (1, 1), "a"),
            inspect.FullArgSpec([], None, None, None, [], None, {}),
        ],
        "exceptions": [
            ValueError("x"),
            KeyError("k"),
            OSError(2, "none"),
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
        ],
        "callables": [functools.partial(int, base=2), int, len, collections.OrderedDict, operator.add],
        "operators": [operator.itemgetter(1, 2)],
        "iterators": [iter([1, 2]), itertools.count(3), iter((1, 2)), enumerate([1]), zip([1], [2], strict=False)],
        "patterns": [re.compile(r"(\d+)", re.IGNORECASE)],
        "shared": [copy.copy({"a": 1})] * 3,
        "types": [int, dict, type(None), types.SimpleNamespace, list[int], int | None],
        "deep": _nested(200),
        "history": [{"epoch": number, "loss": 1 / (number + 1), "at": dt.date(2026, 1, 1)} for number in range(500)],
    }


def _nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value
