"""Opens any container: the one entry through which a scanner reaches the contents of archives and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.formats.budget import Budget, BudgetExceededError
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.observations import Observation, ObservationCode
from telamon.kits.formats.parts import Part, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.kits.formats.codecs import Codec
    from telamon.kits.formats.source import Source


def open_parts(source: Source, kind: Kind, budget: Budget, path: tuple[str, ...] = ()) -> Iterator[Part | Observation]:
    """Yields the contents of a container and what was noticed on the way; never more than the budget allows.

    A content comes after the observations on it, except that archives may note more at their end. The reader of a
    part closes its source. A stored part is a stretch of `source` and lives as long as that.

    Args:
        source: The container.
        kind: One of its claims (`telamon.kits.formats.identify`).
        budget: What may be spent on the outermost file; shared by all containers in it.
        path: Path of the container, printable; its length counts as depth.

    Raises:
        SourceError: The source cannot be read.
    """
    try:
        budget.check_depth(len(path) + 1)
        yield from _parts(source, kind, budget, path)
    except BudgetExceededError as error:
        from telamon.kits.formats.compression import BUDGET_CODES  # noqa: PLC0415 - lazy as below

        yield Observation(code=BUDGET_CODES[error.limit], message=error.message, member=label(path))


def _parts(source: Source, kind: Kind, budget: Budget, path: tuple[str, ...]) -> Iterator[Part | Observation]:
    # Readers are imported when the first of their kind turns up: a scan of one pickle needs none of them.
    if kind is Kind.ZIP:
        from telamon.kits.formats.zip.reader import read_zip  # noqa: PLC0415 - see above

        yield from read_zip(source, budget, path)
    elif kind is Kind.TAR:
        from telamon.kits.formats.tar import read_tar  # noqa: PLC0415 - see above

        yield from read_tar(source, budget, path)
    elif kind is Kind.SEVEN_ZIP:
        from telamon.kits.formats.seven_zip.reader import read_seven_zip  # noqa: PLC0415 - see above

        yield from read_seven_zip(source, budget, path)
    else:
        from telamon.kits.formats.codecs import codec_of_kind  # noqa: PLC0415 - see above

        codec = codec_of_kind(kind)
        if codec is None:
            message = f"there is no reader for `{kind}`"
            yield Observation(code=ObservationCode.NOT_SUPPORTED, message=message, member=label(path))
        else:
            yield from _unpacked(source, codec, kind, budget, path)


def _unpacked(
    source: Source, codec: Codec, kind: Kind, budget: Budget, path: tuple[str, ...]
) -> Iterator[Part | Observation]:
    from telamon.kits.formats.compression import Unpacking  # noqa: PLC0415 - see above
    from telamon.kits.formats.source import NoSpaceError, spool  # noqa: PLC0415 - see above

    budget.add_member()
    unpacking = Unpacking(source, codec, budget)
    try:
        content = spool(unpacking)
    except NoSpaceError as error:
        yield Observation(code=ObservationCode.NO_SPACE, message=error.message, member=label(path))
        return
    for fault in unpacking.faults:
        yield Observation(code=fault.code, message=fault.message, member=label(path), offset=fault.offset)
    yield Part(path=(*path, f"[{kind}]"), source=content, is_complete=unpacking.is_complete)
