"""The guard: what it adds to loading, as a ratio of CPU time, and to the start of a process.

Input: a random forest of 200 trees (scikit-learn), pickled and by joblib; a torch state dict; and 20,000 instances that
are each looked up by name, which nothing but the guard's own cost is measured by. Two processes that live through the
whole measurement, one with the guard, load in turns.

Usage: python bench/guard.py
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import joblib
import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier

from telamon.controls.artifact.library_loading.guarding.children import guarded_environment
from telamon.controls.artifact.library_loading.guarding.records import GuardRules

PAIRS = 7  # of processes: where things come to lie in memory differs from one to the next, by some percent
ROUNDS = 5
LOADER = """
import json, pickle, sys, time
import joblib, numpy, sklearn.ensemble, torch
ways = {
    "pickle": lambda path: pickle.load(open(path, "rb")),
    "joblib": joblib.load,
    "torch": lambda path: torch.load(path, weights_only=False),
}
for line in sys.stdin:
    way, path, times = json.loads(line)
    before = time.process_time()
    for _ in range(times):
        ways[way](path)
    print(time.process_time() - before, flush=True)
"""


def files(folder: Path) -> dict[str, tuple[str, Path, int]]:
    """Write the files, and return how each is loaded and how often in a round."""
    generator = np.random.default_rng(1)
    features = generator.normal(size=(2000, 20))
    forest = RandomForestClassifier(n_estimators=200, random_state=1, n_jobs=1).fit(features, features[:, 0] > 0)
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    joblib.dump(forest, folder / "forest.joblib")
    torch.save({f"layer{number}.weight": torch.ones(64, 64) for number in range(100)}, folder / "state.pt")
    look_up = b"ccollections\nOrderedDict\n)R0" * 20_000
    (folder / "names.pkl").write_bytes(b"\x80\x02" + look_up + b"N.")
    return {
        "forest of 200 trees, pickle": ("pickle", folder / "forest.pkl", 20),
        "forest of 200 trees, joblib": ("joblib", folder / "forest.joblib", 10),
        "torch state dict of 100 tensors": ("torch", folder / "state.pt", 20),
        "20,000 names looked up": ("pickle", folder / "names.pkl", 20),
    }


def started(*, is_guarded: bool) -> subprocess.Popen[str]:
    """Start a process that loads what it is told to."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", LOADER],
        env=guarded_environment(GuardRules(), environment) if is_guarded else environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str], way: str, path: Path, times: int) -> float:
    """Return the CPU seconds that a process takes for its loads."""
    stdin, stdout = _pipe(process.stdin), _pipe(process.stdout)
    stdin.write(json.dumps([way, str(path), times]) + "\n")
    stdin.flush()
    return float(stdout.readline())


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("expected a pipe")
    return pipe


def start_up(environment: dict[str, str]) -> float:
    """Return the CPU seconds of a process that does nothing."""
    before = os.times()
    subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def measured(inputs: dict[str, tuple[str, Path, int]]) -> dict[str, tuple[float, float]]:
    """Return, for one pair of processes, the least CPU seconds of each file's loads without and with the guard."""
    plain, guarded = started(is_guarded=False), started(is_guarded=True)
    try:
        taken: dict[str, tuple[float, float]] = {}
        for title, (way, path, times) in inputs.items():
            pairs = [(told(plain, way, path, times), told(guarded, way, path, times)) for _ in range(ROUNDS + 1)][1:]
            taken[title] = (min(off for off, _ in pairs), min(on for _, on in pairs))
        return taken
    finally:
        for process in (plain, guarded):
            _pipe(process.stdin).close()
            process.wait()


def main() -> None:
    """Print a line for each file."""
    with tempfile.TemporaryDirectory() as name:
        inputs = files(Path(name))
        taken = [measured(inputs) for _ in range(PAIRS)]
    for title, (_, _, times) in inputs.items():
        ratios = sorted(each[title][1] / each[title][0] for each in taken)
        least = min(each[title][0] for each in taken) / times
        spread = f"{ratios[0]:.3f} to {ratios[-1]:.3f} over {PAIRS} pairs of processes"
        print(f"{title:33} {1000 * least:6.2f} ms, with the guard x{statistics.median(ratios):.3f} ({spread})")
    environment = dict(os.environ)
    with_guard = guarded_environment(GuardRules(), environment)
    starts = [(start_up(environment), start_up(with_guard)) for _ in range(PAIRS)]
    added = statistics.median(on - off for off, on in starts)
    print(f"start of a guarded process: {1000 * added:.1f} ms more")


if __name__ == "__main__":
    main()
