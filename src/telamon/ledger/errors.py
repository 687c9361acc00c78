"""What can go wrong with a ledger, one error per remedy."""

from __future__ import annotations

from typing import ClassVar

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode


class LedgerError(TelamonError):
    """The base of the ledger's errors."""

    code = "ledger"
    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN


class EntryError(LedgerError):
    """An event cannot be recorded as it is, or bytes are no entry."""

    code = "ledger-entry"
    exit_code = ExitCode.USAGE


class LedgerNotFoundError(LedgerError):
    """There is no ledger at the path."""

    code = "ledger-not-found"
    exit_code = ExitCode.USAGE


class UnknownStoreError(LedgerError):
    """A URL names a kind of store that there is none of."""

    code = "ledger-unknown-store"
    exit_code = ExitCode.USAGE


class NoSuchEntryError(LedgerError):
    """An index or a tree size lies beyond the end of the ledger."""

    code = "ledger-no-such-entry"
    exit_code = ExitCode.USAGE


class NotCoveredError(LedgerError):
    """No checkpoint covers the entry yet, so there is nothing to prove it against."""

    code = "ledger-not-covered"
    exit_code = ExitCode.USAGE


class NoSignerError(LedgerError):
    """A checkpoint was asked for and no signing key was given."""

    code = "ledger-no-signer"
    exit_code = ExitCode.USAGE


class CheckpointError(LedgerError):
    """A text is no checkpoint, or no trusted key signed it."""

    code = "ledger-checkpoint"


class UnknownKeyError(LedgerError):
    """A key that is not trusted signed the newest checkpoint; nothing is appended or signed until that is explained."""

    code = "ledger-unknown-key"


class ProofError(LedgerError):
    """A proof does not prove what it should, or is no proof."""

    code = "ledger-proof"
    exit_code = ExitCode.FINDINGS


class SecondPlaceError(LedgerError):
    """The second place of the checkpoints cannot be read or written, or lacks the ledger's newest checkpoint."""

    code = "ledger-second-place"


class DamagedLedgerError(LedgerError):
    """What is stored is not what was recorded; nothing is appended to it and nothing in it is changed."""

    code = "ledger-damaged"


class LedgerFullError(LedgerError):
    """The disk is full; what was recorded before is kept, the last call recorded nothing."""

    code = "ledger-full"


class LedgerBusyError(LedgerError):
    """Another process held the ledger for longer than the timeout; the call recorded nothing."""

    code = "ledger-busy"


class LedgerReadOnlyError(LedgerError):
    """The ledger may be read only."""

    code = "ledger-read-only"


class LedgerUnavailableError(LedgerError):
    """The operating system or the database refused for another reason."""

    code = "ledger-unavailable"


class LedgerUnreachableError(LedgerError):
    """The database server cannot be reached, refuses us, or was lost in the middle; says nothing about the entries."""

    code = "ledger-unreachable"
