"""Opening a file for a loader only if every guard lets it be loaded, and giving the loader the very bytes judged."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

from telamon import catalog as catalogue
from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode, Mode
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind
from telamon.kits.formats.source import open_source
from telamon.policy.combine import Combined, Ruling, combine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.catalog import Catalog
    from telamon.policy import Policy


class DeniedError(TelamonError):
    """A guard does not let the file be loaded.

    Remedy: Do not load the file. `telamon check` on it says what was found; what you vouch for can be allowed in
    the policy.

    Args:
        name: The file.
        combined: What the guards decided; `combined.rulings` has the findings.
    """

    code: ClassVar[str] = "denied"
    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS

    def __init__(self, name: str, combined: Combined) -> None:
        super().__init__(
            f"`{name}` must not be loaded: {combined.reason}",
            hint="`telamon check` on the file says more; the policy can allow what you vouch for",
        )
        self.combined = combined


def open_checked(path: str | os.PathLike[str], *, policy: Policy | None = None) -> IO[bytes]:
    """Returns a file to load from, positioned at its beginning, if every guard that is on lets it be loaded.

    What is judged is a private copy that nobody else can reach, and the copy is what is returned: a file that is
    exchanged in between is neither judged nor loaded. `torch.load`, `joblib.load`, `pickle.load` and `numpy.load`
    take such a file.

    Args:
        path: A regular file; links are followed.
        policy: Modes and settings; by default the defaults of every control, which enforce.

    Raises:
        DeniedError: A guard in enforce mode denies the load, or cannot decide.
        SourceError: The file cannot be read.
    """
    from telamon.policy import default  # noqa: PLC0415  # callers with a policy need none

    catalog = catalogue.load()
    in_force = policy or default(catalog)
    copy = tempfile.TemporaryFile(prefix="telamon-")  # noqa: SIM115  # it is what is returned
    try:
        _copy(path, copy)
        _require_permit(os.fspath(path), copy, in_force, catalog)
    except BaseException:
        copy.close()
        raise
    return copy


def _copy(path: str | os.PathLike[str], copy: IO[bytes]) -> None:
    with open_source(path, follow_links=True) as source:
        for chunk in source.chunks():
            copy.write(chunk)
        source.check_unchanged()
    copy.flush()
    copy.seek(0)


def _require_permit(name: str, copy: IO[bytes], policy: Policy, catalog: Catalog) -> None:
    # Linux and macOS open a descriptor's own file again under this name, with a position of its own.
    subject = Subject(kind=SubjectKind.FILE, name=name, path=Path(f"/dev/fd/{copy.fileno()}"))
    combined = combine(_rulings(Operation(kind=OperationKind.LOAD, subject=subject), policy, catalog))
    if combined.is_stopping:
        raise DeniedError(name, combined)


def _rulings(operation: Operation, policy: Policy, catalog: Catalog) -> Iterator[Ruling]:
    for listed in catalog.every(policy):
        control = listed.control
        mode = policy.mode(control.name)
        kind = control.guard() if mode is not Mode.OFF else None
        if kind is not None and operation.kind in kind.kinds:
            decision = kind(policy.settings(control.name)).enforce(operation)
            yield Ruling(control=control.name, mode=mode, decision=decision)
