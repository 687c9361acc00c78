"""Reads ExecuTorch's programs (program.fbs and the header of extended ones) for what they run and where data stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from telamon.kits.formats import flatbuffer
from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from telamon.kits.formats.flatbuffer import Table
    from telamon.kits.formats.source import Source

EXTENDED: Final = b"eh00"
MAX_HEADER_BYTES: Final = 4096


class _Program:
    VERSION, PLANS, CONSTANTS, DELEGATE_DATA, SEGMENTS, CONSTANT_SEGMENT, MUTABLE, NAMED = range(8)


class _Plan:
    NAME, CONTAINER, VALUES, INPUTS, OUTPUTS, CHAINS, OPERATORS, DELEGATES = range(8)


@dataclass(slots=True, kw_only=True)
class ExecutorchProgram:
    """What a program says.

    Attributes:
        operators: Names with their namespaces.
        delegates: Names of the backends that run parts of it.
        flaws: What cannot be, in words.
    """

    operators: dict[str, None] = field(default_factory=dict)
    delegates: dict[str, None] = field(default_factory=dict)
    flaws: list[str] = field(default_factory=list)


def read_executorch(source: Source) -> ExecutorchProgram:
    """Returns what a program says and what of it a runtime must not believe.

    Raises:
        MalformedError: It breaks off, or an offset leads out of it.
        SourceError: The file cannot be read.
    """
    made = ExecutorchProgram()
    size, base = source.size, 0
    if source.read(8, 4) == EXTENDED:
        length = int.from_bytes(source.read(12, 4), "little")
        size, base = (int.from_bytes(source.read(at, 8), "little") for at in (16, 24))
        if not 24 <= length <= MAX_HEADER_BYTES or size > source.size or base > source.size:  # noqa: PLR2004  # of the header
            raise MalformedError(f"expected a program of at most {source.size} bytes, found {size}", offset=16)
    program = flatbuffer.root(source.sub(0, size))
    _segments(program, made, base, source.size)
    data_count = sum(1 for data in program.tables(_Program.DELEGATE_DATA) if data.vector(0, 1) is not None)
    segment_count = sum(1 for _ in program.tables(_Program.SEGMENTS))
    for buffer in program.tables(_Program.CONSTANTS):
        buffer.vector(0, 1)
    for plan in program.tables(_Program.PLANS):
        operators = [f"{operator.text(0)}.{operator.text(1)}".rstrip(".") for operator in plan.tables(_Plan.OPERATORS)]
        made.operators |= dict.fromkeys(operators)
        delegates = list(plan.tables(_Plan.DELEGATES))
        for delegate in delegates:
            made.delegates[delegate.text(0)] = None
            where = delegate.table(1)
            if where is not None and where.number(1, 4) >= (segment_count if where.number(0, 1) else data_count):
                made.flaws.append(f"a delegate's data is number {where.number(1, 4)}, which is not there")
        _chains(plan, made, len(operators), len(delegates))
    return made


def _segments(program: Table, made: ExecutorchProgram, base: int, size: int) -> None:
    for number, segment in enumerate(program.tables(_Program.SEGMENTS)):
        offset, length = segment.number(0, 8), segment.number(1, 8)
        if base + offset + length > size:
            made.flaws.append(f"segment {number} ends at byte {base + offset + length}, the file at {size}")


def _chains(plan: Table, made: ExecutorchProgram, operator_count: int, delegate_count: int) -> None:
    """Instructions name values, operators and delegates by number; of a union the type stands before the table."""
    value_count = sum(1 for _ in plan.tables(_Plan.VALUES))
    for at in (_Plan.INPUTS, _Plan.OUTPUTS):
        if any(not 0 <= value < value_count for value in plan.numbers(at, "i")):
            made.flaws.append(f"inputs or outputs beyond the {value_count} values")
    for chain in plan.tables(_Plan.CHAINS):
        for instruction in chain.tables(2):
            kind, arguments = instruction.number(0, 1), instruction.table(1)
            if arguments is None or kind not in {1, 2}:  # a call of an operator, or of a delegate
                continue
            most = operator_count if kind == 1 else delegate_count
            if arguments.number(0, 4) >= most:
                made.flaws.append(f"calls number {arguments.number(0, 4)} of {most}")
            if any(not 0 <= value < value_count for value in arguments.numbers(1, "i")):
                made.flaws.append(f"an argument beyond the {value_count} values")
            if len(made.flaws) > 50:  # noqa: PLR2004  # a reader has understood by then
                return
