"""What somebody does who can write the ledger's file: each change is found, the first bad entry named, and no append
goes on top of it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pg8000.exceptions
import pytest

from telamon.kits.crypto.note_keys import generate_key
from telamon.ledger.checkpoint import sign_checkpoint
from telamon.ledger.errors import DamagedLedgerError
from telamon.ledger.log import open_log
from telamon.ledger.merkle import leaf_hash, root_hash
from telamon.ledger.second_place import FilePlace
from telamon.ledger.verification import Damage, Flaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Place
    from telamon.kits.crypto.note_keys import SignerKey
    from telamon.ledger.entry import Event
    from telamon.ledger.log import Log

    EventMaker = Callable[..., Event]
    LogOpener = Callable[..., Log]
    Tamperer = Callable[..., None]

SIZE = 600  # two whole tiles and a tail


def refuses(log: Log, ledger: Place, event: EventMaker) -> bool:
    """Whether `log` refuses to append, and leaves what is there as it is."""
    before = content(ledger)
    with pytest.raises(DamagedLedgerError):
        log.append([event(SIZE)])
    return content(ledger) == before


def content(ledger: Place) -> list[object]:
    """All that can still be read."""
    found: list[object] = []
    for table in ("entry", "body", "node", "checkpoint", "head"):
        try:
            found.append(ledger.execute(f"SELECT * FROM {table} ORDER BY 1, 2"))  # noqa: S608 -- a name from above
        except (sqlite3.OperationalError, pg8000.exceptions.DatabaseError):
            found.append(None)  # the test has dropped it
    return found


# What is done, what it is called, the first bad index, and whether that very entry is meant.
MATRIX: list[tuple[str, str, int, bool]] = [
    ("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 7", "edited", 7, True),
    ("UPDATE entry SET leaf = x'' WHERE position = 0", "edited", 0, True),
    ("UPDATE entry SET hash = zeroblob(32) WHERE position = 300", "edited", 300, True),
    ("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 599", "edited", 599, True),
    ("DELETE FROM entry WHERE position = 0", "missing", 0, True),
    ("DELETE FROM entry WHERE position = 7", "missing", 7, True),
    ("DELETE FROM entry WHERE position BETWEEN 250 AND 260", "missing", 250, True),
    ("DELETE FROM entry WHERE position = 599", "truncated", 599, True),
    ("DELETE FROM entry WHERE position >= 550", "truncated", 550, True),
    ("DELETE FROM entry", "truncated", 0, True),
    ("UPDATE body SET detail = CAST('{}' AS BLOB) WHERE position = 9", "body-edited", 9, True),
    ("UPDATE body SET salt = randomblob(16) WHERE position = 9", "body-edited", 9, True),
    ("UPDATE body SET position = 1000 WHERE position = 9", "body-missing", 9, True),
    ("DELETE FROM body WHERE position = 9", "body-missing", 9, True),
    ("DELETE FROM body", "body-missing", 0, True),
    ("INSERT INTO entry SELECT 600, hash, leaf FROM entry WHERE position = 599", "reordered", 600, True),
    ("INSERT INTO entry SELECT -5, hash, leaf FROM entry WHERE position = 5", "added", 0, True),
    ("UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND number = 1", "rewritten", 500, False),
    ("DELETE FROM node WHERE level = 8 AND number = 1", "rewritten", 500, False),
    ("DELETE FROM node", "rewritten", 100, False),
    ("INSERT INTO node VALUES (8, 2, zeroblob(32))", "truncated", 600, True),
    ("UPDATE head SET root = zeroblob(32)", "rewritten", 500, False),
    ("UPDATE head SET size = 599", "added", 599, True),
    ("UPDATE head SET size = 601", "truncated", 600, True),
    ("UPDATE head SET size = 0", "added", 0, True),
    ("DELETE FROM head", "unreadable", 600, True),
    ("DROP TABLE head", "unreadable", 600, True),
    ("DROP TABLE entry", "unreadable", 0, True),
    ("DROP TABLE body", "unreadable", 0, True),
    ("DROP TABLE node", "unreadable", 100, False),
]


@pytest.mark.parametrize("row", MATRIX)
def test_finds_the_first_bad_entry(
    filled: Log, reopen: LogOpener, tamper: Tamperer, row: tuple[str, str, int, bool]
) -> None:
    statement, damage, index, is_exact = row
    filled.close()
    tamper(statement)
    with reopen(read_only=True) as log:
        result = log.verify()
    assert result.flaw is not None
    assert (result.flaw.damage, result.first_bad_index, result.flaw.is_exact) == (damage, index, is_exact)
    assert not result.ok
    assert result.size == index
    assert result.root is None
    assert result.reason == result.flaw.reason


# Not seen by the short check before an append, because no entry, root or checkpoint speaks against it.
UNSEEN = ("DELETE FROM body", "UPDATE body SET position", "INSERT INTO node", "INSERT INTO entry SELECT -5")


@pytest.mark.parametrize("statement", [row[0] for row in MATRIX if not row[0].startswith(UNSEEN)])
def test_appends_nothing_to_a_damaged_ledger(
    filled: Log, reopen: LogOpener, event: EventMaker, ledger: Place, statement: str
) -> None:
    filled.close()
    ledger.execute(statement)
    assert refuses(reopen(), ledger, event)


@pytest.mark.parametrize("statement", [row[0] for row in MATRIX if row[0].startswith(UNSEEN)])
def test_appends_nothing_to_a_ledger_that_it_has_found_damaged(
    filled: Log, reopen: LogOpener, event: EventMaker, ledger: Place, statement: str
) -> None:
    filled.close()
    ledger.execute(statement)
    log = reopen()
    assert not log.verify().ok
    assert refuses(log, ledger, event)


def test_finds_an_entry_taken_out_and_the_gap_closed(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper(
        "DELETE FROM entry WHERE position = 7",
        "UPDATE entry SET position = position - 10001 WHERE position > 7",
        "UPDATE entry SET position = position + 10000 WHERE position < 0",
    )
    flaw = reopen(read_only=True).verify().flaw
    reason = "at position 7 stands an entry that was recorded at another one"
    assert flaw == Flaw(damage=Damage.REORDERED, index=7, reason=reason)


def test_finds_entries_in_another_order(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper(
        "UPDATE entry SET position = -1 WHERE position = 3",
        "UPDATE entry SET position = 3 WHERE position = 400",
        "UPDATE entry SET position = 400 WHERE position = -1",
    )
    flaw = reopen(read_only=True).verify().flaw
    reason = "at position 3 stands an entry that was recorded at another one"
    assert flaw == Flaw(damage=Damage.REORDERED, index=3, reason=reason)


def rewrite(ledger: Place, index: int, *, with_nodes: bool = True) -> None:
    """Change an entry as somebody does who knows the format: all hashes are made to fit."""
    ((leaf,),) = ledger.execute(f"SELECT leaf FROM entry WHERE position = {index}")  # noqa: S608 -- a number
    assert isinstance(leaf, bytes)
    leaf = leaf.replace(b'"clean"', b'"dirty"')
    ledger.execute(
        f"UPDATE entry SET leaf = ?, hash = ? WHERE position = {index}",  # noqa: S608 -- likewise
        parameters=(leaf, leaf_hash(leaf)),
    )
    if with_nodes:
        hashes = [row[0] for row in ledger.execute("SELECT hash FROM entry ORDER BY position")]
        for number in range(len(hashes) >> 8):
            node = root_hash(hashes[number << 8 : (number + 1) << 8])
            statement = f"UPDATE node SET hash = ? WHERE level = 8 AND number = {number}"  # noqa: S608 -- likewise
            ledger.execute(statement, parameters=(node,))
        ledger.execute("UPDATE head SET root = ?", parameters=(root_hash(hashes),))


def test_a_rewritten_history_disagrees_with_the_first_checkpoint_behind_it(
    filled: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    filled.close()
    rewrite(ledger, 300)
    flaw = reopen(read_only=True).verify().flaw
    assert flaw == Flaw(
        damage=Damage.REWRITTEN,
        index=100,
        is_exact=False,
        reason="the first 500 entries are not those of the checkpoint taken at that size",
    )
    assert refuses(reopen(), ledger, event)


def test_a_rewritten_entry_between_two_checkpoints_is_named(log: Log, ledger: Place, event: EventMaker) -> None:
    log.append(event(number) for number in range(9))
    log.checkpoint()
    log.append([event(9)])
    log.checkpoint()
    log.close()
    rewrite(ledger, 9)
    flaw = log.verify().flaw
    assert flaw is not None
    assert (flaw.damage, flaw.index, flaw.is_exact) == (Damage.REWRITTEN, 9, True)


def test_a_rewritten_entry_does_not_fit_the_tree(
    filled: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    filled.close()
    rewrite(ledger, 30, with_nodes=False)
    flaw = reopen(read_only=True).verify().flaw
    assert flaw is not None
    assert (flaw.damage, flaw.index, flaw.is_exact) == (Damage.REWRITTEN, 0, False)
    assert refuses(reopen(), ledger, event)


def test_a_rewritten_tail_does_not_fit_the_head(
    filled: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    filled.close()
    rewrite(ledger, 599, with_nodes=False)
    flaw = reopen(read_only=True).verify().flaw
    reason = "the recorded root is not that of the entries"
    assert flaw == Flaw(damage=Damage.REWRITTEN, index=500, is_exact=False, reason=reason)
    assert refuses(reopen(), ledger, event)


def test_a_wrong_head_under_a_good_checkpoint_accuses_no_entry(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0)])
    log.checkpoint()
    log.close()
    tamper("UPDATE head SET root = zeroblob(32)")
    result = log.verify()
    reason = "the recorded root is not that of the entries"
    assert result.flaw == Flaw(damage=Damage.REWRITTEN, index=None, is_exact=False, reason=reason)
    assert (result.size, result.covered) == (1, 1)


def test_a_rolled_back_ledger_is_found_by_the_second_place(
    log: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    log.append(event(number) for number in range(10))
    log.checkpoint()
    log.close()
    saved = ledger.save()
    log.append(event(number) for number in range(10, 20))
    log.checkpoint()
    log.close()
    ledger.restore(saved)
    flaw = reopen(read_only=True).verify().flaw
    reason = "a checkpoint vouches for 20 entries, the ledger has 10"
    assert flaw == Flaw(damage=Damage.ROLLED_BACK, index=10, reason=reason)
    assert refuses(reopen(), ledger, event)


def test_a_rolled_back_ledger_is_found_by_a_remembered_checkpoint(
    ledger: Place, signer: SignerKey, event: EventMaker
) -> None:
    with open_log(ledger.location, signer=signer) as log:
        log.append(event(number) for number in range(10))
    saved = ledger.save()
    with open_log(ledger.location, signer=signer) as log:
        log.append([event(10)])
        remembered = log.checkpoint()
    ledger.restore(saved)
    with open_log(ledger.location, signer=signer) as log:
        assert log.verify().ok
        result = log.verify(remembered)
        assert result.flaw is not None
        assert (result.flaw.damage, result.first_bad_index) == (Damage.ROLLED_BACK, 10)


def test_a_forked_history_is_found(log: Log, ledger: Place, reopen: LogOpener, event: EventMaker) -> None:
    log.append(event(number) for number in range(10))
    log.close()
    saved = ledger.save()
    log.append([event(10)])
    log.checkpoint()
    log.close()
    ledger.restore(saved)
    with open_log(ledger.location) as without_second_place:
        without_second_place.append([event(77), event(78)])
    flaw = reopen(read_only=True).verify().flaw
    assert flaw is not None
    assert (flaw.damage, flaw.index) == (Damage.REWRITTEN, 0)
    assert refuses(reopen(), ledger, event)


def test_a_ledger_that_is_gone_is_not_begun_anew(
    filled: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    filled.close()
    ledger.remove()
    flaw = reopen(read_only=True).verify().flaw
    reason = "checkpoints vouch for entries, and the ledger is gone"
    assert flaw == Flaw(damage=Damage.ROLLED_BACK, index=0, reason=reason)
    with pytest.raises(DamagedLedgerError, match="vouches for 500 entries, the ledger is gone"):
        reopen().append([event(0)])
    assert not ledger.exists()


def test_an_empty_ledger_that_is_gone_is_begun_anew(log: Log, ledger: Place, event: EventMaker) -> None:
    log.append([])
    log.checkpoint()
    log.close()
    ledger.remove()
    assert log.append([event(0)]) == range(1)


def test_a_ledger_that_shrinks_while_it_is_open_is_not_written(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0)])
    log.append([event(1)])
    tamper(
        "DELETE FROM entry WHERE position = 1",
        "DELETE FROM body WHERE position = 1",
        "UPDATE head SET size = 1, root = (SELECT hash FROM entry WHERE position = 0)",
    )
    with pytest.raises(DamagedLedgerError, match="no longer holds the entries that this process recorded"):
        log.append([event(1)])


def test_a_last_entry_that_goes_while_it_is_open_is_missed(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0), event(1)])
    tamper("DELETE FROM entry WHERE position = 1")
    with pytest.raises(DamagedLedgerError, match="expected 2 entries, found the last one at 0"):
        log.append([event(2)])


def test_a_history_that_changes_while_it_is_open_is_not_written(
    log: Log, ledger: Place, reopen: LogOpener, event: EventMaker
) -> None:
    log.append([event(0), event(1)])
    reopen().append([event(2)])
    rewrite(ledger, 0)
    with pytest.raises(DamagedLedgerError, match="no longer holds the entries that this process recorded"):
        log.append([event(3)])


def test_a_root_that_changes_while_it_is_open_is_not_written(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0)])
    tamper("UPDATE head SET root = zeroblob(32)")
    with pytest.raises(DamagedLedgerError, match="the recorded root is not that of the entries"):
        log.append([event(1)])


def test_no_key_vouches_for_a_damaged_ledger(log: Log, ledger: Place, reopen: LogOpener, event: EventMaker) -> None:
    log.append([event(0)])
    log.close()
    rewrite(ledger, 0, with_nodes=False)
    with pytest.raises(DamagedLedgerError):
        reopen().checkpoint()


def test_an_append_hides_no_older_change(
    filled: Log, reopen: LogOpener, event: EventMaker, tamper: Tamperer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A long ledger is not hashed whole before an append; what the append adds goes on from the true hashes.
    filled.close()
    monkeypatch.setattr("telamon.ledger.writer.RECHECKED_ENTRIES", 10)
    tamper("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 7")
    with reopen() as log:
        assert log.append([event(SIZE)]) == range(SIZE, SIZE + 1)
        assert log.checkpoint().size == SIZE + 1
    assert reopen(read_only=True).verify().first_bad_index == 7


def test_a_forged_checkpoint_accuses_no_entry(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    forged = sign_checkpoint(size=600, root=bytes(32), signer=generate_key("example.com/ledger"))
    tamper("INSERT INTO checkpoint VALUES (600, ?)", parameters=(forged.note.encode(),))
    tamper("INSERT INTO checkpoint VALUES (601, ?)", parameters=(forged.note.encode(),))
    result = reopen(read_only=True).verify()
    reason = "no trusted key signed the checkpoint of 600 entries"
    assert result.flaw == Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)
    assert (result.size, result.covered, result.first_bad_index) == (600, 500, None)


def test_the_first_of_several_bad_checkpoints_is_named(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("UPDATE checkpoint SET note = x'00'")
    result = reopen(read_only=True).verify()
    assert result.flaw is not None
    assert (result.flaw.damage, result.flaw.index) == (Damage.CHECKPOINT, None)
    assert "empty line and signature lines" in result.reason
    # The second place still vouches for them.
    assert result.covered == 500


def test_bad_entries_come_before_bad_checkpoints(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("UPDATE checkpoint SET note = x'00'", "UPDATE entry SET leaf = x'' WHERE position = 5")
    assert reopen(read_only=True).verify().first_bad_index == 5


def test_unreadable_checkpoints_accuse_no_entry(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("DROP TABLE checkpoint")
    result = reopen(read_only=True).verify()
    assert result.flaw is not None
    assert (result.flaw.damage, result.flaw.index, result.covered) == (Damage.UNREADABLE, None, 500)


def test_a_body_that_was_erased_without_a_record_is_missed(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append(event(number) for number in range(5))
    log.erase_body(3, reason="", actor="dpo")
    log.close()
    tamper("DELETE FROM body WHERE position IN (2, 3, 4)")
    result = log.verify()
    reason = "the body of entry 2 is missing and no erasure of it is recorded"
    assert result.flaw == Flaw(damage=Damage.BODY_MISSING, index=2, reason=reason)
    assert result.erased == 1


def test_a_damaged_record_of_an_erasure_excuses_nothing(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append(event(number) for number in range(5))
    log.erase_body(3, reason="", actor="dpo")
    log.close()
    tamper("UPDATE entry SET leaf = CAST(replace(leaf, 'entry:3', 'entry:x') AS BLOB) WHERE position = 5")
    assert log.verify().first_bad_index == 3


def test_changed_entries_are_not_shown(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append(event(number) for number in range(5))
    log.close()
    tamper("UPDATE entry SET leaf = CAST(replace(leaf, 'clean', 'dirty') AS BLOB) WHERE position = 3")
    shown = []
    with pytest.raises(DamagedLedgerError, match="entry 3 is not what was recorded"):
        shown.extend(recorded.index for recorded in log.entries())
    entries = log.entries()
    assert [next(entries).index for _ in range(3)] == [0, 1, 2]


def test_entries_that_were_cut_off_are_missed(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append(event(number) for number in range(5))
    log.close()
    tamper("DELETE FROM entry WHERE position >= 3")
    entries = log.entries()
    assert [next(entries).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DamagedLedgerError, match="entry 3 is missing"):
        next(entries)


def test_a_leaf_that_is_no_entry_is_not_shown(log: Log, event: EventMaker, tamper: Tamperer) -> None:
    log.append([event(0)])
    log.close()
    leaf = b'{"actor":"x","index":0,"version":1}'
    tamper("UPDATE entry SET leaf = ?, hash = ?", parameters=(leaf, leaf_hash(leaf)))
    tamper("DELETE FROM body")
    with pytest.raises(DamagedLedgerError, match="expected an entry at position 0"):
        log.entry(0)


def test_a_proof_that_would_not_hold_is_not_given(log: Log, ledger: Place, event: EventMaker) -> None:
    log.append(event(number) for number in range(5))
    log.checkpoint()
    log.close()
    rewrite(ledger, 3)
    for index in (0, 3):
        with pytest.raises(DamagedLedgerError, match="under the root of the checkpoint"):
            log.prove(index)


def test_hashes_that_do_not_fit_together_prove_no_growth(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("DELETE FROM node WHERE number = 0")
    with pytest.raises(DamagedLedgerError, match="expected 2 tree hashes from number 0 at level 8"):
        reopen(read_only=True).consistency(520)


def test_tree_hashes_that_were_changed_prove_no_growth(filled: Log, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("UPDATE node SET hash = zeroblob(32) WHERE number = 0")
    with pytest.raises(DamagedLedgerError, match="tree hashes of one ledger up to size 520"):
        reopen(read_only=True).consistency(100, 520)


def test_the_second_place_is_left_as_it_is(filled: Log, place: Path, reopen: LogOpener, tamper: Tamperer) -> None:
    filled.close()
    tamper("DELETE FROM entry")
    before = place.read_bytes()
    reopen(read_only=True).verify()
    assert place.read_bytes() == before
    assert [checkpoint.size for checkpoint in FilePlace(place).read()] == [100, 500]
