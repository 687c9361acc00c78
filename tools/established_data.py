"""Uses what the table of callables holds for data, where it is installed, and tells what runs a text it is given.

Every global is called, instantiated and given a state, as the table says it may be, with a text in many places; a hook
tells when that text is compiled or run, or a pickle that it is given is loaded. One process for each package, with
bounds on time and memory; each is expected to do nothing with the texts but keep them.

    python tools/established_data.py sympy torch.utils
"""

from __future__ import annotations

import importlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from telamon.kits.callables import Use, lookup, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

MARK: Final = "marked_text"
TEXT: Final = f"{MARK}+1"
PICKLE: Final = b"\x80\x02cbuiltins\nlen\nX\x02\x00\x00\x00ab\x85R."
VALUES: Final[tuple[object, ...]] = (TEXT, PICKLE, [TEXT], (TEXT,), [[TEXT]], {MARK: TEXT}, 1, None)
STATES: Final[tuple[object, ...]] = ({MARK: MARK}, (None, {MARK: MARK}), MARK, PICKLE, (PICKLE,), [TEXT], (TEXT, TEXT))
PER_USE_S: Final = 0.5
MEMORY_BYTES: Final = 6 * 2**30
SHOWN: Final = 80
RUNNING: Final = frozenset({"compile", "exec", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "import"})
# Ends or waits for the process, on purpose; the table says so where it matters.
SKIPPED: Final = frozenset({("builtins", "KeyboardInterrupt"), ("builtins", "SystemExit")})


class _LateError(BaseException):
    """The time for one use is up; no `except Exception` of a library hears it."""


class Watch:
    """Tells what happens to the texts while a global is used.

    Attributes:
        seen: Global, use and event of each text that was run, each once.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], str] = {}
        self._using = ""
        self._is_busy = False
        sys.addaudithook(self._hear)
        signal.signal(signal.SIGALRM, self._late)

    def use(self, name: str, calls: Iterator[Any]) -> None:
        """Run calls, within their time, whatever they raise."""
        self._using = name
        signal.setitimer(signal.ITIMER_REAL, PER_USE_S)
        try:
            for call in calls:
                _quietly(call)
        except _LateError:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._using = ""

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._using or self._is_busy or (event not in RUNNING and event != "pickle.find_class"):
            return
        self._is_busy = True
        try:
            shown = " ".join(map(_text, arguments))
            if MARK in shown or event == "pickle.find_class":
                self.seen.setdefault((self._using, event), shown[:SHOWN])
        finally:
            self._is_busy = False

    def _late(self, _number: int, _frame: FrameType | None) -> None:
        if self._using:
            raise _LateError


def _quietly(call: Any) -> None:  # any callable
    try:
        call()
    except _LateError:
        raise
    except BaseException:  # noqa: BLE001, S110  # what libraries raise on such arguments is not the question
        pass


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _arguments() -> Iterator[tuple[object, ...]]:
    yield ()
    yield from ((value,) for value in VALUES)
    yield from itertools.product(VALUES, VALUES)
    yield from ((1, 1, value) for value in VALUES)
    yield from ((value,) * count for value in VALUES for count in (3, 4, 5, 6))
    yield from ((None,) * before + (PICKLE,) for before in range(2, 7))


def _names(prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The globals of the table below one of the prefixes."""
    for file, at in (("facts.tsv", 1), ("survey.tsv", 4)):
        for line in (Path(table.DATA) / file).read_text().splitlines()[1:]:
            fields = line.split("\t")
            if any(f"{fields[0]}.".startswith(f"{prefix}.") for prefix in prefixes):
                yield from ((fields[0], name) for name in fields[at].split(" "))


def _found(module: str, name: str) -> Any:  # whatever the library has there; `None` where it is not installed
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception:  # noqa: BLE001  # libraries raise what they like on import
        return None
    return found


def _given_states(found: Any) -> Iterator[Any]:  # a class
    for state in STATES:

        def give(state: object = state) -> None:
            made = found.__new__(found)
            if hasattr(made, "__setstate__"):
                made.__setstate__(state)
            elif isinstance(state, dict):
                made.__dict__.update(state)

        yield give


def watch(prefixes: tuple[str, ...]) -> tuple[Watch, int]:
    """Use all globals below the prefixes, and return what was seen and how many there were."""
    seen, count = Watch(), 0
    for module, name in dict.fromkeys(_names(prefixes)):
        known = lookup(module, name)
        if known is None or (module, name) in SKIPPED or (found := _found(module, name)) is None:
            continue
        count += 1
        if known.is_data(Use.CALLED) and callable(found):
            seen.use(f"{module}:{name} called", ((lambda given=given: found(*given)) for given in _arguments()))
        if isinstance(found, type) and known.is_data(Use.INSTANTIATED):
            calls = ((lambda given=given: found.__new__(found, *given)) for given in _arguments())
            seen.use(f"{module}:{name} instantiated", calls)
        if isinstance(found, type) and known.is_data(Use.BUILT):
            seen.use(f"{module}:{name} built", _given_states(found))
    return seen, count


def in_child(prefix: str, *, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Watch one package in a process of its own, in an empty folder.

    Raises:
        subprocess.TimeoutExpired: It takes longer.
    """
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-W", "ignore", __file__, "--here", prefix],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def main() -> None:
    """Watch each package named; exit with 1 if a text was run."""
    if sys.argv[1:2] == ["--here"]:
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        seen, count = watch(tuple(sys.argv[2:]))
        for (used, event), shown in seen.seen.items():
            print(f"RUN {used}: {event} {shown!r}", flush=True)
        print(f"used {count} globals", flush=True)
        return
    is_clean = True
    for prefix in sys.argv[1:]:
        ended = in_child(prefix, timeout_s=3600)
        lines = [line for line in ended.stdout.splitlines() if line.startswith(("RUN ", "used "))]
        is_clean &= ended.returncode == 0 and not any(line.startswith("RUN ") for line in lines)
        print(prefix, *lines, sep="\n  ", flush=True)
    sys.exit(not is_clean)


if __name__ == "__main__":
    main()
