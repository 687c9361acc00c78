"""Real pickles of objects of the standard library, in every protocol: seeds for mutations."""

from __future__ import annotations

import argparse
import array
import collections
import datetime as dt
import decimal
import fractions
import functools
import itertools
import operator
import pathlib
import pickle  # only writes
import random
import re
import string
import uuid


def objects() -> list[object]:
    """Returns objects of many kinds, always the same."""
    shared: list[object] = [1, "two"]
    cyclic: list[object] = [shared]
    cyclic.append(cyclic)
    looped: dict[str, object] = {"x": shared, "y": shared}
    looped["self"] = looped
    error = ValueError("bad", 3)
    error.note = "attribute"  # type: ignore[attr-defined]  # gives its pickle a BUILD
    return [
        None, True, 0, -1, 2**31, 2**80, 1.5, float("nan"), "text", "caf\u00e9\n", b"bytes", b"", bytearray(b"array"),
        (), (1,), (1, 2), (1, 2, 3), tuple(range(9)), [], list(range(40)), {}, {"a": 1, "b": [2]}, {1, 2}, frozenset(),
        [shared, shared], cyclic, looped, complex(1, 2), slice(1, 2, 3), range(5), Ellipsis, NotImplemented,
        int, len,
        collections.OrderedDict(a=1, b=2), collections.deque([1, 2], 5), collections.Counter("abca"),
        collections.defaultdict(list, a=[1]), collections.ChainMap({"a": 1}), collections.UserDict(a=2),
        dt.datetime(2020, 1, 2, 3, 4, tzinfo=dt.UTC), dt.date(2020, 1, 2), dt.timedelta(1, 2),
        decimal.Decimal("1.50"), fractions.Fraction(3, 4), uuid.UUID(int=5), pathlib.PurePosixPath("a/b"), error,
        functools.partial(int, base=2), operator.itemgetter(1), operator.attrgetter("a.b"),
        re.compile("a+", re.IGNORECASE), argparse.Namespace(lr=0.1, layers=[1, 2]), array.array("d", [1.0, 2.0]),
        random.Random(3).getstate()[:1],  # noqa: S311  # data
        itertools.count(3), OSError(2, "no such file"), string.Template("$x"), {"k" * 300: "v" * 300, "b": b"y" * 300},
        {"weights": [[0.5] * 4] * 3, "bias": (0.0,) * 3, "names": ["in", "out"], "step": 7},
    ]  # fmt: skip


def real_pickles() -> tuple[bytes, ...]:
    """Returns the objects pickled in every protocol that can, and some with out-of-band buffers."""
    found = []
    for item in objects():
        for protocol in range(6):
            try:
                found.append(pickle.dumps(item, protocol))
            except (pickle.PicklingError, TypeError, AttributeError):  # fmt: skip
                continue  # old protocols have no form for it
    for content in (b"plain", bytearray(b"writable")):
        buffers: list[pickle.PickleBuffer] = []
        found.append(pickle.dumps([pickle.PickleBuffer(content), 1], 5, buffer_callback=buffers.append))
    return tuple(dict.fromkeys(found))
