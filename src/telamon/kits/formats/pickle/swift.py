"""The swift machine: the exact machine with runs of plain values taken as one entry of the stack.

It executes regular streams, whose memo is filled in order by one kind of opcode, and says so where one is not:
then the exact machine takes over. What it reports is what the exact machine reports, except that containers
fetched from the memo have forgotten what was put in (their `count` says so).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from telamon.kits.formats.pickle import grammar
from telamon.kits.formats.pickle.data_only import release
from telamon.kits.formats.pickle.dispatch import HANDLERS
from telamon.kits.formats.pickle.endings import Break, Fault, IrregularError
from telamon.kits.formats.pickle.limits import CALL_WORK, EVENT_WORK
from telamon.kits.formats.pickle.machine import SLICE, Machine
from telamon.kits.formats.pickle.opcodes import Opcode
from telamon.kits.formats.pickle.recall import Recall
from telamon.kits.formats.pickle.recorder import EventKind
from telamon.kits.formats.pickle.runs import ONE, PAIRS, VALUES, Entry, LazyCollection, LazyMade
from telamon.kits.formats.pickle.shapes import Shapes
from telamon.kits.formats.pickle.values import Collection, Kind, Result, Value, is_hashable, is_opaque, type_name

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from telamon.kits.formats.pickle.machine import Data, Handler
    from telamon.kits.formats.pickle.recorder import Relay

    Matcher: TypeAlias = Callable[[Data, int, int], re.Match[bytes] | None]


_STOP: Final = int(Opcode.STOP)
_DICT: Final = ord("}")
_EMPTY_TUPLE: Final = ord(")")
_REDUCE: Final = ord("R")
_SETITEMS: Final = ord("u")
_RUN, _PAIRS, _KEY = grammar.RUN, grammar.PAIRS, grammar.KEY
_CALLABLE, _CALL, _STATE = grammar.CALLABLE, grammar.CALL, grammar.STATE
_CLOSING, _OPENING = grammar.CLOSING, grammar.OPENING
_STRUCTURAL: Final = frozenset(b"Rb012Qotads\x81\x85\x86\x87\x90\x91\x92\x93\x94qrcP")  # no step begins with these
_FIRST_LESSON: Final = 64  # opcodes executed one by one, after which samples of the first events are kept
_PATIENCE: Final = 128  # such opcodes from one lesson to the next, doubled while nothing is learned
_LONGEST_LESSON: Final = 64 * 1024
_STEP_WORK: Final = 8  # what an opcode costs here, one by one, as against the exact machine
_FREE_BYTES: Final = 4  # that pay for a unit of work: ordinary streams have one such opcode for each fifty bytes
_MOST_SAVED: Final = -500_000  # that runs pay for in advance
_MANY: Final = 20_000  # opcodes one by one, after which the runs must be worth it
_DENSEST: Final = 24  # bytes for each of them: below that the exact machine is faster
_LOOKED_BACK: Final = 2**20  # bytes in which they are counted
_BYTES_FOR_EACH: Final = 16  # bytes of a lesson for each opcode executed one by one before the next
_DICTS, _LISTS, _TUPLES = Kind.DICT, Kind.LIST, Kind.TUPLE


class SwiftMachine(Machine):
    """State of one `load()` of a regular stream.

    Attributes:
        puts: Whether the memo is filled by BINPUT and LONG_BINPUT, else by MEMOIZE.
        recall: The memo.
        entries: The stack, of values and runs.
    """

    recall: Recall
    puts: bool
    _is_filling_dict = False
    _is_stepping = True

    def prepare(self, relay: Relay, *, puts: bool) -> None:
        """Makes ready for a stream whose memo is filled by BINPUT and LONG_BINPUT, or else by MEMOIZE."""
        self.recorder = relay
        self.entries = cast("list[Entry]", self.stack)  # the same list; exact handlers never meet the runs in it
        self.puts = puts
        self.recall = Recall(self, puts=puts)
        self.shapes = Shapes(self.data, self.recall, relay, puts=puts)
        self._relay = relay
        self._singles = 0
        self._charged = 0
        self._counted = (0, self.start)  # opcodes one by one, and the offset, from which their density is told
        self._fills_with_pairs = True
        self._patience = _PATIENCE
        self._lesson = self.start
        self._next_lesson = _FIRST_LESSON
        self._value_at = -1
        self._in_list: Matcher = self._first_match
        self._in_dict: Matcher = self._first_match
        self._released = self.start
        self._no_arguments = Collection(Kind.TUPLE, [], 0, True)

    def _execute(self, handlers: Sequence[Handler]) -> None:
        """Takes steps until STOP."""
        while not self._take_steps() and not self._execute_one(handlers):
            self._execute_structural(handlers)

    def _take_steps(self) -> bool:  # noqa: C901, PLR0912 - the hot loop, inlined
        """Takes steps as long as they match; returns False where one opcode has to be executed by itself."""
        data, slots, stack = self.data, self.recall.slots, self.entries
        while True:
            at = self.position
            if at >= slots.walked:
                self._walk()
            if self._is_stepping:
                return False
            limit = slots.walked if slots.walked < self.window else self.window  # noqa: FURB136 - min() costs a call
            if self.shapes.is_any and self._take_shapes(at, limit):
                continue
            if self._is_filling_dict:
                found = self._in_dict(data, at, limit)
                if found is None:
                    return False
                stop = found.end(_PAIRS)
                if stop > at:
                    stack.append((at, stop, PAIRS))
                    at = stop
                stop = found.end(_KEY)
                if stop > at:
                    stack.append((at, stop, ONE))
                    self._value_at = stop
            else:
                found = self._in_list(data, at, limit)
                if found is None:
                    return False
                stop = found.end(_RUN)
                if stop > at:
                    stack.append((at, stop, VALUES))
            begun, self.position = self.position, found.end()
            kind = found.lastindex or 0
            if kind >= _CALLABLE:
                self._take(kind, found)
            elif self.position == begun or (self.position < limit and not self.shapes.is_any):
                return False

    def _take_shapes(self, at: int, limit: int) -> bool:
        """Takes values of known shapes; returns whether there are any."""
        shapes = self.shapes
        if not self._is_filling_dict:
            stop, shape = shapes.take_values(self.data, at, limit), VALUES
        elif at == self._value_at:
            stop, shape = shapes.take_value(self.data, at, limit), ONE
        else:
            stop, shape = shapes.take_pairs(self.data, at, limit), PAIRS
        if stop == at:
            return False
        self.position = stop
        self.entries.append((at, stop, shape))
        return True

    def _learn(self) -> None:
        """Looks for shapes in what was executed since the last time, the longer the less was found."""
        start, stop = self._lesson, self.position
        was_any = self.shapes.is_any
        is_new = stop - start <= _LONGEST_LESSON and self.shapes.learn(start, stop)
        if is_new and not was_any:
            self._in_list = self._in_dict = self._first_match
        self._patience = _PATIENCE if is_new else 2 * self._patience
        self._lesson = stop
        # An outline costs about as much as the execution of an opcode, and most of the bytes may be of known shapes.
        self._next_lesson = self._singles + max(self._patience, min(stop - start, _LONGEST_LESSON) // _BYTES_FOR_EACH)

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
        self._singles += 1
        if self._singles >= self._next_lesson:
            self._learn()
        return False

    def _execute_structural(self, handlers: Sequence[Handler]) -> None:
        """Executes opcodes with which no step begins."""
        data = self.data
        limit = min(self.recall.slots.walked, self.window)
        at, begun = self.position, self._singles
        while at < limit:
            opcode = data[at]
            if opcode not in _STRUCTURAL:
                break
            self.at = at
            self.position = at + 1
            handlers[opcode](self)
            self._singles += 1
            at = self.position
        if self._singles > begun:
            self._look_below()
            if self._singles >= self._next_lesson:
                self._learn()

    def note_overrun(self) -> None:
        """Gives up where an opcode does not end in its frame: what follows depends on the reader."""
        raise IrregularError("an opcode reaches over the end of its frame")

    def _walk(self) -> None:
        """Takes the next window and chooses the patterns for it."""
        done = self._singles * _STEP_WORK - (self.position - self.start) // _FREE_BYTES
        self.executed = max(self.executed + done - self._charged, _MOST_SAVED) - SLICE
        self._charged = done
        self.check_limits()
        singles, walked = self._singles - self._counted[0], self.position - self._counted[1]
        if singles > _MANY and singles * _DENSEST > walked:
            raise IrregularError("hardly a run of plain values")
        if walked > _LOOKED_BACK:
            self._counted = (self._singles, self.position)
        self._is_stepping = not self.recall.walk(self.position)
        if self.recall.slots.walked == self.position < self.end and self.data[self.position] != _STOP:
            raise IrregularError("an opcode that regular streams do not have")
        self._released = release(self.data, self._released, self.position)

    def _first_match(self, data: Data, at: int, limit: int) -> re.Match[bytes] | None:
        """Compiles the pattern of the present kind of step, and returns what it matches."""
        pattern = grammar.step(puts=self.puts, has_shapes=self.shapes.is_any, in_dict=self._is_filling_dict)
        if self._is_filling_dict:
            self._in_dict = pattern.match
        else:
            self._in_list = pattern.match
        return pattern.match(data, at, limit)

    def _look_below(self) -> None:
        """Notes whether keys and values are being put in what stands below the topmost mark."""
        below = self.stack[self.fence - 1] if self.fence else None
        kind = type(below)
        if kind is LazyCollection:
            self._is_filling_dict = cast("LazyCollection", below).kind is _DICTS
        else:
            self._is_filling_dict = kind is Result and self._fills_with_pairs

    def _take(self, kind: int, found: re.Match[bytes]) -> None:
        """Executes the structural tokens of a step."""
        if found.end(_CALL) > 0:
            self._call(found)
        if kind >= _CLOSING:
            at = found.start(_CLOSING)
            if at >= 0:
                self.at = at
                self.close(is_pairs=self.data[at] == _SETITEMS)
            if kind == _OPENING:
                stack = self.stack
                is_dict = self._is_filling_dict = self.data[found.start(_OPENING)] == _DICT
                stack.append(LazyCollection(_DICTS if is_dict else _LISTS, self.recall))
                self.fence = fence = len(stack)
                self.marks.append(fence)
            else:
                self._look_below()

    def _call(self, found: re.Match[bytes]) -> None:
        """Executes a memoised callable, plain arguments, REDUCE or NEWOBJ, and BUILD with plain state."""
        self.at = found.start(grammar.CALLABLE)
        called = self.recall.fetch_operand(self.at)
        start, stop = found.span(grammar.ARGUMENTS)
        self.at = at = found.start(_CALL)
        opcode = Opcode.REDUCE if self.data[at] == _REDUCE else Opcode.NEWOBJ
        if not is_opaque(called):
            raise Break(Fault.TYPE, f"`{type_name(called)}` cannot be called by {opcode.name}")
        is_empty = stop - start == 1
        arguments = self._no_arguments if is_empty else LazyMade(_TUPLES, self.recall, start, stop)
        self.is_data_only = False
        self.executed += CALL_WORK
        self.recorder.called(at, opcode, called, arguments)
        result = Result(callable=called, arguments=arguments, opcode=opcode, offset=at)
        self.stack.append(result)
        start, stop = found.span(_STATE)
        if start >= 0:
            self.at = stop
            state = LazyMade(_DICTS if self.data[start] == _DICT else _TUPLES, self.recall, start, stop)
            result.state, result.has_state = state, True
            self.executed += EVENT_WORK
            self.recorder.built(self.at, result, state)
            if self.hook is not None:
                self.hook.after_build(result, state, self.position)
        self._singles += 3
        if self._singles >= self._next_lesson:
            self._learn()

    def close(self, *, is_pairs: bool) -> None:
        """Executes APPENDS, or SETITEMS, which takes pairs."""
        mark = self.pop_mark()
        stack = self.entries
        if mark > len(stack) or mark <= self.fence:
            raise self.underflow()
        target = stack[mark - 1]
        is_lazy = type(target) is LazyCollection and target.kind is (_DICTS if is_pairs else _LISTS)
        is_result = not is_lazy and type(target) is Result
        if not is_lazy and not is_result:
            self._close_other(mark, Opcode.SETITEMS if is_pairs else Opcode.APPENDS)
            return
        entries = stack[mark:]
        if is_pairs and not (len(entries) == 1 and type(entries[0]) is tuple and entries[0][2] == PAIRS):
            self._check_pairs(mark, is_hashed=is_lazy)
            entries = stack[mark:]
        if is_lazy:
            cast("LazyCollection", target).put(cast("list[Value]", entries), self.limits.items_kept)  # it takes runs
        elif entries:
            self._change(cast("Result", target), entries[0], is_pairs=is_pairs)
        del stack[mark:]

    def _change(self, target: Result, first: Entry, *, is_pairs: bool) -> None:
        """Tells that the result of a call takes items, of which the first is in an entry."""
        self._fills_with_pairs = is_pairs
        method = "__setitem__" if is_pairs else "extend"
        counter = self._relay.tally(EventKind.MUTATION, None, target, method)
        if counter is not None:
            self._relay.add(counter, 1)
            return
        if type(first) is tuple:
            first = self.recall.decode(first[0], first[1], most=1 if first[2] == PAIRS else None)[0]
        self.executed += EVENT_WORK
        self.recorder.mutated(self.at, target, method, cast("Value", first))

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

    def _check_pairs(self, mark: int, *, is_hashed: bool) -> None:
        """Refuses, as the unpickler does, an odd number of items and keys that are not hashable."""
        is_key = True
        for entry in self.entries[mark:]:
            if type(entry) is tuple:
                if entry[2] == VALUES or (entry[2] == PAIRS and not is_key):
                    self._check_expanded(mark, is_hashed=is_hashed)
                    return
                is_key = is_key is (entry[2] == PAIRS)
            elif is_key and is_hashed and not is_hashable(cast("Value", entry)):  # mypy does not narrow by `type() is`
                self._check_expanded(mark, is_hashed=is_hashed)
                return
            else:
                is_key = not is_key
        if not is_key:
            raise Break(Fault.STACK, "odd number of items for SETITEMS")

    def _check_expanded(self, mark: int, *, is_hashed: bool) -> None:
        """Checks keys and values one by one."""
        items = self.expanded(self.entries[mark:])
        self.stack[mark:] = items
        if len(items) % 2:
            raise Break(Fault.STACK, "odd number of items for SETITEMS")
        for key in items[::2]:
            if is_hashed and not is_hashable(key):
                raise Break(Fault.TYPE, f"unhashable type: {type_name(key)}")

    # Runs into values -----------------------------------------------------------------------------------------

    def expanded(self, entries: Sequence[Entry]) -> list[Value]:
        """Returns entries with their runs decoded."""
        values: list[Value] = []
        for entry in entries:
            if type(entry) is tuple:
                values += self.recall.decode(entry[0], entry[1])
            else:
                values.append(cast("Value", entry))  # likewise
        return values

    def is_hashable(self, entry: Entry) -> bool:
        """Returns whether all values of an entry can be keys; only a run that may hold containers is decoded."""
        if type(entry) is not tuple:
            return is_hashable(cast("Value", entry))  # likewise
        raw = self.data[entry[0] : entry[1]]
        if b"]" in raw or b"}" in raw or b"\x8f" in raw:
            return all(map(is_hashable, self.recall.decode(entry[0], entry[1])))
        return True

    def solidify(self, count: int) -> None:
        """Makes sure that the topmost `count` entries are values, as far as there are so many above the mark."""
        stack = self.entries
        index = len(stack)
        if count == 1 and index > self.fence and type(stack[-1]) is not tuple:
            return
        while count > 0 and index > self.fence:
            index -= 1
            entry = stack[index]
            if type(entry) is tuple:
                stack[index : index + 1] = values = self.recall.decode(entry[0], entry[1])
                count -= len(values)
            else:
                count -= 1

    def expand_to_mark(self, below: int = 0) -> None:
        """Makes sure that everything above the topmost mark, and `below` values under it, are values."""
        if not self.marks:
            return
        self.stack[self.fence :] = self.expanded(self.entries[self.fence :])
        if below and self.fence and type(self.entries[self.fence - 1]) is tuple:
            above = self.pop_to(self.pop_mark())
            self.solidify(below)
            self.fence = len(self.stack)
            self.marks.append(self.fence)
            self.stack += above
