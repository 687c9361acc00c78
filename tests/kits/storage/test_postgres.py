"""Sessions with PostgreSQL: protected as asked, usable after failures, closed when lost, errors by remedy."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import queue
import socket
import ssl
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import pg8000.exceptions
import pg8000.native
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from telamon.kits.storage.failures import DatabaseFailureError, Failure
from telamon.kits.storage.postgres import Connection, connect
from telamon.kits.storage.postgres_link import dial, tls_context
from telamon.kits.storage.postgres_url import parse_database_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import postgres_server
    from telamon.kits.storage.postgres_url import DatabaseUrl


class Relay(Protocol):
    def __call__(self, first_words: Callable[[socket.socket], socket.socket | None]) -> int: ...


def fails(failure: Failure) -> pytest.RaisesExc[DatabaseFailureError]:
    return pytest.RaisesExc(DatabaseFailureError, check=lambda error: error.failure is failure)


@pytest.fixture
def url(database: postgres_server.Server) -> DatabaseUrl:
    return parse_database_url(database.url())


@pytest.fixture
def connection(url: DatabaseUrl) -> Iterator[Connection]:
    with contextlib.closing(connect(url, application="telamon")) as connection:
        yield connection


@pytest.fixture
def relay(database: postgres_server.Server) -> Iterator[Relay]:
    """Open a port of the loopback that says something first, and then goes on as the server."""
    with contextlib.ExitStack() as stack:

        def open_port(first_words: Callable[[socket.socket], socket.socket | None]) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=serve, args=(listener, first_words))
            thread.start()
            stack.callback(thread.join)
            return int(listener.getsockname()[1])

        def serve(listener: socket.socket, first_words: Callable[[socket.socket], socket.socket | None]) -> None:
            plain, _ = listener.accept()
            with contextlib.suppress(OSError), plain:
                client = first_words(plain)
                if client is not None:
                    with client, socket.socket(socket.AF_UNIX) as server:
                        server.connect(f"{database.folder}/.s.PGSQL.5432")
                        back = threading.Thread(target=pump, args=(server, client))
                        back.start()
                        pump(client, server)
                        back.join()

        yield open_port


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of `localhost` that nobody else signed, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    alternative = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    encoding = serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(encoding) + secret)
    return file


def takes_tls(certificate: Path) -> Callable[[socket.socket], socket.socket]:
    def first_words(plain: socket.socket) -> socket.socket:
        assert plain.recv(8) == bytes.fromhex("0000000804d2162f")
        plain.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        return context.wrap_socket(plain, server_side=True)

    return first_words


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_goes_through_tls(database: postgres_server.Server, relay: Relay, certificate: Path, mode: str) -> None:
    port = relay(takes_tls(certificate))
    text = f"postgresql://telamon:{database.password}@localhost:{port}/postgres?sslmode={mode}"
    url = parse_database_url(f"{text}&sslrootcert={certificate}" if mode != "require" else text)
    # SCRAM without channel binding, which would notice the relay in the middle.
    with contextlib.closing(connect(url, application="telamon")) as connection:
        assert isinstance(connection._link, ssl.SSLSocket)
        assert connection.run("SELECT 1") == [[1]]


@pytest.mark.parametrize(
    ("host", "query", "reason"),
    [
        ("localhost", "sslmode=verify-full", "a certificate that does not hold: self-signed certificate"),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert={file}",
            "a certificate that does not hold: IP address mismatch",
        ),
        ("localhost", "sslmode=verify-ca&sslrootcert={file}.missing", "No such file or directory"),
    ],
)
def test_believes_no_server_that_proves_nothing(
    relay: Relay, certificate: Path, host: str, query: str, reason: str
) -> None:
    port = relay(takes_tls(certificate))
    url = parse_database_url(f"postgresql://telamon@{host}:{port}/postgres?{query.format(file=certificate)}")
    with pytest.raises(DatabaseFailureError) as caught:
        connect(url, application="telamon")
    assert caught.value.failure is Failure.UNREACHABLE
    assert caught.value.message.startswith(reason)


def test_gives_no_password_to_a_server_without_tls(relay: Relay) -> None:
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def refuses(plain: socket.socket) -> None:
        heard.put(plain.recv(8))
        plain.sendall(b"N")
        heard.put(plain.recv(100))

    port = relay(refuses)
    url = parse_database_url(f"postgresql://telamon:secret@localhost:{port}/postgres?sslmode=require")
    with pytest.raises(DatabaseFailureError, match="the server offers no TLS, which the URL asks for"):
        connect(url, application="telamon")
    assert [heard.get(timeout=60), heard.get(timeout=60)] == [bytes.fromhex("0000000804d2162f"), b""]


def test_checks_names_and_authorities_as_asked(certificate: Path) -> None:
    found = {}
    for mode in ("require", "verify-ca", "verify-full"):
        context = tls_context(parse_database_url(f"postgresql://a@db/x?sslmode={mode}"))
        found[mode] = (context.verify_mode, context.check_hostname)
    assert found == {
        "require": (ssl.CERT_NONE, False),
        "verify-ca": (ssl.CERT_REQUIRED, False),
        "verify-full": (ssl.CERT_REQUIRED, True),
    }
    with pytest.raises(ssl.SSLError):
        tls_context(
            parse_database_url(f"postgresql://a@db/x?sslcert={quote(str(certificate))}&sslkey={quote(__file__)}")
        )
    tls_context(parse_database_url(f"postgresql://a@db/x?sslcert={quote(str(certificate))}"))


@pytest.mark.parametrize("answer", [b"", b"garbage that is no message", b"R\0\0\0\x08\0\0\0\x63", b"?\0\0\0\5I"])
def test_an_answer_that_is_none_of_a_server_is_a_failure(relay: Relay, answer: bytes) -> None:
    def answers(plain: socket.socket) -> None:
        plain.recv(1000)
        plain.sendall(answer)

    url = parse_database_url(f"postgresql://telamon@127.0.0.1:{relay(answers)}/postgres")
    with fails(Failure.UNREACHABLE):
        connect(url, application="telamon")


def test_a_refusal_is_told_though_the_server_has_hung_up(url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    close = pg8000.native.Connection.close

    def close_too_late(session: pg8000.native.Connection) -> None:
        try:
            close(session)
        finally:
            raise pg8000.exceptions.InterfaceError("network error") from BrokenPipeError()

    monkeypatch.setattr(pg8000.native.Connection, "close", close_too_late)
    with pytest.raises(DatabaseFailureError, match="password authentication failed"):
        connect(replace(url, password="wrong"), application="telamon")  # noqa: S106 -- it is


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(relay: Relay) -> None:
    def waits(plain: socket.socket) -> None:
        while plain.recv(1000):
            pass

    url = parse_database_url(f"postgresql://telamon@127.0.0.1:{relay(waits)}/postgres")
    with pytest.raises(DatabaseFailureError, match="timed out"):
        connect(url, application="telamon", timeout_s=0.05)


def test_a_port_that_nobody_listens_at_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = parse_database_url(f"postgresql://telamon@127.0.0.1:{unused.getsockname()[1]}/postgres")
        with pytest.raises(DatabaseFailureError, match="Connection refused"):
            connect(url, application="telamon")
        with pytest.raises(ConnectionRefusedError):
            dial(url, 1.0)


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("42P01", Failure.REJECTED),
        ("3F000", Failure.REJECTED),
        ("22P02", Failure.REJECTED),
        ("42501", Failure.READ_ONLY),
        ("25006", Failure.READ_ONLY),
        ("23505", Failure.DAMAGED),
        ("XX001", Failure.DAMAGED),
        ("53100", Failure.FULL),
        ("55P03", Failure.BUSY),
        ("40P01", Failure.BUSY),
        ("57014", Failure.BUSY),
        ("58030", Failure.UNAVAILABLE),
        ("XX000", Failure.UNAVAILABLE),
    ],
)
def test_tells_failures_apart_and_goes_on(connection: Connection, code: str, failure: Failure) -> None:
    statement = f"DO $$ BEGIN RAISE 'two\nlines' USING ERRCODE = '{code}', DETAIL = 'a secret'; END $$"
    with pytest.raises(DatabaseFailureError) as caught:
        connection.run(statement)
    assert (caught.value.failure, caught.value.message) == (failure, "two lines")
    assert connection.run("SELECT 2") == [[2]]


@pytest.mark.parametrize("code", ["57P01", "53200", "08006"])
def test_a_server_that_gives_up_ends_the_session(connection: Connection, code: str) -> None:
    with fails(Failure.UNREACHABLE):
        connection.run(f"DO $$ BEGIN RAISE 'gone' USING ERRCODE = '{code}'; END $$")
    assert not connection.is_open
    with pytest.raises(DatabaseFailureError, match="the connection was lost"):
        connection.run("SELECT 1")


def test_keeps_all_of_a_block_or_nothing(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE t (x integer)")
    with connection.writing("SELECT 7", timeout_s=1.0) as first:
        assert first == [[7]]
        connection.run("INSERT INTO t VALUES (1)")

    def fail() -> None:
        with connection.writing("SELECT 7", timeout_s=1.0):
            connection.run("INSERT INTO t VALUES (2)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with fails(Failure.REJECTED), connection.writing("SELECT 7", timeout_s=1.0):
        connection.run("INSERT INTO t VALUES (3); nonsense")
    assert connection.run("SELECT x FROM t") == [[1]]


def test_a_commit_that_is_refused_is_no_lost_one(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE t (x integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with fails(Failure.DAMAGED), connection.writing("SELECT 7", timeout_s=1.0):
        connection.run("INSERT INTO t VALUES (1), (1)")
    assert connection.run("SELECT x FROM t") == []


def test_reading_goes_on_behind_a_failure_with_the_same_snapshot(connection: Connection, url: DatabaseUrl) -> None:
    with contextlib.closing(connect(url, application="telamon")) as other:
        other.run("DROP TABLE IF EXISTS shared; CREATE TABLE shared (x integer)")
        with connection.reading("SELECT 7") as first:
            assert first == [[7]]
            other.run("INSERT INTO shared VALUES (1)")
            for _ in range(2):
                with fails(Failure.REJECTED):
                    connection.copy("SELECT nonsense")
                assert connection.run("SELECT * FROM shared") == []
            with fails(Failure.READ_ONLY):
                connection.run("INSERT INTO shared VALUES (2)")
        assert connection.copy("SELECT * FROM shared") == [((1).to_bytes(4, "big"),)]
        other.run("DROP TABLE shared")


def test_copies_values_of_any_length_and_null(connection: Connection) -> None:
    assert connection.copy("SELECT 1 WHERE false") == []
    query = "SELECT i::smallint, NULL::bytea, decode(repeat('ab', i * 10000), 'hex') FROM generate_series(0, 3) AS i"
    assert connection.copy(query) == [(bytes([0, i]), None, b"\xab" * (i * 10000)) for i in range(4)]


def test_an_interrupted_answer_is_not_taken_for_the_next_one(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection._session, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        connection.run("SELECT 1")
    assert not connection.is_open


def test_an_interrupted_connection_is_closed(url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pg8000.native.Connection", interrupt)
    with pytest.raises(KeyboardInterrupt):  # an open socket would be a warning, which is an error here
        connect(url, application="telamon")


def test_runs_what_no_transaction_may_hold(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE t (x integer)")
    assert connection.run_alone("VACUUM FULL t", timeout_s=0)
    assert not connection.run_alone("DO $$ BEGIN RAISE WARNING 'skipped'; END $$", timeout_s=1)
    assert connection.run("SHOW lock_timeout") == [["0"]]
    with fails(Failure.UNREACHABLE):
        connection.run_alone("DO $$ BEGIN RAISE 'gone' USING ERRCODE = '57P01'; END $$", timeout_s=1)


def test_may_be_closed_twice_and_after_it_was_lost(connection: Connection) -> None:
    connection.close()
    connection.close()
    assert not connection.is_open
