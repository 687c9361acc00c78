"""Detection: what telamon and its peers flag of the hostile and of the ordinary corpus, and the CPU that they take.

Input: the files of `tools/corpora`, written to a temporary folder. Flagged means what a gate in CI sees: for telamon a
finding of high severity or above, or a file that is not understood; for picklescan an issue or a scan error; for
modelscan an issue or an error (a skipped file passes its gate); for fickling anything worse than likely safe, or an
error. Peers run in this process where they are installed: picklescan is a development dependency, the others stand in
`.venv/peers`, which `make bench` fills.

Usage: python bench/detection.py
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
sys.path.append(str(Path(sys.prefix) / "peers"))  # behind our own, of which some have other versions

from corpora.hostile import cases
from corpora.ordinary import MODULES, build, missing
from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker
from telamon.controls.artifact.vulnerability_scanning.settings import VulnerabilityScanningSettings
from telamon.core.records import Outcome, Severity, Verdict
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Files, and whether they ought to be flagged."""

    name: str
    paths: tuple[Path, ...]


def telamon(path: Path) -> bool:
    """Whether `telamon check` would not exit with 0."""
    checker = VulnerabilityScanningChecker(VulnerabilityScanningSettings())
    for result in checker.check(Subject(kind=SubjectKind.FILE, name=path.name, path=path)):
        if isinstance(result, Outcome):
            if result.verdict is Verdict.NOT_UNDERSTOOD:
                return True
        elif result.severity.rank >= Severity.HIGH.rank:
            return True
    return False


def picklescan(path: Path) -> bool:
    """Whether picklescan finds an issue or fails."""
    from picklescan.scanner import scan_file_path  # noqa: PLC0415  # only where it is installed

    found = scan_file_path(str(path))
    return bool(found.issues_count or found.scan_err)


def modelscan(path: Path) -> bool:
    """Whether modelscan finds an issue or fails."""
    from modelscan.modelscan import ModelScan  # type: ignore[import-not-found]  # noqa: PLC0415  # likewise

    found = ModelScan().scan(str(path))
    return bool(found["issues"] or found["errors"])


def fickling(path: Path) -> bool:
    """Whether fickling thinks worse than likely safe of a pickle, or cannot read it."""
    from fickling.analysis import Severity as Danger  # type: ignore[import-not-found]  # noqa: PLC0415  # likewise
    from fickling.analysis import check_safety  # noqa: PLC0415  # likewise
    from fickling.fickle import StackedPickle  # type: ignore[import-not-found]  # noqa: PLC0415  # likewise

    with path.open("rb") as file:
        return any(check_safety(pickle).severity > Danger.LIKELY_SAFE for pickle in StackedPickle.load(file))


SCANNERS = {"telamon": telamon, "picklescan": picklescan, "modelscan": modelscan, "fickling": fickling}


def flagged(scanner: Callable[[Path], bool], paths: Iterable[Path]) -> tuple[int, float]:
    """Return how many files the scanner flags, an exception being a flag, and the CPU seconds."""
    start, count = time.process_time(), 0
    for path in paths:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                count += scanner(path)
            except Exception:  # noqa: BLE001  # a gate closes on whatever a peer raises
                count += 1
    return count, time.process_time() - start


def hostile(folder: Path) -> Corpus:
    """Write the hostile files, each in a folder of its own, as names repeat."""
    paths = []
    for number, case in enumerate(cases()):
        path = folder / str(number) / case.file_name
        path.parent.mkdir()
        path.write_bytes(case.data)
        paths.append(path)
    return Corpus(name="hostile", paths=tuple(paths))


def ordinary(folder: Path) -> Corpus:
    """Write the ordinary files of what is installed."""
    paths = []
    for module, _ in MODULES:
        if not missing(module):
            (folder / module).mkdir()
            paths += build(folder / module, module)
    return Corpus(name="ordinary", paths=tuple(paths))


def main() -> None:
    """Print a line for each corpus and scanner."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / kind for kind in ("hostile", "ordinary")]
        for folder in folders:
            folder.mkdir()
        for corpus in (hostile(folders[0]), ordinary(folders[1])):
            for peer, scanner in SCANNERS.items():
                if importlib.util.find_spec(peer) is None:
                    print(f"{corpus.name:9} {peer:11} not installed")
                    continue
                count, seconds = flagged(scanner, corpus.paths)
                share = 100 * count / len(corpus.paths)
                of = f"{count:4} of {len(corpus.paths)} flagged ({share:5.1f} %)"
                print(f"{corpus.name:9} {peer:11} {of}, {seconds:6.2f} CPU s")


if __name__ == "__main__":
    main()
