"""Scanning from afar: what is fetched of a 500 MB torch zip that lies behind a server of ranges.

Input: the archive of bench/scanning.py, served on the loopback by a server of our own that writes down every request.
`telamon check --online` runs as a whole process. Then the same from a server that does not serve ranges: the check must
end with exit code 3, and not with the download.

Usage: python bench/remote.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from scanning import big_archive

RANGE = re.compile(r"bytes=(\d+)-(\d+)\Z")
TARGET = 0.01


class Server(ThreadingHTTPServer):
    """Serves one file and remembers what it sent."""

    def __init__(self, path: Path, *, has_ranges: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.path = path
        self.has_ranges = has_ranges
        self.sent: list[tuple[str, int]] = []


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD, with the range that was asked for where the server has ranges."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Send the file or a part of it."""
        size = self.server.path.stat().st_size
        asked = RANGE.match(self.headers.get("Range", "")) if self.server.has_ranges else None
        first, last = (int(asked[1]), min(int(asked[2]), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", '"1"')
        self.end_headers()
        sent = 0
        try:
            with self.server.path.open("rb") as file:
                file.seek(first)
                while sent <= last - first and (chunk := file.read(min(65536, last - first + 1 - sent))):
                    self.wfile.write(chunk)
                    sent += len(chunk)
        except OSError:  # the client has hung up, which is its right
            self.close_connection = True
        self.server.sent.append((f"{first}-{last}", sent))

    def log_message(self, *_: Any) -> None:
        """Keep standard error for errors."""


def check(server: Server) -> tuple[int, str]:
    """Return the exit code and the last line of a check of what the server serves."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/model.pt"
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "telamon", "check", "--online", address],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
    finally:
        server.shutdown()
        server.server_close()
    return done.returncode, (done.stdout.strip() or done.stderr.strip()).splitlines()[-1]


def main() -> None:
    """Print every request, and the share of the file that was fetched."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model.pt"
        big_archive(path)
        size = path.stat().st_size
        for has_ranges in (True, False):
            server = Server(path, has_ranges=has_ranges)
            code, last = check(server)
            print(f"a server {'of' if has_ranges else 'without'} ranges, {size / 1e6:.0f} MB")
            for asked, sent in server.sent:
                print(f"  bytes {asked}: {sent} sent")
            total = sum(sent for _, sent in server.sent)
            print(f"  {total} bytes, {100 * total / size:.4f} % of the file (target {100 * TARGET:g} %); exit {code}")
            print(f"  {last}")


if __name__ == "__main__":
    main()
