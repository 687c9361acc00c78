"""Files that lie elsewhere: what is judged is fetched and found, the rest is not, and that is said."""

from __future__ import annotations

import http.server
import io
import json
import os
import pickle
import threading
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from telamon.kits.models.torch_zip import Tensor, write_state_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STORAGE_BYTES = 3_000_000


class Touch:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, ("touch never",)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server of what stands in `tmp_path/served`, by ranges."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = (folder / self.path.lstrip("/")).read_bytes()
            first, last = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
            part = content[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
            self.send_header("ETag", f'"{zlib.crc32(content)}"')
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            self.wfile.write(part)

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing where a client hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def torch_zip(storages: list[bytes], *, program: bytes = b"") -> bytes:
    tensors = tuple(Tensor(name=f"layer{number}", rows=2, columns=2) for number in range(len(storages)))
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(write_state_dict(tensors, seed=1))) as small,
        zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive,
    ):
        for info in small.infolist():
            head, _, number = info.filename.rpartition("/data/")
            content = storages[int(number)] if head else small.read(info)
            is_program = info.filename.endswith("data.pkl") and program
            archive.writestr(info.filename, program if is_program else content)
    return made.getvalue()


@pytest.fixture
def report(served: str, cli: Callable, tmp_path: Path) -> Callable[[str, bytes], dict]:
    def check(name: str, content: bytes) -> dict:
        (tmp_path / "served" / name).write_bytes(content)
        result = cli("check", "--online", f"{served}/{name}", "--format", "json")
        return json.loads(result.out)

    return check


def rules(report: dict) -> dict[str, str]:
    return {finding["rule"]: finding["message"] for finding in report["findings"]}


def test_a_torch_archive_is_judged_by_few_of_its_bytes(report: Callable[[str, bytes], dict]) -> None:
    found = report("model.pt", torch_zip([bytes(range(1, 251)) * (STORAGE_BYTES // 250)] * 4))
    assert [file["verdict"] for file in found["files"]] == ["clean"]
    message = rules(found)["M0016/partly-read"]
    fetched, whole = (int(word.replace(",", "")) for word in (message.split()[1], message.split()[3]))
    assert whole > 4 * STORAGE_BYTES
    assert fetched < whole / 20
    assert message.endswith("; of 4 storages only the first 4096 bytes")


def test_its_program_is_judged_like_any(report: Callable[[str, bytes], dict]) -> None:
    found = report("model.pt", torch_zip([b"\1" * STORAGE_BYTES], program=pickle.dumps(Touch())))
    assert found["exit_code"] == 1
    assert rules(found)["M0016/dangerous-call"].startswith("calls posix.system('touch never') when loaded")


def test_a_storage_that_begins_like_a_pickle_is_fetched_whole(report: Callable[[str, bytes], dict]) -> None:
    late = pickle.dumps([b"x" * STORAGE_BYTES, Touch()], protocol=4)
    assert "M0016/dangerous-call" in rules(report("model.pt", torch_zip([late])))


def test_a_large_pickle_is_fetched_whole(report: Callable[[str, bytes], dict]) -> None:
    content = pickle.dumps([list(range(1_500_000)), Touch()])
    assert len(content) > 4 * 1024 * 1024
    found = rules(report("model.pkl", content))
    assert "M0016/dangerous-call" in found
    assert "M0016/partly-read" not in found


def test_nothing_is_asked_for_unless_the_user_says_so(cli: Callable) -> None:
    result = cli("check", "https://example.invalid/model.pt")
    assert result.code == 2
    assert "`https://example.invalid/model.pt` lies elsewhere" in result.err
    assert "--online" in result.err


def test_what_cannot_be_reached_is_not_understood(cli: Callable) -> None:
    result = cli("check", "--online", "http://127.0.0.1:9/model.pt")
    assert result.code == 3
    assert "cannot be read" in result.out


def test_what_cannot_be_listed_costs_nothing_else(cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    (folder / "bad.pkl").write_bytes(pickle.dumps(Touch()))
    ended = cli("check", "--online", "bad.pkl", "hf://org/net", "--format", "json")
    report = json.loads(ended.out)
    assert [finding["rule"] for finding in report["findings"]] == ["M0016/dangerous-call"]
    assert [failure["subject"] for failure in report["failures"]] == ["hf://org/net"]
    assert ended.code == 1


def test_an_address_that_is_named_twice_is_checked_once(served: str, cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "served" / "m.pkl").write_bytes(b"N.")
    ended = cli("check", "--online", f"{served}/m.pkl", f"{served}/m.pkl")
    assert (ended.code, "1 file checked" in ended.out) == (0, True)


def test_signatures_in_addresses_stand_in_no_report(served: str, cli: Callable) -> None:
    for format_name in ("text", "json", "sarif", "junit", "markdown", "github"):
        ended = cli("check", "--online", f"{served}/none.pkl?sig=SECRET", "--format", format_name)
        assert (ended.code, "SECRET" in ended.out + ended.err) == (3, False)
        assert "none.pkl" in ended.out


def test_sarif_has_the_address(served: str, cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "served" / "m.pkl").write_bytes(pickle.dumps(Touch()))
    [run] = json.loads(cli("check", "--online", f"{served}/m.pkl", "--format", "sarif").out)["runs"]
    [place] = run["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == f"{served}/m.pkl"
