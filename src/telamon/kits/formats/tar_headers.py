"""The headers of tar members as records: v7, ustar, pax and GNU (POSIX.1-2024 pax, GNU tar manual)."""

from __future__ import annotations

from dataclasses import dataclass

from telamon.kits.formats.tar_fields import number


@dataclass(frozen=True, slots=True, kw_only=True)
class TarHeader:
    """One header block.

    Attributes:
        name: Name as stored, the prefix of ustar before it.
        link: Target of a link as stored.
        kind: The type flag as one character.
        size: Stated length of the content, or None where the field is none.
        is_extended_sparse: Whether an old GNU sparse map goes on in the next block.
    """

    name: bytes
    link: bytes
    kind: str
    size: int | None
    is_extended_sparse: bool


def read_header(block: bytes) -> TarHeader:
    """Returns the fields of a whole block."""
    name = block[:100].split(b"\0", 1)[0]
    prefix = block[345:500].split(b"\0", 1)[0]
    kind = chr(block[156])
    is_posix = block[257:263] == b"ustar\0"
    return TarHeader(
        name=prefix + b"/" + name if prefix and is_posix else name,
        link=block[157:257].split(b"\0", 1)[0],
        kind=kind,
        size=number(block[124:136]),
        is_extended_sparse=kind == "S" and block[482] != 0,
    )


def read_pax_records(data: bytes) -> dict[str, bytes] | None:
    """Returns the records `length keyword=value` of a pax header, or None where they are broken."""
    records: dict[str, bytes] = {}
    position = 0
    while position < len(data) and data[position] != 0:
        blank = data.find(b" ", position, position + 21)
        digits = data[position:blank] if blank > position else b""
        if not digits.isdigit():
            return None
        end = position + int(digits)
        record = data[blank + 1 : end]
        keyword, equals, value = record.partition(b"=")
        if end <= blank + 1 or end > len(data) or not equals or not record.endswith(b"\n"):
            return None
        records[keyword.decode("utf-8", "replace")] = value[:-1]
        position = end
    return records
