"""The ledger's own promises, as long as nobody interferes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telamon.core.records import Mode
from telamon.kits.crypto.note_keys import generate_key
from telamon.ledger.checkpoint import parse_checkpoint
from telamon.ledger.entry import Body, Entry, EntryKind, Event
from telamon.ledger.errors import (
    CheckpointError,
    EntryError,
    LedgerNotFoundError,
    LedgerReadOnlyError,
    NoSignerError,
    NoSuchEntryError,
    NotCoveredError,
    SecondPlaceError,
)
from telamon.ledger.log import Log, open_log
from telamon.ledger.merkle import EMPTY_ROOT, leaf_hash, root_hash
from telamon.ledger.second_place import FilePlace
from telamon.ledger.store import Head
from telamon.ledger.verification import Verification

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Place
    from telamon.kits.crypto.note_keys import SignerKey

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]
    Tamperer = Callable[..., None]


def test_appends_and_reads_back(log: Log, event: EventMaker) -> None:
    assert log.append([event(0), event(1)]) == range(2)
    assert log.append([replace(event(2), body=None, mode=Mode.SHADOW)]) == range(2, 3)
    first, second, third = log.entries()
    body = Body(salt=bytes(16), detail=b'{"file":"model-0.pkl"}')
    assert first.entry == Entry(
        actor="ci",
        control="vulnerability-scanning",
        detail=body.digest,
        index=0,
        kind=EntryKind.CHECK,
        mode=Mode.ENFORCE,
        outcome="clean",
        policy="sha256:" + "5e" * 32,
        subject="sha256:" + "0" * 64,
        time="2026-11-23T12:00:00.000000Z",
    )
    assert first.body == body
    assert first.details() == {"file": "model-0.pkl"}
    assert (second.index, second.is_erased) == (1, False)
    assert (third.body, third.details(), third.is_erased, third.entry.detail) == (None, None, False, "")
    assert third.entry.mode is Mode.SHADOW
    assert log.head() == Head(size=3, root=root_hash(leaf_hash(one.leaf) for one in log.entries()))


def test_an_empty_batch_makes_an_empty_ledger(log: Log) -> None:
    assert log.append([]) == range(0)
    assert log.head() == Head(size=0, root=EMPTY_ROOT)
    assert log.verify() == Verification(size=0, root=EMPTY_ROOT, are_signatures_checked=True)


def test_a_bad_event_spoils_the_whole_batch(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    for bad in (replace(event(1), outcome=""), replace(event(1), actor="\ud800"), replace(event(1), time_ns=-1)):
        with pytest.raises(EntryError):
            log.append([event(1), bad])
    assert log.head().size == 1
    assert log.append([event(1)]) == range(1, 2)
    assert log.verify().ok


def test_reads_from_the_middle(log: Log, event: EventMaker) -> None:
    log.append(event(number) for number in range(20))
    assert [one.index for one in log.entries(3, 6)] == [3, 4, 5]
    assert [one.index for one in log.entries(18)] == [18, 19]
    assert [one.index for one in log.entries(6, 6)] == []
    assert [one.index for one in log.entries(30)] == []
    assert log.entry(7).index == 7
    for index in (20, 2**63, 10**30):
        with pytest.raises(NoSuchEntryError, match=f"below 20, found {index}"):
            log.entry(index)
        assert list(log.entries(index)) == []
    with pytest.raises(NoSuchEntryError, match="from 0 on, found -1"):
        log.entry(-1)


def test_reads_while_it_is_appended_to(log: Log, event: EventMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telamon.ledger.reader.CHUNK_ROWS", 2)
    log.append(event(number) for number in range(4))
    seen = []
    for recorded in log.entries():
        seen.append(recorded.index)
        if recorded.index == 0:
            log.append([event(4)])
    assert seen == [0, 1, 2, 3, 4]


def test_reading_needs_a_ledger(log: Log, ledger: Place) -> None:
    reads = (
        log.head,
        log.checkpoints,
        lambda: list(log.entries()),
        log.verify,
        log.checkpoint,
        lambda: log.consistency(0),
    )
    for read in reads:
        with pytest.raises(LedgerNotFoundError, match=r"expected a ledger at .*ledger.*`, found none"):
            read()
    assert not ledger.exists()


def test_a_ledger_for_reading_is_never_written(reopen: LogOpener, log: Log, ledger: Place, event: EventMaker) -> None:
    reader = reopen(read_only=True)
    with pytest.raises(LedgerReadOnlyError, match="found none and may not create it"):
        reader.append([event(0)])
    log.append([event(0)])
    for write in (lambda: reader.append([event(1)]), reader.checkpoint):
        with pytest.raises(LedgerReadOnlyError, match="opened for reading only"):
            write()
    assert reader.verify().size == 1
    assert ledger.exists()


def test_takes_checkpoints_and_keeps_them_in_both_places(log: Log, place: Path, event: EventMaker) -> None:
    log.append([event(0)])
    first = log.checkpoint()
    log.append([event(1), event(2)])
    second = log.checkpoint()
    assert (first.origin, first.size, second.size) == ("example.com/ledger", 1, 3)
    assert log.checkpoints() == [first, second] == FilePlace(place).read()
    assert log.verify() == Verification(size=3, root=second.root, covered=3, checkpoints=4, are_signatures_checked=True)


def test_takes_no_second_checkpoint_of_the_same_entries(log: Log, place: Path, event: EventMaker) -> None:
    log.append([event(0)])
    assert log.checkpoint() == log.checkpoint()
    assert len(log.checkpoints()) == len(FilePlace(place).read()) == 1


def test_a_checkpoint_that_cannot_be_kept_outside_is_not_kept_inside(log: Log, place: Path, event: EventMaker) -> None:
    log.append([event(0)])
    place.mkdir()
    with pytest.raises(SecondPlaceError, match="Is a directory"):
        log.checkpoint()
    assert log.checkpoints() == []
    place.rmdir()
    assert log.checkpoint().size == 1


def test_works_without_a_second_place(location: str, signer: SignerKey, event: EventMaker) -> None:
    with open_log(location, signer=signer) as log:
        log.append([event(0)])
        log.checkpoint()
        assert log.verify().covered == 1


def test_says_whether_it_can_sign(log: Log, location: str) -> None:
    assert log.has_signer
    with open_log(location) as without:
        assert not without.has_signer


def test_needs_a_key_to_take_a_checkpoint(location: str, event: EventMaker) -> None:
    with open_log(location) as log:
        log.append([event(0)])
        with pytest.raises(NoSignerError):
            log.checkpoint()
        result = log.verify()
        assert (result.ok, result.covered, result.are_signatures_checked) == (True, 0, False)
        assert log.origin() == "ledger"


def test_checks_checkpoints_with_the_public_key_alone(
    log: Log, location: str, place: Path, signer: SignerKey, event: EventMaker
) -> None:
    log.append([event(0)])
    log.checkpoint()
    with open_log(location, verifiers=[signer.verifier], second_place=place, read_only=True) as auditor:
        result = auditor.verify()
        assert (result.ok, result.covered, result.are_signatures_checked) == (True, 1, True)
        assert auditor.origin() == "example.com/ledger"


def test_verifies_since_a_remembered_checkpoint(log: Log, signer: SignerKey, event: EventMaker) -> None:
    log.append([event(0)])
    remembered = parse_checkpoint(log.checkpoint().note)
    log.append([event(1)])
    result = log.verify(remembered)
    assert (result.ok, result.size, result.covered, result.checkpoints) == (True, 2, 1, 3)
    assert log.origin() == signer.name


def test_believes_no_checkpoint_of_a_stranger(log: Log, tmp_path: Path, event: EventMaker) -> None:
    with open_log(tmp_path / "other.db", signer=generate_key("example.com/ledger")) as other:
        other.append([event(0)])
        foreign = other.checkpoint()
    log.append([event(0)])
    with pytest.raises(CheckpointError, match="signed by a trusted key"):
        log.verify(foreign)


def test_tells_how_far_it_is(log: Log, event: EventMaker) -> None:
    log.append(event(number) for number in range(5000))
    progress: list[tuple[int, int]] = []
    assert log.verify(on_progress=lambda done, total: progress.append((done, total))).ok
    assert progress == [(4096, 5000), (5000, 5000)]


def test_erases_bodies_and_stays_verifiable(log: Log, ledger: Place, event: EventMaker) -> None:
    log.append([event(0, body={"person": "Erika Mustermann"}), event(1)])
    assert ledger.holds(b"Mustermann")
    checkpoint = log.checkpoint()
    proof = log.prove(0)
    assert log.erase_body(0, reason="art. 17 GDPR", actor="dpo") == 2
    erased, _, record = log.entries()
    assert (erased.body, erased.is_erased) == (None, True)
    assert (record.entry.kind, record.entry.subject, record.entry.erased_index) == (EntryKind.ERASURE, "entry:0", 0)
    assert record.details() == {"reason": "art. 17 GDPR"}
    result = log.verify(checkpoint)
    assert (result.ok, result.erased) == (True, 1)
    assert log.prove(0, checkpoint=checkpoint) == replace(proof, body=None)
    assert not ledger.holds(b"Mustermann")


def test_a_salted_digest_does_not_tell_equal_bodies(location: str, event: EventMaker) -> None:
    with open_log(location) as log:
        log.append([event(0, body={"a": 1}), event(1, body={"a": 1})])
        first, second = log.entries()
    assert first.entry.detail != second.entry.detail


def test_erases_only_what_is_there(log: Log, event: EventMaker) -> None:
    log.append([replace(event(0), body=None), event(1)])
    log.erase_body(1, reason="", actor="dpo")
    for index in (0, 1, 7):
        with pytest.raises(NoSuchEntryError, match=f"none at index {index}"):
            log.erase_body(index, reason="", actor="dpo")
    for index in (-1, 10**30):
        with pytest.raises(EntryError):
            log.erase_body(index, reason="", actor="dpo")
    assert log.head().size == 3


def test_proves_only_what_a_checkpoint_covers(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    with pytest.raises(NotCoveredError, match="covers entry 0"):
        log.prove(0)
    log.checkpoint()
    log.append([event(1)])
    with pytest.raises(NotCoveredError, match="covers entry 1"):
        log.prove(1)
    with pytest.raises(NoSuchEntryError, match="below 2, found 2"):
        log.prove(2)


def test_consistency_needs_sizes_in_order(log: Log, event: EventMaker) -> None:
    log.append([event(0), event(1)])
    assert log.consistency(1).second_size == 2
    for old, new in ((2, 1), (-1, 1), (0, 3), (0, 10**30)):
        with pytest.raises(NoSuchEntryError):
            log.consistency(old, new)


def test_threads_may_share_a_log(log: Log, event: EventMaker) -> None:
    log.append([event(0)])
    found: list[range] = []
    threads = [
        threading.Thread(target=lambda: found.extend(log.append([event(1), event(2)]) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(index for one in found for index in one) == list(range(1, 161))
    assert log.verify().size == 161
