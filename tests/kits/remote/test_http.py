"""Files of web servers: by ranges, of one version, and nothing else is believed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from telamon.core.errors import UsageError
from telamon.kits.formats.source import Source, SourceChangedError, SourceError
from telamon.kits.remote.cache import BLOCK_BYTES
from telamon.kits.remote.http import AnswerError, HttpFile, RangesRefusedError, check_address, open_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer, Site

CONTENT = bytes(number * 31 % 253 for number in range(10 * BLOCK_BYTES + 5))


@pytest.fixture
def content(site: Site) -> str:
    site.files["/model.pt"] = CONTENT
    return f"{site.url}/model.pt"


def test_reads_stretches(content: str) -> None:
    with closing(HttpFile(content)) as file:
        assert file.size == len(CONTENT)
        assert file.pread(5, 3) == CONTENT[5:8]
        assert file.pread(len(CONTENT) - 1, 1) == CONTENT[-1:]
        assert file.account() == "fetched 16,389 of 163,845 bytes (10.00 %) in 2 requests"


def test_is_a_source_like_any(content: str) -> None:
    with Source.from_reader(HttpFile(content)) as source:
        assert source.is_distant
        assert source.sub(100, 50).read(10, 5) == CONTENT[110:115]
        assert source.window.buffer[source.start : source.end] == CONTENT
        assert not source.is_distant
        source.check_unchanged()


def test_the_first_answer_is_not_asked_for_again(content: str, site: Site) -> None:
    with closing(HttpFile(content)) as file:
        assert file.pread(0, BLOCK_BYTES) == CONTENT[:BLOCK_BYTES]
        assert len(site.asked) == 1
        assert file.pread(0, len(CONTENT)) == CONTENT
        assert file.account() == ""


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES])
def test_a_short_file_may_be_served_whole(size: int, site: Site) -> None:
    site.files["/short"] = CONTENT[:size]
    site.twist = lambda path, _headers, _answer: site.answer(path, {})
    with closing(HttpFile(f"{site.url}/short")) as file:
        assert file.size == size
        assert not size or file.pread(0, size) == CONTENT[:size]


def test_parts_without_a_version_are_not_put_together(content: str, site: Site) -> None:
    def unversioned(_path: str, _headers: dict[str, str], answer: Answer) -> Answer:
        return answer[0], {name: value for name, value in answer[1].items() if name != "ETag"}, answer[2]

    site.twist = unversioned
    with pytest.raises(AnswerError, match=r"names no version, so that its parts need not be of one file$"):
        HttpFile(content)
    site.files["/model.pt"] = CONTENT[:100]  # of one part there is nothing to put together
    with closing(HttpFile(content)) as file:
        assert file.pread(0, 100) == CONTENT[:100]


def test_a_server_that_drips_is_given_up(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10**6, 100))
    monkeypatch.setattr("telamon.kits.remote.http.time.monotonic", lambda: float(next(now)))
    with pytest.raises(AnswerError, match=r"^16384 bytes do not come within 31 s$"):
        HttpFile(content)


def test_no_more_is_fetched_than_a_file_may_cost(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telamon.kits.remote.cache.MAX_FETCHED_BYTES", 3 * BLOCK_BYTES)
    with closing(HttpFile(content)) as file:
        file.pread(0, 3 * BLOCK_BYTES)
        with pytest.raises(SourceError, match=r"^more than 49,152 bytes would have to be fetched$"):
            file.pread(3 * BLOCK_BYTES, 1)


def test_one_connection_serves_many_requests(content: str, site: Site) -> None:
    with closing(HttpFile(content)) as file:
        for block in range(0, 10, 2):
            file.pread(block * BLOCK_BYTES, 1)
        assert file._pool.connection_from_url(site.url).num_connections == 1  # type: ignore[attr-defined]


def test_an_empty_file_is_empty(site: Site) -> None:
    site.files["/empty"] = b""
    with closing(HttpFile(f"{site.url}/empty")) as file:
        assert file.size == 0
        file.check_unchanged()


def test_a_server_without_ranges_is_refused_before_it_has_sent_the_file(content: str, site: Site) -> None:
    site.twist = lambda path, _headers, _answer: site.answer(path, {})
    with pytest.raises(RangesRefusedError, match="is served whole or not at all"):
        HttpFile(content)


@pytest.mark.parametrize("changed", [b"x" * len(CONTENT), CONTENT + b"x"])
def test_two_versions_are_never_mixed(changed: bytes, content: str, site: Site) -> None:
    with closing(HttpFile(content)) as file:
        file.pread(0, 1)
        site.files["/model.pt"] = changed
        with pytest.raises(SourceChangedError, match=r"^the file was changed on the server while it was read$"):
            file.pread(5 * BLOCK_BYTES, 1)
        with pytest.raises(SourceChangedError):
            file.check_unchanged()


def shifted(_path: str, _headers: dict[str, str], answer: Answer) -> Answer:
    status, headers, body = answer
    return status, headers | {"Content-Range": headers["Content-Range"].replace("bytes 0-", "bytes 1-")}, body


def unnamed(_path: str, _headers: dict[str, str], answer: Answer) -> Answer:
    return answer[0], {}, answer[2]


def encoded(_path: str, _headers: dict[str, str], answer: Answer) -> Answer:
    return answer[0], answer[1] | {"Content-Encoding": "gzip"}, answer[2]


def cut(_path: str, _headers: dict[str, str], answer: Answer) -> Answer:
    return answer[0], answer[1], answer[2][:-1]


def failing(_path: str, _headers: dict[str, str], _answer: Answer) -> Answer:
    return 503, {"Retry-After": "10000"}, b"later"


@pytest.mark.parametrize(
    ("twist", "message"),
    [
        (shifted, "asked for 16384 bytes at 0, got those from 1 to 16383"),
        (unnamed, "answers with a stretch that it does not name"),
        (encoded, "answers with a stretch that it does not name"),
        (cut, "the answer breaks off after 16383 of 16384 bytes"),
        (failing, "answers with status 503"),
    ],
)
def test_another_answer_than_asked_for_is_none(
    twist: Callable[[str, dict[str, str], Answer], Answer], message: str, content: str, site: Site
) -> None:
    site.twist = twist
    with pytest.raises(AnswerError, match=message):
        HttpFile(content)


def test_more_than_asked_for_is_not_read(content: str, site: Site) -> None:
    site.twist = lambda _path, _headers, answer: (answer[0], answer[1], answer[2] + b"more")
    with closing(HttpFile(content)) as file:
        assert file.pread(0, BLOCK_BYTES) == CONTENT[:BLOCK_BYTES]


def test_what_is_not_there_is_said(site: Site) -> None:
    with pytest.raises(AnswerError, match=r"answers with status 404$"):
        HttpFile(f"{site.url}/none")


def test_a_server_that_is_gone_is_said() -> None:
    with pytest.raises(SourceError, match=r"^`http://127\.0\.0\.1:9/x` cannot be read: "):
        HttpFile("http://127.0.0.1:9/x")


@pytest.mark.usefixtures("content")
def test_credentials_stay_with_their_host(site: Site) -> None:
    elsewhere = site.url.replace("127.0.0.1", "localhost")

    def redirect(path: str, _headers: dict[str, str], answer: Answer) -> Answer:
        return (302, {"Location": f"{elsewhere}/model.pt"}, b"") if path == "/start" else answer

    site.twist = redirect
    with closing(HttpFile(f"{site.url}/start", {"Authorization": "Bearer secret"})) as file:
        file.pread(5 * BLOCK_BYTES, 1)
    assert [(path, headers.get("authorization")) for path, headers in site.asked] == [
        ("/start", "Bearer secret"),
        ("/model.pt", None),
        ("/model.pt", None),  # where the redirect led is remembered
    ]


@pytest.mark.usefixtures("content")
def test_a_signed_address_that_has_expired_is_asked_for_again(site: Site) -> None:
    def sign(path: str, _headers: dict[str, str], answer: Answer) -> Answer:
        signed = sum(path == "/model.pt" for path, _ in site.asked)
        if path == "/start":
            return 302, {"Location": "/model.pt"}, b""
        return (403, {}, b"expired") if signed == 2 else answer

    site.twist = sign
    with closing(HttpFile(f"{site.url}/start")) as file:
        assert file.pread(5 * BLOCK_BYTES, 4) == CONTENT[5 * BLOCK_BYTES :][:4]
    assert [path for path, _ in site.asked] == ["/start", "/model.pt", "/model.pt", "/start", "/model.pt"]


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_redirects_lead_to_web_servers_only(location: str, site: Site) -> None:
    site.twist = lambda _path, _headers, _answer: (302, {"Location": location}, b"")
    with pytest.raises(AnswerError, match=r"leads to an address that is not encrypted$"):
        HttpFile(f"{site.url}/start")


def test_redirects_end(site: Site) -> None:
    site.twist = lambda _path, _headers, _answer: (302, {"Location": "/again"}, b"")
    with pytest.raises(AnswerError, match=r"cannot be read$"):
        HttpFile(f"{site.url}/start")
    assert len(site.asked) == 6


@pytest.mark.parametrize("url", ["http://example.invalid/x", "ftp://example.invalid/x", "https:///x", "file:///x"])
def test_addresses_are_encrypted_or_here(url: str) -> None:
    with pytest.raises(UsageError, match=r"^expected an https address, found `"):
        check_address(url)


def test_addresses_hold_no_credentials() -> None:
    with pytest.raises(UsageError, match=r"^expected an address without credentials$"):
        check_address("https://user:secret@example.invalid/x")


def test_what_goes_to_this_machine_goes_through_no_proxy(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with closing(HttpFile(content, {"Authorization": "Bearer secret"})) as file:
        assert file.pread(0, 1) == CONTENT[:1]


def test_proxies_are_taken_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:8080")
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert open_pool("https://example.com/x").proxy is not None
    assert open_pool("https://example.org/x").proxy is None
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.invalid:1080")
    with pytest.raises(UsageError, match=r"^expected an http or https proxy in the environment$"):
        open_pool("https://example.com/x")


def test_what_is_no_address_is_refused(site: Site) -> None:
    with pytest.raises(UsageError, match=r"^expected an https address, found `https://\[bad/`$"):
        check_address("https://[bad/")
    site.twist = lambda _path, _headers, _answer: (302, {"Location": "http://[oops"}, b"")
    with pytest.raises(AnswerError, match="leads to what is no address"):
        HttpFile(f"{site.url}/start")
