"""Scanning: a 500 MB torch archive, and a folder of 1,000 small mixed files, beside picklescan on the same inputs.

Prints CPU seconds and peak memory of whole processes (`getrusage(RUSAGE_CHILDREN)`, the median of RUNS), and for the
archive also the CPU seconds of the checker alone in a process that has imported it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker
from telamon.controls.artifact.vulnerability_scanning.settings import VulnerabilityScanningSettings
from telamon.core.records import Outcome
from telamon.core.subjects import Subject, SubjectKind
from telamon.kits.models.torch_zip import Tensor, write_state_dict

RUNS: Final = 5
BIG_BYTES: Final = 500 * 1000 * 1000
FILES: Final = 1000
SCRIPTS: Final = Path(sys.executable).parent
MIB: Final = 2**20
# What a child says of itself and of the workers that it waited for. Not `ru_maxrss` of the child: it begins with what
# this process had when it forked.
MEASURED: Final = """
import json, os, resource, subprocess, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
_, status = os.waitpid(pid, 0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process cost.

    Attributes:
        cpu_s: User and system time, of its workers too.
        wall_s: From start to end.
        peak_bytes: The largest resident memory of one process.
    """

    code: int
    cpu_s: float
    wall_s: float
    peak_bytes: int


def big_archive(path: Path) -> None:
    """Write a torch archive whose one storage is a hole of BIG_BYTES zero bytes, stored."""
    rows = BIG_BYTES // 4000
    with zipfile.ZipFile(io.BytesIO(write_state_dict((Tensor(name="w", rows=1, columns=1),), seed=1))) as small:
        program = small.read("model/data.pkl")
    one, many = b"J\x01\x00\x00\x00", b"J" + rows.to_bytes(4, "little")
    program = program.replace(one + b"tQ", b"J" + (rows * 1000).to_bytes(4, "little") + b"tQ", 1)
    program = program.replace(b"(" + one + one + b"t", b"(" + many + b"J\xe8\x03\x00\x00t", 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", program)
        with archive.open("model/data/0", "w", force_zip64=True) as member:
            block = bytes(MIB)
            for start in range(0, rows * 4000, MIB):
                member.write(block[: min(MIB, rows * 4000 - start)])
        archive.writestr("model/version", b"3\n")


def mixed_folder(folder: Path) -> None:
    """Write pickles, gzipped pickles, archives, text and bytes of no format, FILES in all."""
    for number in range(FILES):
        value = OrderedDict((f"layer{index}", [number * 0.5, index, "x" * index]) for index in range(40))
        content = pickle.dumps(value, protocol=number % 6)
        kind = number % 5
        if kind == 1:
            content = gzip.compress(content, mtime=0)
        elif kind == 2:
            content = write_state_dict((Tensor(name="w", rows=8, columns=8),), seed=number)
        elif kind == 3:
            content = json.dumps(value).encode()
        elif kind == 4:
            content = number.to_bytes(4, "big") * 500
        (folder / f"{number:04}.{('pkl', 'pkl.gz', 'pt', 'json', 'bin')[kind]}").write_bytes(content)


def cost(command: list[str], folder: Path, environment: dict[str, str]) -> Cost:
    """Return what a command costs: the process of median CPU time, after one to warm the caches."""
    runs = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURED, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
        )
        code, cpu_s, peak_bytes = json.loads(done.stdout)
        runs.append(Cost(code=code, cpu_s=cpu_s, wall_s=time.perf_counter() - start, peak_bytes=peak_bytes))
    runs = sorted(runs[1:], key=lambda run: run.cpu_s)
    return runs[len(runs) // 2]


def checker_cpu_s(path: Path) -> float:
    """Return the CPU seconds of the checker alone, and make sure that it found the file clean."""
    checker = VulnerabilityScanningChecker(VulnerabilityScanningSettings())
    subject = Subject(kind=SubjectKind.FILE, name=path.name, path=path)
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        results = list(checker.check(subject))
        times.append(time.process_time() - start)
        verdicts = [result.verdict.value for result in results if isinstance(result, Outcome)]
        if verdicts != ["clean"]:
            raise SystemExit(f"expected a clean archive, found {verdicts}: {results[0]}")
    return statistics.median(times)


def row(name: str, found: Cost) -> None:
    """Print one line of the table."""
    print(f"{name:<44} {found.cpu_s:>8.3f} {found.wall_s:>8.3f} {found.peak_bytes / MIB:>9.0f} {found.code:>5}")


def main() -> None:
    """Print the table."""
    picklescan = [str(SCRIPTS / "picklescan"), "-p"] if (SCRIPTS / "picklescan").exists() else []
    telamon = [sys.executable, "-m", "telamon", "check"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "telamon.yaml").write_text("version: 1\n")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("TELAMON_", "PYTHON"))}
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        big_archive(folder / "big.pt")
        (folder / "mixed").mkdir()
        mixed_folder(folder / "mixed")
        print(f"{'':<44} {'CPU s':>8} {'wall s':>8} {'peak MiB':>9} {'exit':>5}")
        row("500 MB torch zip: telamon check", cost([*telamon, "big.pt"], folder, environment))
        if picklescan:
            row("500 MB torch zip: picklescan", cost([*picklescan, "big.pt"], folder, environment))
        alone = checker_cpu_s(folder / "big.pt")
        print(f"{'500 MB torch zip: the checker alone':<44} {alone:>8.4f}   (target 0.15)")
        for jobs in ("1", "2"):
            command = [*telamon, "--jobs", jobs, "mixed"]
            row(f"{FILES} mixed files: telamon check --jobs {jobs}", cost(command, folder, environment))
        if picklescan:
            row(f"{FILES} mixed files: picklescan", cost([*picklescan, "mixed"], folder, environment))


if __name__ == "__main__":
    main()
