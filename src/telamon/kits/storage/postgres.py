"""PostgreSQL databases that keep what was committed: connecting to them, and their errors as typed ones (pg8000)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pg8000.exceptions
import pg8000.native

from telamon.kits.storage.failures import DatabaseFailureError, Failure
from telamon.kits.storage.postgres_link import dial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telamon.kits.storage.postgres_url import DatabaseUrl

BUSY_TIMEOUT_S: Final = 30.0
CONNECT_TIMEOUT_S: Final = 30.0
# Longer than any statement of ours takes, so that a server that has gone silent does not hold us for ever.
ANSWER_TIMEOUT_S: Final = 900.0
# What a server may wait in the middle of our writing before it lets others write: we may have lost our network.
IDLE_TIMEOUT_S: Final = 60
# Header of COPY's binary format: signature, flags, length of what follows; its trailer and NULL are -1.
_COPY_HEADER: Final = struct.Struct("!11sii")
_END: Final = -1
_MAX_MILLISECONDS: Final = 2**31 - 1
# Whoever has turned durability off for a role has not turned it off for what is written through here.
_DURABLY: Final = (
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)
# What the driver lets through when an answer breaks off, or is none of PostgreSQL's.
_BROKEN: Final = (
    pg8000.exceptions.InterfaceError,
    OSError,
    struct.error,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)

# SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), else its class, else `UNAVAILABLE`.
_FAILURES: Final[Mapping[str, Failure]] = MappingProxyType(
    {
        "08": Failure.UNREACHABLE,
        "22": Failure.REJECTED,
        "23": Failure.DAMAGED,
        "25006": Failure.READ_ONLY,  # a transaction that may only read, such as any on a standby
        "25P03": Failure.UNREACHABLE,  # idle in a transaction for too long
        "28": Failure.UNREACHABLE,
        "3D": Failure.UNREACHABLE,
        "3F": Failure.REJECTED,
        "40": Failure.BUSY,  # deadlock, serialization
        "42": Failure.REJECTED,
        "42501": Failure.READ_ONLY,  # no privilege
        "53": Failure.UNREACHABLE,  # too many connections, no memory
        "53100": Failure.FULL,
        "55P03": Failure.BUSY,  # lock not available
        "57": Failure.UNREACHABLE,  # shut down, starting up
        "57014": Failure.BUSY,  # cancelled, as by a time limit of the server
        "XX001": Failure.DAMAGED,
        "XX002": Failure.DAMAGED,
    }
)


class Connection:
    """A session with a database; used by one thread at a time, and by the process that made it.

    After `UNREACHABLE` it is closed. Statements are sent as they are: what is put into them must be numbers, digits of
    hexadecimal numbers, or names that were checked.

    Args:
        link: The socket that the session runs over.
        session: The session.

    Attributes:
        is_open: Whether statements may be sent.
        is_in_transaction: Whether it is inside `reading` or `writing`, be it open or lost.
    """

    def __init__(self, link: socket.socket, session: pg8000.native.Connection) -> None:
        self._link = link
        self._session = session
        self._is_reading = False
        self.is_open = True
        self.is_in_transaction = False

    def run(self, statements: str) -> list[list[Any]]:  # a row's types are those of its query
        """Run statements in one round trip and return the rows of all of them; outside a transaction all or none.

        Raises:
            DatabaseFailureError: The database refused; inside `reading` further statements may be run.
        """
        with self._checked():
            return self._session.run(statements) or []

    def copy(self, query: str) -> list[tuple[Any, ...]]:  # bytes, or None for NULL
        """Return the rows of a query in COPY's binary format, at some 3 us of CPU for each.

        Raises:
            DatabaseFailureError: As of `run`.
        """
        parts = _Parts()
        with self._checked():
            self._session.run(f"COPY ({query}) TO STDOUT (FORMAT binary)", stream=parts)
            return list(_records(b"".join(parts)))

    @contextlib.contextmanager
    def reading(self, first: str) -> Iterator[list[list[Any]]]:  # as above
        """Run a block on one snapshot and give it the rows of the query `first`.

        A statement that fails takes neither the snapshot nor the block's other statements with it.
        """
        try:
            self.is_in_transaction = True
            # The snapshot is from the first query on, so that the savepoint comes behind one.
            rows = self.run(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {first}; SAVEPOINT intact")
            self._is_reading = True
            yield rows
        finally:
            self._is_reading = False
            self._roll_back()
            self.is_in_transaction = False

    @contextlib.contextmanager
    def writing(self, first: str, *, timeout_s: float) -> Iterator[list[list[Any]]]:  # as above
        """Run a block in a transaction and give it the rows of `first`, which waits for locks for `timeout_s`.

        Durable when left, undone when left by an exception.

        Raises:
            DatabaseFailureError: The database refused. `UNREACHABLE` at the end leaves open what became of it, and
                the message says so.
        """
        try:
            self.is_in_transaction = True
            yield self.run(
                f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {_milliseconds(timeout_s)};"
                f" SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_S}s'; {first}; {_DURABLY}"
            )
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self.is_in_transaction = False

    def run_alone(self, statement: str, *, timeout_s: float) -> bool:
        """Run what no transaction may hold, such as VACUUM, and tell whether the server had nothing against it."""
        self.run(f"SET lock_timeout = {_milliseconds(timeout_s)}")
        self._session.notices.clear()
        try:
            self.run(statement)
        finally:
            if self.is_open:
                self.run("RESET lock_timeout")
        return not any(notice.get(b"V") == b"WARNING" for notice in self._session.notices)

    def close(self) -> None:
        """End the session."""
        if self.is_open:
            with contextlib.suppress(*_BROKEN):
                self._session.close()
        self._drop()

    def forget(self) -> None:
        """Let go without a word on the wire: after a fork the session is the other process's."""
        self.is_open = False
        self._link.close()

    def _drop(self) -> None:
        self.is_open = False
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()

    def _commit(self) -> None:
        try:
            self.run("COMMIT")
        except DatabaseFailureError as error:
            if error.failure is not Failure.UNREACHABLE:
                raise
            raise DatabaseFailureError(
                f"{error.message}, in the middle of a commit: all of it was recorded or nothing",
                failure=Failure.UNREACHABLE,
                hint="look at the last entries before you record it again",
            ) from error

    def _roll_back(self) -> None:
        """Undo what is not committed; where that fails the server does so at the end of the connection."""
        if self.is_open:
            with contextlib.suppress(DatabaseFailureError):
                self.run("ROLLBACK")

    @contextlib.contextmanager
    def _checked(self) -> Iterator[None]:
        if not self.is_open:
            raise DatabaseFailureError("the connection was lost", failure=Failure.UNREACHABLE)
        try:
            yield
        except pg8000.exceptions.DatabaseError as error:
            raise self._recovered(_failure(error)) from error
        except _BROKEN as error:
            self._drop()
            raise DatabaseFailureError("the connection was lost", failure=Failure.UNREACHABLE) from error
        except BaseException:
            self._drop()  # interrupted in the middle of an answer, the rest of which would be taken for the next one
            raise

    def _recovered(self, failure: DatabaseFailureError) -> DatabaseFailureError:
        """Make the session usable again after a failure, or close it."""
        if failure.failure is Failure.UNREACHABLE:
            self._drop()
        elif self._is_reading:
            self._is_reading = False
            self.run("ROLLBACK TO SAVEPOINT intact")
            self._is_reading = True
        return failure


