"""Files that the policy does not name can be neither read nor changed, by whatever way."""

from __future__ import annotations

import _ctypes
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.sandbox import SandboxPolicy, SandboxRun

READING = {
    "open": "return open(a['outside'] + '/secret').read() == 'secret'",
    "relative path": """
        way = os.path.relpath(a['outside'], os.getcwd())
        return open(way + '/secret').read() == 'secret'
    """,
    "root of procfs": "return open('/proc/self/root' + a['outside'] + '/secret').read() == 'secret'",
    "root of the parent": "return open(f'/proc/{os.getppid()}/root' + a['outside'] + '/secret').read() == 'secret'",
    "folder descriptor": """
        folder = os.open(a['outside'], os.O_PATH)
        return os.read(os.open('secret', os.O_RDONLY, dir_fd=folder), 6) == b'secret'
    """,
    "path descriptor opened again": """
        handle = os.open(a['outside'] + '/secret', os.O_PATH)
        return os.read(os.open(f'/proc/self/fd/{handle}', os.O_RDONLY), 6) == b'secret'
    """,
    "changed directory": """
        os.chdir(a['outside'])
        return open('secret').read() == 'secret'
    """,
    "listing": "return 'secret' in os.listdir(a['outside'])",
    "symbolic link": """
        os.symlink(a['outside'] + '/secret', a['own'] + '/link')
        return open(a['own'] + '/link').read() == 'secret'
    """,
    "hard link": """
        os.link(a['outside'] + '/secret', a['own'] + '/hard')
        return open(a['own'] + '/hard').read() == 'secret'
    """,
    "rename into the own folder": """
        os.rename(a['outside'] + '/moved', a['own'] + '/moved')
        return open(a['own'] + '/moved').read() == 'moved'
    """,
    "thread": """
        found = []
        thread = threading.Thread(target=lambda: found.append(open(a['outside'] + '/secret').read()))
        threading.excepthook = lambda _: None
        thread.start()
        thread.join()
        return found == ['secret']
    """,
    "import": """
        sys.path.insert(0, a['outside'])
        import stolen
        return stolen.VALUE == 1
    """,
    "shared library": "return ctypes.CDLL(a['outside'] + '/library.so') is not None",
    "environment of the parent": "return bool(open(f'/proc/{os.getppid()}/environ', 'rb').read())",
    "memory of the parent": "return os.open(f'/proc/{os.getppid()}/mem', os.O_RDONLY) > 0",
    "maps of the parent": "return bool(open(f'/proc/{os.getppid()}/maps').read())",
    "watch": """
        watching = libc.inotify_init1(0)
        return libc.inotify_add_watch(watching, a['outside'].encode(), 0x100) > 0
    """,
}
CHANGING = {
    "new file": "return open(a['outside'] + '/new', 'w').write('x') == 1",
    "overwriting": "return open(a['outside'] + '/secret', 'r+').write('x') == 1",
    "appending": "return open(a['outside'] + '/secret', 'a').write('x') == 1",
    "truncating open": "return os.open(a['outside'] + '/secret', os.O_RDONLY | os.O_TRUNC) > 0",
    "truncate": "return os.truncate(a['outside'] + '/secret', 0) is None",
    "nameless file": "return os.open(a['outside'], os.O_TMPFILE | os.O_WRONLY, 0o600) > 0",
    "folder": "return os.mkdir(a['outside'] + '/folder') is None",
    "removing a folder": "return os.rmdir(a['outside'] + '/empty') is None",
    "removing": "return os.unlink(a['outside'] + '/secret') is None",
    "renaming": "return os.rename(a['outside'] + '/secret', a['outside'] + '/other') is None",
    "renaming over": """
        open(a['own'] + '/mine', 'w').write('x')
        return os.rename(a['own'] + '/mine', a['outside'] + '/secret') is None
    """,
    "linking": """
        open(a['own'] + '/mine', 'w').write('x')
        return os.link(a['own'] + '/mine', a['outside'] + '/planted') is None
    """,
    "symbolic link": "return os.symlink('/', a['outside'] + '/link') is None",
    "pipe": "return os.mkfifo(a['outside'] + '/pipe') is None",
    "device": "return os.mknod(a['outside'] + '/node', 0o600 | stat.S_IFREG) is None",
    "mode": "return os.chmod(a['outside'] + '/secret', 0o777) is None",
    "mode of an open library": """
        handle = os.open(os.__file__, os.O_RDONLY)
        return os.fchmod(handle, stat.S_IMODE(os.fstat(handle).st_mode)) is None
    """,
    "owner": "return os.chown(a['outside'] + '/secret', os.getuid(), -1) is None",
    "times": "return os.utime(a['outside'] + '/secret', (0, 0)) is None",
    "flags of an open file": """
        handle = os.open(os.__file__, os.O_RDONLY)
        flags = bytearray(8)
        fcntl.ioctl(handle, 0x80086601, flags)
        return fcntl.ioctl(handle, 0x40086602, bytes(flags)) is not None
    """,
    "compiled modules": """
        import importlib.util, py_compile
        return py_compile.compile(a['outside'] + '/stolen.py', cfile=a['outside'] + '/stolen.pyc') is not None
    """,
    "shared memory of a name": "return os.open('/dev/shm/' + a['name'], os.O_CREAT | os.O_RDWR, 0o600) > 0",
}
NOT_EVERYWHERE = {"flags of an open file"}  # a file system may have none


