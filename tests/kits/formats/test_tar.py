from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.budget import Limits
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.formats.tar_fields import looks_like_header, number
from telamon.kits.formats.tar_headers import read_pax_records

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
END = bytes(1024)


def _header(
    name: bytes = b"a",
    size: bytes = b"00000000004\0",
    kind: bytes = b"0",
    *,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    rest: bytes | None = None,
) -> bytes:
    block = name.ljust(100, b"\0") + b"0000644\0" * 3 + size + b"00000000000\0" + b" " * 8 + kind
    block += link.ljust(100, b"\0") + magic.ljust(8, b"\0") + bytes(80) + prefix.ljust(155, b"\0")
    block = (block if rest is None else block[:345] + rest).ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _content(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 512) * 512, b"\0")


GOOD = _header() + _content(b"good")


def _pax(records: bytes, kind: bytes = b"x") -> bytes:
    return _header(b"pax", b"%011o\0" % len(records), kind) + _content(records)


_MEMBERS = st.lists(
    st.tuples(
        st.text(st.characters(categories=["Ll", "Nd"]), min_size=1, max_size=200).filter(lambda n: n == n.casefold()),
        st.binary(max_size=1500),
    ),
    max_size=4,
    unique_by=lambda member: member[0],
)


@given(_MEMBERS, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_reads_what_pythons_tarfile_writes(
    opened: Callable[..., SimpleNamespace], members: list[tuple[str, bytes]], form: int
) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    result = opened(file.getvalue(), Kind.TAR)
    assert [content for _, content in result.contents] == [content for _, content in members]
    assert set(result.codes) <= {"name-folds"}


@pytest.mark.parametrize("form", FORMATS)
def test_reads_long_names_of_every_format(opened: Callable[..., SimpleNamespace], form: int) -> None:
    file = io.BytesIO()
    name = "d" * 90 + "/" + "f" * 90
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"good"))
    result = opened(file.getvalue())
    assert (result.contents, result.codes) == ([((name,), b"good")], [])


def test_reads_version_7_and_large_numbers(opened: Callable[..., SimpleNamespace]) -> None:
    data = _header(magic=b"", size=b"\x80" + bytes(10) + b"\4") + _content(b"good") + END
    result = opened(data)
    assert (result.contents, result.codes) == ([(("a",), b"good")], [])


def test_members_are_stretches_of_the_archive(opened: Callable[..., SimpleNamespace]) -> None:
    (part,) = opened(GOOD + END).parts
    assert (part.offset, part.source.offset) == (512, 512)


def test_gives_what_follows_the_end_mark_to_readers_that_go_on(opened: Callable[..., SimpleNamespace]) -> None:
    result = opened(GOOD + END + GOOD + END)
    assert (result.readings, result.codes) == (
        [("listed", b"good"), ("unlisted", b"good")],
        ["tar-trailing-data", "name-duplicate"],
    )


def test_gives_what_follows_a_broken_header(opened: Callable[..., SimpleNamespace]) -> None:
    result = opened(GOOD + b"\xff" * 512 + GOOD + END)
    assert (result.readings, result.codes) == (
        [("listed", b"good"), ("unlisted", b"good")],
        ["tar-checksum", "name-duplicate"],
    )


def test_a_size_in_an_extended_header_counts(opened: Callable[..., SimpleNamespace]) -> None:
    data = _pax(b"10 size=6\n") + _header() + _content(b"goodie") + END
    result = opened(data)
    assert (result.contents, result.codes) == ([(("a",), b"goodie")], ["tar-size-differs"])


def test_a_global_header_holds_for_all_members(opened: Callable[..., SimpleNamespace]) -> None:
    data = _pax(b"12 path=all\n", b"g") + GOOD + GOOD + END
    assert [path for path, _ in opened(data).contents] == [("all",), ("all",)]


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001\0", b"junk\0\0\0\0\0\0\0\0"])
def test_sizes_that_are_none_do_not_stop_or_rewind_the_reader(
    opened: Callable[..., SimpleNamespace], size: bytes
) -> None:
    # CVE-2019-20907 and CVE-2025-8194: negative or overflowing sizes made Python's tarfile loop for ever.
    result = opened(_header(size=size) + GOOD + END, Kind.TAR)
    assert {"tar-field", "tar-truncated"} & set(result.codes)


