"""Ledger: CPU per appended entry in batches of 10,000 and alone, and CPU to verify all of them, in both stores.

Input: 1,000,000 check results with a body of five fields, in a new ledger in a temporary folder, with a signed
checkpoint every 100,000 entries in the store and in a second place; in SQLite, and in a PostgreSQL server of our own on
this machine where one can be started (without fsync: what is counted is the CPU of this process, and the time on the
clock is that of the server as well). The reference is the same number of SHA-256 over
300 bytes in this process, which is the least that hashing every leaf costs.

Usage: python bench/ledger.py [ENTRIES]
"""

from __future__ import annotations

import hashlib
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import postgres_server  # a tool of the repository, which is no package
from telamon.kits.crypto.note_keys import generate_key
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import Log, open_log

BATCH = 10_000
CHECKPOINT_EVERY = 100_000
SINGLE = 500
DIGEST = "sha256:" + "5e" * 32


def events(start: int, count: int) -> list[Event]:
    """Return check results as `telamon check` records them."""
    return [
        Event(
            kind=EntryKind.CHECK,
            control="vulnerability-scanning",
            outcome="clean",
            subject=f"sha256:{number:064x}",
            policy=DIGEST,
            actor="ci@example.com",
            body={
                "subject": f"models/model-{number}.pkl",
                "form": "pickle",
                "findings": [],
                "bytes": number,
                "seconds": 0.25,
            },
        )
        for number in range(start, start + count)
    ]


def reference(count: int) -> float:
    """Return CPU seconds of `count` SHA-256 over 300 bytes."""
    data = bytes(300)
    started = time.process_time()
    for _ in range(count):
        hashlib.sha256(data).digest()
    return time.process_time() - started


def fill(log: Log, count: int) -> float:
    """Append `count` entries and return the CPU seconds that it took."""
    spent = 0.0
    for start in range(0, count, BATCH):
        batch = events(start, min(BATCH, count - start))
        started = time.process_time()
        log.append(batch)
        if (start + BATCH) % CHECKPOINT_EVERY == 0:
            log.checkpoint()
        spent += time.process_time() - started
    return spent


def append_singly(log: Log, start: int, count: int) -> float:
    """Append `count` entries one by one and return the CPU seconds that it took."""
    batches = [events(number, 1) for number in range(start, start + count)]
    started = time.process_time()
    for batch in batches:
        log.append(batch)
    return time.process_time() - started


def measure(location: str | Path, place: Path, count: int) -> None:
    """Print the numbers of one store."""
    signer = generate_key("example.com/bench")
    with open_log(location, signer=signer, second_place=place) as log:
        on_clock = time.perf_counter()
        appending = fill(log, count)
        on_clock = time.perf_counter() - on_clock
        alone = append_singly(log, count, SINGLE)
        log.checkpoint()
    with open_log(location, signer=signer, second_place=place, read_only=True) as log:
        verify_on_clock, started = time.perf_counter(), time.process_time()
        result = log.verify()
        verifying, verify_on_clock = time.process_time() - started, time.perf_counter() - verify_on_clock
        started = time.process_time()
        proofs = 200
        for index in range(0, count, max(1, count // proofs)):
            log.prove(index)
        proving = (time.process_time() - started) / proofs
    if not result.ok or result.size != count + SINGLE:
        sys.exit(f"the ledger does not verify: {result}")
    hashing = reference(count)
    print(f"entries                  {count:>12,}")
    print(f"append, CPU us per entry {appending / count * 1e6:>12.1f}   (target 30; {on_clock:.1f} s on the clock)")
    print(f"append alone, CPU us     {alone / SINGLE * 1e6:>12.1f}")
    on_clock_too = f"{verify_on_clock:.1f} s on the clock"
    print(f"verify, CPU s            {verifying:>12.2f}   (target 5 for 1,000,000 in SQLite; {on_clock_too})")
    print(f"SHA-256 alone, CPU s     {hashing:>12.2f}   (reference; verify is {verifying / hashing:.1f} x)")
    print(f"prove, CPU ms            {proving * 1e3:>12.2f}")
    # Linux counts it in KiB. Of the process, so that a later store shows more only where it needs more.
    print(f"peak memory, MB          {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>12.0f}")


def main() -> None:
    """Print the numbers."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        path = Path(folder, "ledger.db")
        measure(path, Path(folder, "checkpoints"), count)
        print(f"bytes per entry          {path.stat().st_size / count:>12.0f}")
        try:
            with postgres_server.started() as server:
                print("PostgreSQL")
                measure(f"{server.url()}&ledger=bench", Path(folder, "more-checkpoints"), count)
        except postgres_server.NoServerError as error:
            print(f"PostgreSQL: not measured: {error}")


if __name__ == "__main__":
    main()
