"""Hand-made streams in which a reader goes astray that does not do what `_pickle.c` does, each against CPython."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from pickle_fuzzing.campaign import MACHINES, judge
from pickle_fuzzing.comparison import Verdict, compare, cover
from pickle_fuzzing.observation import Scan, observe, scan_as_large
from pickle_fuzzing.reference import Job, Reader, Reference
from telamon.kits.formats.pickle import Results

if TYPE_CHECKING:
    from collections.abc import Iterator

CALL = b"cos\nsystem\n(S'id'\ntR."
LONG_PATH = b"path.os." * 512
BYTEARRAY = b"\x96" + struct.pack("<Q", 2) + b"ab"
RESULT = b"cm\nf\n)R"


def counted(opcode: bytes, body: bytes) -> bytes:
    return opcode + struct.pack("<I", len(body)) + body


def frame(body: bytes, length: int | None = None) -> bytes:
    return b"\x95" + struct.pack("<Q", len(body) if length is None else length) + body


GOES_ON = {
    "INT that is octal": b"](NNNNNNNNNeI010\nNs0" + CALL,
    "INT that is a NUL": b"](NeI\0\nNs0" + CALL,
    "INT with blanks around": b"](NNeI \t1 \nNs0" + CALL,
    "INT with underscores": b"](NNeI0_0\nNs0" + CALL,
    "INT that is one byte is a boolean index": b"](NNeI01\nNs0" + CALL,
    "LONG ends at a NUL": b"](NNeL1\0junk\nNs0" + CALL,
    "LONG4 of 5000 bytes that is 0": b"](NNe" + counted(b"\x8b", bytes(5000)) + b"Ns0" + CALL,
    "LONG4 of 5000 bytes that is -1": b"](NNe" + counted(b"\x8b", b"\xff" * 5000) + b"Ns0" + CALL,
    "LONG4 of 5000 bytes into a bytearray": BYTEARRAY + counted(b"\x8b", b"\1" + bytes(4999)) + b"a0" + CALL,
    "LONG1 of no bytes": b"](Ne\x8a\x00Ns0" + CALL,
    "FLOAT without leading digits": b"F-.5e1\n0" + CALL,
    "FLOAT with a NUL": b"F1\0junk\n0" + CALL,
    "STRING with an octal escape over 255": b"S'\\501'\n0" + CALL,
    "UNICODE with escapes makes the names": b"Vo\\u0073\nV\\u0073ystem\n\x93)R0" + CALL,
    "UNICODE with an escaped backslash": b"V\\\\u0041\n0" + CALL,
    "GET with an index in another form": b"Np07\n0g +7\0junk\n0" + CALL,
    "MEMOIZE after PUT over the same slot": b"Vos\np0\np0\n0Vsystem\n\x940h\x00h\x01\x93)R0" + CALL,
    "MEMOIZE after a far PUT": b"Vos\nr\x20\x00\x00\x00\x940h\x20h\x01\x93)R0" + CALL,
    "DUP makes both names": b"\x8c\x02os2\x93)R0" + CALL,
    "decoys between the names": b"\x8c\x02osN0(1\x8c\x06systemK\x010\x93)R0" + CALL,
    "name by GET": b"\x8c\x06system\x940\x8c\x02osh\x00\x93)R0" + CALL,
    "name of BINSTRING": b"U\x02os" + counted(b"T", b"system") + b"\x93)R0" + CALL,
    "name longer than is kept": b"\x8c\x02os" + counted(b"X", LONG_PATH + b"getpgid") + b"\x93)R0" + CALL,
    "GLOBAL with a long name": b"cos\n" + LONG_PATH + b"system\n)R0" + CALL,
    "GLOBAL with a carriage return": b"cos\r\nsystem\r\n)R0" + CALL,
    "GLOBAL in UTF-8": "c\u00f6s\nsystem\n)R0".encode() + CALL,
    "POP takes a mark off": b"(0N0" + CALL,
    "POP_MARK over marks": b"((N1N1N0" + CALL,
    "APPENDS of nothing to a str": b"S'a'\n(e0" + CALL,
    "SETITEMS of nothing to a number": b"K\x01(u0" + CALL,
    "ADDITEMS of nothing to None": b"N(\x900" + CALL,
    "APPEND to a bytearray": BYTEARRAY + b"K\x01a0" + CALL,
    "APPENDS to a bytearray": BYTEARRAY + b"(K\x01\x88I255\ne0" + CALL,
    "SETITEM on a bytearray": BYTEARRAY + b"\x89K\x01s0" + CALL,
    "SETITEM on a list by a negative index": b"](NNeI-2\nNs0" + CALL,
    "READONLY_BUFFER of bytes is a key": b"}C\x01a\x98Ns0" + CALL,
    "READONLY_BUFFER three times": BYTEARRAY + b"\x98\x98\x980" + CALL,
    "BUILD of nothing on a list": b"]Nb0" + CALL,
    "BUILD of nothing and no slots on a tuple": b")N}\x86b0" + CALL,
    "BUILD with slots": b"cm\nf\n)\x81}S'a'\nNs}S'b'\nNs\x86b0" + CALL,
    "tuple of frozensets is a key": b"}((K\x01\x91t(K\x02\x91\x86Ns0" + CALL,
    "PROTO in the middle": b"\x80\x04\x80\x00c__builtin__\neval\n)R0\x80\x03c__builtin__\neval\n)R0" + CALL,
    "PROTO 2 maps, PROTO 4 follows dots": b"\x80\x02ccopy_reg\na.b\n)R0\x80\x04ccopy_reg\na.b\n)R0" + CALL,
    "EXT of every width": b"\x82\x010\x83\xe8\x030\x84\x70\x11\x01\x000\x82\x01)R0" + CALL,
    "frame that ends in a payload": frame(b"C\x05ab") + b"cde0" + CALL,
    "frame within a frame": frame(b"N" + frame(b"0") + b"N0") + CALL,
    "frame of no bytes": frame(b"") + b"N0" + CALL,
    "OBJ without arguments": b"(cm\nf\no0" + CALL,
    "INST without arguments": b"(im\nf\n0" + CALL,
    "INST between marks": b"(K\x01(S'a'\nim\nf\n1" + CALL,
    "NEWOBJ_EX": b"cm\nf\nN\x85}S'a'\nNs\x920" + CALL,
    "surrogates in a name": b"\x8c\x03\xed\xa0\x80\x8c\x01f\x93)R0" + CALL,
    "text cut within a letter": counted(b"X", b"m" * 4095 + "\u00e9".encode()) + b"0" + CALL,
    "items beyond those kept": b"](" + b"N" * 100 + b"eK\x62NsI-100\nNs0" + CALL,
    "no slots, by the memo": b"\x80\x05}\x94Nh\x00\x86b0" + CALL,
    "no slots, by BINPUT": b"}q\x00Nh\x00\x86b0" + CALL,
    "list filled through the memo": b"]q\x00h\x00(NNe0K\x01Ns0" + CALL,
    "memo holds itself": b"]q\x00h\x00a0h\x000" + CALL,
}
"""Streams whose last act in CPython is the call of os.system, whoever reads them."""

ANYTHING_GOES_ON = {
    "arguments are a result": b"cm\nf\ncgivers\ngive_tuple\n)RR0" + CALL,
    "keywords are a result": b"cm\nf\n)cgivers\ngive_dict\n)R\x920" + CALL,
    "names are results": b"cgivers\ngive_text\n)R\x940h\x00h\x00\x93)R0" + CALL,
    "state is a result": b"]cgivers\ngive_pair\n)Rb0" + CALL,
    "slots are a result": b"]Ncgivers\ngive_dict\n)R\x86b0" + CALL,
    "buffer is a result": b"cgivers\ngive_bytearray\n)R\x980" + CALL,
    "index is a result": b"](Necgivers\ngive_index\n)RNs0" + CALL,
    "item of a bytearray is a result": BYTEARRAY + b"cgivers\ngive_index\n)Ra0" + CALL,
    "dict emptied by a call is no slot state": b"}q\x00S'a'\nNscm\nf\nh\x00\x85R0]Nh\x00\x86b00" + CALL,
    "list of a call is a container": b"cgivers\ngive_list\n)RK\x00Ns0" + CALL,
}
"""Likewise, where results are what the names say and calls empty the containers that they are given."""

ENDS = {
    "unhashable key": b"}]Ns" + CALL,
    "unhashable member of a tuple": b"}](N(ee\x85Ns" + CALL,
    "view of a bytearray as a key": b"}" + BYTEARRAY + b"\x98Ns" + CALL,
    "memo slot that is not filled": b"h\x07" + CALL,
    "negative GET": b"Np0\ng-1\n" + CALL,
    "EXT4 that is negative": b"\x84\x00\x00\x00\x80" + CALL,
    "STACK_GLOBAL of bytes": b"C\x02os\x8c\x06system\x93" + CALL,
    "REDUCE with a list": b"cos\nsystem\n]R" + CALL,
    "REDUCE of a str": b"S'a'\n)R" + CALL,
    "pop through a mark": b"N(\x85" + CALL,
    "INT with a leading zero": b"I08\n" + CALL,
    "FLOAT after a blank": b"F 1\n" + CALL,
    "STRING without quotes": b"Sid\n" + CALL,
    "STRING with a broken escape": b"S'\\x4'\n" + CALL,
    "STRING with a last backslash": b"S'a\\'\n" + CALL,
    "UNICODE beyond Unicode": b"V\\U00110000\n" + CALL,
    "INST not in ASCII": "(i\u00f6s\nsystem\n".encode() + CALL,
    "BUILD on a list with state": b"]}b" + CALL,
    "frame beyond the end": frame(b"N0" + CALL, 1000),
    "frame longer than can be": frame(b"N0" + CALL, 2**63),
    "PROTO 6": b"\x80\x06" + CALL,
    "bytes longer than the stream": counted(b"B", b"a")[:1] + struct.pack("<I", 2**26) + CALL,
}
"""Streams at which CPython stops before the call."""


@pytest.fixture(scope="module")
def cpython() -> Iterator[Reference]:
    with Reference() as running:
        yield running


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", GOES_ON)
def test_machine_goes_on_where_cpython_does(cpython: Reference, name: str, reader: Reader) -> None:
    job = Job(data=GOES_ON[name], reader=reader)
    outcome = cpython.outcomes([job])[0][0]
    observed = observe(job)

    assert outcome.events[-1][:2] == ["call", ("g", "os", "system")]
    assert compare(outcome, observed) is Verdict.LOADED


@pytest.mark.parametrize("name", [*GOES_ON, *ANYTHING_GOES_ON])
def test_machine_misses_nothing_where_results_are_values(cpython: Reference, name: str) -> None:
    data = {**GOES_ON, **ANYTHING_GOES_ON}[name]
    job = Job(data=data, are_results_values=True)
    outcome = cpython.outcomes([job])[0][0]
    observed = observe(job, results=Results.ANYTHING)

    assert outcome.events[-1][:2] == ["call", ("g", "os", "system")]
    assert cover(outcome, observed) is Verdict.COVERED


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", ENDS)
def test_machine_ends_where_cpython_does(cpython: Reference, name: str, reader: Reader) -> None:
    job = Job(data=ENDS[name], reader=reader)
    outcome = cpython.outcomes([job])[0][0]
    observed = observe(job)

    assert outcome.ending == "error"
    assert compare(outcome, observed) is Verdict.FAILED


ALIASED = {
    "list filled through its slot": b"cm\nf\n]q\x00j\x00\x00\x00\x00(Ne0\x85R.",
    "keywords filled through their slot": b"cm\nf\n)}q\x00h\x00(Va\nNu0\x92.",
    "list filled through its slot in a frame": frame(b"cm\nf\n]\x94j\x00\x00\x00\x00(Ne0\x85R."),
    "state filled through its slot": b"\x80\x04cm\nf\n)\x81}\x94h\x00(Va\nNu0b.",
    "list that is left": b"\x80\x04]\x94h\x00(Ne0K\x00Ns.",
}
"""Streams in which a container on the stack is filled through the memo."""


@pytest.mark.parametrize("machine", MACHINES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ALIASED)
def test_container_is_one_object_on_stack_and_in_memo(cpython: Reference, name: str, machine: Scan) -> None:
    job = Job(data=ALIASED[name])

    assert judge(job, cpython.outcomes([job])[0], machine) == [Verdict.LOADED]


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", [*GOES_ON, *ENDS])
def test_ways_for_large_streams_are_no_other(cpython: Reference, name: str, reader: Reader) -> None:
    job = Job(data={**GOES_ON, **ENDS}[name], reader=reader)

    verdicts = judge(job, cpython.outcomes([job])[0], scan_as_large)

    assert verdicts[0] in {Verdict.LOADED, Verdict.FAILED}


@pytest.mark.parametrize("name", GOES_ON)
def test_large_stream_is_read_as_a_small_one(cpython: Reference, name: str) -> None:
    job = Job(data=counted(b"B", bytes(600_000)) + b"0" + GOES_ON[name])
    outcome = cpython.outcomes([job])[0][0]

    assert outcome.events[-1][:2] == ["call", ("g", "os", "system")]
    assert compare(outcome, observe(job)) is Verdict.LOADED


def test_frame_that_is_overrun_is_two_programs(cpython: Reference) -> None:
    inner = b"cos\nsyst"
    data = frame(inner) + b"em\ncm\ng\n)R."
    read = {
        reader: [
            row[1:3] for row in cpython.outcomes([Job(data=data, reader=reader)])[0][0].events if row[0] == "import"
        ]
        for reader in Reader
    }

    assert read[Reader.BUFFER] == [["os", "system"], ["m", "g"]]
    assert read[Reader.FILE] == [["os", "em"], ["m", "g"]]
    assert read[Reader.PEEK] == read[Reader.BUFFER]
    for reader in Reader:
        job = Job(data=data, reader=reader)
        observed = observe(job)
        assert [row[1:3] for row in observed.events if row[0] == "import"] == read[reader]
        assert observed.is_overrun


@pytest.mark.parametrize("machine", MACHINES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 4])
def test_operand_that_straddles_a_frame(cpython: Reference, machine: Scan, reader: Reader, kept: int) -> None:
    before, operand = b"V\nG\xc1\x82\xbbQ\x1fe\xa0\xc0\x8c\x03modq\x00F0\n0", bytes(4)
    inner = b"X\x05\0\0\0x.y.z\x93j" + operand[:kept]
    job = Job(data=before + frame(inner) + operand[kept:] + b"\x85\x81cs\ne\n", reader=reader)

    assert judge(job, cpython.outcomes([job])[0], machine) == [Verdict.FAILED]
