"""How fast, and in how much memory, the pickle engine reads opcode-dense pickles, beside picklescan.

Inputs (protocol 4 where the name does not say another, written to a temporary folder):

* `data`: lists and dicts nested six deep, of small constants: nothing is looked up or called;
* `calls`: records of about thirty opcodes, each a dict with a list, a dict and one class instance (NEWOBJ and
  BUILD, its class fetched from the memo);
* `instances`: a list of class instances and nothing else;
* `reduced`: records of about ten opcodes with a `datetime` and a `Decimal` (REDUCE);
* `nodes-p0`, `nodes-p1`, `nodes-p2`, `nodes-p5`: instances with a state of six items, as a tree has nodes;
* `namespaces`: an `argparse.Namespace` within another, with nested dicts and lists;
* `datetimes`, `datetimes-p2`, `decimals`, `uuids`, `ordered-dicts`, `named-tuples`: lists of nothing else;
* `numpy-scalars`, `numpy-arrays`: lists of those (skipped without numpy), with small arrays;
* `state-dict-p2`: what `torch.save` writes for very many small tensors (BINPERSID and REDUCE), written by hand;
* `kinds`: instances of sixty classes, in no order;
* `tree`: instances within instances, sixteen deep, each with two lower ones;
* `text-p0`: records of protocol 0 without instances, and one call behind them.

Every measurement is a child process of its own. CPU is user and system time of the scan without the start of the
interpreter and the imports, RSS is the peak of the whole process.

    python bench/pickle_throughput.py [--megabytes 8] [--input calls]
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import functools
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
import uuid
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


class Node:
    """An object with a state dict of six items."""

    def __init__(self, index: int) -> None:
        self.feature = index % 30
        self.threshold = index * 0.37
        self.left: object = index * 2
        self.right: object = index * 2 + 1
        self.value = [index % 7, index % 5]
        self.is_leaf = False


class Pair(collections.namedtuple("Pair", "x y")):  # noqa: PYI024 - what is measured
    """A named tuple, which is pickled as a call of its class."""

    __slots__ = ()


KINDS = [type(f"Kind{number}", (), {}) for number in range(60)]
for _kind in KINDS:
    globals()[_kind.__name__] = _kind  # where the pickler looks for it


def kind_record(index: int) -> object:
    """Returns an instance of one of sixty classes, with two to ten attributes."""
    number = random.Random(index).randrange(len(KINDS))  # noqa: S311 - not for secrets
    made = KINDS[number]()
    vars(made).update({f"f{number}_{at}": (index, str(index), [index], None)[at % 4] for at in range(number % 9 + 2)})
    return made


def namespace_record(index: int) -> object:
    """Returns settings of a run, with settings in them."""
    inner = argparse.Namespace(x=index, y=(1, index))
    options = {"a": index, "b": [1, 2, {"c": None}]}
    return argparse.Namespace(
        rate=0.1 * index, name=f"run{index}", options=options, inner=inner, tags=["x", f"{index}"]
    )


def tree(depth: int) -> Node:
    """Returns a node with all those below it."""
    made = Node(depth)
    if depth:
        made.left, made.right = tree(depth - 1), tree(depth - 1)
    return made


def numpy_scalar(index: int) -> object:
    """Returns a scalar of numpy."""
    import numpy as np  # noqa: PLC0415 - optional

    return np.float64(index * 0.1)


def numpy_array(index: int) -> object:
    """Returns a small array of numpy."""
    import numpy as np  # noqa: PLC0415 - optional

    return np.arange(index % 5 + 1)


def ordered_record(index: int) -> object:
    """Returns an ordered dict."""
    return collections.OrderedDict(a=index, b=str(index), c=[index, index + 1])


def date_record(index: int) -> object:
    """Returns a point in time."""
    return dt.datetime(2020, 1, 1, tzinfo=None) + dt.timedelta(seconds=17 * index)  # noqa: DTZ001 - plain data


def text_record(index: int) -> object:
    """Returns a record without instances."""
    return {"a": index, "b": [1.5, f"x{index}"], "c": None}


def listed(record: Callable[[int], object], protocol: int = 4, last: object = None) -> Callable[[float], bytes]:
    """Returns a writer of lists of such records, of about so many megabytes."""

    def write_list(megabytes: float) -> bytes:
        sample = len(pickle.dumps([record(index) for index in range(200)], protocol)) / 200
        records = [record(index) for index in range(int(megabytes * MEGABYTE / sample))]
        return pickle.dumps([*records, last], protocol)

    return write_list


def state_dict(megabytes: float) -> bytes:
    """Returns a pickle as torch writes it for a state dict of small tensors."""
    memo: dict[str, int] = {}

    def put(name: str) -> bytes:
        memo[name] = index = len(memo)
        return b"q%c" % index if index < 256 else b"r" + index.to_bytes(4, "little")

    def text(value: str) -> bytes:
        if value in memo:
            return b"h%c" % memo[value]
        return b"X" + len(value).to_bytes(4, "little") + value.encode() + put(value)

    def look_up(name: str) -> bytes:
        return b"h%c" % memo[name] if name in memo else b"c" + name.replace(" ", "\n").encode() + b"\n" + put(name)

    written = [b"\x80\x02", look_up("collections OrderedDict"), b")R", put("state"), b"("]
    for number in range(int(megabytes * MEGABYTE / 106)):
        fresh = functools.partial(put, f"{number} {len(memo)}")
        written += [text(f"layers.{number}.weight"), look_up("torch._utils _rebuild_tensor_v2"), b"((", text("storage")]
        written += [
            look_up("torch FloatStorage"),
            text(f"{number}"),
            text("cpu"),
            b"M\0\x10t",
            put(f"{number} a"),
            b"Q",
        ]
        written += [b"K\0K@K@\x86", put(f"{number} b"), b"K@K\1\x86", put(f"{number} c"), b"\x89"]
        written += [look_up("collections OrderedDict"), b")R", put(f"{number} d"), b"t", put(f"{number} e"), b"R"]
        written.append(fresh())
    return b"".join([*written, b"u."])


INPUTS: dict[str, Callable[[float], bytes]] = {
    "data": listed(data_record),
    "calls": listed(call_record),
    "instances": listed(Point),
    "reduced": listed(reduced_record),
    "nodes-p0": listed(Node, 0),
    "nodes-p1": listed(Node, 1),
    "nodes-p2": listed(Node, 2),
    "nodes-p5": listed(Node, 5),
    "namespaces": listed(namespace_record),
    "datetimes": listed(date_record),
    "datetimes-p2": listed(date_record, 2),
    "decimals": listed(lambda index: decimal.Decimal(index) / 7),
    "uuids": listed(lambda index: uuid.UUID(int=(index * 2654435761) ** 3 % 2**128)),
    "ordered-dicts": listed(ordered_record),
    "named-tuples": listed(lambda index: Pair(index, str(index))),
    "numpy-scalars": listed(numpy_scalar),
    "numpy-arrays": listed(numpy_array),
    "state-dict-p2": state_dict,
    "kinds": listed(kind_record),
    "tree": lambda megabytes: pickle.dumps([tree(13) for _ in range(max(int(megabytes), 1))], 4),
    "text-p0": listed(text_record, 0, last=uuid.UUID(int=3)),
}


def write(name: str, megabytes: float, path: Path) -> int:
    """Writes an input of about so many megabytes and returns the number of its opcodes."""
    path.write_bytes(INPUTS[name](megabytes))
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
    made = subprocess.run(child, check=False, capture_output=True, text=True)
    if made.returncode:
        print(f"{name}: not made: {made.stderr.strip().rpartition(chr(10))[2]}")
        return
    opcodes = int(made.stdout)
    size = path.stat().st_size
    print(f"{name}: {size / MEGABYTE:.2f} MB, {size / opcodes:.2f} bytes per opcode")
    speeds = {}
    for scanner in SCANNERS:
        runs = [measure(scanner, path) for _ in range(repeats if scanner == "telamon" else 1)]
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
    arguments.add_argument("--megabytes", type=float, default=8, help="of the first four inputs, half of the others")
    arguments.add_argument("--input", choices=sorted(INPUTS))
    arguments.add_argument("--repeats", type=int, default=3, help="runs of the engine; of the peer one")
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
        for number, name in enumerate([options.input] if options.input else INPUTS):
            compare(name, options.megabytes / (1 if number < 4 else 2), options.repeats, Path(folder))


if __name__ == "__main__":
    main()
