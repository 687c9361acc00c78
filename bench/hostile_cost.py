"""What hostile files cost: CPU seconds and peak memory of whole processes of `telamon check`, one file each.

The constructions (about MEGABYTES each, written to a temporary folder) are written to keep a scanner busy or to push
what they do out of its sight; the last column is how many of its findings are high or critical, and the exit code.
`attack` rows end in a call of `os.system`, which has to be found whatever stands before it. The target is 2 CPU
seconds and 200 MiB for each; rows beyond it are marked.

    python bench/hostile_cost.py [--megabytes 8] [--row NAME] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import uuid
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE: Final = 10**6
MIB: Final = 2**20
TARGET_S: Final = 2.0
TARGET_BYTES: Final = 200 * MIB
# What a child says of itself and of the workers that it waited for, as in `scanning.py`.
MEASURED: Final = """
import json, os, resource, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
_, status = os.waitpid(pid, 0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""
ATTACK: Final = b"cos\nsystem\n(X\x02\x00\x00\x00idtR"
MADE: Final = b"\x80\x02ccollections\nOrderedDict\n)R"  # an object that can be changed
OBJECT: Final = b"\x80\x02cuuid\nUUID\n)\x81"
END: Final = b"0N."


def flood(unit: bytes, size: int, *, head: bytes = b"\x80\x04", tail: bytes = b".") -> bytes:
    """Return one piece of opcodes again and again."""
    return head + unit * (size // len(unit)) + tail


def numbered(unit: Callable[[int], bytes], size: int, *, head: bytes = b"\x80\x02", tail: bytes = b"N.") -> bytes:
    """Return pieces of opcodes that differ by a number."""
    pieces = [head]
    length, number = 0, 0
    while length < size:
        pieces.append(unit(number))
        length += len(pieces[-1])
        number += 1
    return b"".join([*pieces, tail])


def name(text: str) -> bytes:
    """Return the opcode of a short string."""
    return b"\x8c" + bytes([len(text)]) + text.encode()


def archive(count: int, method: int = zipfile.ZIP_STORED, content: bytes = b"") -> bytes:
    """Return a zip archive of so many members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as written:
        for number in range(count):
            written.writestr(f"member/{number:06}", content)
    return made.getvalue()


def nested_archives(count: int) -> bytes:
    """Return a zip archive of so many zip archives."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as written:
        inner = archive(3, content=pickle.dumps({"a": 1}))
        for number in range(count):
            written.writestr(f"{number}.zip", inner)
    return made.getvalue()


def tar(count: int) -> bytes:
    """Return a tar of so many pickles."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as written:
        for number in range(count):
            content = pickle.dumps({"a": number})
            member = tarfile.TarInfo(f"member/{number}")
            member.size = len(content)
            written.addfile(member, io.BytesIO(content))
    return made.getvalue()


def framed(number: int) -> bytes:
    """Return a frame of one opcode and its opposite."""
    return b"\x95" + struct.pack("<Q", 2) + b"N0" + bytes([number % 1])[:0]


def long_put(index: int) -> bytes:
    """Return a LONG_BINPUT."""
    return b"r" + struct.pack("<I", index)


CONSTRUCTIONS: Final[dict[str, Callable[[int], bytes]]] = {
    "nested lists": lambda size: b"\x80\x02" + b"]" * (size // 2) + b"a" * (size // 2 - 1) + b".",
    "nested lists, attack": lambda size: b"\x80\x02" + b"]" * size + ATTACK + b".",
    "nested marks": lambda size: b"\x80\x02" + b"(" * (size // 2) + b"t" * (size // 2) + b".",
    "nested marked lists": lambda size: b"\x80\x02" + b"](" * (size // 3) + b"e" * (size // 3) + b".",
    "nested tuples": lambda size: b"\x80\x02)" + b"\x85" * size + b".",
    "doubled tuples": lambda size: b"\x80\x02)" + b"2\x86" * (size // 2) + b".",
    "nested dicts": lambda size: b"\x80\x02" + b"}N" * (size // 3) + b"}" + b"s" * (size // 3) + b".",
    "BUILD": lambda size: flood(b"Nb", size, head=OBJECT),
    "BUILD, attack": lambda size: flood(b"Nb", size, head=OBJECT, tail=ATTACK + b"."),
    "BUILD of dicts": lambda size: numbered(lambda n: b"}X\x01\0\0\0aK%csb" % (n % 256), size, head=OBJECT, tail=b"."),
    "BUILD of results": lambda size: flood(b"h\x01)Rb", size, head=OBJECT + b"ccollections\nOrderedDict\nq\x010"),
    "SETITEM": lambda size: flood(b"NNs", size, head=MADE),
    "SETITEMS": lambda size: flood(b"(NNu", size, head=MADE),
    "SETITEM, attack": lambda size: flood(b"NNs", size, head=MADE, tail=ATTACK + b"."),
    "APPEND": lambda size: flood(b"Na", size, head=b"\x80\x02ccollections\ndeque\n)R"),
    "INT lines": lambda size: b"(" + b"I1\nL2L\nF3.5\n" * (size // 12) + b"l.",
    "UNICODE lines": lambda size: numbered(lambda n: b"Vx%d\np%d\n" % (n, n), size, head=b"(", tail=b"l."),
    "text lines, attack": lambda size: numbered(
        lambda n: b"I%d\nL%dL\nF%d.5\nVx\\u%04x\n" % (n, n, n, n % 50000), size, head=b"(", tail=b"l0" + ATTACK + b"."
    ),
    "odd text lines": lambda size: numbered(
        lambda n: b"I0x%x\nL 0b1_0\nF.5e%d\nS'\\x41'\n" % (n, n % 200), size, head=b"(", tail=b"l."
    ),
    "PUT lines": lambda size: numbered(lambda n: b"p%d\n" % n, size, head=b"N", tail=b"."),
    "PUT and GET lines": lambda size: numbered(
        lambda n: b"p%d\ng%d\n0" % (n % 999, n % 999), size, head=b"N", tail=b"."
    ),
    "GET lines": lambda size: flood(b"g0\n0", size, head=b"Np0\n"),
    "PUT backwards": lambda size: numbered(lambda n: long_put(2 * 10**6 - n), size, head=b"\x80\x02N", tail=b"."),
    "PUT in order": lambda size: numbered(
        lambda n: b"N" + (b"q" + bytes([n]) if n < 256 else long_put(n)), size, head=b"\x80\x02(", tail=b"t."
    ),
    "PUT of one slot": lambda size: flood(b"q\x00", size, head=b"\x80\x02N"),
    "PUT of callables": lambda size: numbered(
        lambda n: b"h\x00)R" + long_put(n % 2**20), size, head=MADE.replace(b")R", b"q\x00"), tail=b"."
    ),
    "GET": lambda size: flood(b"h\x000", size, head=b"\x80\x02Nq\x000", tail=END[1:]),
    "MEMOIZE": lambda size: flood(b"\x94", size, head=b"\x80\x04N"),
    "memo all over": lambda size: numbered(
        lambda n: b"]\x94j" + struct.pack("<I", n * 7919 % (n + 1)), size, head=b"\x80\x04(", tail=b"t."
    ),
    "DUP": lambda size: flood(b"2", size, head=b"\x80\x02N"),
    "DUP POP": lambda size: flood(b"20", size, head=b"\x80\x02N"),
    "DUP POP, attack": lambda size: flood(b"20", size, head=b"\x80\x02N", tail=ATTACK + b"."),
    "POP_MARK": lambda size: flood(b"(1", size, tail=b"N."),
    "MARK POP": lambda size: flood(b"(0", size, tail=b"N."),
    "EXT1": lambda size: flood(b"\x82\x010", size, tail=b"N."),
    "EXT4": lambda size: numbered(lambda n: b"\x84" + struct.pack("<i", n + 1) + b"0", size),
    "EXT4, attack": lambda size: numbered(
        lambda n: b"\x84" + struct.pack("<i", n + 1) + b"0", size, tail=ATTACK + b"."
    ),
    "FRAME": lambda size: numbered(framed, size, head=b"\x80\x04"),
    "FRAME overrun": lambda size: flood(b"\x95\x01\0\0\0\0\0\0\0K\x000", size, tail=b"N."),
    "PROTO": lambda size: flood(b"\x80\x04", size, tail=b"N."),
    "INST": lambda size: flood(b"(idatetime\ntimedelta\n0", size, head=b"", tail=b"N."),
    "OBJ": lambda size: flood(b"(h\x00o0", size, head=b"\x80\x02ccollections\nOrderedDict\nq\x000", tail=b"N."),
    "REDUCE": lambda size: flood(b"h\x00)R0", size, head=b"\x80\x02ccollections\nOrderedDict\nq\x000", tail=b"N."),
    "REDUCE chain": lambda size: flood(b")R", size, head=b"\x80\x02ccollections\nOrderedDict\n", tail=b"."),
    "GLOBAL": lambda size: flood(b"ccollections\nOrderedDict\n0", size, tail=b"N."),
    "look-ups, attack": lambda size: numbered(lambda n: b"cm\nn%d\n0" % n, size, tail=ATTACK + b"."),
    "100,000 look-ups, attack": lambda _: numbered(lambda n: b"cm%d\nn\n0" % n, 10**6, tail=ATTACK + b"."),
    "calls, attack": lambda size: numbered(lambda n: b"cm\nn%d\n)R0" % n, size, tail=ATTACK + b"."),
    "dangerous look-ups": lambda size: numbered(lambda n: b"cos\nn%d\n0" % n, size),
    "judged arguments": lambda size: numbered(
        lambda n: b"h\x00(J" + struct.pack("<i", n) + b"tR0", size, head=b"\x80\x02cos\n_exit\nq\x000", tail=b"N."
    ),
    "judged texts": lambda size: numbered(
        lambda n: b"h\x00(" + b"X\x09\x00\x00\x00%09d" % n + b"tR0", size, head=b"\x80\x02cos\nsystem\nq\x000"
    ),
    "judged attributes": lambda size: numbered(
        lambda n: b"h\x00h\x01X\x07\x00\x00\x00a%06d\x86R0" % n,
        size,
        head=b"\x80\x02c__builtin__\ngetattr\nq\x000cuuid\nUUID\nq\x010",
    ),
    "judged bytearrays": lambda size: numbered(
        lambda n: b"h\x00J" + struct.pack("<i", n) + b"\x85R0", size, head=b"\x80\x02c__builtin__\nbytearray\nq\x000"
    ),
    "long names": lambda size: numbered(
        lambda n: name("m" * 240 + f"{n}") + name("n" * 240) + b"\x930", size, head=b"\x80\x04"
    ),
    "very long names": lambda size: flood(
        b"X" + struct.pack("<I", 10**5) + b"m" * 10**5 + name("n") + b"\x930", size, tail=b"N."
    ),
    "SHORT_BINUNICODE": lambda size: flood(b"\x8c\x01a", size, head=b"\x80\x04(", tail=b"t."),
    "empty SHORT_BINUNICODE": lambda size: flood(b"\x8c\x000", size, tail=b"N."),
    "PERSID": lambda size: flood(b"Pa\n0", size, head=b"", tail=b"N."),
    "BINPERSID": lambda size: flood(b"NQ0", size, tail=b"N."),
    "NEXT_BUFFER": lambda size: flood(b"\x970", size, head=b"\x80\x05", tail=b"N."),
    "BYTEARRAY8": lambda size: flood(b"\x96" + struct.pack("<Q", 0) + b"0", size, head=b"\x80\x05", tail=b"N."),
    "LONG4": lambda size: flood(b"\x8b\x01\0\0\0\x010", size, tail=b"N."),
    "sets": lambda size: flood(b"\x8f(N\x900", size, tail=b"N."),
    "frozensets": lambda size: flood(b"(N\x910", size, tail=b"N."),
    "many pickles": lambda size: b"\x80\x02N." * (size // 4),
    "many text pickles": lambda size: b"N." * (size // 2),
    "random opcodes": lambda size: numbered(lambda n: uuid.UUID(int=n**5 % 2**128).bytes, size, head=b"\x80\x04("),
    "60,000 zip members": lambda _: archive(60_000),
    "60,000 deflated members": lambda _: archive(60_000, zipfile.ZIP_DEFLATED, b"a" * 20),
    "3,000 nested zips": lambda _: nested_archives(3000),
    "10,000 tar members": lambda _: tar(10_000),
}


def cost(path: Path, folder: Path, environment: dict[str, str]) -> tuple[float, int, int, str]:
    """Return CPU seconds, peak bytes, exit code and what was found by one check of a file."""
    shown = folder / "shown.json"
    check = [sys.executable, "-m", "telamon", "check", "--format", "json", path.name]
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, str(shown), *check],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
    )
    code, cpu_s, peak_bytes = json.loads(done.stdout)
    return cpu_s, peak_bytes, code, summary(shown.read_text())


def summary(shown: str) -> str:
    """Return the verdict on the file, what is the reason, and what was found of high severity."""
    try:
        report = json.loads(shown)
    except ValueError:
        return "no report"
    [verdict] = [file["verdict"] for file in report["files"]] or ["nothing"]
    severe = [found["message"] for found in report["findings"] if found["severity"] in {"high", "critical"}]
    reason = report["files"][0]["reason"] if report["files"] else ""
    return f"{verdict:<14} {len(severe):>4} severe  {reason[:70]}"


def main() -> None:
    """Build the constructions and print what each costs."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--megabytes", type=float, default=8)
    arguments.add_argument("--row", action="append", choices=list(CONSTRUCTIONS), help="only this one; repeatable")
    arguments.add_argument("--keep", type=Path, help="a folder in which the files stay")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(exist_ok=True)
        (folder / "telamon.yaml").write_text("version: 1\n")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TELAMON_")}
        size = int(options.megabytes * MEGABYTE)
        print(f"{'':<26} {'MB':>6} {'CPU s':>7} {'peak MiB':>9} {'exit':>5}")
        for row in options.row or CONSTRUCTIONS:
            content = CONSTRUCTIONS[row](size)
            if content.endswith(b".") and not row.endswith(("attack", "pickles")):
                content = content[:-1] + ATTACK + b"."  # without a call, nothing would have to be executed
            path = folder / (row.replace(" ", "-").replace(",", "") + ".pkl")
            path.write_bytes(content)
            cpu_s, peak_bytes, code, found = cost(path, folder, environment)
            mark = " *" if cpu_s > TARGET_S or peak_bytes > TARGET_BYTES else ""
            numbers = f"{len(content) / MEGABYTE:>6.1f} {cpu_s:>7.2f} {peak_bytes / MIB:>9.0f} {code:>5}"
            print(f"{row:<26} {numbers}  {found}{mark}", flush=True)
            if options.keep is None:
                path.unlink()


if __name__ == "__main__":
    main()