def test_a_negative_size_in_an_extended_header_is_refused(opened: Callable[..., SimpleNamespace]) -> None:
    result = opened(_pax(b"13 size=-512\n") + GOOD + END)
    assert (result.contents, result.codes) == ([(("a",), b"good")], ["tar-field"])


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("tar-checksum", GOOD + b"\xff" * 512),
        ("tar-truncated", GOOD),
        ("tar-truncated", GOOD[:514]),
        ("tar-truncated", GOOD + b"x"),
        ("tar-truncated", _pax(b"12 path=all\n")[:515]),
        ("tar-field", _header(size=b"zzzzzzzzzzz\0") + END),
        ("tar-field", _pax(b"nonsense") + GOOD + END),
        ("tar-field", _header(b"x", b"77777777777\0", b"x") + END),
        ("tar-field", _header(kind=b"5") + END),
        ("tar-link", _header(size=b"0".ljust(12, b"\0"), kind=b"2", link=b"b") + END),
        ("tar-link", _header(size=b"0".ljust(12, b"\0"), kind=b"1", link=b"b") + END),
        ("tar-link-outside", _header(size=b"0".ljust(12, b"\0"), kind=b"2", link=b"/etc") + END),
        ("tar-link-outside", _header(size=b"0".ljust(12, b"\0"), kind=b"2", link=b"../b") + END),
        ("tar-special-file", _header(size=b"0".ljust(12, b"\0"), kind=b"3") + END),
        ("tar-special-file", _header(size=b"0".ljust(12, b"\0"), kind=b"6") + END),
        ("tar-special-file", _header(kind=b"Z") + _content(b"good") + END),
        ("tar-sparse", _header(kind=b"S") + _content(b"good") + END),
        ("tar-sparse", _pax(b"22 GNU.sparse.major=1\n") + GOOD + END),
        ("tar-trailing-data", GOOD + END + b"junk"),
        ("tar-size-differs", _pax(b"10 size=1\n") + GOOD + END),
        ("name-traversal", _header(b"../a") + _content(b"good") + END),
        ("name-absolute", _header(b"/a") + _content(b"good") + END),
        ("name-absolute", _header(b"a", prefix=b"/p") + _content(b"good") + END),
        ("name-control-characters", _header(b"a\x1bb") + _content(b"good") + END),
        ("name-not-utf8", _header(b"\xff") + _content(b"good") + END),
        ("name-empty", _header(b"") + _content(b"good") + END),
    ],
)
def test_notes_what_is_odd(opened: Callable[..., SimpleNamespace], code: str, data: bytes) -> None:
    assert code in opened(data, Kind.TAR).codes


def test_every_code_of_tar_is_tested_above() -> None:
    cases = next(m for m in test_notes_what_is_odd.pytestmark if m.name == "parametrize").args[1]
    assert {code.value for code in ObservationCode if code.startswith("tar-")} <= {code for code, _ in cases}


def test_old_sparse_maps_that_go_on_for_blocks_are_skipped(opened: Callable[..., SimpleNamespace]) -> None:
    rest = bytes(482 - 345) + b"\1"
    data = _header(kind=b"S", rest=rest) + b"\0" * 504 + b"\1" + bytes(7) + bytes(512) + _content(b"good") + END
    assert opened(data).contents == [(("a",), b"good")]


def test_a_cut_at_every_byte_never_raises_and_is_noted(opened: Callable[..., SimpleNamespace]) -> None:
    data = _pax(b"12 path=all\n") + GOOD + _header(b"L", b"00000000003\0", b"L") + _content(b"bcd") + GOOD + END
    for length in range(len(data) - len(END)):
        assert opened(data[:length], Kind.TAR).codes