def connect(url: DatabaseUrl, *, application: str, timeout_s: float = CONNECT_TIMEOUT_S) -> Connection:
    """Open a session, whose answers are waited for up to `ANSWER_TIMEOUT_S`.

    Args:
        url: Where, as whom, and how well protected.
        application: What the server calls us in its lists.
        timeout_s: For the connection, and for each answer of the server until the session stands.

    Raises:
        DatabaseFailureError: There is no server, it is not who it should be, or it refused us.
    """
    try:
        link = dial(url, timeout_s)
    except OSError as error:
        raise DatabaseFailureError(_reason(error), failure=Failure.UNREACHABLE) from error
    try:
        session = pg8000.native.Connection(
            url.user,
            database=url.database,
            password=url.password,
            application_name=application,
            sock=link,
            ssl_context=False,  # done in `dial`
        )
        link.settimeout(ANSWER_TIMEOUT_S)
    except (pg8000.exceptions.DatabaseError, *_BROKEN) as error:
        link.close()
        raise _refusal(error) from error
    except BaseException:
        link.close()
        raise
    return Connection(link, session)


class _Parts(list[bytes]):
    """A stream to write to, as the driver wants one."""

    write = list.append


def _records(data: bytes) -> Iterator[tuple[bytes | None, ...]]:
    """Yield the rows of COPY's binary format (postgresql.org/docs/current/sql-copy.html, "Binary Format")."""
    read_count, read_length = struct.Struct("!h").unpack_from, struct.Struct("!i").unpack_from
    at = _COPY_HEADER.size + _COPY_HEADER.unpack_from(data)[2]
    while (count := read_count(data, at)[0]) != _END:
        at += 2
        fields: list[bytes | None] = []
        for _ in range(count):
            (length,) = read_length(data, at)
            at += 4
            if length == _END:
                fields.append(None)
            else:
                fields.append(data[at : at + length])
                at += length
        yield tuple(fields)


def _milliseconds(seconds: float) -> int:
    """A time limit as the server takes it, for which 0 would be none at all."""
    return max(1, min(int(seconds * 1000), _MAX_MILLISECONDS))


def _failure(error: pg8000.exceptions.DatabaseError) -> DatabaseFailureError:
    """The server's own words, but not its details, which may quote values."""
    found = error.args[0]
    code = found.get("C", "")
    failure = _FAILURES.get(code) or _FAILURES.get(code[:2], Failure.UNAVAILABLE)
    return DatabaseFailureError(" ".join(found.get("M", "no reason given").split()), failure=failure)


def _refusal(error: Exception) -> DatabaseFailureError:
    """Why there is no session: what the server said, though the driver may fail once more when it takes its leave."""
    said: BaseException | None = error
    while said is not None:
        if isinstance(said, pg8000.exceptions.DatabaseError):
            return _failure(said)
        said = said.__context__
    return DatabaseFailureError(f"expected a session, found: {_reason(error)}", failure=Failure.UNREACHABLE)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"a certificate that does not hold: {error.verify_message}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
