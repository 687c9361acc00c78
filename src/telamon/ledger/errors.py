"""What can go wrong with a ledger, one error per remedy."""

from __future__ import annotations

from typing import ClassVar

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode


class LedgerError(TelamonError):
    """Something is wrong with the ledger; the base of errors that say what.

    Remedy: What was recorded before is kept; `telamon ledger verify` says whether it is whole.
    """

    code = "ledger"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN


class EntryError(LedgerError):
    """An event cannot be recorded as it is, or bytes are no entry.

    Remedy: Take words in kebab-case and a smaller body; where telamon itself recorded the event, report it as a
    defect.
    """

    code = "ledger-entry"
    exit_code = ExitCode.USAGE


class LedgerNotFoundError(LedgerError):
    """There is no ledger at the path.

    Remedy: Check `ledger:` in the policy; a run that records something makes the ledger.
    """

    code = "ledger-not-found"
    exit_code = ExitCode.USAGE


class UnknownStoreError(LedgerError):
    """A URL names a kind of store that there is none of.

    Remedy: Name a path for SQLite or a URL that begins with `postgresql://`.
    """

    code = "ledger-unknown-store"
    exit_code = ExitCode.USAGE


class NoSuchEntryError(LedgerError):
    """An index or a tree size lies beyond the end of the ledger.

    Remedy: `telamon ledger show` lists the newest entries. A checkpoint from beyond the end means that entries were
    cut off: run `telamon ledger verify --since CHECKPOINT`.
    """

    code = "ledger-no-such-entry"
    exit_code = ExitCode.USAGE


class NotCoveredError(LedgerError):
    """No checkpoint covers the entry yet, so there is nothing to prove it against.

    Remedy: Run `telamon ledger checkpoint`, then ask again.
    """

    code = "ledger-not-covered"
    exit_code = ExitCode.USAGE


class NoSignerError(LedgerError):
    """A checkpoint was asked for and no signing key was given.

    Remedy: Name a key file as `ledger: {key: ...}`; `telamon ledger keygen FILE` makes one.
    """

    code = "ledger-no-signer"
    exit_code = ExitCode.USAGE


class CheckpointError(LedgerError):
    """A text is no checkpoint, or no trusted key signed it.

    Remedy: Use a checkpoint as `telamon ledger checkpoint` printed it, and the verifying key of the ledger that
    signed it.
    """

    code = "ledger-checkpoint"


class UnknownKeyError(LedgerError):
    """A key that is not trusted signed the newest checkpoint; nothing is appended or signed until that is explained.

    Remedy: If you changed the key, run `telamon ledger rotate --verifier OLD-KEY`. If not, somebody else signs:
    compare with the checkpoints of the second place.
    """

    code = "ledger-unknown-key"


class ProofError(LedgerError):
    """A proof does not prove what it should, or is no proof.

    Remedy: Do not rely on the entry. Ask for the proof again, and compare the verifying key with the one you kept.
    """

    code = "ledger-proof"
    exit_code = ExitCode.FINDINGS


class SecondPlaceError(LedgerError):
    """The second place of the checkpoints cannot be read or written, or lacks the ledger's newest checkpoint.

    Remedy: Make the place writable again. Where it was lost or replaced, `telamon ledger second-place` starts it
    anew.
    """

    code = "ledger-second-place"


class DamagedLedgerError(LedgerError):
    """What is stored is not what was recorded; nothing is appended to it and nothing in it is changed.

    Remedy: Run `telamon ledger verify` for the first bad entry, keep the file as it is, and restore a copy from
    before.
    """

    code = "ledger-damaged"


class LedgerFullError(LedgerError):
    """The disk is full; what was recorded before is kept, the last call recorded nothing.

    Remedy: Make room on the disk, then run the command again.
    """

    code = "ledger-full"


class LedgerBusyError(LedgerError):
    """Another process held the ledger for longer than the timeout; the call recorded nothing.

    Remedy: Run the command again when the other process has ended.
    """

    code = "ledger-busy"


class LedgerReadOnlyError(LedgerError):
    """The ledger may be read only.

    Remedy: Give the user who runs telamon the right to write the ledger and its folder.
    """

    code = "ledger-read-only"


class LedgerUnavailableError(LedgerError):
    """The operating system or the database refused for another reason.

    Remedy: The message has the system's own words; put that right and run the command again.
    """

    code = "ledger-unavailable"


class LedgerUnreachableError(LedgerError):
    """The database server cannot be reached, refuses us, or was lost in the middle; says nothing about the entries.

    Remedy: Check the address, the network and the credentials, then run the command again.
    """

    code = "ledger-unreachable"
