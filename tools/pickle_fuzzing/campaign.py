"""Campaigns: jobs drawn from seeds, run against reference and machine, and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from pickle_fuzzing.comparison import Verdict, agree, compare, cover, is_beginning
from pickle_fuzzing.grammar import generate
from pickle_fuzzing.layout import boundaries
from pickle_fuzzing.mutations import mutate
from pickle_fuzzing.objects import random_pickle
from pickle_fuzzing.observation import Scan, observe, scan_as_large
from pickle_fuzzing.reference import Job, Outcome, Reader, Reference
from telamon.kits.formats.pickle import Results, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BATCH: Final = 500
LARGEST_SAMPLED: Final = 100_000
LARGEST_PEEKED: Final = 8000
"""Bytes; up to here a BufferedReader holds the whole stream at once (its buffer has 8,192 bytes)."""
MACHINES: Final[tuple[Scan, ...]] = (scan, scan_as_large)
ORIGINS: Final = (
    *("grammar", "object", "real", "large object"),
    *("mutated grammar", "mutated object", "mutated real", "mutated large object"),
)
SHARES: Final = (60, 4, 1, 0.005, 16, 10, 9, 0.005)
"""Of a hundred jobs, how many are of each origin; large objects take the machine's ways for large streams."""
STOP: Final = ord(".")
FRAME: Final = 0x95


@dataclass(slots=True)
class Tally:
    """What a campaign counted.

    Attributes:
        verdicts: Pickles per verdict.
        opcodes: Streams in which CPython is known to have executed each opcode: those that it loaded to their STOP.
        readers: Pickles per reader.
        sources: Jobs per origin.
        events: Events of CPython per kind.
        overruns: Jobs sampled in which the machine says that readers of files and of buffers part.
        unsound: Jobs sampled in which the machine, free to take results for anything, misses an event of CPython's,
            or sees files and buffers part without saying so.
        disagreements: The jobs that disagree, at most a hundred.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    opcodes: Counter[int] = field(default_factory=Counter)
    readers: Counter[Reader] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    overruns: int = 0
    unsound: list[Job] = field(default_factory=list)
    disagreements: list[Job] = field(default_factory=list)

    @property
    def pickles(self) -> int:
        """Number of pickles compared."""
        return self.verdicts.total()


class Source:
    """Draws jobs from seeds; the same seed always gives the same job.

    Args:
        real: Real pickles to mutate.
    """

    def __init__(self, real: Sequence[bytes]) -> None:
        self._real = real

    def job(self, seed: int) -> tuple[str, Job]:
        """Returns where the job comes from, and the job."""
        rng = Random(seed)  # noqa: S311  # reproducible, not secret
        are_results_values = rng.random() < 0.12
        origin, data = self._data(rng, 0.15 if are_results_values else 0.002)
        reader = Reader(rng.choices((0, 1, 2), (5, 4, 1))[0])
        if reader is Reader.PEEK and len(data) > LARGEST_PEEKED:
            reader = Reader.FILE
        job = Job(
            data=data,
            reader=reader,
            encoding="ASCII" if rng.random() < 0.7 else rng.choice(("latin1", "bytes", "utf-8")),
            fix_imports=rng.random() < 0.9,
            is_persistent=reader is not Reader.BUFFER and rng.random() < 0.9,
            buffers=0 if rng.random() < 0.2 else rng.randrange(1, 9),
            are_results_values=are_results_values,
        )
        return origin, job

    def _data(self, rng: Random, trust: float) -> tuple[str, bytes]:
        origin = rng.choices(ORIGINS, SHARES)[0]
        other = rng.choice(self._real)
        if origin.endswith("large object"):
            data = random_pickle(rng, is_large=True)
        elif origin.endswith("object"):
            data = random_pickle(rng)
        else:
            data = generate(rng, trust) if origin.endswith("grammar") else rng.choice(self._real)
        return origin, mutate(rng, data, other) if origin.startswith("mutated") else data


def judge_all(job: Job, outcomes: Sequence[Outcome], machines: Sequence[Scan] = MACHINES) -> list[Verdict]:
    """Returns the verdicts of the first machine that disagrees, else those of the first machine."""
    verdicts = [judge(job, outcomes, machine) for machine in machines]
    return next((each for each in verdicts if Verdict.DISAGREEMENT in each), verdicts[0])


def judge(job: Job, outcomes: Sequence[Outcome], machine: Scan = scan) -> list[Verdict]:
    """Returns the verdict on each pickle of a job's stream."""
    verdicts, start = [], 0
    for outcome in outcomes:
        if job.are_results_values:
            verdicts.append(cover(outcome, observe(job, start, machine=machine, results=Results.ANYTHING)))
            break
        observed = observe(job, start, machine=machine)
        verdicts.append(compare(outcome, observed))
        if verdicts[-1] is Verdict.DISAGREEMENT:
            break
        start = observed.end
    return verdicts