@pytest.fixture
def given(outside: Path, tmp_path: Path) -> dict[str, str]:
    (outside / "moved").write_text("moved")
    (outside / "stolen.py").write_text("VALUE = 1")
    shutil.copy(_ctypes.__file__, outside / "library.so")
    return {"outside": str(outside), "own": str(tmp_path / "own"), "name": f"telamon-{os.getpid()}"}


@pytest.mark.parametrize("way", READING)
def test_nothing_outside_can_be_read(way: str, refused: Callable[..., SandboxRun], given: dict[str, str]) -> None:
    refused(READING[way], **given)


@pytest.mark.parametrize("way", CHANGING)
def test_nothing_outside_can_be_changed(
    way: str,
    refused: Callable[..., SandboxRun],
    sandboxed: Callable[..., SandboxRun],
    outside: Path,
    given: dict[str, str],
) -> None:
    before = {path.name: (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in outside.iterdir()}
    sandboxed(CHANGING[way], **given)
    assert before == {path.name: (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in outside.iterdir()}
    for left in Path(given["own"]).iterdir():
        left.unlink()
    refused(CHANGING[way], is_twin_shown=way not in NOT_EVERYWHERE, **given)
    Path("/dev/shm", given["name"]).unlink(missing_ok=True)  # noqa: S108  # what the twin made there


@pytest.mark.parametrize("way", [*READING, *CHANGING])
def test_nor_where_programs_may_be_run(
    way: str, sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy, given: dict[str, str]
) -> None:
    ended = sandboxed({**READING, **CHANGING}[way], policy=replace(policy, may_exec=True, processes=8), **given)
    assert ended.answer is not True
    assert ended.setup_s > 0


def test_what_the_policy_names_can_be_used(sandboxed: Callable[..., SandboxRun], tmp_path: Path) -> None:
    own = tmp_path / "own"
    ended = sandboxed("open(a['own'] + '/file', 'w').write('mine'); return open(a['own'] + '/file').read()", own=own)
    assert (ended.answer, (own / "file").read_text()) == (True, "mine")


def test_descriptors_of_the_parent_are_not_inherited(refused: Callable[..., SandboxRun], outside: Path) -> None:
    held = os.open(outside / "secret", os.O_RDONLY)
    os.set_inheritable(held, True)
    action = """
        for handle in range(3, 256):
            try:
                if os.pread(handle, 6, 0) == b'secret':
                    return True
            except OSError:
                pass
        return False
    """
    try:
        refused(action, is_twin_shown=False)
    finally:
        os.close(held)


def test_the_environment_is_empty(sandboxed: Callable[..., SandboxRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELAMON_SECRET", "secret")
    assert sandboxed("return 'TELAMON_SECRET' in os.environ").answer is False


def test_where_nothing_is_writable_no_file_can_be_opened_for_writing(
    sandboxed: Callable[..., SandboxRun], policy: SandboxPolicy
) -> None:
    ended = sandboxed("return os.open('here', os.O_CREAT | os.O_WRONLY)", policy=replace(policy, writable=()))
    assert ended.message.startswith("PermissionError")
