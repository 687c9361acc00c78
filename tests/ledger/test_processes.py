"""Several processes at once, and processes that die in the middle of an append."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger.errors import LedgerFullError, LedgerUnavailableError
from telamon.ledger.log import open_log
from telamon.ledger.second_place import FilePlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Place
    from telamon.ledger.entry import Event

    EventMaker = Callable[..., Event]

SIGNER = SignerKey(name="example.com/ledger", seed=bytes(range(32)))
BATCH = 5
PRELUDE = f"""
import os, sys
from pathlib import Path
from telamon.kits.crypto.note_keys import SignerKey
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import open_log
from telamon.ledger.second_place import FilePlace

location, place, name = sys.argv[1], FilePlace(Path(sys.argv[2])), sys.argv[3]
signer = SignerKey(name="example.com/ledger", seed=bytes(range(32)))
log = open_log(location, signer=signer, second_place=place)

def batch(number):
    return [
        Event(kind=EntryKind.NOTE, control=name, outcome=str(number * {BATCH} + at), body={{"n": at}})
        for at in range({BATCH})
    ]
"""
APPENDS = """
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    found = log.append(batch(number))
    assert len(found) == 5
    if number % 10 == 9:
        log.checkpoint()
log.close()
"""
APPENDS_FOR_EVER = """
print(0, flush=True)
number = 0
while True:
    print(log.append(batch(number)).stop, flush=True)
    number += 1
    if number % 3 == 0:
        log.checkpoint()
"""
DIES_INSIDE_AN_APPEND = """
log.append(batch(0))
connection = log._store._connected()
connection.set_progress_handler(lambda: os.kill(os.getpid(), 9), int(sys.argv[4]))
log.append(batch(1))
"""
DIES_BETWEEN_TWO_MESSAGES = """
from telamon.kits.storage.postgres import Connection

log.append(batch(0))
sent, steps, run = 0, int(sys.argv[4]), Connection.run

def counted(self, statements):
    global sent
    sent += 1
    if sent == steps:
        os.kill(os.getpid(), 9)
    return run(self, statements)

Connection.run = counted
log.append(batch(1))
log.checkpoint()
"""
DIES_WHILE_A_MESSAGE_GOES_OUT = """
import pg8000.core

log.append(batch(0))
sent, steps, write = 0, int(sys.argv[4]), pg8000.core._write

def half(socket, data):
    global sent
    sent += len(data)
    if sent > steps:
        write(socket, data[: len(data) - (sent - steps)])
        socket.flush()
        os.kill(os.getpid(), 9)
    write(socket, data)

pg8000.core._write = half
log.append(batch(1))
"""
DIES_INSIDE_A_CHECKPOINT = """
class Fatal(FilePlace):
    def write(self, checkpoint, *, is_first):
        super().write(checkpoint, is_first=is_first)
        os.kill(os.getpid(), 9)

