"""The checker of library-loading: what a deployment's code and environment let be loaded without restriction."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, ClassVar

from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
from telamon.core.control import Checker
from telamon.core.records import Confidence, Finding, Location, Outcome, Severity, Verdict
from telamon.core.subjects import SubjectKind
from telamon.kits.formats.source import SourceError, open_subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.controls.artifact.library_loading.configuration.files import Form
    from telamon.controls.artifact.library_loading.configuration.hit import Hit
    from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease
    from telamon.core.subjects import Subject

CONTROL = "library-loading"
MAX_FINDINGS = 500  # per file: a reader has understood by then
HEAD_BYTES = 64
# Suffixes of files that configure nothing, which most files of a model have: they cost one look at their name.
DATA = (
    ".pkl", ".pickle", ".pt", ".bin", ".safetensors", ".npy", ".npz", ".onnx", ".h5", ".keras", ".gguf", ".joblib",
    ".md", ".txt", ".rst", ".csv", ".parquet", ".png", ".jpg", ".html", ".zip", ".gz", ".whl",
)  # fmt: skip


class LibraryLoadingChecker(Checker[LibraryLoadingSettings]):
    """Reads programs, notebooks, scripts and settings, and looks at the modes of libraries."""

    kinds: ClassVar[frozenset[SubjectKind]] = frozenset({SubjectKind.FILE, SubjectKind.REMOTE})

    def takes(self, subject: Subject) -> bool:
        """Whether its name is that of a program, settings or a library, or says nothing and it can be executed."""
        if subject.name.endswith(DATA) and "-packages/" not in subject.name:
            return False
        from telamon.controls.artifact.library_loading.configuration import files  # noqa: PLC0415  # most files need none

        return files.form_of(subject.name) is not None or files.is_library(subject.name) or _may_be_script(subject)

    def check(self, subject: Subject) -> Iterator[Finding | Outcome]:
        """Yield what configures loading riskily, then the verdict; what configures nothing is not applicable."""
        try:
            _require_file(subject)
            if not self.takes(subject):
                yield _outcome(subject, Verdict.NOT_APPLICABLE, "configures no loading")
                return
            findings, reasons, form = _read(subject)
        except SourceError as error:
            yield _outcome(subject, Verdict.NOT_UNDERSTOOD, error.message)
            return
        except OSError as error:
            yield _outcome(subject, Verdict.NOT_UNDERSTOOD, error.strerror or "cannot be read")
            return
        yield from findings
        worst = max(findings, key=lambda finding: finding.severity.rank, default=None)
        if worst is not None and worst.severity.rank >= Severity.HIGH.rank:
            yield _outcome(subject, Verdict.SUSPICIOUS, worst.message, form)
        elif reasons:
            yield _outcome(subject, Verdict.NOT_UNDERSTOOD, "; ".join(reasons[:3]), form)
        elif worst is not None and worst.severity.rank >= Severity.MEDIUM.rank:
            yield _outcome(subject, Verdict.SUSPICIOUS, worst.message, form)
        elif form or findings:
            yield _outcome(subject, Verdict.CLEAN, "", form)
        else:
            yield _outcome(subject, Verdict.NOT_APPLICABLE, "configures no loading")


def _require_file(subject: Subject) -> None:
    """Refuse what is no file: what nobody can read is never not applicable."""
    if subject.kind is SubjectKind.FILE and not stat.S_ISREG(subject.path.stat().st_mode):
        raise SourceError("not a regular file")


def _outcome(subject: Subject, verdict: Verdict, reason: str, form: str = "") -> Outcome:
    return Outcome(control=CONTROL, location=Location(path=subject.name), verdict=verdict, reason=reason, form=form)


def _read(subject: Subject) -> tuple[list[Finding], list[str], str]:
    """Return the findings, what was not understood, and what the file was read as."""
    from telamon.controls.artifact.library_loading.configuration import files  # noqa: PLC0415  # most files need none
    from telamon.controls.artifact.library_loading.configuration.hit import Hit  # noqa: PLC0415  # likewise

    hits: list[Hit] = []
    reasons: list[str] = []
    if subject.kind is SubjectKind.FILE:
        from telamon.controls.artifact.library_loading.configuration.installed import judge_modes  # noqa: PLC0415  # likewise

        hits += judge_modes(subject.path)
    form = files.form_of(subject.name)
    if form is not None or _may_be_script(subject):
        with open_subject(subject) as source:
            form = form or files.form_by_head(source.read(0, HEAD_BYTES))
            if form is not None:
                longest = files.longest(form)
                content = source.read(0, longest + 1)
                if len(content) > longest:
                    reasons += _too_long(form, source.size)
                else:
                    for one in files.judge(form, subject.name, content, lambda: _torch_release(subject)):
                        if isinstance(one, Hit):
                            hits.append(one)
                        else:
                            reasons.append(one.reason)
            source.check_unchanged()
    if len(hits) > MAX_FINDINGS:
        reasons.append(f"more than {MAX_FINDINGS} findings")
    return [_finding(subject, hit) for hit in hits[:MAX_FINDINGS]], reasons, form or ""


def _too_long(form: Form, size: int) -> list[str]:
    """Say that a file is too long; data in JSON and YAML are, and settings never."""
    from telamon.controls.artifact.library_loading.configuration.files import Form as Forms  # noqa: PLC0415  # likewise

    return [] if form is Forms.DOCUMENT else [f"{size} bytes are more than is read of a file of its kind"]


def _may_be_script(subject: Subject) -> bool:
    """Whether a file whose name says nothing can be executed; large data under such names cannot."""
    if "." in subject.name.rpartition("/")[2] or subject.kind is not SubjectKind.FILE:
        return False
    try:
        mode = subject.path.stat().st_mode
    except (OSError, ValueError):
        return False  # whoever takes everything says so
    return stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR)


def _torch_release(subject: Subject) -> TorchRelease:
    from telamon.controls.artifact.library_loading.configuration.requirements import (  # noqa: PLC0415  # likewise
        TorchRelease,
        torch_release,
    )

    return torch_release(subject.path) if subject.kind is SubjectKind.FILE else TorchRelease.UNKNOWN


def _finding(subject: Subject, hit: Hit) -> Finding:
    return Finding(
        rule=hit.rule.id,
        message=hit.message,
        severity=hit.severity,
        confidence=Confidence.HIGH,
        location=Location(path=subject.name, member=hit.member, line=hit.line, column=hit.column),
        remedy=hit.remedy or hit.rule.remedy,
        subject=hit.subject,
        techniques=hit.rule.techniques,
    )
