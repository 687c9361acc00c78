"""A web server on the loopback that serves files by ranges, and misbehaves as told."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, dict[str, str], bytes]


@dataclass(slots=True, kw_only=True)
class Site:
    """What the server serves.

    Attributes:
        files: Content by path.
        twist: Told the path, the request's headers and the honest answer, returns what is sent.
        asked: Path and headers of each request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    twist: Callable[[str, dict[str, str], Answer], Answer] = lambda _path, _headers, answer: answer
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        if path not in self.files:
            return 404, {}, b""
        content = self.files[path]
        tag = {"ETag": f'"{hash(content)}"'}
        if "range" not in headers:
            return 200, tag, content
        first, last = (int(number) for number in headers["range"].removeprefix("bytes=").split("-"))
        if first >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
        part = content[first : last + 1]
        return 206, tag | {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}, part


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    served = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append((self.path, headers))
            status, told, body = served.twist(self.path, headers, served.answer(self.path, headers))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | told).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing where a client hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
