"""CPython's C unpickler as reference: a child process per campaign, restarted when an input kills it."""

from __future__ import annotations

import contextlib
import marshal
import selectors
import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

CHILD: Final = Path(__file__).with_name("interpreter.py")
PATIENCE_S: Final = 60.0
"""How long a batch may take; a batch of 500 takes 20 ms."""

Row = list[Any]  # any: plain values of mixed types, as marshal carries them


class Reader(IntEnum):
    """How CPython is given the bytes."""

    BUFFER = 0  # pickle.loads
    FILE = 1  # pickle.load of a BytesIO: read, readinto, readline
    PEEK = 2  # pickle.load of a BufferedReader, which has peek as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One input and how it is loaded.

    Attributes:
        data: The stream; with FILE and PEEK up to four pickles are loaded from it one after the other.
        reader: How it is read.
        encoding: The `encoding` argument of `pickle.load`.
        fix_imports: The `fix_imports` argument.
        is_persistent: Whether the unpickler has a `persistent_load`; never with BUFFER, where there is no subclass.
        buffers: Number of out-of-band buffers.
        are_results_values: Whether calls return built-in values as well as stubs, and empty their arguments.
    """

    data: bytes
    reader: Reader = Reader.BUFFER
    encoding: str = "ASCII"
    fix_imports: bool = True
    is_persistent: bool = False
    buffers: int = 0
    are_results_values: bool = False

    @property
    def row(self) -> tuple[object, ...]:
        """The job as the child reads it."""
        options = (self.encoding, self.fix_imports, self.is_persistent, self.buffers, self.are_results_values)
        return (self.data, int(self.reader), *options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What CPython did with one pickle.

    Attributes:
        events: In order: ["import", raw module, raw name, module, name], ["extension", code],
            ["call" | "new", who, arguments, keywords], ["build", who, state],
            ["mutate", who, method, first item], ["persistent", id], ["buffer"]; values as tokens of `stubs`.
        ending: "ok", "error", "memory", or "killed" for an input that ends the child.
        error: Type and text of the exception.
        end: Position of the file afterwards, -1 where there is none.
        value: Token of what was loaded.
    """

    events: tuple[Row, ...]
    ending: str
    error: str = ""
    end: int = -1
    value: object = None


class ChildLostError(RuntimeError):
    """The child cannot be started or talked to."""


class Reference:
    """A running child; a context manager.

    Attributes:
        excluded: Inputs that killed the child or made it hang, with the reason.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.excluded: list[tuple[bytes, str]] = []
        self._patience_s = patience_s
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        child.wait()

    def outcomes(self, jobs: Sequence[Job]) -> list[list[Outcome]]:
        """Returns what CPython did with each job, one outcome per pickle of its stream.

        A batch that kills the child is halved until the single input is found; its outcome is "killed".
        """
        rows, reason = self._ask(jobs)
        if rows is not None:
            return [[_outcome(row) for row in answer] for answer in rows]
        if len(jobs) == 1:
            self.excluded.append((jobs[0].data, reason))
            return [[Outcome(events=(), ending="killed", error=reason)]]
        half = len(jobs) // 2
        return self.outcomes(jobs[:half]) + self.outcomes(jobs[half:])

    def _ask(self, jobs: Sequence[Job]) -> tuple[list[list[Row]] | None, str]:
        """Returns the child's answer, or None and why there is none."""
        stdin, stdout = self._pipes()
        batch = marshal.dumps([job.row for job in jobs])
        try:
            stdin.write(struct.pack("<I", len(batch)) + batch)
            stdin.flush()
        except BrokenPipeError:
            return self._lost("the child was gone")
        if not self._is_answering(stdout):
            return self._lost(f"no answer within {self._patience_s:g} s")
        header = stdout.read(4)
        body = stdout.read(struct.unpack("<I", header)[0]) if len(header) == 4 else b""  # its width
        if not body:
            return self._lost("the child died")
        return marshal.loads(body), ""  # noqa: S302  # from our own child

    def _is_answering(self, stdout: IO[bytes]) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            return bool(selector.select(self._patience_s))

    def _lost(self, reason: str) -> tuple[None, str]:
        child = self._child
        if child is not None:
            self.close()
            reason = f"{reason}, exit status {child.returncode}"
        return None, reason

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603  # our own script and interpreter
                [sys.executable, "-I", "-S", "-B", str(CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
            )
        if self._child.stdin is None or self._child.stdout is None:
            raise ChildLostError("the child has no pipes")
        return self._child.stdin, self._child.stdout


def _outcome(row: Row) -> Outcome:
    events, ending, error, end, value = row
    return Outcome(events=tuple(events), ending=ending, error=error, end=end, value=value)
