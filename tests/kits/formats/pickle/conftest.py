"""The reference: CPython's own C unpickler with inert stubs in place of everything that it looks up."""

from __future__ import annotations

import io
import itertools
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from telamon.kits.formats.pickle import Loader, Mode, Results, Sequence, scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from telamon.kits.formats.pickle import Stream

Steps = list[tuple[str, object]]


class _Kind(type):
    """Stubs are classes, so that NEWOBJ takes them; calls of them are logged and do nothing."""

    log: Steps
    label: str

    def __call__(cls, *_: object, **__: object) -> Any:
        cls.log.append(("call", cls.label))
        return _stub(cls.log, cls.label + "()")

    def __setstate__(cls, state: object) -> None: ...
    def extend(cls, items: object) -> None: ...
    def add(cls, item: object) -> None: ...
    def __setitem__(cls, key: object, value: object) -> None: ...


def _stub(log: Steps, label: str) -> Any:
    def new(cls: Any, *_: object, **__: object) -> Any:
        cls.log.append(("call", cls.label))
        return _stub(cls.log, cls.label + "()")

    return _Kind("Stub", (), {"__new__": new, "log": log, "label": label})


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, log: Steps) -> None:
        super().__init__(file, buffers=(_stub(log, "object") for _ in itertools.count()))
        self.log = log

    def find_class(self, module: str, name: str) -> Any:
        self.log.append(("import", (module, name)))
        return _stub(self.log, f"{module}.{name}")

    def persistent_load(self, pid: object) -> Any:  # noqa: ARG002
        return _stub(self.log, "object")


class _Prefetched(io.BytesIO):
    """A file that is wholly in the unpickler's buffer, as with `pickle.loads`."""

    def peek(self, _: int = 0) -> bytes:
        return self.getvalue()[self.tell() :]


def load(data: bytes, mode: Mode) -> tuple[Steps, int | None]:
    """Returns what the unpickler looks up and calls, and where it ends if it does not raise."""
    log: Steps = []
    file = io.BytesIO(data) if mode is Mode.FILE else _Prefetched(data)
    try:
        _Unpickler(file, log).load()
    except Exception:  # noqa: BLE001 - whatever the unpickler raises is its answer
        return log, None
    return log, file.tell()


def observe(data: bytes, mode: Mode) -> tuple[Steps, Stream]:
    """Returns the same of the machine, for results that are classes as the stubs are."""
    recorder = Sequence()
    stream = scan(data, recorder=recorder, mode=mode, loader=Loader(results=Results.CLASSES))
    steps: Steps = [
        (step.action, step.name if step.action == "import" else str(step.name).split(" ", 1)[1])
        for step in recorder.steps
    ]
    return steps, stream


@pytest.fixture
def agree() -> Callable[[bytes], None]:
    """Checks that machine and unpickler look up and call the same, and end alike, from files and buffers."""

    def check(data: bytes) -> None:
        for mode in Mode:
            expected, end = load(data, mode)
            steps, stream = observe(data, mode)
            assert steps == expected, (mode, data)
            assert (stream.end if stream.ending.value == "stop" else None) == end, (mode, data, stream)

    return check
