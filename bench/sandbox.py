"""What the sandbox costs: entering it, and handing over 500 MB of tensors, beside a plain `torch.load`.

Input: state dictionaries of 48 float32 matrices of 2560 x 1024 (503 MB) and of one of 8 x 8, written to a temporary
folder by `torch.save`.

* `entering` is what the child does to itself.
* `handing over` is all that a sandboxed load does with the 503 MB, but in one process and without the sandbox, beside
  `torch.load(path, weights_only=False)` in that process: loading, describing, mapping and checking. In both, every
  tensor is summed, which touches every page. The arms alternate; medians.
* `a whole process` imports torch, loads and sums; `sandboxed` does the same with `telamon.load(path)`, whose child
  imports torch too, which is what starting costs; `sandboxed, without torch here` is what a program pays that hands
  tensors on (`telamon load --to safetensors`). Each with the large and the small model, with all children.

Run: python bench/sandbox.py [ROUNDS]
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from telamon.kits.sandbox import NULL, SandboxPolicy, Task, available, libraries, run

MATRICES, ROWS, COLUMNS = 48, 2560, 1024
WRITE = """
import sys, torch
torch.save({f"layer{n}": torch.randn(%d, %d) for n in range(%d)}, sys.argv[1])
"""
PLAIN = """
import sys, torch
state = torch.load(sys.argv[1], weights_only=False)
print(sum(float(each.sum()) for each in state.values()))
"""
SANDBOXED = """
import sys, torch
import telamon
state = telamon.load(sys.argv[1]).tensors
print(sum(float(each.torch().sum()) for each in state.values()))
"""
WITHOUT_TORCH = """
import sys
import telamon
print(len(telamon.load(sys.argv[1]).tensors))
"""

HANDING_OVER = """
import resource, statistics, sys, time, torch
from telamon.controls.artifact.library_loading import loading
from telamon.controls.artifact.library_loading.handing_over import hand_over
from telamon.kits.sandbox import Ending, SandboxRun

def here(task, *_, **__):
    said = []
    hand_over(task.descriptors, task.arguments, said.append)
    del torch.UntypedStorage.from_file
    return SandboxRun(ending=Ending.ANSWERED, status=0, answer=said[0])

def plain():
    return sum(float(each.sum()) for each in torch.load(sys.argv[1], weights_only=False).values())

def handed():
    return sum(float(each.torch().sum()) for each in loading.load(sys.argv[1]).tensors.values())

def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

loading.run = here
costs = {plain: [], handed: []}
for turn in range(10):
    for arm in costs:
        wall, cpu = time.perf_counter(), cpu_s()
        arm()
        if turn:
            costs[arm].append((time.perf_counter() - wall, cpu_s() - cpu))
for at, measure in enumerate(("wall", "CPU")):
    ours, theirs = (statistics.median(each[at] for each in costs[arm]) for arm in (handed, plain))
    print(f"handing over, {measure}: {ours:.3f} s, plain load {theirs:.3f} s (x{ours / theirs:.2f})")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a fresh process, with those that it starts, takes."""

    wall_s: float
    cpu_s: float


def timed(program: str, path: Path) -> Cost:
    """Run a program in a fresh process and return what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall_s=wall_s, cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def entering() -> None:
    """Print what entering costs in the child."""
    policy = SandboxPolicy(readable=libraries(), writable=(NULL,))
    setups = sorted(run(Task(program="answer(1)"), policy).setup_s * 1000 for _ in range(20))
    print(f"entering: median {statistics.median(setups):.2f} ms, worst of 20 {setups[-1]:.2f} ms")


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(available())
    entering()
    programs = {"plain": PLAIN, "sandboxed": SANDBOXED, "sandboxed, without torch here": WITHOUT_TORCH}
    with tempfile.TemporaryDirectory() as folder:
        models = {"large": Path(folder) / "large.pt", "small": Path(folder) / "small.pt"}
        for path, sizes in zip(models.values(), ((ROWS, COLUMNS, MATRICES), (8, 8, 1)), strict=True):
            subprocess.run([sys.executable, "-c", WRITE % sizes, str(path)], check=True)
        print(f"model: {models['large'].stat().st_size / 1e6:.0f} MB, {os.cpu_count()} processors, {rounds} rounds")
        subprocess.run([sys.executable, "-W", "ignore", "-c", HANDING_OVER, str(models["large"])], check=True)
        costs: dict[tuple[str, str], list[Cost]] = {}
        for _ in range(rounds):
            for name, program in programs.items():
                for size, path in models.items():
                    costs.setdefault((name, size), []).append(timed(program, path))
    report("wall", {key: statistics.median(each.wall_s for each in every) for key, every in costs.items()})
    report("CPU", {key: statistics.median(each.cpu_s for each in every) for key, every in costs.items()})


def report(measure: str, medians: dict[tuple[str, str], float]) -> None:
    """Print one measure of all arms."""
    plain = medians["plain", "large"] - medians["plain", "small"]
    for name in dict.fromkeys(arm for arm, _ in medians):
        large, small = medians[name, "large"], medians[name, "small"]
        own, ratio = large - small, (large - small) / plain
        print(f"a whole process, {measure}, {name}: {large:.2f} s, of it the 500 MB {own:.2f} s (x{ratio:.2f})")


if __name__ == "__main__":
    main()
