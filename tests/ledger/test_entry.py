"""Entries and their canonical form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.core.records import Mode
from telamon.kits.text import canonical_json
from telamon.ledger.entry import (
    Body,
    Entry,
    EntryKind,
    Event,
    check_event,
    parse_entry,
    render_leaf,
    seal_body,
)
from telamon.ledger.errors import EntryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.ledger.log import Log

ENTRY = Entry(
    actor="ci",
    control="vulnerability-scanning",
    detail="sha256:" + "ab" * 32,
    index=7,
    kind=EntryKind.CHECK,
    mode=Mode.SHADOW,
    outcome="clean",
    policy="sha256:" + "5e" * 32,
    subject="",
    time="2026-11-23T12:00:00.123456Z",
)
LEAF = (
    b'{"actor":"ci","control":"vulnerability-scanning","detail":"sha256:' + b"ab" * 32 + b'","index":7,'
    b'"kind":"check","mode":"shadow","outcome":"clean","policy":"sha256:' + b"5e" * 32 + b'","subject":"",'
    b'"time":"2026-11-23T12:00:00.123456Z","version":1}'
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
other_kinds = st.from_regex(r"[a-z][a-z0-9]{0,31}(-[a-z0-9]{1,32}){0,7}", fullmatch=True).filter("erasure".__ne__)
digests = st.just("") | st.binary(min_size=32, max_size=32).map(lambda data: f"sha256:{data.hex()}")


@st.composite
def events(draw: Callable[..., object]) -> Event:
    return Event(
        kind=draw(st.sampled_from([kind for kind in EntryKind if kind is not EntryKind.ERASURE]) | other_kinds),
        control=draw(words),
        outcome=draw(words),
        mode=draw(st.sampled_from(Mode)),
        subject=draw(digests),
        policy=draw(digests),
        actor=draw(texts),
        time_ns=draw(st.none() | st.integers(0, 253_402_300_799 * 10**9)),
    )


def test_has_one_canonical_form() -> None:
    assert ENTRY.to_bytes() == LEAF
    assert parse_entry(LEAF) == ENTRY


def test_renders_what_the_record_writes() -> None:
    event = Event(
        kind=EntryKind.CHECK,
        control="vulnerability-scanning",
        outcome="clean",
        mode=Mode.SHADOW,
        policy="sha256:" + "5e" * 32,
        actor="ci",
    )
    assert render_leaf(event, index=7, now_ns=1_795_435_200_123_456_789, detail="sha256:" + "ab" * 32) == LEAF


@given(events(), st.integers(0, 2**53 - 1), digests)
def test_entries_read_back_as_recorded(event: Event, index: int, detail: str) -> None:
    check_event(event)
    leaf = render_leaf(event, index=index, now_ns=0, detail=detail)
    entry = parse_entry(leaf)
    assert entry.to_bytes() == leaf
    assert (entry.control, entry.outcome, entry.actor) == (event.control, event.outcome, event.actor)
    assert (entry.kind, entry.mode, entry.index) == (event.kind, event.mode, index)
    assert (entry.subject, entry.policy, entry.detail) == (event.subject, event.policy, detail)


@given(events(), st.integers(0, 999), st.integers(0, 999))
def test_no_text_can_pass_for_the_index(event: Event, index: int, other: int) -> None:
    # Verification looks for these bytes, so that no value of another field may produce them.
    disguised = replace(event, actor=f',"index":{other},', outcome=f'"index":{other},', control=f'x","index":{other},"')
    leaf = render_leaf(disguised, index=index, now_ns=0, detail="")
    assert (b',"index":%d,' % other in leaf) == (index == other)


def test_uses_the_time_of_the_event_if_it_has_one() -> None:
    event = Event(kind=EntryKind.NOTE, control="a", outcome="b", time_ns=1_000)
    assert parse_entry(render_leaf(event, index=0, now_ns=5, detail="")).time == "1970-01-01T00:00:00.000001Z"


@pytest.mark.parametrize("time_ns", [-1, 253_402_300_800 * 10**9])
def test_refuses_times_that_rfc_3339_cannot_write(time_ns: int) -> None:
    event = Event(kind=EntryKind.NOTE, control="a", outcome="b", time_ns=time_ns)
    with pytest.raises(EntryError, match="from 1970 to 9999"):
        render_leaf(event, index=0, now_ns=0, detail="")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"control": ""}, "control and an outcome"),
        ({"outcome": ""}, "control and an outcome"),
        ({"control": "a\x1b[2J"}, "printable ASCII"),
        ({"control": "a\n"}, "printable ASCII"),
        ({"outcome": "\u202eb"}, "printable ASCII"),
        ({"outcome": " b"}, "printable ASCII"),
        ({"kind": "Check"}, "kebab-case"),
        ({"kind": "check\n"}, "kebab-case"),
        ({"kind": 'a","index":9,"'}, "kebab-case"),
        ({"kind": ""}, "kebab-case"),
        ({"actor": "x" * 1025}, "at most 1024 characters"),
        ({"subject": "deadbeef"}, "subject digest `algorithm:hex`, found `deadbeef`"),
        ({"subject": "sha256:XY"}, "subject digest"),
        ({"subject": 'sha256:","index":9,"'}, "subject digest"),
        ({"subject": "sha256:" + "ab" * 32 + "\n"}, "subject digest"),
        ({"subject": "entry:1"}, "subject digest"),
        ({"policy": "5e" * 32}, "policy digest"),
        ({"kind": EntryKind.ERASURE, "subject": "sha256:" + "ab" * 32}, "subject"),
        ({"kind": EntryKind.ERASURE, "subject": "entry:01"}, "subject"),
    ],
)
def test_refuses_events_that_cannot_be_recorded(change: dict[str, str], message: str) -> None:
    with pytest.raises(EntryError, match=message):
        check_event(replace(Event(kind=EntryKind.CHECK, control="a", outcome="b"), **change))


def test_refuses_lone_surrogates() -> None:
    event = Event(kind=EntryKind.NOTE, control="a", outcome="b", actor="\ud800")
    with pytest.raises(EntryError, match="lone surrogate"):
        render_leaf(event, index=0, now_ns=0, detail="")


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        LEAF + b"\n",
        LEAF.replace(b'"version":1', b'"version":2'),
        LEAF.replace(b'"actor":"ci",', b""),
        LEAF.replace(b'"actor":"ci"', b'"actor":null'),
        LEAF.replace(b'"actor":"ci"', b'"actor":1'),
        LEAF.replace(b'"kind":"check"', b'"kind":"Other"'),
        LEAF.replace(b'"kind":"check"', b'"kind":"two words"'),
        LEAF.replace(b'"kind":"check"', b'"kind":""'),
        LEAF.replace(b'"kind":"check"', b'"kind":7'),
        LEAF.replace(b'"outcome":"clean"', b'"outcome":"\\u001b[2J"'),
        LEAF.replace(b'"outcome":"clean"', b'"outcome":"clean "'),
        LEAF.replace(b'"outcome":"clean"', '"outcome":"\u202eclean"'.encode()),
        LEAF.replace(b'"control":"vulnerability-scanning"', '"control":"\x9b2J"'.encode()),
        LEAF.replace(b'"kind":"check"', b'"kind":[]'),
        LEAF.replace(b'"mode":"shadow"', b'"mode":"on"'),
        LEAF.replace(b'"index":7', b'"index":-7'),
        LEAF.replace(b'"index":7', b'"index":"7"'),
        LEAF.replace(b'"index":7', b'"index":true'),
        LEAF.replace(b'"index":7', b'"index":7,"indez":1'),
        LEAF.replace(b'"detail":"sha256', b'"detail":"sha1'),
        LEAF.replace(b"T12", b" 12"),
        LEAF.replace(b'"outcome":"clean"', b'"outcome":""'),
    ],
)
def test_reads_nothing_but_entries(leaf: bytes) -> None:
    with pytest.raises(EntryError):
        parse_entry(leaf)


@given(st.binary())
def test_any_bytes_are_read_or_refused(leaf: bytes) -> None:
    with pytest.raises(EntryError):
        parse_entry(leaf)


def test_a_kind_that_this_version_does_not_know_is_read_as_it_is() -> None:
    leaf = LEAF.replace(b'"kind":"check"', b'"kind":"model-signature"')
    entry = parse_entry(leaf)
    assert (entry.kind, entry.erased_index) == ("model-signature", None)
    assert entry.to_bytes() == leaf
    assert parse_entry(LEAF).kind is EntryKind.CHECK


def test_a_ledger_with_kinds_of_others_is_read_to_its_end(log: Log) -> None:
    log.append([Event(kind="model-signature", control="code-signing", outcome="signed")])
    log.append([Event(kind=EntryKind.NOTE, control="a", outcome="b")])
    assert [each.entry.kind for each in log.entries()] == ["model-signature", EntryKind.NOTE]
    assert log.verify().ok


def test_an_erasure_names_its_entry() -> None:
    erasure = replace(ENTRY, kind=EntryKind.ERASURE, subject="entry:12", detail="")
    assert parse_entry(erasure.to_bytes()).erased_index == 12
    assert ENTRY.erased_index is None


def test_seals_a_body_with_its_salt() -> None:
    body = seal_body({"b": 1, "a": [True]}, b"\x01" * 16)
    assert body == Body(salt=b"\x01" * 16, detail=b'{"a":[true],"b":1}')
    # printf '\001%.0s' {1..16}; printf '{"a":[true],"b":1}' -- through sha256sum
    assert body.digest == "sha256:7a10465cec22f36940e2e1abc55e22ad9210a17a0d8869e2cfb6ae0362e3635a"
    assert body.is_of(replace(ENTRY, detail=body.digest))
    assert not body.is_of(ENTRY)
    assert seal_body(None, b"") is None


def test_refuses_bodies_that_are_too_large_or_not_json() -> None:
    with pytest.raises(EntryError, match="at most 1048576 bytes"):
        seal_body({"a": "x" * (1 << 20)}, bytes(16))
    with pytest.raises(EntryError, match="body in JSON"):
        seal_body({"a": {1, 2}}, bytes(16))


def test_the_generic_encoder_agrees() -> None:
    assert canonical_json.decode(LEAF)["index"] == 7
