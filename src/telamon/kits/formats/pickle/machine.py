"""The exact machine: one pickle, opcode by opcode, with the semantics of the C unpickler (Modules/_pickle.c)."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Final, TypeAlias

from telamon.kits.formats.pickle.endings import Break, Ending, Fault, Stream
from telamon.kits.formats.pickle.limits import DEFAULT_LIMITS, DEFAULT_LOADER, Limits, Loader, Mode, Results
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.values import UNKNOWN, Global, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telamon.kits.formats.pickle.hooks import Hook
    from telamon.kits.formats.pickle.recorder import Recorder

Data: TypeAlias = bytes | mmap.mmap
Handler: TypeAlias = "Callable[[Machine], None]"
SLICE: Final = 4096  # opcodes between two looks at the limits
_STOP: Final = int(Opcode.STOP)
_FIRST_SLOTS: Final = 32  # the C code's memo table begins with these


class Machine:
    """State of one `load()`: input, stack, marks and memo, as the C unpickler holds them.

    Attributes:
        data: The scanned buffer.
        position: Offset of the next byte to read.
        end: Where the data end.
        window: Up to where reads are plain: the end of the present frame, `end` outside frames.
        is_framed: Whether `window` is the end of a frame.
        at: Offset of the present opcode.
        stack: Values, without the marks.
        marks: Heights of the stack at which marks stand.
        fence: Height below which nothing may be popped: the topmost mark, or 0.
        memo: Filled memo slots; the C code's `memo_len` is the number of them.
        executed: The work done so far, in the unit of `Limits.opcodes`, up to the last look at the limits.
        line_length: Length of the line that was read last, without its newline.
        protocol: The protocol of the last PROTO, 0 before one.
    """

    def __init__(  # noqa: PLR0913 - all but the first have names and defaults
        self,
        data: Data,
        start: int,
        end: int,
        recorder: Recorder,
        *,
        hook: Hook | None = None,
        limits: Limits = DEFAULT_LIMITS,
        loader: Loader = DEFAULT_LOADER,
        mode: Mode = Mode.FILE,
        depth: int = 0,
    ) -> None:
        self.data = data
        self.handlers: Sequence[Handler] = ()
        self.start = start
        self.position = start
        self.end = end
        self.window = end
        self.is_framed = False
        self.at = start
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.fence = 0
        self.memo: dict[int, Value] = {}
        self.line_length = 0
        self.protocol = 0
        self.highest_protocol = 0
        self.recorder = recorder
        self.hook = hook
        self.limits = limits
        self.loader = loader
        self.mode = mode
        self.depth = depth
        self.is_anything = loader.results is Results.ANYTHING
        self.is_data_only = True
        self.overrun: int | None = None
        self.executed = 0
        self.buffers = 0
        self.nested: list[Stream] = []
        self.globals: dict[tuple[str | None, str | None, int, bool, bool], Global] = {}
        self.table_size = _FIRST_SLOTS

    def run(self, handlers: Sequence[Handler]) -> Stream:
        """Executes the stream to its end and returns how it ended; raises nothing."""
        self.handlers = handlers
        try:
            self._execute(handlers)
            value = self.pop()
        except Break as stop:
            return self._stream(stop.ending, stop.fault, stop.message, self.at, UNKNOWN)
        return self._stream(Ending.STOP, Fault.NONE, "", self._stopped_at(), value)

    def _stopped_at(self) -> int:
        """Returns where the next `load` reads: a file's reader took the whole frame that STOP stands in."""
        if not self.is_framed or self.position == self.window:
            return self.position
        self.note_overrun()
        return self.window if self.mode is Mode.FILE else self.position

    def _execute(self, handlers: Sequence[Handler]) -> None:
        """Runs opcodes until STOP."""
        data = self.data
        while True:
            for _ in range(SLICE):
                at = self.position
                if at >= self.window:
                    self.at = at
                    at = self.cross(1)
                self.at = at
                self.position = at + 1
                opcode = data[at]
                if opcode == _STOP:
                    return
                handlers[opcode](self)
            self.check_limits()

    def check_limits(self) -> None:
        """Ends the scan where it costs more than it may; called every few thousand opcodes."""
        limits = self.limits
        self.executed += SLICE
        if self.executed > limits.opcodes:
            raise Break(Fault.OPCODES, f"more work than {limits.opcodes} opcodes")
        if len(self.memo) > limits.memo_entries:
            raise Break(Fault.MEMORY, f"more than {limits.memo_entries} memo entries")
        if len(self.stack) + len(self.marks) > limits.stack_entries:
            raise Break(Fault.MEMORY, f"more than {limits.stack_entries} values on the stack")
        if limits.is_late is not None and limits.is_late():
            raise Break(Fault.TIME, "the time for this scan is up")

    def _stream(self, ending: Ending, fault: Fault, message: str, end: int, value: Value | Unknown) -> Stream:
        return Stream(
            start=self.start,
            end=end,
            protocol=self.highest_protocol,
            ending=ending,
            fault=fault,
            message=message,
            is_data_only=self.is_data_only,
            overrun=self.overrun,
            value=value,
            nested=tuple(self.nested),
            work=max(self.executed, 0),
        )

    def run_nested(self, start: int) -> int:
        """Runs a pickle that the loader reads in the middle of this one and returns where it ends."""
        if self.depth >= self.limits.nesting:
            raise Break(Fault.NESTING, f"streams nested more than {self.limits.nesting} deep")
        inner = self.nest(start)
        self.executed = inner.work
        self.nested.append(inner)
        self.is_data_only = self.is_data_only and inner.is_data_only
        if inner.ending is not Ending.STOP:
            raise Break(inner.fault, f"in the nested pickle at {start}: {inner.message}")
        return inner.end

    def nest(self, start: int) -> Stream:
        """Returns the outcome of a nested pickle that begins at `start`."""
        inner = type(self)(
            self.data,
            start,
            self.end,
            self.recorder,
            hook=self.hook,
            limits=self.limits,
            loader=self.loader,
            mode=self.mode,
            depth=self.depth + 1,
        )
        inner.executed = self.executed
        return inner.run(self.handlers)

    # Input ----------------------------------------------------------------------------------------------------

    def read(self, count: int) -> int:
        """Returns the offset of the next `count` bytes and moves behind them (`_Unpickler_Read`)."""
        start = self.position
        if start + count > self.window:
            start = self.cross(count)
        self.position = start + count
        return start

    def cross(self, count: int) -> int:
        """Returns where a read starts that does not fit in the frame (`_Unpickler_ReadImpl`).

        A file's unpickler drops the rest of the frame and reads on behind it; a buffer's knows no frames.
        """
        start = self.leave_frame()
        if start + count > self.end:
            raise Break(Fault.TRUNCATED, f"{count} bytes were expected and {max(self.end - start, 0)} are left")
        return start

    def leave_frame(self) -> int:
        """Returns where reading goes on when an opcode does not end in its frame."""
        start = self.position
        if self.is_framed and start < self.window:
            if self.window < self.end:
                self.note_overrun()
            if self.mode is Mode.FILE:
                start = self.window
        self.is_framed = False
        self.window = self.end
        return start

    def note_overrun(self) -> None:
        """Remembers the first opcode at which readers of files and of buffers part."""
        if self.overrun is None:
            self.overrun = self.at

    def read_into(self, count: int) -> int:
        """Returns the offset of the next `count` bytes and moves behind them (`_Unpickler_ReadInto`).

        Bytes payloads are read through the end of a frame, in files as well.
        """
        start = self.position
        stop = start + count
        if stop > self.window:
            if stop > self.end:
                raise Break(Fault.TRUNCATED, f"{count} bytes were expected and {self.end - start} are left")
            if self.is_framed and start < self.window:
                self.note_overrun()
            self.is_framed = False
            self.window = self.end
        self.position = stop
        return start

    def read_line(self) -> bytes:
        """Returns the next line, newline included (`_Unpickler_Readline`)."""
        start = self.position
        stop = self.data.find(b"\n", start, self.window)
        if stop < 0 and self.is_framed:
            start = self.leave_frame()
            stop = self.data.find(b"\n", start, self.end)
        if stop < 0:
            raise Break(Fault.TRUNCATED, "a line was expected and no newline is left")
        if stop - start >= self.limits.line_bytes:
            raise Break(Fault.MEMORY, f"a line of {stop - start} bytes")
        self.position = stop + 1
        self.executed -= 1
        self.line_length = stop - start
        return self.data[start : stop + 1]

    # Stack ----------------------------------------------------------------------------------------------------

    def pop(self) -> Value:
        """Returns the topmost value and takes it off; a mark is no value (`Pdata_pop`)."""
        if len(self.stack) <= self.fence:
            raise self.underflow()
        return self.stack.pop()

    def top(self) -> Value:
        """Returns the topmost value."""
        if len(self.stack) <= self.fence:
            raise self.underflow()
        return self.stack[-1]

    def pop_mark(self) -> int:
        """Returns the height of the topmost mark and takes it off (`marker`)."""
        marks = self.marks
        if not marks:
            raise Break(Fault.STACK, "could not find MARK")
        mark = marks.pop()
        self.fence = marks[-1] if marks else 0
        return mark

    def pop_to(self, mark: int) -> list[Value]:
        """Returns the values above a height and takes them off."""
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    @property
    def may_have_changed(self) -> bool:
        """Whether a call may have changed what is in a list, dict, set or bytearray of the stream."""
        return self.is_anything and not self.is_data_only

    def underflow(self) -> Break:
        """Returns the break for a pop from an empty stack (`Pdata_stack_underflow`)."""
        return Break(Fault.STACK, "unexpected MARK found" if self.marks else "unpickling stack underflow")
