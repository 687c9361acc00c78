"""Reads PaddlePaddle's programs (framework.proto) and the raw parameters that stand beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.formats.cursor import Cursor
from telamon.kits.formats.json_tree import walk
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.formats.protobuf import Message, open_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.json_tree import Json
    from telamon.kits.formats.source import Source

MAX_KEPT: Final = 10_000
MAX_TENSORS: Final = 200_000
MAX_DESCRIPTION_BYTES: Final = 4096
_PROGRAM_FIELDS: Final = frozenset({1, 2, 3, 4, 5})
_BLOCK_FIELDS: Final = frozenset({1, 2, 3, 4, 5})
_ITEM_BYTES: Final = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2, 23: 8, 24: 16, 32: 1, 33: 1}


@dataclass(slots=True, kw_only=True)
class PaddleProgram:
    """What a program runs.

    Attributes:
        operators: Names, each with the texts of its attributes.
    """

    operators: dict[str, list[str]] = field(default_factory=dict)


def looks_like_paddle(source: Source) -> bool:
    """Whether a message is a program: blocks that have a number, a parent and operators or variables."""
    try:
        message = open_message(source, most=100_000)
        blocks = [part for part in message if part.number == 1]
        if not blocks or not all(part.is_bytes for part in blocks):
            return False
        inner = message.message(blocks[0])
        numbers = {(part.number, part.is_bytes) for part in inner}
    except MalformedError:
        return False
    return {(1, False), (2, False)} <= numbers and bool({(3, True), (4, True)} & numbers)


def read_paddle(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> PaddleProgram:
    """Returns what a program runs.

    Raises:
        MalformedError: The bytes are no message, or hold more than is read.
        SourceError: The file cannot be read.
    """
    made = PaddleProgram()
    message = open_message(source, is_late=is_late)
    for part in message.contents():
        if part.number == 1:
            block = message.message(part)
            for operation in block.contents():
                if operation.number == 4:  # noqa: PLR2004  # ops
                    _operation(block.message(operation), made)
    return made


def _operation(message: Message, made: PaddleProgram) -> None:
    names: list[str] = []
    texts: list[str] = []
    for part in message.contents():
        if part.number == 3:  # noqa: PLR2004  # type
            names.append(message.text(part, 200))
        elif part.number == 4:  # noqa: PLR2004  # attrs: a name, and texts in 5 and 8
            inner = message.message(part)
            texts += [inner.text(text, 1000) for text in inner.contents() if text.number in {5, 8}]
    for name in names:
        if name not in made.operators and len(made.operators) >= MAX_KEPT:
            raise MalformedError(f"expected at most {MAX_KEPT} operators")
        kept = made.operators.setdefault(name, [])
        kept += texts[: max(0, 100 - len(kept))]


def looks_like_paddle_json(value: Json) -> bool:
    """Whether a parsed text is a program in the form of Paddle 3."""
    base = value.get("base_code") if isinstance(value, dict) else None
    return isinstance(base, dict) and base.get("magic") == "pir"


def read_paddle_json(value: Json) -> PaddleProgram:
    """Returns what a program in JSON runs; names stand under `#` behind the number of their dialect."""
    made = PaddleProgram()
    for _, met in walk(value):
        name: Any = met.get("#") if isinstance(met, dict) else None  # parsed JSON
        if isinstance(name, str) and isinstance(met, dict) and ("I" in met or "O" in met or "A" in met):
            kept = made.operators.setdefault(name.rpartition(".")[2][:200], [])
            kept += [text for _, text in walk(met.get("A")) if isinstance(text, str)][: max(0, 100 - len(kept))]
    return made


def begins_parameters(head: bytes) -> bool:
    """Whether bytes begin like a tensor: versions and levels that are 0, and a description of a type and sizes."""
    length = int.from_bytes(head[16:20], "little")
    return len(head) > 22 and not any(head[:16]) and 2 <= length <= MAX_DESCRIPTION_BYTES and head[20] == 8  # noqa: PLR2004 - a header, and field 1


def read_parameters(source: Source, *, is_late: Callable[[], bool] = lambda: False) -> int:
    """Returns how many tensors a file of raw parameters holds, one behind the other.

    Raises:
        MalformedError: One is not as long as it says, or says what cannot be.
        SourceError: The file cannot be read.
    """
    cursor = Cursor(source, most_steps=MAX_TENSORS, is_late=is_late)
    count = 0
    while cursor.left:
        cursor.step()
        if cursor.number("I"):
            raise MalformedError("expected version 0 of a tensor", offset=cursor.position - 4)
        for _ in range(cursor.count("Q", "levels", item_bytes=8, most=16)):
            cursor.skip(cursor.count("Q", "bytes"))
        if cursor.number("I"):
            raise MalformedError("expected version 0 of a tensor", offset=cursor.position - 4)
        length = cursor.count("i", "bytes", most=MAX_DESCRIPTION_BYTES)
        at = cursor.position
        cursor.skip(length)
        cursor.skip(_bytes_of(open_message(source.sub(at, length), most=1000), at))
        count += 1
    return count


def _bytes_of(message: Message, at: int) -> int:
    kind, elements = None, 1
    for part in message:
        if part.number == 1 and not part.is_bytes:
            kind = part.value
        elif part.number == 2 and not part.is_bytes:  # noqa: PLR2004  # dims
            elements *= part.value
    size = _ITEM_BYTES.get(kind if kind is not None else -1)
    if size is None or elements >= 1 << 63:
        raise MalformedError(f"expected a type and sizes, found type {kind} and {elements} elements", offset=at)
    return elements * size
