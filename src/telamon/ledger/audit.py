"""The audit of a ledger: its entries held against every checkpoint, and the checkpoints against the trusted keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telamon.ledger.checkpoint import parse_checkpoint
from telamon.ledger.errors import CheckpointError, DamagedLedgerError, LedgerNotFoundError
from telamon.ledger.scan import UNREADABLE, Scan
from telamon.ledger.verification import Damage, Flaw, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telamon.kits.crypto.note_keys import VerifierKey
    from telamon.ledger.checkpoint import Checkpoint
    from telamon.ledger.store import Store


def verify_store(
    store: Store,
    kept: Iterable[Checkpoint],
    verifiers: Sequence[VerifierKey],
    on_progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Verify a store against its own checkpoints and those `kept` elsewhere; damage is part of the result.

    Without `verifiers` no signature is checked, which the result says.

    Raises:
        LedgerNotFoundError: There is no ledger, and no checkpoint that says there was one.
    """
    elsewhere = list(kept)
    is_checked = bool(verifiers)
    if not store.exists():
        if not any(checkpoint.size for checkpoint in elsewhere):
            raise LedgerNotFoundError(f"expected a ledger at `{store.name}`, found none")
        reason = "checkpoints vouch for entries, and the ledger is gone"
        return _failed(Flaw(damage=Damage.ROLLED_BACK, index=0, reason=reason), is_checked=is_checked)
    try:
        with store.reading():
            inside, flaw = _stored_checkpoints(store)
            good = []
            for checkpoint in inside + elsewhere:
                if not verifiers or checkpoint.is_signed_by(verifiers):
                    good.append(checkpoint)
                elif flaw is None:
                    reason = f"no trusted key signed the checkpoint of {checkpoint.size} entries"
                    flaw = Flaw(damage=Damage.CHECKPOINT, index=None, reason=reason)
            result = Scan(store, good, on_progress).run(are_signatures_checked=is_checked)
    except DamagedLedgerError as error:
        reason = error.message
        flaw = Flaw(damage=Damage.UNREADABLE, index=0, is_exact=False, reason=reason)
        return _failed(flaw, is_checked=is_checked)
    return replace(result, flaw=flaw, root=None) if result.ok and flaw is not None else result


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
