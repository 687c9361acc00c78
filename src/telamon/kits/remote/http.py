"""Files on web servers, read by ranges (RFC 9110, section 14); a server that serves none is refused."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urljoin, urlsplit

from telamon.core.errors import UsageError
from telamon.kits.formats.source import SourceChangedError, SourceError
from telamon.kits.remote.cache import BLOCK_BYTES, CachedFile
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import urllib3

TIMEOUT_S: Final = 30.0
LEAST_BYTES_S: Final = 16 * 1024  # slower servers are given up
ATTEMPTS: Final = 3  # for connections that fail or break; an answer is believed
MAX_REDIRECTS: Final = 6
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PARTIAL, OK, UNSATISFIABLE = 206, 200, 416
EXPIRED: Final = frozenset({401, 403, 404, 410})  # of an address that a redirect led to, and that was good before
CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")


class RangesRefusedError(SourceError):
    """A server does not serve stretches of a file.

    Remedy: Download the file, and check the copy.
    """

    code: ClassVar[str] = "remote-no-ranges"


class AnswerError(SourceError):
    """A server answers with something else than what was asked for.

    Remedy: Check the address, and whether a proxy stands in between; else download the file, and check the copy.
    """

    code: ClassVar[str] = "remote-answer"


def shown(url: str) -> str:
    """Return an address as messages show it: without query and fragment, which hold signatures and tokens."""
    return printable(re.split("[?#]", url, maxsplit=1)[0])


def why(error: Exception) -> str:
    """Return what went wrong with a connection, without the address, which urllib3 repeats whole."""
    return printable(str(getattr(error, "reason", None) or error))


def check_address(url: str) -> None:
    """Require https, or http on the loopback, and no credentials in the address.

    Raises:
        UsageError: It is something else.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"expected an https address, found `{shown(url)}`") from error
    if parts.username is not None or parts.password is not None:
        raise UsageError("expected an address without credentials", hint="a token goes into HF_TOKEN, for a hub")
    is_plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or is_plain) or not parts.hostname:
        raise UsageError(f"expected an https address, found `{shown(url)}`")


