"""Archives that say one thing in one place and something else in another."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corpora.assembly import harmless, model, shell
from corpora.case import Case, Expectation, Technique
from corpora.hostile.envelopes import DEFLATED, Member, torch_zip, zip_of, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME: Final = b"archive/data.pkl"
VERSION: Final = Member(name=b"archive/version", data=b"3\n")
GOOD: Final = model(harmless(2))
GOOD_TOO: Final = Member(name=b"archive/other.pkl", data=GOOD)


def cases() -> Iterator[Case]:
    """Yield tricks with a payload to be found, then those that are wrong in themselves."""
    for name, layout in TRICKS.items():
        yield Case(name=name, technique=Technique.ZIP_TRICKS, data=layout(model(shell(2))), file_name="model.pt")
    for name, layout in HARMLESS_TRICKS.items():
        yield Case(
            name=name,
            technique=Technique.ZIP_TRICKS,
            data=layout(model(shell(2))),
            twin=layout(GOOD),
            file_name="model.pt",
        )
    for name, data in _wrong():
        yield Case(
            name=name, technique=Technique.ZIP_TRICKS, data=data, expectation=Expectation.FLAGGED, file_name="model.pt"
        )


def _one(pickle: bytes, **changes: object) -> bytes:
    return zipped(Member(name=NAME, data=pickle, **changes), VERSION)  # type: ignore[arg-type]  # fields by name


def _zip64(pickle: bytes) -> bytes:
    """A zip whose end record refers to a zip64 one (APPNOTE 4.3.14)."""
    plain = zipped(Member(name=NAME, data=pickle), VERSION)
    body, end = plain[:-22], plain[-22:]
    _, _, _, _, number, size, offset, _ = struct.unpack("<IHHHHIIH", end)
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, number, number, size, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(body), 1)
    return (
        body + record + locator + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )


# torch reads these without a word; so do some archive tools, and others see something else.
TRICKS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "local-name-differs": lambda pickle: _one(pickle, local_name=b"archive/data.txt"),
    "local-name-has-another-length": lambda pickle: _one(pickle, local_name=b"x"),
    "local-name-is-empty": lambda pickle: _one(pickle, local_name=b""),
    "encrypted-in-the-directory": lambda pickle: _one(pickle, flags=1, local_flags=0),
    "encrypted-in-the-member": lambda pickle: _one(pickle, flags=0, local_flags=1),
    "encrypted-in-both-but-not": lambda pickle: _one(pickle, flags=1),
    "strong-encryption-flag": lambda pickle: _one(pickle, flags=0x40, local_flags=0),
    "patch-flag": lambda pickle: _one(pickle, flags=0x20, local_flags=0),
    "masked-directory-flag": lambda pickle: _one(pickle, flags=0x2000, local_flags=0),
    "method-differs": lambda pickle: _one(pickle, method=0, local_method=DEFLATED),
    "method-unknown-in-the-member": lambda pickle: _one(pickle, method=0, local_method=99),
    "duplicate-payload-first": lambda pickle: zipped(
        VERSION, Member(name=NAME, data=pickle), Member(name=NAME, data=GOOD)
    ),
    "duplicate-payload-last": lambda pickle: zipped(
        VERSION, Member(name=NAME, data=GOOD), Member(name=NAME, data=pickle)
    ),
    "duplicate-but-for-case": lambda pickle: zipped(
        VERSION, Member(name=NAME.upper(), data=pickle), Member(name=NAME, data=GOOD)
    ),
    "not-in-the-directory": lambda pickle: zipped(
        VERSION, Member(name=NAME, data=GOOD), Member(name=b"archive/extra.pkl", data=pickle, is_listed=False)
    ),
    "same-name-not-in-the-directory": lambda pickle: zipped(
        VERSION, Member(name=NAME, data=pickle, is_listed=False), Member(name=NAME, data=GOOD)
    ),
    "two-directories": lambda pickle: zipped(Member(name=NAME, data=GOOD)) + zipped(Member(name=NAME, data=pickle)),
    "two-directories-payload-first": lambda pickle: (
        zipped(Member(name=NAME, data=pickle)) + zipped(Member(name=NAME, data=GOOD))
    ),
    "count-too-small": lambda pickle: zipped(VERSION, Member(name=NAME, data=pickle), count=1),
    "count-too-small-behind-the-payload": lambda pickle: zipped(
        VERSION, Member(name=NAME, data=pickle), GOOD_TOO, count=2
    ),
    "count-too-large": lambda pickle: zipped(VERSION, Member(name=NAME, data=pickle), count=9),
    "whole-archive-in-the-comment": lambda pickle: zipped(Member(name=NAME, data=GOOD), comment=torch_zip(pickle)),
    "name-with-control-characters": lambda pickle: zipped(Member(name=b"archive/data\x08.pkl", data=pickle), VERSION),
    "name-with-nul": lambda pickle: zipped(Member(name=b"archive/data.pkl\0.txt", data=pickle), VERSION),
    "name-with-line-end": lambda pickle: zipped(Member(name=b"archive/data\n.pkl", data=pickle), VERSION),
    "name-climbs": lambda pickle: zipped(Member(name=b"archive/../../data.pkl", data=pickle), VERSION),
    "name-absolute": lambda pickle: zipped(Member(name=b"/archive/data.pkl", data=pickle), VERSION),
    "name-with-backslashes": lambda pickle: zipped(Member(name=b"archive\\data.pkl", data=pickle), VERSION),
}
# Ordinary but unusual: the twin is no finding.
HARMLESS_TRICKS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "wrong-checksum-in-the-directory": lambda pickle: _one(pickle, wrong_checksum=1),
    "wrong-checksum-in-the-member": lambda pickle: _one(pickle, wrong_local_checksum=1),
    "wrong-checksum-in-both": lambda pickle: _one(pickle, wrong_checksum=1, wrong_local_checksum=1),
    "deflated-by-hand": lambda pickle: _one(pickle, method=DEFLATED),
    "name-not-utf8": lambda pickle: zipped(Member(name=b"archive\xff/data.pkl", data=pickle), VERSION),
    "extra-field-aligns": lambda pickle: _one(pickle, extra=b"FB\x0c\0" + b"Z" * 12),
    "prepended-data": lambda pickle: zipped(Member(name=NAME, data=pickle), VERSION, before=b"#!/bin/sh\nexit 0\n"),
    "appended-data": lambda pickle: zipped(Member(name=NAME, data=pickle), VERSION, after=bytes(100)),
    "zip-in-zip": lambda pickle: zip_of({"inner.zip": torch_zip(pickle)}),
    "zip-in-zip-called-data-pkl": lambda pickle: zip_of(
        {"archive/data.pkl": torch_zip(pickle), "archive/version": b"3\n"}
    ),
    "zip64": _zip64,
    "many-members": lambda pickle: zip_of(
        {
            **{f"archive/x/{number}": b"0" for number in range(300)},
            "archive/version": b"3\n",
            "archive/data.pkl": pickle,
        }
    ),
    "directory-entry-first": lambda pickle: zipped(
        Member(name=b"archive/", data=b""), VERSION, Member(name=NAME, data=pickle)
    ),
}


def _wrong() -> Iterator[tuple[str, bytes]]:
    yield "size-differs", _one(GOOD, wrong_size=-3)
    yield "benign-duplicates", zipped(Member(name=NAME, data=GOOD), Member(name=NAME, data=GOOD))
    yield "benign-name-climbs", zipped(Member(name=b"../../../home/user/.bashrc", data=b"x"))
