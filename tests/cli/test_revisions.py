"""`check --git`: what changed between revisions is judged as Git holds it, whatever lies in the working tree."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import pickle
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Git = Callable[..., str]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="Git is not installed")

PLAIN = pickle.dumps({"a": 1})


class Touch:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, ("touch never",)


HOSTILE = pickle.dumps(Touch())


@pytest.fixture
def git(folder: Path) -> Git:
    """Runs Git in a repository of two commits: `a.pkl` in the first, `b.pkl` and `sub/c.pkl` added by the second."""

    def call(*words: str) -> str:
        settings = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false")
        done = subprocess.run(  # noqa: S603  # words of this test
            ["git", *settings, *words],  # noqa: S607  # wherever it is
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    call("init", "--quiet", "--initial-branch=main")
    (folder / "a.pkl").write_bytes(HOSTILE)
    call("add", "a.pkl")
    call("commit", "--quiet", "-m", "first")
    (folder / "b.pkl").write_bytes(PLAIN)
    (folder / "sub").mkdir()
    (folder / "sub" / "c.pkl").write_bytes(PLAIN)
    call("add", "b.pkl", "sub")
    call("commit", "--quiet", "-m", "second")
    return call


@pytest.fixture
def verdicts(cli: Callable) -> Callable[..., dict[str, str]]:
    def call(*words: str) -> dict[str, str]:
        report = json.loads(cli("check", *words, "--format", "json").out)
        return {file["path"]: file["verdict"] for file in report["files"]}

    return call


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["HEAD~1..HEAD"], {"b.pkl": "clean", "sub/c.pkl": "clean"}),
        (["HEAD~1.."], {"b.pkl": "clean", "sub/c.pkl": "clean"}),
        (["HEAD..HEAD"], {}),
        (["HEAD"], {"a.pkl": "malicious", "b.pkl": "clean", "sub/c.pkl": "clean"}),
        (["HEAD~1..HEAD", "sub"], {"sub/c.pkl": "clean"}),
        (["HEAD", "b.pkl", "a.pkl"], {"a.pkl": "malicious", "b.pkl": "clean"}),
    ],
)
def test_spans_name_what_changed(
    verdicts: Callable[..., dict[str, str]], words: list[str], expected: dict[str, str]
) -> None:
    assert verdicts("--git", *words) == expected


def test_three_dots_begin_where_the_revisions_parted(
    git: Git, folder: Path, verdicts: Callable[..., dict[str, str]]
) -> None:
    git("checkout", "--quiet", "-b", "side", "HEAD~1")
    (folder / "d.pkl").write_bytes(PLAIN)
    git("add", "--all", "--", ":!telamon.yaml")
    git("commit", "--quiet", "-m", "side")
    assert verdicts("--git", "main...side") == {"d.pkl": "clean"}


def test_the_working_tree_does_not_count(git: Git, folder: Path, verdicts: Callable[..., dict[str, str]]) -> None:
    git("checkout", "--quiet", "-b", "evil")
    (folder / "b.pkl").write_bytes(HOSTILE)
    git("commit", "--quiet", "--all", "-m", "evil")
    (folder / "b.pkl").write_bytes(PLAIN)
    assert verdicts("--git", "main..evil") == {"b.pkl": "malicious"}


def test_works_in_a_folder_below_the_root(
    git: Git, folder: Path, monkeypatch: pytest.MonkeyPatch, verdicts: Callable[..., dict[str, str]]
) -> None:
    assert git("rev-parse", "HEAD")
    monkeypatch.chdir(folder / "sub")
    assert verdicts("--git", "HEAD~1..HEAD", "c.pkl") == {"c.pkl": "clean"}


def test_what_the_policy_excludes_is_left_out(git: Git, folder: Path, verdicts: Callable[..., dict[str, str]]) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nexclude: [sub]\n")
    assert git("rev-parse", "HEAD")
    assert verdicts("--git", "HEAD~1..HEAD") == {"b.pkl": "clean"}


def test_names_are_taken_as_they_are(git: Git, folder: Path, verdicts: Callable[..., dict[str, str]]) -> None:
    name = "new\nline \u00fc 'x'.pkl"
    (folder / name).write_bytes(HOSTILE)
    git("add", "--all", "--", ":!telamon.yaml")
    git("commit", "--quiet", "-m", "odd")
    assert list(verdicts("--git", "HEAD~1..HEAD").values()) == ["malicious"]


def pointer(content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()


@pytest.mark.parametrize(("is_here", "verdict"), [(True, "malicious"), (False, "not-understood")])
def test_what_git_lfs_holds_is_judged_where_it_is_here(
    git: Git, folder: Path, verdicts: Callable[..., dict[str, str]], *, is_here: bool, verdict: str
) -> None:
    (folder / "large.pkl").write_bytes(pointer(HOSTILE))
    (folder / "same.pkl").write_bytes(pointer(HOSTILE))
    git("add", "--all", "--", ":!telamon.yaml")
    git("commit", "--quiet", "-m", "large")
    if is_here:
        digest = hashlib.sha256(HOSTILE).hexdigest()
        held = folder / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
        held.parent.mkdir(parents=True)
        held.write_bytes(HOSTILE)
    assert verdicts("--git", "HEAD~1..HEAD") == {"large.pkl": verdict, "same.pkl": verdict}


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--git", "none..HEAD"], "there is no revision `none`"),
        (["--git", "--output=x"], "there is no revision `--output=x`"),
        (["--git", "HEAD", "-"], "expected files and folders beside --git"),
    ],
)
def test_what_cannot_be_is_said(cli: Callable, words: list[str], message: str) -> None:
    ended = cli("check", *words)
    assert (ended.code, message in ended.err) == (2, True)


def test_outside_of_a_repository_it_says_so(cli: Callable) -> None:
    ended = cli("check", "--git", "HEAD")
    assert ended.code == 2
    assert "not a git repository" in ended.err


def test_a_missing_blob_is_said(git: Git, folder: Path, cli: Callable) -> None:
    blob = git("rev-parse", "HEAD:b.pkl")
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    ended = cli("check", "--git", "HEAD~1..HEAD")
    assert ended.code == 2
    assert "Git does not have `" in ended.err


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize("word", [".", "./.", "sub/..", "{folder}", "{folder}/."])
def test_the_root_limits_nothing(word: str, folder: Path, verdicts: Callable[..., dict[str, str]]) -> None:
    expected = {"b.pkl": "clean", "sub/c.pkl": "clean"}
    assert verdicts("--git", "HEAD~1..HEAD", word.format(folder=folder)) == expected


def test_the_root_limits_nothing_from_below(
    git: Git, folder: Path, monkeypatch: pytest.MonkeyPatch, verdicts: Callable[..., dict[str, str]]
) -> None:
    assert git("rev-parse", "HEAD")
    monkeypatch.chdir(folder / "sub")
    assert verdicts("--git", "HEAD", "..") == {"../a.pkl": "malicious", "../b.pkl": "clean", "c.pkl": "clean"}


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("sbu", "no such file or folder in these revisions: `sbu`"),
        ("telamon.yaml", "no such file or folder in these revisions: `telamon.yaml`"),
        ("/usr", "`/usr` lies outside of the repository"),
    ],
)
def test_a_path_that_is_in_neither_revision_is_no_clean_one(cli: Callable, word: str, message: str) -> None:
    ended = cli("check", "--git", "HEAD~1..HEAD", word)
    assert (ended.code, message in ended.err) == (2, True)


def test_a_path_that_was_removed_is_known(git: Git, cli: Callable) -> None:
    git("rm", "--quiet", "b.pkl")
    git("commit", "--quiet", "-m", "gone")
    assert cli("check", "--git", "HEAD~1..HEAD", "b.pkl").code == 0


@pytest.mark.parametrize("is_link", [False, True])
def test_another_object_in_the_store_of_git_lfs_is_not_the_file(
    git: Git, folder: Path, verdicts: Callable[..., dict[str, str]], *, is_link: bool
) -> None:
    (folder / "large.pkl").write_bytes(pointer(HOSTILE))
    git("add", "large.pkl")
    git("commit", "--quiet", "-m", "large")
    digest = hashlib.sha256(HOSTILE).hexdigest()
    held = folder / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    held.parent.mkdir(parents=True)
    if is_link:
        (folder / "elsewhere").write_bytes(HOSTILE)
        held.symlink_to(folder / "elsewhere")
    else:
        held.write_bytes(PLAIN)
    assert verdicts("--git", "HEAD~1..HEAD") == {"large.pkl": "not-understood"}


def test_replaced_objects_hide_nothing(git: Git, verdicts: Callable[..., dict[str, str]]) -> None:
    git("replace", git("rev-parse", "HEAD:a.pkl"), git("rev-parse", "HEAD:b.pkl"))
    assert verdicts("--git", "HEAD", "a.pkl") == {"a.pkl": "malicious"}


SOON = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
WAIVER = "version: 1\nwaivers: [{{rule: M0016/dangerous-call, path: {}, owner: a, reason: b, expires: {}}}]\n"


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(("path", "code"), [("a.pkl", 1), ("../a.pkl", 0)])
def test_waivers_go_by_the_folder_of_the_policy(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable, path: str, code: int
) -> None:
    (folder / "sub" / "telamon.yaml").write_text(WAIVER.format(path, SOON))
    monkeypatch.chdir(folder / "sub")
    assert cli("check", "--git", "HEAD").code == cli("check", "../a.pkl").code == code


def test_revisions_that_never_parted_are_said_to_be_so(git: Git, cli: Callable) -> None:
    git("checkout", "--quiet", "--orphan", "other")
    git("commit", "--quiet", "-m", "other")
    ended = cli("check", "--git", "main...other")
    assert (ended.code, "the revisions have no common ancestor here" in ended.err) == (2, True)


def test_what_git_keeps_for_itself_is_known(git: Git, folder: Path, cli: Callable) -> None:
    (folder / "a.pkl").unlink()
    (folder / "noise.bin.txt").write_bytes(bytes(range(256)) * 40)
    git("add", "--all", "--", ":!telamon.yaml")
    git("commit", "--quiet", "-m", "third")
    (folder / "noise.bin.txt").unlink()
    loose = cli("check", ".git")
    git("repack", "-q", "-a", "-d", "-b")
    git("commit-graph", "write")
    packed = cli("check", ".git")
    assert [(ended.code, "no findings" in ended.out) for ended in (loose, packed)] == [(0, True), (0, True)]


def test_a_pickle_planted_among_what_git_keeps_is_found(git: Git, folder: Path, cli: Callable) -> None:
    assert git("rev-parse", "HEAD")
    (folder / ".git" / "objects" / "planted").write_bytes(HOSTILE)
    (folder / ".git" / "DIRC").write_bytes(b"DIRC\0\0\0\2" + HOSTILE)
    assert cli("check", ".git").code == 1
