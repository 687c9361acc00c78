"""What the sandbox costs: entering it, and handing over 500 MB of tensors, beside a plain `torch.load`.

Input: state dictionaries of 48 float32 matrices of 2560 x 1024 (503 MB) and of one of 8 x 8, written to a temporary
folder by `torch.save`. `plain` is a fresh process that imports torch, loads by `torch.load(path, weights_only=False)`
and sums every tensor, which touches every page; `sandboxed` does the same with `telamon.load(path)`. The sandboxed arm
starts one process more, which imports torch too: that is the start, and shows with the small model. What the 500 MB
cost is the large model less the small one, in each arm. `sandboxed, without torch here` sums nothing and imports no
torch in the parent: what a program pays that hands the tensors on (`telamon load --to safetensors`). The arms
alternate; medians.

Run: python bench/sandbox.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
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


def timed(program: str, path: Path) -> float:
    """Return the seconds that a fresh process takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


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
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for name, program in programs.items():
                for size, path in models.items():
                    times.setdefault((name, size), []).append(timed(program, path))
    medians = {key: statistics.median(each) for key, each in times.items()}
    plain = medians["plain", "large"] - medians["plain", "small"]
    for name in programs:
        large, small = medians[name, "large"], medians[name, "small"]
        ratio = (large - small) / plain
        print(f"{name}: {large:.2f} s, start {small:.2f} s, for the 500 MB {large - small:.2f} s (x{ratio:.2f})")


if __name__ == "__main__":
    main()