log.append(batch(0))
log = open_log(location, signer=signer, second_place=Fatal(place.path))
log.checkpoint()
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The second place."""
    return tmp_path / "checkpoints"


def start(script: str, location: str | Path, place: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 -- this interpreter, a script of this module
        [sys.executable, "-c", PRELUDE + script, *map(str, (location, place, *arguments))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> int:
    _, errors = process.communicate("go\n", timeout=120)
    assert process.returncode in {0, -signal.SIGKILL}, errors
    return process.returncode


def check_intact(ledger: Place, place: Path, acknowledged: int) -> None:
    """No half batch, and nothing lost that was acknowledged."""
    if not ledger.exists():
        assert acknowledged == 0
        return
    with open_log(ledger.location, signer=SIGNER, second_place=FilePlace(place)) as log:
        result = log.verify()
        assert result.ok, result.reason
        assert result.size % BATCH == 0
        assert result.size >= acknowledged


def test_processes_append_at_once_and_lose_nothing(ledger: Place, outside: Path) -> None:
    processes = [start(APPENDS, ledger.location, outside, f"process-{number}") for number in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [finish(process) for process in processes] == [0, 0, 0]
    check_intact(ledger, outside, 3 * 30 * BATCH)
    order = defaultdict(list)
    with open_log(ledger.location, read_only=True) as log:
        for recorded in log.entries():
            order[recorded.entry.control].append(int(recorded.entry.outcome))
    # All of them, none twice, each process' own in its order.
    assert order == {f"process-{number}": list(range(30 * BATCH)) for number in range(3)}


@pytest.mark.parametrize("acknowledgements", [1, 2, 3, 4, 5, 7, 9, 12])
def test_a_killed_process_leaves_a_ledger_that_goes_on(ledger: Place, outside: Path, acknowledgements: int) -> None:
    acknowledged = 0
    for life in range(3):
        process = start(APPENDS_FOR_EVER, ledger.location, outside, f"life-{life}")
        assert process.stdout is not None
        for _ in range(acknowledgements):
            acknowledged = max(acknowledged, int(process.stdout.readline()))
        process.kill()
        finish(process)
    check_intact(ledger, outside, acknowledged)
    assert finish(start(APPENDS, ledger.location, outside, "heir")) == 0
    check_intact(ledger, outside, acknowledged + 30 * BATCH)


def test_a_process_killed_at_any_step_of_an_append_leaves_no_half_of_it(in_sqlite: Place, outside: Path) -> None:
    deaths = 0
    for steps in (1, 2, 4, 8, 16, 32, 64, 90, 120, 160, 200, 300):
        before = deaths
        deaths += (
            finish(start(DIES_INSIDE_AN_APPEND, in_sqlite.location, outside, f"after-{steps}", steps))
            == -signal.SIGKILL
        )
        check_intact(in_sqlite, outside, BATCH)
        if deaths == before:
            break  # the append takes fewer steps than that
    assert deaths >= 6


@pytest.mark.parametrize("script", [DIES_BETWEEN_TWO_MESSAGES, DIES_WHILE_A_MESSAGE_GOES_OUT])
def test_a_process_killed_while_it_talks_to_the_server_leaves_no_half_of_it(
    in_postgres: Place, outside: Path, script: str
) -> None:
    deaths = 0
    for steps in (1, 2, 3, 4, 5, 6, 8, 10, 12) if script == DIES_BETWEEN_TWO_MESSAGES else (1, 100, 300, 1000, 3000):
        name = f"after-{steps}"
        deaths += finish(start(script, in_postgres.location, outside, name, steps)) == -signal.SIGKILL
        check_intact(in_postgres, outside, BATCH)
    assert deaths >= 4


def test_a_process_killed_inside_a_checkpoint_leaves_one_more_outside(
    ledger: Place, outside: Path, event: EventMaker
) -> None:
    assert finish(start(DIES_INSIDE_A_CHECKPOINT, ledger.location, outside, "a")) == -signal.SIGKILL
    place = FilePlace(outside)
    with open_log(ledger.location, signer=SIGNER, second_place=place) as log:
        assert log.checkpoints() == []
        assert [checkpoint.size for checkpoint in place.read()] == [BATCH]
        assert log.verify().covered == BATCH
        log.append([event(0)])
        log.checkpoint()
    check_intact_sizes = [checkpoint.size for checkpoint in place.read()]
    assert check_intact_sizes == [BATCH, BATCH + 1]


def test_a_file_that_may_not_grow_loses_nothing(path: Path, event: EventMaker) -> None:
    with open_log(path) as log:
        log.append([event(0)])
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
        try:
            with pytest.raises((LedgerFullError, LedgerUnavailableError)):
                log.append(event(number) for number in range(1, 2000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert log.append([event(1)]) == range(1, 2)
        result = log.verify()
        assert (result.ok, result.size) == (True, 2)


def test_what_a_killed_creator_left_does_not_hinder(path: Path, event: EventMaker) -> None:
    path.with_name(f".{path.name}.0123456789abcdef").write_bytes(b"half a ledger")
    with open_log(path) as log:
        log.append([event(0)])
        assert log.verify().ok


def test_a_reader_sees_whole_batches_while_others_write(ledger: Place, outside: Path) -> None:
    writer = start(APPENDS_FOR_EVER, ledger.location, outside, "writer")
    assert writer.stdout is not None
    for _ in range(3):
        writer.stdout.readline()
    with open_log(ledger.location, read_only=True) as log:
        sizes = [log.verify() for _ in range(10)]
    writer.kill()
    finish(writer)
    assert all(result.ok and result.size % BATCH == 0 for result in sizes)
