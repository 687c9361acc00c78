"""The way to a PostgreSQL server: a socket of this machine, TCP, or TLS over TCP."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Final

from telamon.kits.storage.postgres_url import Tls

if TYPE_CHECKING:
    from telamon.kits.storage.postgres_url import DatabaseUrl

# A peer without power is noticed after some 60 s on either side.
_KEEPALIVE: Final = tuple(
    (getattr(socket, name), value)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 60_000),
    )
    if hasattr(socket, name)  # Linux has all four
)
# SSLRequest: length and code (postgresql.org/docs/current/protocol-message-formats.html).
_SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)


def tls_context(url: DatabaseUrl) -> ssl.SSLContext:
    """Return what a server must prove, and what we prove to it.

    Raises:
        OSError: A file that the URL names cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=url.authorities or None)
    context.check_hostname = url.tls is Tls.VERIFY_FULL
    if url.tls is Tls.REQUIRE:
        context.verify_mode = ssl.CERT_NONE
    if url.certificate:
        context.load_cert_chain(url.certificate, url.certificate_key or None)
    return context


def dial(url: DatabaseUrl, timeout_s: float) -> socket.socket:
    """Connect to the server, protected as the URL asks; the time limit stays on the socket.

    Raises:
        OSError: There is no server, it takes too long, or it is not who it should be.
    """
    if not url.is_socket:
        return _protected(url, socket.create_connection((url.host, url.port), timeout_s))
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(timeout_s)
        link.connect(f"{url.host}/.s.PGSQL.{url.port}")
    except BaseException:
        link.close()
        raise
    return link


def _protected(url: DatabaseUrl, link: socket.socket) -> socket.socket:
    """Ask for TLS (postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL), and take no `no`."""
    try:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            link.setsockopt(socket.IPPROTO_TCP, option, value)
        if url.tls is Tls.DISABLE:
            return link
        link.sendall(_SSL_REQUEST)
        # One byte and no more: what came behind it before the handshake would be unprotected (CVE-2021-23222).
        _take_no_refusal(link.recv(1))
        return tls_context(url).wrap_socket(link, server_hostname=url.host)
    except BaseException:
        link.close()
        raise


def _take_no_refusal(answer: bytes) -> None:
    if answer != b"S":
        raise ConnectionRefusedError(errno.ECONNREFUSED, "the server offers no TLS, which the URL asks for")
