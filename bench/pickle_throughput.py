"""How fast, and in how much memory, the pickle engine reads opcode-dense pickles, beside picklescan.

Inputs (protocol 4, written to a temporary folder):

* `data`: lists and dicts nested six deep, of small constants: nothing is looked up or called;
* `calls`: records of about thirty opcodes, each a dict with a list, a dict and one class instance (NEWOBJ and
  BUILD, its class fetched from the memo);
* `instances`: a list of class instances and nothing else;
* `reduced`: records of about ten opcodes with a `datetime` and a `Decimal` (REDUCE).

Every measurement is a child process of its own. CPU is user and system time of the scan without the start of the
interpreter and the imports, RSS is the peak of the whole process.

    python bench/pickle_throughput.py [--megabytes 8] [--input calls]
"""

from __future__ import annotations

import argparse
import datetime as dt
import decimal
import json
import logging
import pickle
import pickletools
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 10**6


class Point:
    """An object with a state dict of three items."""

    def __init__(self, index: int) -> None:
        self.x = index
        self.y = index % 7
        self.label = f"p{index % 50}"


def nested(source: random.Random, depth: int) -> object:
    """Returns nested lists and dicts of small constants."""
    if not depth:
        return source.choice([1, 2, None, True, "a", "bc", 300, 70_000])
    if source.random() < 0.5:
        return [nested(source, depth - 1) for _ in range(5)]
    return {f"k{key}": nested(source, depth - 1) for key in range(4)}


def data_record(index: int) -> object:
    """Returns a tree without instances."""
    return nested(random.Random(index), 6)  # noqa: S311 - not for secrets


def call_record(index: int) -> object:
    """Returns a nested record with one instance."""
    return {
        "id": 70_000 + index,
        "name": f"user-{index}",
        "values": [index % 200, 300 + index % 400, 3],
        "meta": {"kind": None, "is_new": True},
        "point": Point(index),
    }


def reduced_record(index: int) -> object:
    """Returns a record with two values that are made by calls."""
    when = dt.datetime(2020, 1, 1, tzinfo=None) + dt.timedelta(minutes=index)  # noqa: DTZ001 - plain data
    return {"when": when, "price": decimal.Decimal(index), "id": index}


INPUTS: dict[str, Callable[[int], object]] = {
    "data": data_record,
    "calls": call_record,
    "instances": Point,
    "reduced": reduced_record,
}


def write(name: str, megabytes: float, path: Path) -> int:
    """Writes an input of about so many megabytes and returns the number of its opcodes."""
    sample = len(pickle.dumps([INPUTS[name](index) for index in range(20)], 4)) / 20
    count = int(megabytes * MEGABYTE / sample)
    path.write_bytes(pickle.dumps([INPUTS[name](index) for index in range(count)], 4))
    with path.open("rb") as file:
        return sum(1 for _ in pickletools.genops(file))


def scan_ours(path: Path) -> dict[str, object]:
    """Scans a file with the pickle engine."""
    import mmap  # noqa: PLC0415 - imports are not measured

    from telamon.kits.formats import pickle as engine  # noqa: PLC0415 - likewise

    begun = time.process_time()
    recorder = engine.Summary()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stream = engine.scan(data, recorder=recorder)
    calls = sum(event.count for event in recorder.events if event.kind is engine.EventKind.CALL)
    return {"cpu": time.process_time() - begun, "verdict": f"{stream.ending.value}, {calls} calls"}


def scan_picklescan(path: Path) -> dict[str, object]:
    """Scans a file with picklescan."""
    from picklescan.scanner import scan_file_path  # noqa: PLC0415 - likewise

    logging.disable(logging.CRITICAL)
    begun = time.process_time()
    result = scan_file_path(str(path))
    return {"cpu": time.process_time() - begun, "verdict": f"{result.issues_count} issues"}


SCANNERS: dict[str, Callable[[Path], dict[str, object]]] = {"telamon": scan_ours, "picklescan": scan_picklescan}


def measure(scanner: str, path: Path) -> tuple[float, float, str]:
    """Returns CPU seconds, peak RSS in megabytes and the verdict of a scan in a child process."""
    child = [sys.executable, __file__, "--scan", scanner, str(path)]
    found = json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    return found["cpu"], found["rss"], found["verdict"]


def compare(name: str, megabytes: float, repeats: int, folder: Path) -> None:
    """Prints the best of a few runs of both scanners on one input.

    The input is made by a child as well: the peak of a process counts what its parent had when it was forked.
    """
    path = folder / f"{name}.pkl"
    child = [sys.executable, __file__, "--write", name, str(megabytes), str(path)]
    opcodes = int(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    size = path.stat().st_size
    print(f"{name}: {size / MEGABYTE:.2f} MB, {size / opcodes:.2f} bytes per opcode")
    speeds = {}
    for scanner in SCANNERS:
        runs = [measure(scanner, path) for _ in range(repeats)]
        cpu, rss, verdict = min(runs)
        speeds[scanner] = size / cpu / MEGABYTE
        million = opcodes / cpu / 10**6
        print(
            f"  {scanner:10} {speeds[scanner]:7.1f} MB/s CPU  {million:6.1f} M opcodes/s"
            f"  peak {rss:6.1f} MB (40 + 0.1 x file = {40 + 0.1 * size / MEGABYTE:.1f})  {verdict}"
        )
    print(f"  ratio      {speeds['telamon'] / speeds['picklescan']:7.1f} x")


def main() -> None:
    """Builds the inputs and compares the scanners, or is one child."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--megabytes", type=float, default=8)
    arguments.add_argument("--input", choices=sorted(INPUTS))
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--scan", nargs=2, metavar=("SCANNER", "FILE"), help=argparse.SUPPRESS)
    arguments.add_argument("--write", nargs=3, metavar=("INPUT", "MEGABYTES", "FILE"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.write:
        name, megabytes, path = options.write
        print(write(name, float(megabytes), Path(path)))
        return
    if options.scan:
        scanner, path = options.scan
        found = SCANNERS[scanner](Path(path))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
        print(json.dumps({**found, "rss": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in [options.input] if options.input else INPUTS:
            compare(name, options.megabytes, options.repeats, Path(folder))


if __name__ == "__main__":
    main()
