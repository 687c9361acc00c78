"""The audit of a ledger: its entries held against every checkpoint, and the checkpoints against the trusted keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telamon.ledger.checkpoint import parse_checkpoint
from telamon.ledger.errors import CheckpointError, DamagedLedgerError, LedgerNotFoundError
from telamon.ledger.scan import UNREADABLE, Scan
from telamon.ledger.tree import StoredTree
from telamon.ledger.verification import Damage, Flaw, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.checkpoint import Checkpoint
    from telamon.ledger.second_place import SecondPlace
    from telamon.ledger.store import Store


def verify_store(
    store: Store,
    kept: Iterable[Checkpoint],
    verifiers: Sequence[VerifierKey],
    on_progress: Callable[[int, int], None] | None = None,
    second_place: SecondPlace | None = None,
) -> Verification:
    """Verify a store against its own checkpoints, those in the second place and those `kept` elsewhere.

    Damage is part of the result. Without `verifiers` no signature is checked, which the result says. A checkpoint by a
    key that is not trusted vouches for nothing; it is accepted as history where a trusted one, of at least its size,
    covers its entries (a key was replaced) and it is of the same tree.

    Raises:
        LedgerNotFoundError: There is no ledger, and no checkpoint that says there was one.
        SecondPlaceError: The second place cannot be read.
    """
    # Before the snapshot of the store, so that no checkpoint is held against an older state than its own.
    outside = second_place.read() if second_place is not None else []
    elsewhere = [*outside, *kept]
    is_checked = bool(verifiers)
    if not store.exists():
        if not any(checkpoint.size for checkpoint in elsewhere):
            raise LedgerNotFoundError(f"expected a ledger at `{store.name}`, found none")
        reason = "checkpoints vouch for entries, and the ledger is gone"
        return _failed(Flaw(damage=Damage.ROLLED_BACK, index=0, reason=reason), is_checked=is_checked)
    try:
        with store.reading():
            inside, flaw = _stored_checkpoints(store)
            found = inside + elsewhere
            good = [each for each in found if not verifiers or each.is_signed_by(verifiers)]
            result = Scan(store, good, on_progress).run(are_signatures_checked=is_checked)
            if result.ok and flaw is None:
                others = [each for each in found if each not in good]
                flaw = _first_not_covered(others, result.covered, verifiers, StoredTree(store))
                flaw = flaw or _missing_outside(inside, outside, second_place)
    except DamagedLedgerError as error:
        reason = error.message
        flaw = Flaw(damage=Damage.UNREADABLE, index=0, is_exact=False, reason=reason)
        return _failed(flaw, is_checked=is_checked)
    return replace(result, flaw=flaw, root=None) if result.ok and flaw is not None else result


def _first_not_covered(
    unknown: Iterable[Checkpoint], covered: int, verifiers: Sequence[VerifierKey], tree: StoredTree
) -> Flaw | None:
    """What is wrong with the first of the checkpoints that no trusted key signed, if anything is."""
    for checkpoint in unknown:
        if checkpoint.size > covered or checkpoint.names_key(verifiers):
            reason = f"no trusted key signed the checkpoint of {checkpoint.size} entries"
            return Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)
        if tree.root(checkpoint.size) != checkpoint.root:
            reason = f"the checkpoint of {checkpoint.size} entries, which no trusted key signed, is of other entries"
            return Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)
    return None


def _missing_outside(inside: list[Checkpoint], outside: list[Checkpoint], place: SecondPlace | None) -> Flaw | None:
    """A flaw where the newest checkpoint of the store is not in the second place, to which it was written first."""
    if place is None or not inside or any(inside[-1].is_of_same_tree(kept) for kept in outside):
        return None
    # It may have been taken since; what is in the snapshot of the store is in the second place by now.
    if any(inside[-1].is_of_same_tree(kept) for kept in place.read()):
        return None
    reason = (
        f"the second place `{place.name}` lacks the checkpoint of {inside[-1].size} entries, so that it cannot "
        "show whether the ledger was rolled back"
    )
    return Flaw(damage=Damage.SECOND_PLACE, index=None, reason=reason)


def _failed(flaw: Flaw, *, is_checked: bool) -> Verification:
    return Verification(size=0, root=None, are_signatures_checked=is_checked, flaw=flaw)


def _stored_checkpoints(store: Store) -> tuple[list[Checkpoint], Flaw | None]:
    """The checkpoints that can be read, and what is wrong with the first that cannot."""
    flaw = None
    found = []
    try:
        notes = store.checkpoints()
    except UNREADABLE as error:
        return [], Flaw(damage=Damage.UNREADABLE, index=None, reason=error.message)
    for note in notes:
        try:
            found.append(parse_checkpoint(note))
        except CheckpointError as error:
            flaw = flaw or Flaw(damage=Damage.CHECKPOINT, index=None, reason=error.message)
    return found, flaw