def open_pool(url: str) -> urllib3.PoolManager:
    """Return what holds connections, through the proxy of the environment where there is one for the address.

    What goes to this machine goes through none: it may be plain, and may hold a token.

    Raises:
        MissingExtraError: urllib3 is not installed.
        UsageError: The environment names a proxy of an unknown sort.
    """
    import urllib.request  # noqa: PLC0415  # 20 ms that only remote files cost

    from telamon.kits.remote.extra import remote_extra  # noqa: PLC0415  # likewise

    with remote_extra("reading files from web servers"):
        import urllib3  # noqa: PLC0415  # an extra

    settings: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=TIMEOUT_S, read=TIMEOUT_S),
        "retries": urllib3.Retry(
            ATTEMPTS, redirect=0, status=0, respect_retry_after_header=False, raise_on_status=False
        ),
    }
    host = urlsplit(url).hostname or ""
    is_direct = host in LOOPBACK or urllib.request.proxy_bypass(host)
    proxy = "" if is_direct else urllib.request.getproxies().get("https", "")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise UsageError("expected an http or https proxy in the environment", hint="NO_PROXY names hosts without one")
    return urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One stretch of a file, and how the server knows which file it is of."""

    data: bytes
    size: int
    tag: str


class HttpFile(CachedFile):
    """A file on a web server.

    Every answer must be of the same size and tag as the first: the bytes of two versions are never mixed.

    Args:
        url: Where it is.
        headers: To send there, and not to other hosts that it redirects to.

    Raises:
        RangesRefusedError: The server sends the whole file whatever is asked for.
        SourceError: It cannot be reached, or says something else.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = url
        self._headers = dict(headers or {})
        self._pool = open_pool(url)
        self._found = ""  # where redirects led, if they did
        first = self._ask(0, BLOCK_BYTES)
        if not first.tag and len(first.data) < first.size:
            raise AnswerError(f"`{shown(url)}` names no version, so that its parts need not be of one file")
        super().__init__(first.size)
        self._tag = first.tag
        self._cache.begin(first.data)

    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where the server has another file under the address now."""
        if self._size:
            self._same(self._ask(0, 1))

    def close(self) -> None:
        """Close the connections, and drop what was fetched."""
        super().close()
        self._pool.clear()

    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly those bytes."""
        answer = self._ask(offset, length)
        self._same(answer)
        return answer.data

    def _same(self, answer: _Answer) -> None:
        if (answer.size, answer.tag) != (self._size, self._tag):
            raise SourceChangedError("the file was changed on the server while it was read")

    def _ask(self, offset: int, length: int) -> _Answer:
        if self._found:
            answer = self._request(self._found, {}, offset, length)
            if isinstance(answer, _Answer):
                return answer
            self._found = ""  # signed addresses of object stores expire
        url = self._url
        headers: Mapping[str, str] = self._headers
        for _ in range(MAX_REDIRECTS):
            answer = self._request(url, headers, offset, length)
            if isinstance(answer, _Answer):
                self._found = url if url != self._url else ""
                return answer
            if not answer:
                break
            url, headers = self._follow(url, answer, headers)
        raise AnswerError(f"`{shown(self._url)}` cannot be read")

    def _follow(self, url: str, location: str, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
        """Return where a redirect leads and what is sent there: credentials stay with the host that they are for."""
        try:
            found = urljoin(url, location)
            before, after = urlsplit(url), urlsplit(found)
        except ValueError as error:
            raise AnswerError(f"`{shown(url)}` leads to what is no address") from error
        if after.scheme not in ({"https"} if before.scheme == "https" else {"https", "http"}):
            raise AnswerError(f"`{shown(url)}` leads to an address that is not encrypted")
        return found, headers if (before.scheme, before.netloc) == (after.scheme, after.netloc) else {}

    def _request(self, url: str, headers: Mapping[str, str], offset: int, length: int) -> _Answer | str:
        """Return the answer, or where else to ask; nothing where the address is good no more."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # an extra

        asked = {"Range": f"bytes={offset}-{offset + length - 1}", "Accept-Encoding": "identity", **headers}
        try:
            response = self._pool.request("GET", url, headers=asked, preload_content=False, redirect=False)
            try:
                if response.status in REDIRECTS and (location := response.headers.get("location")):
                    return location
                if response.status in EXPIRED and url == self._found:
                    return ""
                answer = _answer(response, url, offset, length)
                response.release_conn()
            finally:
                if response.connection is not None:
                    response.close()  # whatever else it says is not waited for
        except HTTPError as error:
            raise SourceError(f"`{shown(url)}` cannot be read: {why(error)}") from error
        return answer


def _answer(response: urllib3.BaseHTTPResponse, url: str, offset: int, length: int) -> _Answer:
    headers = response.headers
    tag = headers.get("etag") or headers.get("last-modified") or ""
    if response.status == UNSATISFIABLE and headers.get("content-range") == "bytes */0":
        return _Answer(data=b"", size=0, tag=tag)
    if response.status == OK and offset == 0 and _is_short(headers, length):
        data = _read(response, length)
        return _Answer(data=data, size=len(data), tag=tag)
    if response.status == OK:
        raise RangesRefusedError(
            f"`{shown(url)}` is served whole or not at all",
            hint="download the file, and check the copy",
        )
    if response.status != PARTIAL:
        raise AnswerError(f"`{shown(url)}` answers with status {response.status}")
    match = CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    encoding = headers.get("content-encoding", "identity")
    if match is None or encoding != "identity":
        raise AnswerError(f"`{shown(url)}` answers with a stretch that it does not name")
    first, last, size = (int(number) for number in match.groups())
    if first != offset or last != min(offset + length, size) - 1:
        raise AnswerError(f"asked for {length} bytes at {offset}, got those from {first} to {last}")
    data = _read(response, last - first + 1)
    if len(data) != last - first + 1:
        raise AnswerError(f"the answer breaks off after {len(data)} of {last - first + 1} bytes")
    return _Answer(data=data, size=size, tag=tag)


def _is_short(headers: Mapping[str, str], length: int) -> bool:
    """Whether a file that is served whole is no longer than what was asked for."""
    told = headers.get("content-length", "")
    is_plain = headers.get("content-encoding", "identity") == "identity"
    return is_plain and told.isascii() and told.isdigit() and len(told) < len(str(2**63)) and int(told) <= length


def _read(response: urllib3.BaseHTTPResponse, length: int) -> bytes:
    """Read so many bytes, at no less than the slowest speed that is waited for."""
    patience_s = TIMEOUT_S + length / LEAST_BYTES_S
    deadline = time.monotonic() + patience_s
    data = bytearray()
    while len(data) < length and (chunk := response.read1(length - len(data))):
        data += chunk
        if time.monotonic() > deadline:
            raise AnswerError(f"{length} bytes do not come within {patience_s:.0f} s")
    return bytes(data)
