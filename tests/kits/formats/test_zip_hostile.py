from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.kits.formats.budget import Limits
from telamon.kits.formats.kinds import Kind
from telamon.kits.formats.observations import ObservationCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

GOOD, EVIL = b"good", b"evil!"
GOOD_SIZES, EVIL_SIZES = (4, 4), (5, 5)


def test_gives_both_contents_where_the_headers_state_different_sizes(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body = zips.local(b"a", b"goodevil", sizes=(8, 8))
    result = opened(zips.archive(body, zips.entry(b"a", GOOD_SIZES)))
    assert result.readings == [("listed", b"good"), ("local", b"goodevil")]
    assert result.codes == ["zip-size-differs", "zip-size-differs", "zip-unreferenced-bytes"]


def test_gives_both_contents_where_the_headers_state_different_methods(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    packed = zips.deflate(EVIL)
    sizes = (len(packed), len(EVIL))
    body = zips.local(b"a", packed, method=8, sizes=sizes, crc=zlib.crc32(EVIL))
    entry = zips.entry(b"a", sizes, crc=zlib.crc32(EVIL))
    result = opened(zips.archive(body, entry))
    assert result.readings == [("listed", packed), ("local", EVIL), ("stored", packed[:5])]
    assert "zip-method-differs" in result.codes


def test_gives_a_deflated_member_marked_as_encrypted_unpacked_and_as_it_stands(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    # CVE-2025-1945: a flag bit makes Python's zipfile refuse what torch reads.
    packed = zips.deflate(EVIL)
    sizes = (len(packed), len(EVIL))
    body = zips.local(b"a", packed, method=8, sizes=sizes, crc=zlib.crc32(EVIL))
    result = opened(zips.archive(body, zips.entry(b"a", sizes, method=8, crc=zlib.crc32(EVIL), flags=1)))
    assert result.readings == [("listed", EVIL), ("stored", packed)]
    assert result.codes == ["zip-flags-differ", "zip-encrypted"]


def test_gives_a_stored_member_marked_as_encrypted_once(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body = zips.local(b"a", EVIL, flags=1)
    result = opened(zips.archive(body, zips.entry(b"a", EVIL_SIZES, flags=1)))
    assert (result.readings, result.codes) == ([("listed", EVIL)], ["zip-encrypted"])


def test_gives_a_member_whose_names_differ(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    # CVE-2025-1944: another name in the local header makes Python's zipfile refuse it.
    body = zips.local(b"x/data.pkl", EVIL)
    result = opened(zips.archive(body, zips.entry(b"y/data.pkl", EVIL_SIZES)))
    assert (result.contents, result.codes) == ([(("y/data.pkl",), EVIL)], ["zip-name-differs"])


def test_gives_a_deflated_member_with_a_wrong_crc(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    # CVE-2025-10156: Python's zipfile refuses it, torch reads it.
    packed = zips.deflate(EVIL)
    sizes = (len(packed), len(EVIL))
    body = zips.local(b"a", packed, method=8, sizes=sizes)
    result = opened(zips.archive(body, zips.entry(b"a", sizes, method=8)))
    assert (result.contents, result.codes) == ([(("a",), EVIL)], ["zip-crc-wrong"])


def test_gives_every_one_of_several_members_with_one_name(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    first, second = zips.local(b"a", GOOD), zips.local(b"a", EVIL)
    result = opened(
        zips.archive(first + second, zips.entry(b"a", GOOD_SIZES), zips.entry(b"a", EVIL_SIZES, offset=len(first)))
    )
    assert (result.contents, result.codes) == ([(("a",), GOOD), (("a",), EVIL)], ["name-duplicate"])


def test_gives_what_only_a_local_header_shows(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    listed, hidden = zips.local(b"a", GOOD), zips.local(b"b", EVIL)
    for body, offset in ((hidden + listed, len(hidden)), (listed + hidden, 0)):
        result = opened(zips.archive(body, zips.entry(b"a", GOOD_SIZES, offset=offset)))
        assert sorted(result.contents) == [(("a",), GOOD), (("b",), EVIL)]
        assert "zip-unlisted-member" in result.codes


def test_gives_hidden_members_behind_one_whose_end_is_open(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    open_ended = zips.local(b"b", zips.deflate(GOOD), method=8, flags=8, sizes=(0, 0))
    hidden = zips.local(b"c", EVIL)
    listed = zips.local(b"a", GOOD)
    data = zips.archive(listed + open_ended + hidden, zips.entry(b"a", GOOD_SIZES))
    assert (("c",), EVIL) in opened(data).contents
    assert (("b",), GOOD) in opened(data).contents


def test_gives_a_stored_hidden_member_up_to_its_descriptor(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    descriptor = struct.pack("<4s3L", b"PK\7\x08", zlib.crc32(EVIL), 5, 5)
    hidden = zips.local(b"b", EVIL, flags=8, sizes=(0, 0)) + descriptor
    listed = zips.local(b"a", GOOD)
    result = opened(zips.archive(hidden + listed, zips.entry(b"a", GOOD_SIZES, offset=len(hidden))))
    assert (("b",), EVIL) in result.contents


def test_gives_the_members_of_every_directory_that_a_reader_can_find(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    evil = zips.archive(zips.local(b"e", EVIL), zips.entry(b"e", EVIL_SIZES))
    good_body = zips.local(b"g", GOOD)
    good_entry = zips.entry(b"g", GOOD_SIZES, offset=len(evil))
    end = zips.end(1, len(good_entry), len(evil) + len(good_body))
    result = opened(evil + good_body + good_entry + end)
    assert sorted(result.contents) == [(("e",), EVIL), (("g",), GOOD)]
    assert "zip-several-directories" in result.codes


def test_gives_the_members_of_an_archive_in_the_comment_of_another(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    outer_body, outer_entry = zips.local(b"g", GOOD), zips.entry(b"g", GOOD_SIZES)
    inner_start = len(outer_body) + len(outer_entry) + 22
    inner_body = zips.local(b"e", EVIL)
    inner_entry = zips.entry(b"e", EVIL_SIZES, offset=inner_start)
    inner = inner_body + inner_entry + zips.end(1, len(inner_entry), inner_start + len(inner_body))
    result = opened(zips.archive(outer_body, outer_entry, comment=inner))
    assert sorted(result.contents) == [(("e",), EVIL), (("g",), GOOD)]


def test_thousands_of_false_end_records_do_not_hide_the_true_one(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    # The comment ends in a record that leads nowhere; readers that check the comment's length take the true one.
    body, entry = zips.local(b"a", EVIL), zips.entry(b"a", EVIL_SIZES)
    false = zips.end(1, 46, 0, comment=b"")[:20] + b"\1\0"
    result = opened(zips.archive(body, entry, comment=false * 2900))
    assert result.contents == [(("a",), EVIL)]


def test_follows_both_zip64_records_where_the_locator_points_elsewhere(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    # CVE-2025-8291: Python took the record before the locator, other readers the one that the locator names.
    evil, good = zips.local(b"e", EVIL), zips.local(b"g", GOOD)
    entries = zips.entry(b"e", EVIL_SIZES), zips.entry(b"g", GOOD_SIZES, offset=len(evil))
    start = len(evil) + len(good)

    def end64(offset: int, size: int) -> bytes:
        return struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, offset)

    named = end64(start, len(entries[0]))
    adjacent = end64(start + len(entries[0]), len(entries[1]))
    named_at = start + len(entries[0]) + len(entries[1])
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, named_at, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    result = opened(evil + good + b"".join(entries) + named + adjacent + locator + end)
    assert set(result.contents) >= {(("e",), EVIL), (("g",), GOOD)}


def test_gives_both_contents_where_an_offset_can_be_read_with_and_without_what_stands_before(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    first = zips.local(b"a", b"evil")
    archive = zips.archive(zips.local(b"a", GOOD), zips.entry(b"a", GOOD_SIZES))
    result = opened(first + archive)
    assert {content for _, content in result.contents} == {GOOD, b"evil"}


def test_gives_a_stored_member_in_both_its_sizes(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    body = zips.local(b"a", b"goodevil", sizes=(4, 8))
    result = opened(zips.archive(body, zips.entry(b"a", (4, 8))))
    assert result.readings == [("listed", b"good"), ("stored", b"goodevil")]


def test_an_archive_without_directory_is_read_by_its_local_headers(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    result = opened(zips.local(b"a", GOOD) + zips.local(b"b", zips.deflate(EVIL), method=8, flags=8, sizes=(0, 0)))
    assert result.contents == [(("a",), GOOD), (("b",), EVIL)]
    assert result.codes[0] == "zip-no-directory"


def test_an_entry_whose_name_is_cut_off_is_read_as_python_reads_it(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body, entry = zips.local(b"a", EVIL), bytearray(zips.entry(b"a", EVIL_SIZES))
    entry[28:30] = b"\xff\xff"
    data = zips.archive(body, bytes(entry))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [member.header_offset for member in archive.infolist()] == [0]
    assert [content for _, content in opened(data).contents] == [EVIL]


def test_a_name_in_the_unicode_extra_field_is_noted(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    extra = struct.pack("<2HBL", 0x7075, 5 + 4, 1, zlib.crc32(b"a.txt")) + b"evil"
    body = zips.local(b"a.txt", GOOD)
    result = opened(zips.archive(body, zips.entry(b"a.txt", GOOD_SIZES, extra=extra)))
    assert [o.message for o in result.observations] == ["`a.txt` is `evil` in its Unicode extra field"]


def test_an_archive_in_an_archive_is_a_part_that_opens(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    inner = zips.archive(zips.local(b"a", EVIL), zips.entry(b"a", EVIL_SIZES))
    outer = zips.archive(zips.local(b"i.zip", inner), zips.entry(b"i.zip", (len(inner), len(inner))))
    result = opened(outer)
    (part,) = result.parts
    assert result.codes == []
    inside = opened(part.source.read(0, part.source.size), Kind.ZIP, path=part.path)
    assert [part.label for part in inside.parts] == ["i.zip!a"]


def _specimens(zips: SimpleNamespace) -> dict[str, bytes]:
    """One archive for every code that the zip reader alone gives."""
    good, entry = zips.local(b"a", GOOD), zips.entry(b"a", GOOD_SIZES)
    both = good + zips.local(b"b", EVIL)
    deflated = zips.deflate(EVIL)
    deflated_sizes = (len(deflated), len(EVIL))
    plain = zips.archive(good, entry)
    end = len(good) + len(entry)
    return {
        "zip-no-directory": good,
        "zip-several-directories": plain + zips.archive(b"", zips.entry(b"a", GOOD_SIZES)),
        "zip-directory-broken": good + entry + zips.end(1, len(entry) + 1, len(good)),
        "zip-count-differs": zips.archive(good, entry, count=7),
        "zip-multi-disk": zips.archive(good, entry, disk=3),
        "zip-prepended-data": b"prefix" + plain,
        "zip-trailing-data": plain + b"suffix",
        "zip-unreferenced-bytes": zips.archive(good + b"between", entry),
        "zip-unlisted-member": zips.archive(both, entry),
        "zip-members-overlap": zips.archive(good, entry, zips.entry(b"b", GOOD_SIZES)),
        "zip-local-missing": zips.archive(good, zips.entry(b"a", GOOD_SIZES, offset=5)),
        "zip-name-differs": zips.archive(good, zips.entry(b"b", GOOD_SIZES)),
        "zip-size-differs": zips.archive(good, zips.entry(b"a", (3, 3))),
        "zip-method-differs": zips.archive(good, zips.entry(b"a", GOOD_SIZES, method=8)),
        "zip-flags-differ": zips.archive(good, zips.entry(b"a", GOOD_SIZES, flags=0x800)),
        "zip-crc-differs": zips.archive(good, zips.entry(b"a", GOOD_SIZES, crc=1)),
        "zip-stored-sizes-differ": zips.archive(good, zips.entry(b"a", (4, 5))),
        "zip-length-wrong": zips.archive(
            zips.local(b"a", deflated, method=8, sizes=deflated_sizes),
            zips.entry(b"a", (len(deflated), 4), method=8),
        ),
        "zip-crc-wrong": zips.archive(
            zips.local(b"a", deflated, method=8, sizes=deflated_sizes), zips.entry(b"a", deflated_sizes, method=8)
        ),
        "zip-encrypted": zips.archive(good, zips.entry(b"a", GOOD_SIZES, flags=1)),
        "zip-method-unsupported": zips.archive(
            zips.local(b"a", GOOD, method=99), zips.entry(b"a", GOOD_SIZES, method=99)
        ),
        "zip-member-past-end": zips.archive(good, zips.entry(b"a", (end + 100, end + 100))),
        "zip-data-descriptor": zips.archive(
            zips.local(b"a", GOOD, flags=8, sizes=(0, 0)), zips.entry(b"a", GOOD_SIZES, flags=8)
        ),
        "zip-extra-broken": zips.archive(good, zips.entry(b"a", GOOD_SIZES, extra=b"\1\0\xff\xff")),
        "name-duplicate": zips.archive(good, entry, entry),
        "name-folds": zips.archive(good, entry, zips.entry(b"A", GOOD_SIZES)),
        "name-absolute": zips.archive(good, zips.entry(b"/a", GOOD_SIZES)),
        "name-traversal": zips.archive(good, zips.entry(b"../a", GOOD_SIZES)),
        "name-control-characters": zips.archive(good, zips.entry(b"a\0.txt", GOOD_SIZES)),
        "name-not-utf8": zips.archive(good, zips.entry(b"\xff", GOOD_SIZES)),
        "name-empty": zips.archive(good, zips.entry(b"", GOOD_SIZES)),
        "stream-corrupt": zips.archive(zips.local(b"a", b"\xff\xff", method=8), zips.entry(b"a", (2, 2), method=8)),
        "stream-trailing-data": zips.archive(
            zips.local(b"a", deflated + b"x", method=8), zips.entry(b"a", (len(deflated) + 1, 5), method=8)
        ),
    }


CODES = [code.value for code in ObservationCode if code.startswith(("zip-", "name-"))]


@pytest.mark.parametrize("code", [*CODES, "stream-corrupt", "stream-trailing-data"])
def test_every_code_has_an_archive_that_shows_it(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace, code: str
) -> None:
    assert code in opened(_specimens(zips)[code], Kind.ZIP).codes


@pytest.mark.parametrize("code", sorted(set(CODES) - {"zip-method-unsupported", "zip-local-missing"}))
def test_the_content_is_given_whatever_is_noted(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace, code: str
) -> None:
    contents = [content for _, content in opened(_specimens(zips)[code], Kind.ZIP).contents]
    assert any(content.startswith((b"goo", EVIL)) for content in contents)


def test_names_that_steer_terminals_are_escaped_in_paths_and_messages(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    name = b"a\x1b[2J\r\n\0\xff"
    result = opened(zips.archive(zips.local(name, GOOD), zips.entry(name, GOOD_SIZES)))
    shown = [part.label for part in result.parts] + [o.member + o.message for o in result.observations]
    assert all(text.isprintable() for text in shown)


def test_a_cut_at_every_byte_never_raises(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    packed = zips.deflate(EVIL)
    body = zips.local(b"a", GOOD) + zips.local(b"b", packed, method=8, sizes=(len(packed), 5))
    entries = (
        zips.entry(b"a", GOOD_SIZES),
        zips.entry(b"b", (len(packed), 5), method=8, offset=len(zips.local(b"a", GOOD))),
    )
    data = zips.archive(body, *entries, comment=b"comment")
    for length in range(len(data)):
        assert opened(data[:length], Kind.ZIP).codes


@given(st.data())
def test_any_two_bytes_changed_never_raise(opened: Callable[..., SimpleNamespace], data: st.DataObject) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", GOOD)
        archive.writestr("b", EVIL * 20, zipfile.ZIP_DEFLATED)
    damaged = bytearray(file.getvalue())
    for _ in range(2):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    opened(bytes(damaged), Kind.ZIP)


_PIECES = st.sampled_from([b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08"])


@given(st.lists(_PIECES | st.binary(max_size=50), max_size=12).map(b"".join))
def test_random_pieces_of_zip_never_raise(opened: Callable[..., SimpleNamespace], data: bytes) -> None:
    opened(data, Kind.ZIP)


def test_members_that_share_one_content_are_unpacked_once(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    packed = zips.deflate(bytes(10_000))
    sizes = (len(packed), 10_000)
    body = zips.local(b"a", packed, method=8, sizes=sizes, crc=zlib.crc32(bytes(10_000)))
    entries = [zips.entry(b"%d" % n, sizes, method=8) for n in range(500)]
    result = opened(zips.archive(body, *entries))
    assert (len(result.parts), result.codes.count("zip-members-overlap")) == (1, 51)


def test_quoted_overlapping_members_are_bounded_by_the_budget(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    # Fifield, "A better zip bomb" (2019): each member's stream quotes the next local headers into one kernel.
    kernel = zips.deflate(bytes(1_000_000))
    body = zips.local(b"kernel", kernel, method=8, sizes=(len(kernel), 1_000_000))
    locals_, total = [body], 1_000_000
    for n in range(30):
        quoted = locals_[0]
        block = struct.pack("<B2H", 0, len(quoted) - len(kernel), 0xFFFF ^ (len(quoted) - len(kernel)))
        if len(quoted) - len(kernel) > 0xFFFF:
            break
        total += len(quoted) - len(kernel)
        sizes = (len(block) + len(quoted), total)
        locals_ = [zips.local(b"m%d" % n, block + quoted, method=8, sizes=sizes)]
    data = locals_[0]
    offsets, position = [], data.find(b"PK\3\4")
    while position >= 0:
        offsets.append(position)
        position = data.find(b"PK\3\4", position + 1)
    entries = [zips.entry(b"m%d" % i, (len(data) - o, 1), method=8, offset=o) for i, o in enumerate(offsets)]
    limits = Limits(ratio=10, ratio_floor_bytes=3_000_000)
    result = opened(zips.archive(data, *entries), limits=limits)
    assert sum(len(content) for _, content in result.contents) <= 3_000_000
    assert {"budget-ratio", "zip-members-overlap"} <= set(result.codes)


def test_the_number_of_members_is_bounded_and_the_first_ones_are_given(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    body = zips.local(b"a", GOOD)
    entries = [zips.entry(b"%d" % n, GOOD_SIZES) for n in range(100)]
    result = opened(zips.archive(body, *entries), limits=Limits(members=10))
    assert (result.readings[0], "budget-members" in result.codes) == (("listed", GOOD), True)


def test_nothing_is_said_of_the_members_that_the_budget_left_out(
    opened: Callable[..., SimpleNamespace], zips: SimpleNamespace
) -> None:
    names = [b"%02d" % number for number in range(20)]
    body = b"".join(zips.local(name, GOOD) for name in names)
    entries = [zips.entry(name, GOOD_SIZES, offset=len(body) // 20 * at) for at, name in enumerate(names)]
    result = opened(zips.archive(body, *entries), limits=Limits(members=10))
    assert [content for _, content in result.contents] == [GOOD] * 10
    assert result.codes == ["budget-members"]


def test_observations_of_one_code_are_bounded(opened: Callable[..., SimpleNamespace], zips: SimpleNamespace) -> None:
    entries = [zips.entry(b"../%d" % n, GOOD_SIZES) for n in range(500)]
    result = opened(zips.archive(zips.local(b"a", GOOD), *entries))
    assert result.codes.count("name-traversal") == 51
