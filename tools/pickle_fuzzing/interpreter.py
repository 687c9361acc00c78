"""Child process: loads batches of pickles with CPython's C unpickler over stubs, under resource limits.

Reads frames (4-byte length, marshalled list of jobs) from stdin and answers each on stdout in the same form.
A job is (data, mode, encoding, fix_imports, has_persistent_load, number of buffers, are_results_values); its
answer a list with one row per pickle of the stream: [events, ending, error, end, value], see `reference.Outcome`.
"""

from __future__ import annotations

import builtins
import copyreg
import gc
import io
import marshal
import pickle  # the C unpickler is what is observed here, over stubs
import resource
import struct
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, __file__.rsplit("/", 2)[0])
from pickle_fuzzing.stubs import EXTENSION_CODES, EXTENSION_MODULE, Importer, Journal  # a script finds its package so

BUFFER, FILE, PEEK = range(3)
MEMORY_BYTES: Final = 512 * 2**20
CPU_S: Final = 3600
PICKLES_PER_STREAM: Final = 4
COLLECT_EVERY: Final = 4000


class Persistent(pickle.Unpickler):
    """An unpickler with a persistent_load; everything else is C."""

    journal: Journal

    def persistent_load(self, pid: object) -> object:
        """Records the id and returns a stub."""
        self.journal.add("persistent", self.journal.token(pid))
        return self.journal.fresh(("p", self.journal.token(pid, 0)))


class Interpreter:
    """Loads pickles and tells what CPython did."""

    def __init__(self) -> None:
        self._journal = Journal()
        self._importer = Importer(self._journal, EXTENSION_MODULE)
        sys.addaudithook(self._importer.audit)
        # PyImport_Import (import.c) takes `__import__` from the builtins of the calling frame's globals.
        globals()["__builtins__"] = {**vars(builtins), "__import__": self._importer.import_module}
        Persistent.journal = self._journal
        for code in EXTENSION_CODES:
            copyreg.add_extension(EXTENSION_MODULE, str(code), code)

    def run(self, job: tuple[Any, ...]) -> list[list[Any]]:  # any: marshalled rows
        """Returns the outcomes of one job."""
        data, mode, encoding, fix_imports, is_persistent, buffers, self._journal.are_results_values = job
        options = {"encoding": encoding, "fix_imports": fix_imports}
        if mode == BUFFER:
            options["buffers"] = self._buffers(buffers)
            return [self._load(lambda: pickle.loads(data, **options), None)]  # noqa: S301  # over stubs
        file = io.BytesIO(data) if mode == FILE else io.BufferedReader(io.BytesIO(data))
        rows: list[list[Any]] = []
        while len(rows) < PICKLES_PER_STREAM:
            options["buffers"] = self._buffers(buffers)
            if is_persistent:
                rows.append(self._load(Persistent(file, **options).load, file))
            else:
                rows.append(self._load(lambda: pickle.load(file, **options), file))  # noqa: S301  # over stubs
            if rows[-1][1] != "ok" or rows[-1][3] >= len(data):
                break
        return rows

    def _buffers(self, number: int) -> Iterator[type] | None:
        return self._stub_buffers(number) if number else None

    def _stub_buffers(self, number: int) -> Iterator[type]:
        for ordinal in range(number):
            self._journal.add("buffer")
            yield self._journal.fresh(("x", ordinal))

    def _load(self, load: Any, file: Any) -> list[Any]:  # any: a loader and its file
        journal = self._journal
        journal.clear()
        copyreg.clear_extension_cache()
        ending, error, value, end = "ok", "", None, -1
        try:
            value = journal.token(load())
            end = file.tell() if file else -1
        except MemoryError:
            ending = "memory"
        except Exception as raised:  # noqa: BLE001  # whatever the stream makes CPython raise is its outcome
            ending, error = "error", f"{type(raised).__name__}: {str(raised)[:100]}"
        self._importer.settle()
        return [journal.events, ending, error, end, value]


def read_frame() -> Any:  # any: marshalled rows
    """Returns the next batch, None at the end of the input."""
    header = sys.stdin.buffer.read(4)
    if len(header) < 4:
        return None
    return marshal.loads(sys.stdin.buffer.read(struct.unpack("<I", header)[0]))  # noqa: S302  # from our parent


def main() -> None:
    """Serve until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    interpreter = Interpreter()
    gc.disable()
    gc.freeze()
    count = 0
    while (jobs := read_frame()) is not None:
        answer = marshal.dumps([interpreter.run(job) for job in jobs])
        sys.stdout.buffer.write(struct.pack("<I", len(answer)) + answer)
        sys.stdout.buffer.flush()
        count += len(jobs)
        if count >= COLLECT_EVERY:  # lists that hold themselves pile up otherwise
            gc.collect()
            count = 0


if __name__ == "__main__":
    main()
