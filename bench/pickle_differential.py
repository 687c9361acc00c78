"""The pickle machine against CPython's C unpickler on 1,000,000 generated streams, with picklescan beside it.

Input: streams of the maintainers' fuzzer (`tools/pickle_fuzzing`), from fixed seeds. Prints the pickles per verdict,
the opcodes that CPython executed, every disagreement in its shortest form, and for how many of the same streams
picklescan names other globals than CPython looks up.

Usage: python bench/pickle_differential.py [--jobs N] [--first-seed N] [--peer N]
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from rich.progress import Progress

from pickle_fuzzing.campaign import MACHINES, Source, Tally, judge_all, run, shrink
from pickle_fuzzing.comparison import Verdict
from pickle_fuzzing.corpus import real_pickles
from pickle_fuzzing.layout import OPCODES
from pickle_fuzzing.observation import observe
from pickle_fuzzing.reference import Job, Outcome, Reader, Reference
from telamon.kits.formats.pickle import Opcode, Results

if TYPE_CHECKING:
    from collections.abc import Iterable

JOBS: Final = 1_000_000
FIRST_SEED: Final = 1_000_000_000
PEER_JOBS: Final = 20_000
BATCH: Final = 500
SHOWN: Final = 20


def print_tally(tally: Tally, cpu_s: float, reference: Reference) -> None:
    """Prints what a campaign counted."""
    jobs = tally.sources.total()
    print(
        f"{jobs:,} streams, {tally.pickles:,} pickles compared, {cpu_s / jobs * 1e6:.0f} us CPU each (reference apart)"
    )
    for verdict in Verdict:
        print(f"  {tally.verdicts[verdict]:>10,}  {verdict.value}")
    for title, counted in (("events of CPython", tally.events), ("origins", tally.sources), ("readers", tally.readers)):
        parts = (f"{getattr(key, 'name', key)} {count:,}".lower() for key, count in counted.most_common())
        print(f"{title}: {', '.join(parts)}")
    print(f"inputs that ended CPython: {len(reference.excluded)}")
    for data, reason in reference.excluded[:SHOWN]:
        print(f"  {reason}: {data[:100].hex()}")
    print(f"soundness: {len(tally.unsound)} checks failed; in {tally.overruns:,} streams file and buffer part")
    print("opcodes that CPython executed, in how many streams:")
    names = [f"{Opcode(code).name} {tally.opcodes[code]:,}" for code in OPCODES]
    for at in range(0, len(names), 6):
        print("  " + ", ".join(names[at : at + 6]))


def print_disagreement(reference: Reference, job: Job) -> None:
    """Prints a disagreement in its shortest form, with what each side says."""

    def is_wrong(data: bytes) -> bool:
        part = dataclasses.replace(job, data=data)
        return Verdict.DISAGREEMENT in judge_all(part, reference.outcomes([part])[0])

    small = dataclasses.replace(job, data=shrink(job.data, is_wrong))
    print(f"- {small.data.hex()} ({dataclasses.replace(small, data=b'')})")
    results = Results.ANYTHING if job.are_results_values else Results.CLASSES
    outcomes = reference.outcomes([small])[0]
    print("\n".join(f"  CPython: {outcome}" for outcome in outcomes))
    for machine in MACHINES:
        start = 0
        for _ in outcomes:
            observed = observe(small, start, machine=machine, results=results)
            start = observed.end
            print(f"  {machine.__name__}: {observed}")


def looked_up(outcomes: Iterable[Outcome]) -> set[tuple[str, str]]:
    """Returns the names that CPython looks up, as the stream has them."""
    return {(row[1], row[2]) for outcome in outcomes for row in outcome.events if row[0] == "import"}


def ask_picklescan(data: bytes) -> tuple[set[tuple[str, str]], bool]:
    """Returns the globals that picklescan lists in a stream, and whether it says that it could not read on."""
    from picklescan.scanner import GenOpsError, _list_globals  # noqa: PLC0415  # a peer, not needed otherwise

    found: set[tuple[str, str]] = set()
    is_broken = False
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            found = _list_globals(io.BytesIO(data))
        except GenOpsError as error:
            found, is_broken = error.globals or set(), True
        except Exception:  # noqa: BLE001  # whatever the peer raises on hostile bytes
            is_broken = True
    return found, is_broken


def compare_peer(reference: Reference, source: Source, seeds: range) -> None:
    """Prints how often picklescan names what CPython looks up."""
    counted: Counter[str] = Counter()
    cpu_s = 0.0
    for first in range(seeds.start, seeds.stop, BATCH):
        jobs = [source.job(seed)[1] for seed in range(first, min(first + BATCH, seeds.stop))]
        jobs = [dataclasses.replace(job, reader=Reader.FILE, is_persistent=True) for job in jobs]
        for job, outcomes in zip(jobs, reference.outcomes(jobs), strict=True):
            begun = time.process_time()
            found, is_broken = ask_picklescan(job.data)
            cpu_s += time.process_time() - begun
            expected = looked_up(outcomes)
            counted["streams with look-ups"] += bool(expected)
            counted["misses a name that CPython looks up"] += not expected <= found
            counted["... and names nothing at all"] += bool(expected) and not found
            counted["... and does not say that it could not read on"] += not expected <= found and not is_broken
            counted["names more than CPython looks up"] += expected < found
            counted["names other globals, in all"] += expected != found
    print(f"picklescan on {len(seeds):,} of the streams, {cpu_s / len(seeds) * 1e6:.0f} us CPU each:")
    for what, count in counted.items():
        print(f"  {count:>10,}  {what}")


def main() -> int:
    """Run the campaign and return the exit status: 1 if anything disagrees."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=JOBS, help="streams to generate")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="seed of the first one")
    parser.add_argument("--peer", type=int, default=PEER_JOBS, help="streams that picklescan reads as well")
    options = parser.parse_args()
    source = Source(real_pickles())
    seeds = range(options.first_seed, options.first_seed + options.jobs)
    with Reference() as reference, Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("comparing", total=options.jobs)
        begun = time.process_time()
        tally = run(reference, source, seeds, progress=lambda count: progress.advance(task, count))
        cpu_s = time.process_time() - begun
        progress.stop()
        print_tally(tally, cpu_s, reference)
        for job in tally.disagreements[:SHOWN]:
            print_disagreement(reference, job)
        compare_peer(reference, source, range(options.first_seed, options.first_seed + options.peer))
    return 1 if tally.disagreements or tally.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
