"""Damaged files: cut off at every byte, with flipped bits, and of no sense at all."""

from __future__ import annotations

import gzip
import io
import pickle
import pickletools
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from telamon.core.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
DATA = pickle.dumps(OrderedDict(a=[1, 2.5, "x", b"y", None, (True, {3})]), protocol=4)


def zipped(content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", b"3\n")
    return buffer.getvalue()


def tarred(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("model.pkl")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


FILES = {
    "pickle": DATA,
    "hostile-pickle": CALL,
    "protocol-0": b"(dp0\nVa\np1\nI1\ns.",
    "zip": zipped(DATA),
    "deflated-zip": zipped(DATA * 4, zipfile.ZIP_DEFLATED),
    "tar": tarred(DATA)[:1536],
    "gzip": gzip.compress(DATA, mtime=0),
    "zlib": zlib.compress(DATA),
    "npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(127) + b"\n" + DATA,
}


@pytest.mark.parametrize("name", FILES)
def test_every_beginning_of_a_file_has_an_outcome(check_bytes: Callable, name: str) -> None:
    content = FILES[name]
    for end in range(len(content)):
        check_bytes(content[:end])


def test_pickle_that_breaks_off_is_never_clean(check_bytes: Callable) -> None:
    for end in range(1, len(DATA)):
        assert check_bytes(DATA[:end]).outcome.verdict in {Verdict.NOT_UNDERSTOOD, Verdict.NOT_APPLICABLE}


def test_payload_counts_from_the_byte_on_at_which_it_would_run(check_bytes: Callable) -> None:
    """Unpicklers read a frame whole, so only a stream without frames runs before it breaks off."""
    for end in range(CALL.index(b"R") + 1, len(CALL) + 1):
        checked = check_bytes(CALL[:end])
        assert checked.outcome.verdict is Verdict.MALICIOUS
        assert checked.findings[0].location.offset == CALL.index(b"R")


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_has_an_outcome(check_bytes: Callable, name: str) -> None:
    content = FILES[name]
    step = 1 if len(content) < 100 else 7
    for at in range(0, len(content) * 8, step):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        check_bytes(bytes(flipped))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
@example(content=b"")
@example(content=b"\0" * 4096)
@example(content=b"\xff" * 4096)
@example(content=b"PK\x05\x06" + b"\xff" * 18)
@example(content=b"\x1f\x8b\x08\x00")
@example(content=b"\x80")
@example(content=b"\x80\x05")
@example(content=b".")
def test_random_bytes_have_an_outcome(check_bytes: Callable, content: bytes) -> None:
    check_bytes(content)


OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.sampled_from(OPCODES) | st.binary(max_size=6), max_size=60))
def test_random_opcodes_have_an_outcome(check_bytes: Callable, body: list[bytes]) -> None:
    check_bytes(b"\x80\x04" + b"".join(body) + b".")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(FILES)),
    cuts=st.tuples(st.integers(0, 400), st.integers(0, 400)),
    filler=st.binary(max_size=20),
)
def test_spliced_files_have_an_outcome(check_bytes: Callable, name: str, cuts: tuple[int, int], filler: bytes) -> None:
    content = FILES[name]
    check_bytes(content[: cuts[0]] + filler + content[cuts[1] :])


def test_empty_file_has_nothing_to_judge(check_bytes: Callable) -> None:
    checked = check_bytes(b"")
    assert (checked.outcome.verdict, checked.outcome.form, checked.findings) == (Verdict.NOT_APPLICABLE, "empty", ())
