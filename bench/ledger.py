"""Ledger: CPU per appended entry in batches of 10,000, and CPU to verify all of them.

Input: 1,000,000 check results with a body of five fields, in a new ledger in a temporary folder, with a signed
checkpoint every 100,000 entries in the store and in a second place. The reference is the same number of SHA-256 over
300 bytes in this process, which is the least that hashing every leaf costs.

Usage: python bench/ledger.py [ENTRIES]
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

from telamon.kits.crypto.note_keys import generate_key
from telamon.ledger.entry import EntryKind, Event
from telamon.ledger.log import Log, open_log

BATCH = 10_000
CHECKPOINT_EVERY = 100_000
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


def main() -> None:
    """Print the numbers."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    hashing = reference(count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.db")
        signer = generate_key("example.com/bench")
        place = Path(folder, "checkpoints")
        with open_log(path, signer=signer, second_place=place) as log:
            appending = fill(log, count)
            log.checkpoint()
        with open_log(path, signer=signer, second_place=place, read_only=True) as log:
            started = time.process_time()
            result = log.verify()
            verifying = time.process_time() - started
            started = time.process_time()
            proofs = 200
            for index in range(0, count, max(1, count // proofs)):
                log.prove(index)
            proving = (time.process_time() - started) / proofs
        if not result.ok or result.size != count:
            sys.exit(f"the ledger does not verify: {result}")
        size = os.path.getsize(path)  # noqa: PTH202 -- one number
    print(f"entries                  {count:>12,}")
    print(f"append, CPU us per entry {appending / count * 1e6:>12.1f}   (target 30)")
    print(f"verify, CPU s            {verifying:>12.2f}   (target 5 for 1,000,000)")
    print(f"SHA-256 alone, CPU s     {hashing:>12.2f}   (reference; verify is {verifying / hashing:.1f} x)")
    print(f"prove, CPU ms            {proving * 1e3:>12.2f}")
    print(f"bytes per entry          {size / count:>12.0f}")


if __name__ == "__main__":
    main()