@given(st.data())
def test_any_byte_of_a_header_changed_never_raises(opened: Callable[..., SimpleNamespace], data: st.DataObject) -> None:
    base = _pax(b"12 path=all\n") + GOOD + END
    index = data.draw(st.integers(0, len(base) - 1))
    opened(base[:index] + bytes([data.draw(st.integers(0, 255))]) + base[index + 1 :], Kind.TAR)


_FIELDS = st.fixed_dictionaries(
    {
        "name": st.binary(max_size=100),
        "size": st.binary(min_size=12, max_size=12),
        "kind": st.binary(min_size=1, max_size=1) | st.sampled_from([b"x", b"g", b"L", b"K", b"S", b"1", b"5"]),
        "link": st.binary(max_size=100),
    }
)


@given(st.lists(_FIELDS, max_size=4), st.binary(max_size=600))
def test_headers_with_random_fields_never_raise(
    opened: Callable[..., SimpleNamespace], headers: list[dict[str, bytes]], tail: bytes
) -> None:
    opened(b"".join(_header(**fields) for fields in headers) + tail, Kind.TAR)


@given(st.binary(max_size=12))
def test_a_numeric_field_is_read_as_python_reads_it(field: bytes) -> None:
    try:
        expected = tarfile.nti(field)
    except (tarfile.HeaderError, IndexError, UnicodeDecodeError, ValueError):
        return
    assert number(field) == expected


@given(st.dictionaries(st.text(st.characters(exclude_characters="=\0", codec="utf-8"), min_size=1), st.binary()))
def test_pax_records_survive_a_round_trip(records: dict[str, bytes]) -> None:
    data = b""
    for keyword, value in records.items():
        body = b" " + keyword.encode() + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        data += str(length).encode() + body
    assert read_pax_records(data) == records


def test_random_blocks_are_no_headers() -> None:
    assert not any(looks_like_header(os.urandom(512)) for _ in range(1000))


def test_the_number_of_members_is_bounded(opened: Callable[..., SimpleNamespace]) -> None:
    result = opened(GOOD * 50, limits=Limits(members=10))
    assert (len(result.parts), result.codes[-1]) == (10, "budget-members")


def _symbolic(name: bytes, link: bytes) -> bytes:
    return _header(name, b"0".ljust(12, b"\0"), b"2", link=link)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        (b"rbenv/bin/rbenv", b"../libexec/rbenv"),
        (b"a/b/c", b"../../d"),
        (b"lib/libx.so", b"libx.so.1"),
        (b"./a/b", b"../c"),
        (b"a/b", b".."),
    ],
)
def test_a_symbolic_link_to_a_folder_beside_its_own_stays_inside(
    opened: Callable[..., SimpleNamespace], name: bytes, link: bytes
) -> None:
    assert opened(_symbolic(name, link) + END).codes == ["tar-link"]


@pytest.mark.parametrize(
    ("name", "link"),
    [
        (b"a", b"../b"),
        (b"a/b", b"../../c"),
        (b"./b", b"../c"),
        (b"a//b", b"../../c"),
        (b"a/b/c", b"x/../../../d"),
        (b"a/b", b"..\\..\\c"),
        (b"a/b/c", b"/d"),
        (b"a/b/", b"../../c"),
    ],
)
def test_a_symbolic_link_that_leads_out_is_told(
    opened: Callable[..., SimpleNamespace], name: bytes, link: bytes
) -> None:
    assert "tar-link-outside" in opened(_symbolic(name, link) + END).codes


def test_a_symbolic_link_below_another_may_not_go_up(opened: Callable[..., SimpleNamespace]) -> None:
    # CVE-2025-4517: the folders of the name are fewer in truth than they are in the name.
    archive = _symbolic(b"a/b", b".") + _symbolic(b"a/b/c/d", b"../../e") + END
    assert opened(archive).codes == ["tar-link", "tar-link", "tar-link-outside"]


def test_a_hard_link_that_goes_up_leads_outside(opened: Callable[..., SimpleNamespace]) -> None:
    archive = _header(b"a/b", b"0".ljust(12, b"\0"), b"1", link=b"../c") + END
    assert opened(archive).codes == ["tar-link", "tar-link-outside"]
