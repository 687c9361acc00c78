"""The words in which the table says what a global does, separately for each way a pickle uses it."""

from __future__ import annotations

import dataclasses
import enum
from typing import assert_never


class Use(enum.StrEnum):
    """What a pickle does with a global."""

    REFERENCED = "referenced"  # only looked up and stored
    CALLED = "called"  # REDUCE, INST or OBJ: called with arguments
    INSTANTIATED = "instantiated"  # NEWOBJ, NEWOBJ_EX: `cls.__new__` only, and the object dies some day
    BUILT = "built"  # BUILD on an instance: `__setstate__`, or `__dict__` and slots
    FILLED = "filled"  # APPEND(S), SETITEM(S), ADDITEMS on an instance


class Effect(enum.StrEnum):
    """What may happen when a global is used."""

    DATA = "data"  # constructs or changes data and nothing else
    EXECUTE = "execute"  # runs code or a command that its arguments name
    PROCESS = "process"  # acts on processes, threads, signals or the running interpreter
    FILES = "files"  # opens, writes, renames or deletes files
    NETWORK = "network"  # opens connections or listens
    LOADS_CODE = "loads-code"  # imports, opens libraries, loads models or other pickles
    CARRIES_CODE = "carries-code"  # makes functions or classes of code in the file; it runs when they are used
    CALLS_ARGUMENT = "calls-argument"  # calls the argument at `Known.argument`
    INSTANTIATES_ARGUMENT = "instantiates-argument"  # `__new__` of the class at `Known.argument`
    UNPICKLES_ARGUMENT = "unpickles-argument"  # the bytes at `Known.argument` are a pickle and are loaded
    EVALUATES_TEXT = "evaluates-text"  # runs texts among its arguments, however deep in them, as code
    ATTRIBUTE = "attribute"  # reads or sets attributes by name, or hands out namespaces
    MEMORY = "memory"  # reads or writes memory outside Python's types
    DENIAL = "denial"  # ends, stops or exhausts the process
    CAPABILITY = "capability"  # harmless now, dangerous in the hands of whoever calls it later


class Rule(enum.StrEnum):
    """Which rule of the look-up answered."""

    EXACT = "exact"  # typed by hand under this very name
    SURVEYED = "surveyed"  # derived from the library's source under this very name
    ALIAS = "alias"  # another name of the same thing
    TAIL = "tail"  # a dotted name that ends in a dangerous one
    INTERNALS = "internals"  # a dotted name through `__globals__`, `__class__` and the like
    MODULE = "module"  # every callable of the module is dangerous


Effects = frozenset[Effect]

NOT_ESTABLISHED: Effects = frozenset()
ONLY_DATA: Effects = frozenset({Effect.DATA})
ACTING: Effects = frozenset(
    {Effect.EXECUTE, Effect.PROCESS, Effect.FILES, Effect.NETWORK, Effect.LOADS_CODE, Effect.MEMORY, Effect.DENIAL}
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the table says about one global.

    The effects of a use are empty where nothing was established: the judge treats that use as unknown.
    `module` and `name` are the entry that answered, which is not the name asked for unless `rule` is `exact`
    or `surveyed`. `does` completes the sentence "when called, it ..." and is the reason of the entry.
    `argument` is the position of the argument that `called` calls, instantiates or unpickles.
    """

    module: str
    name: str
    referenced: Effects
    called: Effects
    instantiated: Effects
    built: Effects
    filled: Effects
    argument: int | None
    does: str
    source: str
    rule: Rule

    def effects(self, use: Use) -> Effects:
        """The effects of one use; empty where nothing is established."""
        match use:
            case Use.REFERENCED:
                return self.referenced
            case Use.CALLED:
                return self.called
            case Use.INSTANTIATED:
                return self.instantiated
            case Use.BUILT:
                return self.built
            case Use.FILLED:
                return self.filled
            case _:
                assert_never(use)

    def is_data(self, use: Use) -> bool:
        """Whether this use is established to construct or change data and nothing else."""
        return self.effects(use) == ONLY_DATA

    @property
    def acts(self) -> bool:
        """Whether a call or an instance has effects of its own, beyond data and whatever its arguments do."""
        return bool((self.called | self.instantiated) & ACTING)

    @property
    def is_dangerous(self) -> bool:
        """Whether some use has an effect beyond data, so that the name itself is worth a warning."""
        return any(self.effects(use) - ONLY_DATA for use in Use)
