"""Files on web servers, read by ranges (RFC 9110, section 14); a server that serves none is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urljoin, urlsplit

from telamon.core.errors import UsageError
from telamon.kits.formats.source import SourceChangedError, SourceError
from telamon.kits.remote.cache import BLOCK_BYTES, BlockCache
from telamon.kits.remote.wording import account
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import urllib3

TIMEOUT_S: Final = 30.0
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


def check_address(url: str) -> None:
    """Require https, or http on the loopback, and no credentials in the address.

    Raises:
        UsageError: It is something else.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"expected an https address, found `{printable(url)}`") from error
    if parts.username is not None or parts.password is not None:
        raise UsageError("expected an address without credentials", hint="a token goes into HF_TOKEN, for a hub")
    is_plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (parts.scheme == "https" or is_plain) or not parts.hostname:
        raise UsageError(f"expected an https address, found `{printable(url)}`")


def open_pool(url: str) -> urllib3.PoolManager:
    """Return what holds connections, through the proxy of the environment where there is one for the address.

    What goes to this machine goes through none: it may be plain, and may hold a token.

    Raises:
        MissingExtraError: urllib3 is not installed.
        UsageError: The environment names a proxy of an unknown sort.
    """
    import urllib.request  # noqa: PLC0415  # 20 ms that only remote files cost

    from telamon.kits.remote.extra import need_urllib3  # noqa: PLC0415  # likewise

    library = need_urllib3()
    settings = {
        "timeout": library.Timeout(connect=TIMEOUT_S, read=TIMEOUT_S),
        "retries": library.Retry(
            ATTEMPTS, redirect=0, status=0, respect_retry_after_header=False, raise_on_status=False
        ),
    }
    host = urlsplit(url).hostname or ""
    is_direct = host in LOOPBACK or urllib.request.proxy_bypass(host)
    proxy = "" if is_direct else urllib.request.getproxies().get("https", "")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise UsageError("expected an http or https proxy in the environment", hint="NO_PROXY names hosts without one")
    pool: urllib3.PoolManager = library.ProxyManager(proxy, **settings) if proxy else library.PoolManager(**settings)
    return pool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One stretch of a file, and how the server knows which file it is of."""

    data: bytes
    size: int
    tag: str


class HttpFile:
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
        self._size = first.size
        self._tag = first.tag
        self._cache = BlockCache(self._fetch, first.size)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def pread(self, offset: int, length: int) -> bytes:
        """Return exactly the bytes asked for.

        Raises:
            SourceChangedError: The file is another one than at first.
            SourceError: They cannot be had.
        """
        return self._cache.read(offset, length)

    def check_unchanged(self) -> None:
        """Raise a `SourceChangedError` where the server has another file under the address now."""
        if self._size:
            self._same(self._ask(0, 1))

    def account(self) -> str:
        """Return in words how much has been fetched."""
        return account(self._cache, self._size)

    def close(self) -> None:
        """Close the connections, and drop what was fetched."""
        self._cache.close()
        self._pool.clear()

    def _fetch(self, offset: int, length: int) -> bytes:
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
        raise AnswerError(f"`{printable(self._url)}` cannot be read")

    def _follow(self, url: str, location: str, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
        """Return where a redirect leads and what is sent there: credentials stay with the host that they are for."""
        try:
            found = urljoin(url, location)
            before, after = urlsplit(url), urlsplit(found)
        except ValueError as error:
            raise AnswerError(f"`{printable(url)}` leads to what is no address") from error
        if after.scheme not in ({"https"} if before.scheme == "https" else {"https", "http"}):
            raise AnswerError(f"`{printable(url)}` leads to an address that is not encrypted")
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
            raise SourceError(f"`{printable(url)}` cannot be read: {printable(str(error))}") from error
        return answer


def _answer(response: urllib3.BaseHTTPResponse, url: str, offset: int, length: int) -> _Answer:
    headers = response.headers
    tag = headers.get("etag") or headers.get("last-modified") or ""
    if response.status == UNSATISFIABLE and headers.get("content-range") == "bytes */0":
        return _Answer(data=b"", size=0, tag=tag)
    if response.status == OK:
        raise RangesRefusedError(
            f"`{printable(url)}` is served whole or not at all",
            hint="download the file, and check the copy",
        )
    if response.status != PARTIAL:
        raise AnswerError(f"`{printable(url)}` answers with status {response.status}")
    match = CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    encoding = headers.get("content-encoding", "identity")
    if match is None or encoding != "identity":
        raise AnswerError(f"`{printable(url)}` answers with a stretch that it does not name")
    first, last, size = (int(number) for number in match.groups())
    if first != offset or last != min(offset + length, size) - 1:
        raise AnswerError(f"asked for {length} bytes at {offset}, got those from {first} to {last}")
    data = response.read(last - first + 1)
    if len(data) != last - first + 1:
        raise AnswerError(f"the answer breaks off after {len(data)} of {last - first + 1} bytes")
    return _Answer(data=data, size=size, tag=tag)
