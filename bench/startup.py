"""Start-up: CPU time of whole processes for the commands that must start at once, beside what they cannot go below.

Input: one pickle of a dictionary (29 bytes), once without a policy file and once in a system with a policy, a ledger
and its signing key, where the check is recorded. Each figure is the median of user and system time over RUNS processes,
by `getrusage(RUSAGE_CHILDREN)`, with bytecode cached; the commands take turns, so that all meet the same machine.
"""

from __future__ import annotations

import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

RUNS: Final = 15
PYTHON: Final = sys.executable
SCRIPTS: Final = Path(sys.executable).parent
# Targets in milliseconds, on a machine on which `picklescan -p one.pkl` takes PICKLESCAN_MS.
TARGETS: Final = {
    "telamon --help": 100,
    "telamon --version": 100,
    "telamon list": 100,
    "telamon explain M0016/dangerous-call": 100,
    "telamon explain AML.T0011.000": 100,
    "telamon check one.pkl": 120,
}
PICKLESCAN_MS: Final = 97
PICKLESCAN: Final = "picklescan -p one.pkl"
RECORDED: Final = "telamon check recorded/one.pkl"  # with a policy and a ledger


def commands() -> dict[str, list[str]]:
    """Return what is run, by the name that is printed."""
    found = {"python -c pass": [PYTHON, "-c", "pass"], "python -c 'import click'": [PYTHON, "-c", "import click"]}
    found |= {name: [str(SCRIPTS / "telamon"), *name.split()[1:]] for name in TARGETS}
    found[RECORDED] = [str(SCRIPTS / "telamon"), "check", "--policy", "recorded/telamon.yaml", "recorded/one.pkl"]
    if (SCRIPTS / "picklescan").exists():
        found[PICKLESCAN] = [str(SCRIPTS / "picklescan"), "-p", "one.pkl"]
    return found


def cpu_ms(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Return the CPU milliseconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def prepare(folder: Path) -> None:
    """Make the pickle, and the system in which its check is recorded."""
    recorded = folder / "recorded"
    recorded.mkdir()
    for place in (folder, recorded):
        (place / "one.pkl").write_bytes(pickle.dumps({"a": [1, 2, 3]}))
    (recorded / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db, key: ledger.key}\n", encoding="utf-8")
    keygen = [str(SCRIPTS / "telamon"), "ledger", "keygen", str(recorded / "ledger.key")]
    subprocess.run(keygen, capture_output=True, check=True)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder)
        # A cache of our own: an environment may forbid writing bytecode, or hold what is out of date.
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("TELAMON_", "PYTHON"))}
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        wanted = commands()
        for command in wanted.values():
            cpu_ms(command, folder, environment)
        taken: dict[str, list[float]] = {name: [] for name in wanted}
        for _ in range(RUNS):
            for name, command in wanted.items():
                taken[name].append(cpu_ms(command, folder, environment))
    median = {name: statistics.median(times) for name, times in taken.items()}
    scale = median[PICKLESCAN] / PICKLESCAN_MS if PICKLESCAN in median else 1.0
    print(f"{'CPU of the whole process':<40} {'median ms':>9} {'least ms':>9}  target here (scaled by picklescan)")
    for name, value in median.items():
        target = f"{TARGETS[name] * scale:.0f} ({TARGETS[name]} on the reference)" if name in TARGETS else ""
        print(f"{name:<40} {value:>9.1f} {min(taken[name]):>9.1f}  {target}")


if __name__ == "__main__":
    main()
