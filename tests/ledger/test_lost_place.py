"""A second place that is gone, emptied or moved: never taken for a new one, unless somebody says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.errors import DamagedLedgerError, LedgerNotFoundError, NoSignerError, SecondPlaceError
from telamon.ledger.log import Log, open_log
from telamon.ledger.second_place import FilePlace, FolderPlace
from telamon.ledger.verification import Damage, Flaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Place
    from telamon.kits.crypto.note_keys import SignerKey

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]
    Tamperer = Callable[..., None]


@pytest.fixture
def vouched(log: Log, event: EventMaker) -> Log:
    """Two entries under a checkpoint, in the store and in the second place."""
    log.append([event(0), event(1)])
    log.checkpoint()
    log.close()
    return log


@pytest.mark.parametrize("loss", ["removed", "emptied", "older", "folder removed"])
def test_a_second_place_that_lost_the_newest_checkpoint_is_an_error(
    vouched: Log, place: Path, reopen: LogOpener, event: EventMaker, loss: str
) -> None:
    older = place.read_bytes()
    vouched.append([event(2)])
    vouched.checkpoint()
    if loss in {"emptied", "older"}:
        place.write_bytes(older if loss == "older" else b"")
    else:
        place.unlink()
    if loss == "folder removed":
        place.parent.rmdir()
    before = place.exists()
    reason = (
        f"the second place `{place}` lacks the checkpoint of 3 entries, so that it cannot show whether the ledger was "
        "rolled back"
    )
    assert reopen(read_only=True).verify().flaw == Flaw(damage=Damage.SECOND_PLACE, index=None, reason=reason)
    fresh = reopen()
    for write in (lambda: fresh.append([event(3)]), fresh.checkpoint):
        with pytest.raises(SecondPlaceError, match=f"newest checkpoint in the second place `{place}`, found none") as e:
            write()
        assert "telamon ledger second-place" in e.value.hint
    assert fresh.head().size == 3
    assert place.exists() == before


@pytest.mark.parametrize("loss", ["removed", "emptied"])
def test_a_second_place_that_goes_while_the_ledger_is_open_is_missed(
    vouched: Log, place: Path, event: EventMaker, loss: str
) -> None:
    vouched.append([event(2)])
    place.unlink()
    if loss == "emptied":
        place.touch()
    with pytest.raises(SecondPlaceError, match="newest checkpoint in the second place"):
        vouched.checkpoint()
    assert [checkpoint.size for checkpoint in vouched.checkpoints()] == [2]


def test_a_folder_that_was_emptied_is_missed(
    location: str, tmp_path: Path, signer: SignerKey, event: EventMaker
) -> None:
    folder = tmp_path / "outside"
    folder.mkdir()
    with open_log(location, signer=signer, second_place=folder) as log:
        log.append([event(0)])
        log.checkpoint()
        next(folder.iterdir()).unlink()
        log.append([event(1)])
        with pytest.raises(SecondPlaceError, match=f"in the second place `{folder}`, found none"):
            log.checkpoint()
        flaw = log.verify().flaw
    assert flaw is not None
    assert flaw.damage is Damage.SECOND_PLACE


def test_a_ledger_is_not_begun_anew_beside_an_emptied_second_place(
    vouched: Log, ledger: Place, place: Path, event: EventMaker
) -> None:
    vouched.close()
    ledger.remove()
    for content in (b"", place.read_bytes()[:9]):
        place.write_bytes(content)
        with pytest.raises(SecondPlaceError, match=f"checkpoints or no file at `{place}`, found a file without any"):
            vouched.append([event(0)])
        assert not ledger.exists()
        assert place.read_bytes() == content


def test_a_ledger_is_not_begun_where_the_second_place_has_no_folder(
    log: Log, ledger: Place, place: Path, event: EventMaker
) -> None:
    place.parent.rmdir()
    with pytest.raises(SecondPlaceError, match=f"folder for the second place at `{place.parent}`, found none"):
        log.append([event(0)])
    assert not ledger.exists()


def test_what_another_process_creates_meanwhile_is_no_loss(
    reopen: LogOpener, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, early = reopen(), reopen()
    read = FilePlace.read

    def slow(place: FilePlace) -> object:
        monkeypatch.setattr(FilePlace, "read", read)
        early.append([event(0)])
        early.checkpoint()
        return read(place)

    monkeypatch.setattr(FilePlace, "read", slow)
    assert late.append([event(1)]) == range(1, 2)


def test_a_checkpoint_that_is_taken_during_a_verification_is_no_loss(
    vouched: Log, reopen: LogOpener, event: EventMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = reopen(read_only=True)
    read = FilePlace.read

    def slow(place: FilePlace) -> object:
        found = read(place)
        monkeypatch.setattr(FilePlace, "read", read)
        vouched.append([event(2)])
        vouched.checkpoint()
        return found

    monkeypatch.setattr(FilePlace, "read", slow)
    result = reader.verify()
    assert (result.flaw, result.size) == (None, 3)


def test_a_new_second_place_is_started_on_purpose_and_recorded(
    vouched: Log, place: Path, reopen: LogOpener, event: EventMaker
) -> None:
    place.unlink()
    vouched.append([event(2)])
    checkpoint = vouched.start_second_place(actor="ops")
    assert (checkpoint.size, FilePlace(place).read()) == (4, [checkpoint])
    record = vouched.entry(3)
    assert (record.entry.kind, record.entry.outcome, record.entry.actor) == (
        EntryKind.NOTE,
        "second-place-started",
        "ops",
    )
    assert record.details() == {"place": str(place)}
    vouched.append([event(4)])
    assert vouched.checkpoint().size == 5
    assert reopen(read_only=True).verify().ok


def test_a_second_place_is_not_started_for_a_damaged_ledger(
    filled: Log, place: Path, reopen: LogOpener, tamper: Tamperer, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.close()
    place.unlink()
    monkeypatch.setattr("telamon.ledger.writer.RECHECKED_ENTRIES", 10)  # older entries are left to the verification
    tamper("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 0")
    with pytest.raises(DamagedLedgerError, match="entry 0 is not what was recorded"):
        reopen().start_second_place(actor="ops")
    assert not place.exists()


def test_a_rolled_back_ledger_gets_no_second_place_that_knows_better(
    vouched: Log, ledger: Place, place: Path, reopen: LogOpener, event: EventMaker
) -> None:
    saved = ledger.save()
    vouched.append([event(2)])
    vouched.checkpoint()
    vouched.close()
    ledger.restore(saved)
    before = place.read_bytes()
    with pytest.raises(DamagedLedgerError, match="a checkpoint vouches for 3 entries, the ledger has 2"):
        reopen().start_second_place(actor="ops")
    assert place.read_bytes() == before


def test_only_a_log_with_a_place_a_key_and_entries_starts_one(
    location: str, place: Path, reopen: LogOpener, signer: SignerKey
) -> None:
    with open_log(location, signer=signer) as log, pytest.raises(SecondPlaceError, match="to start, found none"):
        log.start_second_place(actor="ops")
    with open_log(location, second_place=place) as log, pytest.raises(NoSignerError):
        log.start_second_place(actor="ops")
    with pytest.raises(LedgerNotFoundError):
        reopen().start_second_place(actor="ops")


def test_places_are_called_by_their_paths(tmp_path: Path) -> None:
    assert FilePlace(tmp_path).name == FolderPlace(tmp_path).name == str(tmp_path)
    with pytest.raises(SecondPlaceError, match=re.escape(str(tmp_path / "none"))):
        FolderPlace(tmp_path / "none").check_new()
