"""What the table holds for data does nothing with texts but keep them, where the library is installed."""

from __future__ import annotations

import signal

import pytest

from established_data import in_child


@pytest.mark.parametrize(
    ("package", "least"),
    [("sympy.core", 20), ("sympy.physics", 1), ("collections", 5), ("datetime", 5), ("torch.utils._sympy", 1)],
)
def test_no_text_is_run_by_what_is_data(package: str, least: int) -> None:
    pytest.importorskip(package.partition(".")[0])
    ended = in_child(package, timeout_s=300)
    *run, counted = [line for line in ended.stdout.splitlines() if line.startswith(("RUN ", "used "))]
    assert (ended.returncode, run) == (0, [])
    assert int(counted.split()[1]) >= least


def test_what_runs_texts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import established_data  # noqa: PLC0415  # its parts are replaced

    monkeypatch.setattr(established_data, "_names", lambda _prefixes: iter([("timeit", "Timer")]))
    monkeypatch.setattr(established_data, "lookup", lambda _module, _name: _AllData())
    before = signal.getsignal(signal.SIGALRM)
    try:
        seen, count = established_data.watch(("timeit",))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (count, ("timeit:Timer called", "compile") in seen.seen) == (1, True)


class _AllData:
    def is_data(self, _use: object) -> bool:
        return True
