"""Addresses of PostgreSQL databases: libpq's URLs, without what falls back to clear text (libpq, section 34.1.1.2)."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMES: Final = frozenset({"postgresql", "postgres"})
DEFAULT_PORT: Final = 5432
_MAX_PORT: Final = 65535
# What lies on this machine is not encrypted unless the URL asks for it.
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
# The server reads user and database up to a NUL.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
_PARAMETERS: Final = ("host", "sslcert", "sslkey", "sslmode", "sslrootcert")


class Tls(StrEnum):
    """How much of TLS is asked for; libpq's `sslmode` without `allow` and `prefer`, which give up silently."""

    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class DatabaseUrlError(TelamonError):
    """A text is no URL of a PostgreSQL database; the message repeats none of it, as it may hold a password.

    Remedy: Write `postgresql://USER@HOST:PORT/DATABASE?ledger=NAME`, with the password apart.
    """

    code = "database-url"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """Where a database is and how to get in.

    Attributes:
        host: Name or address, or the absolute path of the folder that the server's socket is in.
        password: Empty if there is none; in no representation.
        tls: Never weaker than what the URL says; by default `verify-full`, and none on this machine.
        authorities: File with the certificates to trust; the system's if empty.
        certificate: File with the client's certificate, if it has one.
        certificate_key: File with the key of that.
        options: Parameters that are not the database's but its user's.
    """

    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    tls: Tls
    authorities: str = ""
    certificate: str = ""
    certificate_key: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_socket(self) -> bool:
        """Whether the host is a folder."""
        return self.host.startswith("/")

    def __str__(self) -> str:
        """As messages show it: without the password and without the files of TLS."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        parameters = {"host": self.host} if self.is_socket else {}
        query = "&".join(f"{name}={quote(value)}" for name, value in (parameters | dict(self.options)).items())
        place = "" if self.is_socket else host
        port = "" if self.port == DEFAULT_PORT else f":{self.port}"
        address = f"postgresql://{quote(self.user, '')}@{place}{port}/{quote(self.database, '')}"
        return f"{address}?{query}" if query else address


def is_database_url(text: str) -> bool:
    """Whether the text names a PostgreSQL database at all."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme in SCHEMES


def parse_database_url(text: str, *, options: frozenset[str] = frozenset(), password: str = "") -> DatabaseUrl:
    """Return what a URL such as `postgresql://user:password@host:5432/database?sslmode=verify-full` says.

    Args:
        text: The URL. A socket's folder is the parameter `host`, or stands percent-encoded in the host's place.
        options: Names of parameters that are kept for the caller.
        password: Taken where the URL has none.

    Raises:
        DatabaseUrlError: It is no such URL, or asks for what is not offered.
    """
    if _UNPRINTABLE.search(text) or not is_database_url(text):
        raise _unfit("`postgresql://user@host/database`")
    try:
        parts = urlsplit(text)
        parameters = _parameters(parts, options)
        login, host, port = _address(parts.netloc)
        password.encode()  # a secret that is no text is no password
    except ValueError as error:
        raise _unfit("a URL whose special characters are percent-encoded") from error
    host = parameters.get("host", host) or "localhost"
    if not (host.startswith("/") or _HOST.fullmatch(host)):
        raise _unfit("one host, or the absolute path of a socket's folder")
    name, _, given = login.partition(":")
    user = unquote(name) or _own_name()
    database = unquote(parts.path.removeprefix("/")) or user
    if "\0" in user + database + host:
        raise _unfit("names without NUL")
    return DatabaseUrl(
        host=host,
        port=port,
        user=user,
        database=database,
        password=unquote(given) or password,
        tls=_tls(parameters.get("sslmode"), host),
        authorities=parameters.get("sslrootcert", ""),
        certificate=parameters.get("sslcert", ""),
        certificate_key=parameters.get("sslkey", ""),
        options=MappingProxyType({key: value for key, value in parameters.items() if key in options}),
    )


def _parameters(parts: SplitResult, options: frozenset[str]) -> dict[str, str]:
    pairs = parse_qsl(parts.query, strict_parsing=True) if parts.query else []
    parameters = dict(pairs)
    known = options.union(_PARAMETERS)
    if parts.fragment or len(parameters) < len(pairs) or not parameters.keys() <= known:
        raise _unfit(f"each of the parameters {', '.join(sorted(known))} at most once and no other")
    return parameters


def _address(netloc: str) -> tuple[str, str, int]:
    """User and password as they stand there, host, and port."""
    login, _, place = netloc.rpartition("@")
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise ValueError(rest)
        port = rest[1:]
    else:
        host, _, port = place.partition(":")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
        raise _unfit(f"a port of 1 to {_MAX_PORT}")
    return login, unquote(host), int(port) if port else DEFAULT_PORT


def _tls(mode: str | None, host: str) -> Tls:
    if host.startswith("/"):  # nobody is between the two ends of a socket in the file system
        return Tls.DISABLE
    if mode is None:
        return Tls.DISABLE if host in _LOOPBACK else Tls.VERIFY_FULL
    try:
        return Tls(mode)
    except ValueError as error:
        raise _unfit(f"an sslmode of {', '.join(Tls)}") from error


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # Python 3.13 makes one error of the other two
        raise _unfit("a user") from error


def _unfit(expected: str) -> DatabaseUrlError:
    return DatabaseUrlError(
        f"expected {expected} in the URL of the database, found something else, which is not repeated here",
        hint="`postgresql://user@host:5432/database?ledger=NAME`; in a password, `@`, `/`, `?`, `#` and `%` are "
        "percent-encoded",
    )
