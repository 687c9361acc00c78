"""What the failures of databases mean for a ledger that is kept in one."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from telamon.kits.storage.failures import Failure
from telamon.ledger.errors import (
    DamagedLedgerError,
    LedgerBusyError,
    LedgerError,
    LedgerFullError,
    LedgerReadOnlyError,
    LedgerUnavailableError,
    LedgerUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ERRORS: Mapping[Failure, type[LedgerError]] = MappingProxyType(
    {
        Failure.BUSY: LedgerBusyError,
        Failure.DAMAGED: DamagedLedgerError,
        Failure.FULL: LedgerFullError,
        Failure.READ_ONLY: LedgerReadOnlyError,
        # The statements never change, so it is the schema that does not fit them.
        Failure.REJECTED: DamagedLedgerError,
        Failure.UNAVAILABLE: LedgerUnavailableError,
        Failure.UNREACHABLE: LedgerUnreachableError,
    }
)
