"""Limits for reading hostile containers: unpacked bytes, ratio, depth, members and time."""

from __future__ import annotations

import time
from collections.abc import Callable  # noqa: TC003 - annotations of public interfaces stay resolvable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from telamon.core.errors import TelamonError

GIB = 1024**3
MIB = 1024**2


class BudgetLimit(StrEnum):
    """Which limit was reached."""

    UNPACKED_BYTES = "unpacked-bytes"
    RATIO = "ratio"
    DEPTH = "depth"
    MEMBERS = "members"
    DEADLINE = "deadline"


class BudgetExceededError(TelamonError):
    """A limit on the work for one file was reached.

    Remedy: Raise the limit for this file if you trust where it comes from, or treat it as not understood.

    Args:
        limit: Which one.
        message: One line: what was allowed.
    """

    code: ClassVar[str] = "budget-exceeded"

    def __init__(self, limit: BudgetLimit, message: str) -> None:
        super().__init__(message, hint="raise the limit for this file, or treat the file as not understood")
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much work one outermost file may cause.

    Attributes:
        unpacked_bytes: Most bytes unpacked from all compressed members together.
        ratio: Most unpacked bytes per byte of the outermost file. Deflate reaches 1032; real models stay
            under 20, arrays of few values under 200.
        ratio_floor_bytes: Unpacked bytes that are granted whatever the ratio.
        depth: Most containers inside one another.
        members: Most members of all containers, and compressed streams, together.
        member_bytes: Bytes of the outermost file that go with each member, at least. Members of a zip take 76 and
            their name twice, those of a compressed tar some 30; archives in archives can have any number for nothing.
        members_floor: Members that are granted whatever the size of the file.
        time_s: Seconds from the creation of the budget.
    """

    unpacked_bytes: int = 8 * GIB
    ratio: int = 250
    ratio_floor_bytes: int = 256 * MIB
    depth: int = 8
    members: int = 100_000
    member_bytes: int = 16
    members_floor: int = 10_000
    time_s: float = 300.0


class Budget:
    """Counts the work that one outermost file causes against `Limits`; every excess raises.

    Args:
        packed_bytes: Size of the outermost file, to which the ratio refers.
        limits: What is allowed.
        clock: Monotonic seconds.
    """

    __slots__ = (
        "_allowance",
        "_clock",
        "_deadline",
        "_most_members",
        "_ratio_binds",
        "limits",
        "members",
        "unpacked_bytes",
    )

    def __init__(
        self,
        packed_bytes: int,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.unpacked_bytes = 0
        self.members = 0
        by_ratio = max(self.limits.ratio_floor_bytes, self.limits.ratio * packed_bytes)
        self._ratio_binds = by_ratio < self.limits.unpacked_bytes
        self._allowance = min(by_ratio, self.limits.unpacked_bytes)
        by_size = max(self.limits.members_floor, packed_bytes // self.limits.member_bytes)
        self._most_members = min(self.limits.members, by_size)
        self._clock = clock
        self._deadline = clock() + self.limits.time_s

    @property
    def remaining_bytes(self) -> int:
        """Bytes that may still be unpacked, never negative."""
        return max(0, self._allowance - self.unpacked_bytes)

    def check_time(self) -> None:
        """Raises `BudgetExceededError` once the time is up."""
        if self._clock() > self._deadline:
            raise BudgetExceededError(
                BudgetLimit.DEADLINE, f"reading took longer than the {self.limits.time_s:g} s allowed"
            )

    def check_depth(self, depth: int) -> None:
        """Raises `BudgetExceededError` where `depth` containers inside one another are too many."""
        if depth > self.limits.depth:
            raise BudgetExceededError(BudgetLimit.DEPTH, f"containers are nested more than {self.limits.depth} deep")

    def add_member(self) -> None:
        """Counts one member of a container, or one compressed stream; also checks the time."""
        self.members += 1
        if self.members > self._most_members:
            raise BudgetExceededError(BudgetLimit.MEMBERS, f"more than {self._most_members} members")
        self.check_time()

    def add_unpacked(self, count: int) -> None:
        """Counts `count` unpacked bytes; also checks the time."""
        self.unpacked_bytes += count
        if self.unpacked_bytes > self._allowance:
            raise self._unpacked_error()
        self.check_time()

    def _unpacked_error(self) -> BudgetExceededError:
        if self._ratio_binds:
            return BudgetExceededError(
                BudgetLimit.RATIO,
                f"unpacks to more than {self.limits.ratio} times its size and {self._allowance} bytes",
            )
        return BudgetExceededError(BudgetLimit.UNPACKED_BYTES, f"unpacks to more than {self._allowance} bytes")
