"""Bounded unpacking of compressed streams: what can be unpacked is given, what goes wrong is noted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.kits.formats.budget import Budget, BudgetExceededError, BudgetLimit
from telamon.kits.formats.codecs import Begun, Codec, HeadTruncatedError
from telamon.kits.formats.decoders import WindowError
from telamon.kits.formats.observations import ObservationCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.source import Source

OUTPUT_BYTES = 64 * 1024
"""Most bytes that a decoder returns at once."""

FIRST_INPUT_BYTES = 512
"""What a decoder is given first; doubled with each call, so that a million tiny streams cost no million large reads."""

INPUT_BYTES = 64 * 1024
"""Most bytes that a decoder is given at once."""

_MEMORY_PHRASES = ("memory usage limit", "too much memory")  # of liblzma and zstd

BUDGET_CODES = {
    BudgetLimit.UNPACKED_BYTES: ObservationCode.BUDGET_UNPACKED,
    BudgetLimit.RATIO: ObservationCode.BUDGET_RATIO,
    BudgetLimit.DEPTH: ObservationCode.BUDGET_DEPTH,
    BudgetLimit.MEMBERS: ObservationCode.BUDGET_MEMBERS,
    BudgetLimit.DEADLINE: ObservationCode.BUDGET_DEADLINE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong, or was odd, and where in the packed source."""

    code: ObservationCode
    message: str
    offset: int


class _TruncatedError(Exception):
    """The input ended before the stream did."""


class _Stream:
    """One compressed stream; from the input numbered `single_from` on, the decoder is fed single bytes."""

    __slots__ = ("_budget", "_decoder", "_single_from", "_source", "_step", "inputs", "position")

    def __init__(self, source: Source, begun: Begun, budget: Budget, single_from: int | None = None) -> None:
        self._source = source
        self._decoder = begun.decoder
        self._budget = budget
        self._step = FIRST_INPUT_BYTES
        self._single_from = single_from
        self.inputs = 0
        self.position = begun.offset

    @property
    def end(self) -> int:
        return self.position - len(self._decoder.unused_data or b"")  # lz4 says None for nothing

    def read(self, max_length: int) -> bytes:
        """Returns the next bytes, none at the end mark."""
        while not self._decoder.eof:
            data = b""
            if self._decoder.needs_input:
                self._budget.check_time()
                is_single = self._single_from is not None and self.inputs >= self._single_from
                data = self._source.read(self.position, 1 if is_single else self._step)
                if not data:
                    raise _TruncatedError
                self.inputs += 1
                self.position += len(data)
                self._step = min(2 * self._step, INPUT_BYTES)
            if unpacked := self._decoder.decompress(data, max_length):
                return unpacked
        return b""


class Unpacking:
    """The content of a compressed source, to be iterated once; `faults` is whole when the iteration ends.

    Args:
        source: The packed bytes.
        codec: Their format.
        budget: Counts what is unpacked; reaching a limit ends the iteration and is a fault.
    """

    def __init__(self, source: Source, codec: Codec, budget: Budget) -> None:
        self._source = source
        self._codec = codec
        self._budget = budget
        self.faults: list[Fault] = []
        self.is_complete = False
        self.crc32 = 0
        self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yields the content in chunks, concatenated over all streams, as far as it can be unpacked."""
        try:
            for chunk in self._all_streams():
                self._budget.add_unpacked(len(chunk))
                self.length += len(chunk)
                yield chunk
        except BudgetExceededError as error:
            self.is_complete = False
            self._note(BUDGET_CODES[error.limit], error.message, 0)

    def _note(self, code: ObservationCode, message: str, offset: int) -> None:
        self.faults.append(Fault(code=code, message=message, offset=offset))

    def _all_streams(self) -> Iterator[bytes]:
        start: int | None = 0
        end = 0
        has_several = False
        while start is not None:
            if start:
                self._budget.add_member()
            if start and not has_several:
                has_several = True
                self._note(ObservationCode.STREAM_SEVERAL, "another compressed stream follows the first", start)
            self.is_complete = False
            yield from self._one_stream(start)
            if not self.is_complete:
                return
            end = self._end
            start = self._codec.next_stream(self._source, end)
        if end < self._source.size:
            count = self._source.size - end
            self._note(ObservationCode.STREAM_TRAILING, f"{count} bytes follow the compressed stream", end)

    def _one_stream(self, start: int) -> Iterator[bytes]:
        given = 0
        crc32 = 0
        stream: _Stream | None = None
        try:
            stream = self._open(start, None)
            while chunk := stream.read(OUTPUT_BYTES):
                given += len(chunk)
                if self._codec.has_checksum:
                    crc32 = zlib.crc32(chunk, crc32)
                yield chunk
        except (_TruncatedError, HeadTruncatedError):
            self._note(
                ObservationCode.STREAM_TRUNCATED,
                f"the stream is cut off after {given} unpacked bytes",
                self._source.size,
            )
        except WindowError as error:
            self._note(ObservationCode.STREAM_WINDOW, f"the stream asks for {error}", start)
        except self._codec.errors as error:
            if stream is not None:
                salvaged = self._salvage(start, given, stream.inputs)
                given += len(salvaged)
                yield salvaged
            self._note_corrupt(error, given, stream.position if stream else start)
        else:
            self._finish(stream, crc32, given)

    def _open(self, start: int, single_from: int | None) -> _Stream:
        return _Stream(self._source, self._codec.begin(self._source, start), self._budget, single_from)

    def _finish(self, stream: _Stream, crc32: int, given: int) -> None:
        ended = self._codec.end(self._source, stream.end, crc32, given)
        self._end = min(ended.offset, self._source.size)
        self.is_complete = True
        if ended.fault:
            self._note(ObservationCode.STREAM_CHECKSUM, ended.fault, stream.end)

    def _note_corrupt(self, error: Exception, given: int, offset: int) -> None:
        reason = " ".join(str(error).split()) or type(error).__name__
        is_memory = any(phrase in reason.lower() for phrase in _MEMORY_PHRASES)
        code = ObservationCode.STREAM_WINDOW if is_memory else ObservationCode.STREAM_CORRUPT
        self._note(code, f"the stream breaks off after {given} unpacked bytes: {reason.lower()}", offset)

    def _salvage(self, start: int, given: int, inputs: int) -> bytes:
        """Returns the bytes between the last whole chunk and the break, which the failing call kept to itself.

        Loaders whose reads end elsewhere get these bytes. The stream is unpacked again, the last input one byte at a
        time and what was not given yet one byte at a time; fewer than `OUTPUT_BYTES` can come.
        """
        salvaged = bytearray()
        try:
            stream = self._open(start, max(0, inputs - 1))
            while given > 0:
                given -= len(stream.read(min(given, OUTPUT_BYTES)))
            while len(salvaged) < OUTPUT_BYTES and (byte := stream.read(1)):
                salvaged += byte
        except (_TruncatedError, HeadTruncatedError, WindowError):
            return bytes(salvaged)
        except self._codec.errors:
            return bytes(salvaged)
        return bytes(salvaged)
