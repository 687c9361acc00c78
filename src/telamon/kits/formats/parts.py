"""One readable content of a container, as some loader would see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from telamon.kits.formats.source import Source  # noqa: TC001 - annotations of public records stay resolvable


class Reading(StrEnum):
    """By which description of the member its content was found."""

    LISTED = "listed"  # as the archive's directory says; or the one content of a compressed stream
    LOCAL = "local"  # as the member's own header says, where that differs from the directory
    STORED = "stored"  # the bytes as they stand, for readers that ignore an encryption mark or a second size
    UNLISTED = "unlisted"  # found by its own header alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One content of a container.

    Attributes:
        path: Names from the outermost container inwards, printable.
        source: The content; the reader of the part closes it.
        offset: Where the content stands in the container that was read, if it stands there unpacked.
        reading: By which description it was found.
        crc32: The CRC-32 that the archive states, not checked yet because nobody has read the content;
            `telamon.kits.formats.zip.check_crc` does. None where none is stated or it was checked.
        is_complete: False where unpacking broke off, so that the content is only its beginning.
    """

    path: tuple[str, ...]
    source: Source = field(repr=False)
    offset: int | None = None
    reading: Reading = Reading.LISTED
    crc32: int | None = None
    is_complete: bool = True

    @property
    def label(self) -> str:
        """The path with its components joined by `!`."""
        return label(self.path)


def label(path: tuple[str, ...]) -> str:
    """Returns a member path as it is shown: components joined by `!`."""
    return "!".join(path)
