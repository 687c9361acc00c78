"""Pickles of random object graphs, as picklers write them: the regular streams that real files are made of."""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import fractions
import pickle  # only writes
import pickletools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

WORDS: Final = ("weight", "bias", "layer.0", "os", "system", "mean", "\u00fcber", "", "x" * 300, "step", "lr", "1")
LARGE: Final = 27_000
"""Items of a large graph: more than half a megabyte in every protocol."""


class Graph:
    """Makes random objects, some of them shared and some in cycles."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._shared: list[object] = []

    def value(self, depth: int) -> object:
        """Returns an object at most so many containers deep."""
        form = self._rng.random()
        if self._shared and form < 0.15:
            return self._rng.choice(self._shared)
        if depth and form < 0.55:
            made = self.container(depth - 1)
            if self._rng.random() < 0.4:
                self._shared.append(made)
            return made
        return self.atom()

    def atom(self) -> object:
        """Returns something that holds nothing."""
        rng = self._rng
        form = rng.randrange(12)
        if form < 4:
            return rng.choice(WORDS)
        if form < 7:
            return rng.choice((0, 1, -1, 255, 256, 70_000, -(2**31), 2**40, rng.getrandbits(100)))
        if form < 9:
            return rng.choice((0.5, -0.0, float("inf"), rng.random()))
        return rng.choice((None, True, False, b"raw", bytearray(b"raw"), len, dict, 1j, dt.timedelta(1)))

    def key(self) -> object:
        """Returns something hashable."""
        return self._rng.choice((*WORDS, 1, 2, 2.5, None, (1, "a"), frozenset({1, 2})))

    def container(self, depth: int) -> object:
        """Returns something that holds other things."""
        rng = self._rng
        size = rng.choice((0, 1, 2, 3, 3, 5, 12))
        values = (self.value(depth) for _ in range(size))
        keys = (self.key() for _ in range(size))
        form = rng.randrange(14)
        if form < 4:
            return list(values)
        if form < 7:
            return dict(zip(keys, values, strict=True))
        if form < 9:
            return tuple(values)
        if form < 12:
            pairs = collections.OrderedDict(zip(keys, values, strict=True))
            return (set(range(size)), pairs, collections.deque(pairs))[form - 9]  # sets of str have no fixed order
        return self.instance(depth, form)

    def instance(self, depth: int, form: int) -> object:
        """Returns an object that is made by a call, with or without state."""
        rng = self._rng
        if form == 12:
            return argparse.Namespace(**{f"option{index}": self.value(depth) for index in range(rng.randrange(4))})
        if rng.random() < 0.3:
            error = ValueError(self.value(depth))
            error.args += (self.atom(),)
            return error
        return rng.choice((decimal.Decimal("1.5"), fractions.Fraction(1, 3), dt.date(2020, 1, 2), slice(1, None)))


def random_pickle(rng: Random, *, is_large: bool = False) -> bytes:
    """Returns one random graph, pickled in one of the ways that picklers offer."""
    graph = Graph(rng)
    value = graph.value(5)
    if is_large:
        parts = [graph.value(3) for _ in range(200)]
        value = [rng.choice(parts) if rng.random() < 0.02 else [index, {"key": float(index)}] for index in range(LARGE)]
    data = pickle.dumps(value, rng.randrange(6))
    if not is_large and rng.random() < 0.25:
        data = pickletools.optimize(data)
    return data
