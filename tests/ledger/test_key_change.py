"""A signing key that is replaced: nothing is signed by chance, and the new key alone vouches for all there was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger.checkpoint import sign_checkpoint
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.errors import DamagedLedgerError, NoSignerError, UnknownKeyError
from telamon.ledger.log import Log, open_log
from telamon.ledger.second_place import FilePlace
from telamon.ledger.verification import Damage, Flaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    EventMaker = Callable[..., Event]
    Tamperer = Callable[..., None]

NEW = SignerKey(name="example.com/ledger", seed=bytes(range(1, 33)))


@pytest.fixture
def vouched(log: Log, event: EventMaker) -> Log:
    """Two entries under a checkpoint by the old key."""
    log.append([event(0), event(1)])
    log.checkpoint()
    return log


@pytest.fixture
def renewed(vouched: Log, location: str, place: Path) -> Iterator[Log]:
    """The same ledger with the new key."""
    assert vouched
    with open_log(location, signer=NEW, second_place=place) as log:
        yield log


def test_another_key_stops_the_ledger_before_anything_is_written(
    renewed: Log, place: Path, vouched: Log, event: EventMaker
) -> None:
    before = place.read_bytes()
    for write in (lambda: renewed.append([event(2)]), renewed.checkpoint, lambda: renewed.rotate([], actor="ops")):
        with pytest.raises(UnknownKeyError, match="the checkpoint of 2 entries signed by the ledger's key") as error:
            write()
        assert "telamon ledger rotate --verifier OLD" in error.value.hint
    reason = "no trusted key signed the checkpoint of 2 entries"
    assert renewed.verify().flaw == Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)
    assert (renewed.head().size, place.read_bytes()) == (2, before)
    vouched.append([event(2)])
    assert vouched.checkpoint().size == 3
    assert vouched.verify().ok


def test_after_a_rotation_the_new_key_alone_is_enough(
    renewed: Log, signer: SignerKey, location: str, place: Path, event: EventMaker
) -> None:
    checkpoint = renewed.rotate([signer.verifier], actor="ops")
    assert (checkpoint.size, checkpoint.is_signed_by([NEW.verifier])) == (3, True)
    record = renewed.entry(2)
    assert (record.entry.kind, record.entry.outcome, record.entry.actor) == (EntryKind.NOTE, "key-replaced", "ops")
    assert record.details() == {"verifier": str(NEW.verifier)}
    renewed.append([event(3)])
    renewed.checkpoint()
    with open_log(location, verifiers=[NEW.verifier], second_place=place, read_only=True) as auditor:
        result = auditor.verify()
    assert (result.flaw, result.covered, result.checkpoints) == (None, 4, 4)


def test_the_old_key_signs_no_more_after_a_rotation(
    renewed: Log, vouched: Log, signer: SignerKey, event: EventMaker
) -> None:
    renewed.rotate([signer.verifier], actor="ops")
    with pytest.raises(UnknownKeyError):  # in a process that was there before
        vouched.checkpoint()
    vouched.append([event(3)])
    with pytest.raises(UnknownKeyError):
        vouched.checkpoint()
    renewed.checkpoint()
    assert renewed.verify().ok


def test_a_key_may_come_back(renewed: Log, vouched: Log, signer: SignerKey, location: str, place: Path) -> None:
    renewed.rotate([signer.verifier], actor="ops")
    vouched.rotate([NEW.verifier], actor="ops")
    assert vouched.checkpoint().size == 4
    with open_log(location, verifiers=[signer.verifier], second_place=place, read_only=True) as auditor:
        assert auditor.verify().covered == 4


def test_a_leaked_old_key_vouches_for_nothing_new(
    renewed: Log, signer: SignerKey, place: Path, event: EventMaker
) -> None:
    renewed.rotate([signer.verifier], actor="ops")
    renewed.append([event(3)])
    root = renewed.head().root
    FilePlace(place).write(sign_checkpoint(size=4, root=root, signer=signer), is_first=False)
    reason = "no trusted key signed the checkpoint of 4 entries"
    assert renewed.verify().flaw == Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)


def test_an_old_checkpoint_of_other_entries_is_a_flaw(renewed: Log, signer: SignerKey, place: Path) -> None:
    renewed.rotate([signer.verifier], actor="ops")
    FilePlace(place).write(sign_checkpoint(size=1, root=bytes(32), signer=signer), is_first=False)
    reason = "the checkpoint of 1 entries, which no trusted key signed, is of other entries"
    assert renewed.verify().flaw == Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)


def test_a_spoilt_signature_by_a_trusted_key_is_a_flaw_wherever_it_stands(
    vouched: Log, event: EventMaker, tamper: Tamperer
) -> None:
    vouched.append([event(2)])
    vouched.checkpoint()
    spoilt = vouched.checkpoints()[0].note.encode()[:-8] + b"AAAAAA=\n"
    tamper("UPDATE checkpoint SET note = ? WHERE size = 2", parameters=(spoilt,))
    reason = "no trusted key signed the checkpoint of 2 entries"
    assert vouched.verify().flaw == Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)


def test_a_damaged_ledger_is_not_rotated(
    filled: Log, location: str, signer: SignerKey, tamper: Tamperer, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.close()
    monkeypatch.setattr("telamon.ledger.writer.RECHECKED_ENTRIES", 10)  # older entries are left to the verification
    tamper("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 0")
    with open_log(location, signer=NEW) as renewed:
        with pytest.raises(DamagedLedgerError, match="entry 0 is not what was recorded"):
            renewed.rotate([signer.verifier], actor="ops")
        assert (renewed.head().size, len(renewed.checkpoints())) == (600, 2)


def test_a_rotation_needs_the_new_key(location: str, signer: SignerKey) -> None:
    with open_log(location) as log, pytest.raises(NoSignerError):
        log.rotate([signer.verifier], actor="ops")
