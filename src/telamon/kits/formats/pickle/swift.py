"""The swift machine: the exact machine with runs of plain values taken as one entry of the stack.

It executes regular streams, whose memo is filled in order by one kind of opcode, and says so where one is not:
then the exact machine takes over. What it reports is what the exact machine reports, except that containers
fetched from the memo have forgotten what was put in (their `count` says so).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from telamon.kits.formats.pickle import grammar
from telamon.kits.formats.pickle.data_only import release
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Break, Fault, IrregularError
from telamon.kits.formats.pickle.machine import Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recall import Recall
from telamon.kits.formats.pickle.runs import ONE, PAIRS, VALUES, Entry, LazyCollection, LazyTuple
from telamon.kits.formats.pickle.values import Collection, Kind, Result, Value, is_hashable, is_opaque, type_name

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from telamon.kits.formats.pickle.machine import Data, Handler

    class Matcher(Protocol):
        """The `match` of a pattern that matches everywhere."""

        def __call__(self, data: Data, position: int, end: int) -> _Match: ...

    class _Match(re.Match[bytes]):
        lastindex: int  # type: ignore[assignment] - every step has groups that match


_STOP: Final = int(Opcode.STOP)
_DICT: Final = ord("}")
_EMPTY_TUPLE: Final = ord(")")
_REDUCE: Final = ord("R")
_SETITEMS: Final = ord("u")
_OPENING, _CALL, _STATE, _CLOSING = grammar.OPENING, grammar.CALL, grammar.STATE, grammar.CLOSING


class SwiftMachine(Machine):
    """State of one `load()` of a regular stream; `stack` holds values and runs."""

    recall: Recall
    puts: bool
    _is_filling_dict = False

    def prepare(self, *, puts: bool) -> None:
        """Makes ready for a stream whose memo is filled by BINPUT and LONG_BINPUT, or else by MEMOIZE."""
        self.puts = puts
        self.recall = Recall(self, puts=puts)
        self._choose(has_gets=False)
        self._released = self.start
        self._no_arguments = Collection(Kind.TUPLE, [], 0, True)

    def _execute(self, handlers: Sequence[Handler]) -> None:
        """Takes steps until STOP: a run of plain values, then what follows it."""
        data, slots, stack = self.data, self.recall.slots, self.stack
        while True:
            at = self.position
            if at >= slots.walked:
                self._walk()
            limit = slots.walked if slots.walked < self.window else self.window
            if self._is_filling_dict:
                found = self._in_dict(data, at, limit)
                stop = found.end(2)
                if stop > at:
                    stack.append((at, stop, PAIRS))  # type: ignore[arg-type] - a run is an entry here
                    at = stop
                stop = found.end(3)
                if stop > at:
                    stack.append((at, stop, ONE))  # type: ignore[arg-type] - likewise
            else:
                found = self._in_list(data, at, limit)
                stop = found.end(1)
                if stop > at:
                    stack.append((at, stop, VALUES))  # type: ignore[arg-type] - likewise
            self.position = at = found.end()
            kind = found.lastindex
            if kind >= _OPENING:
                self._take(kind, found)
            elif at < limit or at >= self.window or data[at] == _STOP:
                if self._execute_one(handlers):
                    return

    def _execute_one(self, handlers: Sequence[Handler]) -> bool:
        """Executes one opcode as the exact machine does; returns whether it is STOP."""
        at = self.at = self.position
        if at >= self.window:
            at = self.at = self.cross(1)
        self.position = at + 1
        opcode = self.data[at]
        if opcode == _STOP:
            self.solidify(1)
            return True
        handlers[opcode](self)
        self._look_below()
        return False

    def _walk(self) -> None:
        """Takes the next window and chooses the patterns for it."""
        self.check_limits()
        has_gets = self.recall.walk(self.position)
        if self.recall.slots.walked == self.position < self.end and self.data[self.position] != _STOP:
            raise IrregularError("an opcode that regular streams do not have")
        self._choose(has_gets=has_gets)
        self._released = release(self.data, self._released, self.position)

    def _choose(self, *, has_gets: bool) -> None:
        """Chooses the patterns of a window."""
        tokens = grammar.tokens(puts=self.puts, has_gets=has_gets)
        self._in_list: Matcher = tokens.in_list.match  # type: ignore[assignment] - these patterns always match
        self._in_dict: Matcher = tokens.in_dict.match  # type: ignore[assignment] - likewise

    def _look_below(self) -> None:
        """Notes whether keys and values are being put in what stands below the topmost mark."""
        below = self.stack[self.fence - 1] if self.fence else None
        self._is_filling_dict = isinstance(below, Collection) and below.kind is Kind.DICT

    def _take(self, kind: int, found: re.Match[bytes]) -> None:
        """Executes the structural token of a step."""
        if kind == _OPENING:
            is_dict = self._is_filling_dict = self.data[found.start(_OPENING)] == _DICT
            self.stack.append(LazyCollection(Kind.DICT if is_dict else Kind.LIST, self.recall))
            self.fence = len(self.stack)
            self.marks.append(self.fence)
        elif kind == _CLOSING:
            self.at = found.start(_CLOSING)
            self.close()
        else:
            self._call(found)

    def _call(self, found: re.Match[bytes]) -> None:
        """Executes a memoised callable, plain arguments, REDUCE or NEWOBJ, and BUILD with plain state."""
        self.at = found.start(grammar.CALLABLE)
        called = self.recall.fetch_operand(self.at)
        start, stop = found.span(grammar.ARGUMENTS)
        self.at = at = found.start(_CALL)
        opcode = Opcode.REDUCE if self.data[at] == _REDUCE else Opcode.NEWOBJ
        if not is_opaque(called):
            raise Break(Fault.TYPE, f"`{type_name(called)}` cannot be called by {opcode.name}")
        arguments: Collection
        if stop - start == 1:
            arguments = self._no_arguments
        else:
            arguments = LazyTuple(self.recall, start, stop)
        self.is_data_only = False
        self.recorder.called(at, opcode, called, arguments)
        result = Result(callable=called, arguments=arguments, opcode=opcode, offset=at)
        self.stack.append(result)
        start, stop = found.span(_STATE)
        if start >= 0:
            self.at = found.end() - 1
            state = LazyCollection(Kind.DICT, self.recall, [(start, stop, PAIRS)] if stop > start else None)
            result.state, result.has_state = state, True
            self.recorder.built(self.at, result, state)

    def close(self) -> None:
        """Executes APPENDS or SETITEMS at `at`."""
        mark = self.pop_mark()
        stack = self.stack
        if mark > len(stack) or mark <= self.fence:
            raise self.underflow()
        target = stack[mark - 1]
        is_pairs = self.data[self.at] == _SETITEMS
        if type(target) is LazyCollection and target.kind is (Kind.DICT if is_pairs else Kind.LIST):
            if is_pairs:
                self._check_pairs(mark)
            target.put(stack[mark:], self.limits.items_kept)
            del stack[mark:]
        else:
            self._close_other(mark, Opcode(self.data[self.at]))
        self._look_below()

    def _close_other(self, mark: int, opcode: Opcode) -> None:
        """Executes APPENDS or SETITEMS on anything else, or on what a run hides, with the exact machine's code."""
        self.marks.append(mark)
        self.fence = mark
        self.expand_to_mark(1)
        if opcode is Opcode.SETITEMS:
            self.refuse_indexes(len(self.stack) - self.fence)
        HANDLERS[opcode](self)

    def refuse_indexes(self, above: int) -> None:
        """Gives up where items of a list are set: its length may be forgotten."""
        index = len(self.stack) - above - 1
        target = self.stack[index] if index >= 0 else None
        if isinstance(target, Collection) and target.kind is Kind.LIST:
            raise IrregularError("assignment to an index")

    def _check_pairs(self, mark: int) -> None:
        """Refuses, as the unpickler does, an odd number of items and keys that are not hashable."""
        is_key = True
        for entry in self.stack[mark:]:
            if type(entry) is tuple:
                if entry[2] == VALUES or (entry[2] == PAIRS and not is_key):
                    self._check_expanded(mark)
                    return
                is_key = is_key is (entry[2] == PAIRS)
            else:
                if is_key and not is_hashable(entry):
                    self._check_expanded(mark)
                    return
                is_key = not is_key
        if not is_key:
            raise Break(Fault.STACK, "odd number of items for SETITEMS")

    def _check_expanded(self, mark: int) -> None:
        """Checks keys and values one by one."""
        self.stack[mark:] = items = self.expanded(self.stack[mark:])
        if len(items) % 2:
            raise Break(Fault.STACK, "odd number of items for SETITEMS")
        for key in items[::2]:
            if not is_hashable(key):
                raise Break(Fault.TYPE, f"unhashable type: {type_name(key)}")

    # Runs into values -----------------------------------------------------------------------------------------

    def expanded(self, entries: Sequence[Entry]) -> list[Value]:
        """Returns entries with their runs decoded."""
        values: list[Value] = []
        for entry in entries:
            if type(entry) is tuple:
                values += self.recall.decode(entry[0], entry[1])
            else:
                values.append(entry)
        return values

    def solidify(self, count: int) -> None:
        """Makes sure that the topmost `count` entries are values, as far as there are so many above the mark."""
        stack = self.stack
        index = len(stack)
        while count > 0 and index > self.fence:
            index -= 1
            entry: Entry = stack[index]
            if type(entry) is tuple:
                stack[index : index + 1] = values = self.recall.decode(entry[0], entry[1])
                count -= len(values)
            else:
                count -= 1

    def expand_to_mark(self, below: int = 0) -> None:
        """Makes sure that everything above the topmost mark, and `below` values under it, are values."""
        if not self.marks:
            return
        self.stack[self.fence :] = self.expanded(self.stack[self.fence :])
        if below and self.fence and type(self.stack[self.fence - 1]) is tuple:
            above = self.pop_to(self.pop_mark())
            self.solidify(below)
            self.fence = len(self.stack)
            self.marks.append(self.fence)
            self.stack += above