def run(
    reference: Reference,
    source: Source,
    seeds: Iterable[int],
    *,
    machines: Sequence[Scan] = MACHINES,
    sound_every: int = 8,
    progress: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Runs the jobs of the seeds and returns what was counted.

    Args:
        reference: CPython.
        source: Where the jobs come from.
        seeds: One job each.
        machines: The scans under test.
        sound_every: Every how manieth job is also scanned as another reader reads it, and without assuming that
            results are classes.
        progress: Told the number of jobs after each batch.
    """
    tally = Tally()
    batch: list[Job] = []
    for seed in seeds:
        origin, job = source.job(seed)
        tally.sources[origin] += 1
        batch.append(job)
        if len(batch) == BATCH:
            _run_batch(reference, batch, tally, machines, sound_every)
            progress(len(batch))
            batch = []
    if batch:
        _run_batch(reference, batch, tally, machines, sound_every)
        progress(len(batch))
    return tally


def _run_batch(
    reference: Reference, jobs: Sequence[Job], tally: Tally, machines: Sequence[Scan], sound_every: int
) -> None:
    for number, (job, outcomes) in enumerate(zip(jobs, reference.outcomes(jobs), strict=True)):
        verdicts = judge_all(job, outcomes, machines)
        tally.verdicts.update(verdicts)
        tally.readers[job.reader] += len(verdicts)
        tally.events.update(row[0] for outcome in outcomes for row in outcome.events)
        if Verdict.DISAGREEMENT in verdicts and len(tally.disagreements) < 100:
            tally.disagreements.append(job)
        if number % sound_every == 0 and not job.are_results_values and len(job.data) < LARGEST_SAMPLED:
            for machine in machines:
                _sample(job, outcomes[0], tally, machine)
        if verdicts[0] is Verdict.LOADED:
            tally.opcodes.update(set(executed(job)))


def _sample(job: Job, outcome: Outcome, tally: Tally, machine: Scan) -> None:
    """Checks what holds of every scan beside the sequence of events."""
    anything = observe(job, machine=machine, results=Results.ANYTHING)
    by_file, by_buffer = (observe(job, machine=machine, reader=reader) for reader in (Reader.FILE, Reader.BUFFER))
    tally.overruns += by_file.is_overrun
    is_told = by_file.is_overrun or by_buffer.is_overrun
    is_same = agree(by_file.events, by_buffer.events) and by_file.end == by_buffer.end
    if (outcome.ending != "killed" and not is_beginning(outcome, anything)) or not (is_same or is_told):
        tally.unsound.append(job)


def executed(job: Job) -> list[int]:
    """Returns the opcodes of the first pickle of a job that CPython loaded to its STOP.

    There are no jumps in pickle, so that they are all those up to STOP. A frame may make a file's reader leave
    bytes out; nothing is returned for such a job.
    """
    found = [code for _, code in boundaries(job.data)]
    is_plain = job.reader is not Reader.FILE or FRAME not in found
    return found if is_plain and found and found[-1] == STOP else []


def shrink(data: bytes, is_interesting: Callable[[bytes], bool]) -> bytes:
    """Returns a part of the data that is still interesting, from which no single byte can be left out."""
    size, length = max(len(data) // 2, 1), len(data)
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if is_interesting(shorter):
                data = shorter
            else:
                at += size
        if size == 1 and len(data) < length:
            length = len(data)  # what became possible by the last pass
        else:
            size //= 2
    return data
