"""Writes a report for people at a terminal, in the manner of ruff and zizmor."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from telamon.core.records import ProofVerdict, Severity, Verdict
from telamon.kits.text.display import columns, printable
from telamon.reporting.proof_wording import PROOF_HEADINGS, VARIANT_HEADINGS, proof_cells, proof_facts, variant_rows
from telamon.reporting.report import Standing
from telamon.reporting.summary import sentence, summarize
from telamon.reporting.wording import change_words, failure_label, note, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.core.proofs import Proof
    from telamon.core.records import Outcome, Rule
    from telamon.reporting.formats import Style
    from telamon.reporting.report import Failure, Report, Reported

# Parameters of Select Graphic Rendition (ECMA-48, section 8.3.117).
_BOLD: Final = "1"
_FAINT: Final = "2"
_RED: Final = "1;31"
_GREEN: Final = "32"
_YELLOW: Final = "1;33"
_BLUE: Final = "1;34"
_CYAN: Final = "1;36"

_SEVERITY_COLOURS: Final = {
    Severity.CRITICAL: _RED,
    Severity.HIGH: _RED,
    Severity.MEDIUM: _YELLOW,
    Severity.LOW: _CYAN,
    Severity.INFO: _CYAN,
}
_PROOF_COLOURS: Final = {
    ProofVerdict.PASSED: _GREEN,
    ProofVerdict.FAILED: _RED,
    ProofVerdict.INCONCLUSIVE: _YELLOW,
}
_COVERED: Final = frozenset({Standing.WAIVED, Standing.BASELINE})


def write(report: Report, *, style: Style) -> str:
    """Return findings, what could not be judged, proofs, and one line that sums up and ends with the exit code."""
    pen = _Pen(style)
    blocks = chain(
        (pen.finding(reported, report.rules.get(reported.finding.rule)) for reported in report.findings),
        (pen.failure(failure, report.note(failure)) for failure in report.failures),
        (pen.outcome(outcome, report.note(outcome)) for outcome in report.outcomes if _is_listed(outcome, style)),
        pen.proofs(report.proofs),
        (pen.notice("expired-waiver", waiver) for waiver in report.expired),
        (pen.notice("warning", warning) for warning in report.warnings),
        [pen.summary(report)],
    )
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _is_listed(outcome: Outcome, style: Style) -> bool:
    return style.verbose or outcome.verdict is Verdict.NOT_UNDERSTOOD


class _Pen:
    """Writes blocks of lines in one style; what it is given is printed safely."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def finding(self, reported: Reported, rule: Rule | None) -> Iterator[str]:
        finding = reported.finding
        yield self._head(finding.severity.value, _SEVERITY_COLOURS[finding.severity], finding.rule, finding.message)
        yield self._arrow(place(finding.location))
        if self._style.verbose or reported.standing not in _COVERED:
            yield from self._detail("why", rule.summary if rule else "")
            yield from self._detail("evidence", finding.evidence)
            yield from self._detail("confidence", finding.confidence.value)
            yield from self._detail("remedy", finding.remedy)
            yield from self._detail("ATLAS", ", ".join(finding.techniques))
        yield from self._detail("note", note(reported))

    def failure(self, failure: Failure, note: str) -> Iterator[str]:
        yield f"{self._ink(failure_label(failure), _RED)}: {printable(failure.reason)}"
        if failure.subject:
            yield self._arrow(printable(failure.subject))
        yield from self._detail("note", note)

    def outcome(self, outcome: Outcome, note: str) -> Iterator[str]:
        colour = _GREEN if outcome.verdict is Verdict.CLEAN else _YELLOW
        yield self._head(outcome.verdict.value, colour, outcome.control, outcome.reason)
        yield self._arrow(place(outcome.location) + (f" ({printable(outcome.form)})" if outcome.form else ""))
        yield from self._detail("note", note)

    def proofs(self, proofs: tuple[Proof, ...]) -> Iterator[Iterable[str]]:
        if not proofs:
            return
        yield self._table([proof_cells(proof) for proof in proofs], [proof.verdict for proof in proofs])
        yield from map(self._proof, proofs)

    def notice(self, word: str, text: str) -> Iterator[str]:
        yield f"{self._ink(word, _YELLOW)}: {printable(text)}"

    def summary(self, report: Report) -> Iterator[str]:
        if report.policy_words:
            yield f"policy: {printable(report.policy_words)}"
            if self._style.verbose:
                for change in report.loosened:
                    yield from self._detail(change.direction.value, change_words(change))
        yield self._ink(sentence(summarize(report)), _BOLD)

    def _proof(self, proof: Proof) -> Iterator[str]:
        yield self._head(proof.verdict.value, _PROOF_COLOURS[proof.verdict], proof.pair, proof.reason)
        yield from self._detail("attack", proof.attack)
        is_full = self._style.verbose or proof.verdict is not ProofVerdict.PASSED
        if is_full:
            for word, value in proof_facts(proof).items():
                yield from self._detail(word, value)
        yield from self._variants(list(variant_rows(proof, is_grouped=not is_full)))
        for skipped in proof.skipped:
            yield from self._detail("not run", f"{skipped.name}: {skipped.reason}")

    def _variants(self, rows: list[tuple[str, ...]]) -> Iterator[str]:
        if not rows:
            return
        widths = [max(map(columns, column)) for column in zip(VARIANT_HEADINGS, *rows, strict=True)]
        yield "  " + self._ink("  ".join(_padded(VARIANT_HEADINGS, widths)).rstrip(), _FAINT)
        for row in rows:
            yield f"  {'  '.join(_padded(row, widths))}".rstrip()

    def _table(self, rows: list[tuple[str, ...]], verdicts: list[ProofVerdict]) -> Iterator[str]:
        # The last cell is the attack, in sentences: it stands below the table, with what else there is to each proof.
        headings, rows = PROOF_HEADINGS[:-1], [row[:-1] for row in rows]
        widths = [max(map(columns, column)) for column in zip(headings, *rows, strict=True)]
        yield self._ink("  ".join(_padded(headings, widths)).rstrip(), _FAINT)
        verdict_column = PROOF_HEADINGS.index("verdict")
        for row, verdict in zip(rows, verdicts, strict=True):
            cells = _padded(row, widths)
            cells[verdict_column] = self._ink(row[verdict_column], _PROOF_COLOURS[verdict])  # the last, not padded
            yield "  ".join(cells).rstrip()

    def _head(self, word: str, colour: str, label: str, message: str) -> str:
        head = self._ink(word, colour) + self._ink(f"[{printable(label)}]", _BOLD)
        return f"{head}: {printable(message)}" if message else head

    def _arrow(self, target: str) -> str:
        return f"  {self._ink('-->', _BLUE)} {target}"

    def _detail(self, word: str, value: str) -> Iterator[str]:
        if value:
            yield f"  {self._ink('=', _BLUE)} {self._ink(f'{word}:', _BOLD)} {printable(value)}"

    def _ink(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._style.color else text


def _padded(cells: Iterable[str], widths: list[int]) -> list[str]:
    return [cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths, strict=True)]
