"""Repositories of hubs: at one commit, page by page, and only from the hub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from telamon.core.errors import UsageError
from telamon.core.subjects import SubjectKind
from telamon.kits.formats.source import SourceError
from telamon.kits.remote.addresses import subjects_at
from telamon.kits.remote.http import AnswerError
from telamon.kits.remote.hub import Hub

if TYPE_CHECKING:
    from conftest import Answer, Site

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A hub with one model: `org/net`, whose list of files has two pages."""
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    about = "/api/models/org/net"
    pages = {
        f"{about}/revision/main": ({"sha": COMMIT}, ""),
        f"{about}/revision/v1%2Frc": ({"sha": COMMIT}, ""),
        f"{about}/tree/{COMMIT}?recursive=true": (
            [{"type": "directory", "path": "sub"}, {"type": "file", "path": "sub/a b.bin", "size": 3}],
            f'<{site.url}{about}/tree/{COMMIT}?cursor=2>; rel="next"',
        ),
        f"{about}/tree/{COMMIT}?cursor=2": ([{"type": "file", "path": "model.safetensors", "size": 4}], ""),
    }

    def serve(path: str, _headers: dict[str, str], answer: Answer) -> Answer:
        if path not in pages:
            return answer
        told, link = pages[path]
        return 200, {"Link": link} if link else {}, json.dumps(told).encode()

    site.twist = serve
    site.files[f"/org/net/resolve/{COMMIT}/sub/a%20b.bin"] = b"abc"
    return site


def test_lists_a_repository_at_the_commit_that_its_revision_names(hub: Site) -> None:
    assert [(file.name, file.url.removeprefix(hub.url)) for file in Hub().files("hf://org/net")] == [
        (f"hf://org/net@{COMMIT}/sub/a b.bin", f"/org/net/resolve/{COMMIT}/sub/a%20b.bin"),
        (f"hf://org/net@{COMMIT}/model.safetensors", f"/org/net/resolve/{COMMIT}/model.safetensors"),
    ]
    assert {headers["authorization"] for _, headers in hub.asked} == {"Bearer hf_secret"}


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("hf://models/org/net@v1%2Frc", ["sub/a b.bin", "model.safetensors"]),
        ("hf://org/net/sub", ["sub/a b.bin"]),
        ("hf://org/net@main/model.safetensors", ["model.safetensors"]),
    ],
)
def test_addresses_name_revisions_and_paths(address: str, names: list[str]) -> None:
    assert [file.name.removeprefix(f"hf://org/net@{COMMIT}/") for file in Hub().files(address)] == names


def test_files_are_read_with_the_token(hub: Site) -> None:
    [subject] = subjects_at("hf://org/net/sub/a b.bin")
    assert (subject.kind, subject.name) == (SubjectKind.REMOTE, f"hf://org/net@{COMMIT}/sub/a b.bin")
    assert subject.connect is not None
    reader = subject.connect()
    try:
        assert reader.pread(0, 3) == b"abc"
    finally:
        reader.close()
    assert hub.asked[-1][1]["authorization"] == "Bearer hf_secret"


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    "address", ["hf://", "hf://net", "hf://org/ne t", "hf://org/net@", "hf://../net/x", "hf://org/.."]
)
def test_other_forms_of_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"^expected `hf://OWNER/NAME\[@REVISION\]\[/PATH\]`, found `"):
        list(Hub().files(address))


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("hf://org/none", "answers with status 404"),
        ("hf://org/net@none", "answers with status 404"),
        ("hf://org/net/none", "there is no file at `hf://org/net/none`"),
    ],
)
def test_what_is_not_there_is_said(address: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(Hub().files(address))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {}, b'{"sha": "main"}'), "names no commit"),
        ((200, {}, b"[1]"), "names no commit"),
        ((200, {}, b"{"), "answers with no JSON"),
        ((200, {}, b"[" * 100_000), "answers with no JSON"),
        ((302, {"Location": "https://example.invalid/"}, b""), "answers with status 302"),
    ],
)
def test_a_hub_is_believed_only_what_a_hub_says(hub: Site, answer: Answer, message: str) -> None:
    hub.twist = lambda _path, _headers, _answer: answer
    with pytest.raises(AnswerError, match=message):
        list(Hub().files("hf://org/net"))


def test_a_list_goes_on_at_the_hub_only(hub: Site) -> None:
    honest = hub.twist

    def elsewhere(path: str, headers: dict[str, str], answer: Answer) -> Answer:
        status, told, body = honest(path, headers, answer)
        return status, {"Link": '<http://localhost:1/next>; rel="next"'} if "Link" in told else told, body

    hub.twist = elsewhere
    with pytest.raises(AnswerError, match=r"^the hub's list of files goes on elsewhere$"):
        list(Hub().files("hf://org/net"))


def test_the_hub_itself_must_be_encrypted() -> None:
    with pytest.raises(UsageError, match=r"^expected an https address"):
        Hub("http://hub.example.invalid")
