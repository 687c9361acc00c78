"""The scan of a buffer that holds pickles: the public entry of the pickle engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Ending, IrregularError, Stream
from telamon.kits.formats.pickle.hooks import Guard, SelectiveHook
from telamon.kits.formats.pickle.limits import DEFAULT_LIMITS, DEFAULT_LOADER, Limits, Loader, Mode
from telamon.kits.formats.pickle.machine import Data, Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recorder import Recorder, Relay

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.hooks import Hook

_LARGE: Final = 512 * 1024  # below it, compiling the patterns costs more than the exact machine
_MEMOIZING_PROTOCOL: Final = 4


def scan(  # noqa: PLR0913 - all but the buffer have defaults and names
    buffer: Data,
    start: int = 0,
    end: int | None = None,
    *,
    recorder: Recorder,
    hook: Hook | None = None,
    limits: Limits = DEFAULT_LIMITS,
    mode: Mode = Mode.FILE,
    loader: Loader = DEFAULT_LOADER,
) -> Stream:
    """Returns how one pickle ends, after telling the recorder everything that it would do when loaded.

    Nothing is loaded and nothing is raised for the sake of the data.

    Args:
        buffer: The bytes, or a map of a file.
        start: Offset of the pickle's first byte.
        end: Offset after the last byte that the loader can read; the end of the buffer by default.
        recorder: Takes the events in order.
        hook: What the loader reads beside the pickle.
        limits: Bounds on the scan's cost.
        mode: How the loader reads.
        loader: What else is assumed of it.
    """
    stop = len(buffer) if end is None else min(end, len(buffer))
    exact = Machine(buffer, start, stop, recorder, hook=hook, limits=limits, loader=loader, mode=mode)
    if stop - start >= _LARGE:
        from telamon.kits.formats.pickle.data_only import inert_prefix  # noqa: PLC0415  # only for large streams

        prefix = inert_prefix(buffer, start, stop)
        if prefix.is_whole:
            return Stream(start=start, end=prefix.end, protocol=prefix.protocol, ending=Ending.STOP, is_data_only=True)
        if hook is None or isinstance(hook, SelectiveHook):
            return _scan_large(exact)
    return exact.run(HANDLERS)


def _scan_large(exact: Machine) -> Stream:
    """Returns how a large pickle ends, by the swift machine as long as the stream is regular."""
    from telamon.kits.formats.pickle.swift import SwiftMachine  # noqa: PLC0415  # 8 ms, only for large streams
    from telamon.kits.formats.pickle.swift_handlers import SWIFT_HANDLERS  # noqa: PLC0415  # likewise

    relay = Relay(exact.recorder)
    swift = SwiftMachine(
        exact.data,
        exact.start,
        exact.end,
        relay,
        hook=Guard(exact.hook) if isinstance(exact.hook, SelectiveHook) else None,
        limits=exact.limits,
        loader=exact.loader,
        mode=exact.mode,
    )
    head = bytes(exact.data[exact.start : exact.start + 2])
    swift.prepare(relay, puts=head < bytes([Opcode.PROTO, _MEMOIZING_PROTOCOL]))
    try:
        return swift.run(SWIFT_HANDLERS)
    except IrregularError:
        exact.recorder = Relay(exact.recorder, skip=relay.count)
        exact.executed = max(swift.executed, 0)
        return exact.run(HANDLERS)


def scan_all(  # noqa: PLR0913 - likewise
    buffer: Data,
    start: int = 0,
    end: int | None = None,
    *,
    recorder: Recorder,
    hook: Hook | None = None,
    limits: Limits = DEFAULT_LIMITS,
    mode: Mode = Mode.FILE,
    loader: Loader = DEFAULT_LOADER,
    most: int = 10_000,
) -> tuple[Stream, ...]:
    """Returns the outcomes of the pickles that follow each other, as of a loader that calls `load` repeatedly.

    The first one is always scanned. Behind it scanning goes on while another pickle begins there, and ends
    with the first stream that does not reach its STOP: the offsets from its end on are not pickle.

    Args:
        buffer: See `scan`.
        start: See `scan`.
        end: See `scan`.
        recorder: See `scan`.
        hook: See `scan`.
        limits: See `scan`; the bounds hold for each stream.
        mode: See `scan`.
        loader: See `scan`.
        most: Streams at most; each of them starts with an empty memo, as with `pickle.load`.
    """
    stop = len(buffer) if end is None else min(end, len(buffer))
    streams: list[Stream] = []
    while not streams or (start < stop and len(streams) < most):
        found = scan(buffer, start, stop, recorder=recorder, hook=hook, limits=limits, mode=mode, loader=loader)
        streams.append(found)
        if found.ending is not Ending.STOP:
            break
        start = found.end
    return tuple(streams)
