"""Writes a report as Markdown, for a comment on a pull request or a job's summary (GitHub Flavored Markdown).

Everything that a checked file or a policy can choose stands in a code span, where no markup, link, mention, issue
number or HTML is taken (CommonMark 0.31.2, section 6.1; backslashes do not help against mentions). Code spans of
tables hold no `|`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.kits.text.display import printable
from telamon.reporting.proof_wording import PROOF_HEADINGS, proof_cells
from telamon.reporting.report import Standing
from telamon.reporting.summary import sentence, summarize
from telamon.reporting.wording import failure_label, note, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telamon.core.proofs import Proof
    from telamon.core.records import Outcome
    from telamon.reporting.report import Failure, Report, Reported

ROOM: Final = 60_000
"""Characters that lists may fill: GitHub refuses comments of more than 65,536."""

_SHOWN: Final = 300  # characters of one value
_COVERED: Final = frozenset({Standing.WAIVED, Standing.BASELINE})
_BACKTICKS: Final = re.compile("`+")


def write(report: Report) -> str:
    """Return a heading, the counts, and lists of what was found; what does not fit is counted."""
    parts = [f"## telamon {report.command}: exit {report.exit_code:d}\n\n{sentence(summarize(report))}\n"]
    open_findings = sorted(
        (reported for reported in report.findings if reported.standing not in _COVERED),
        key=lambda reported: -reported.finding.severity.rank,
    )
    covered = [reported for reported in report.findings if reported.standing in _COVERED]
    if report.policy_words:
        parts.append(f"\nPolicy: {code(report.policy_words)}\n")
    sections = {
        "Findings": [*map(_finding, open_findings)],
        "Not judged": [
            *(_failure(failure, report.note(failure)) for failure in report.failures),
            *(_outcome(outcome, report.note(outcome)) for outcome in report.not_judged),
        ],
        "Proofs": [*_table(report.proofs)],
        "Attacks": [*map(_proof, report.proofs)],
        "Waived and in the baseline": [*map(_covered, covered)],
        "Expired waivers": [f"- {code(waiver)}\n" for waiver in report.expired],
        "Warnings": [f"- {code(warning)}\n" for warning in report.warnings],
    }
    rooms = _rooms(sections)
    parts += [f"\n### {title}\n\n{_fitting(entries, rooms[title])}" for title, entries in sections.items() if entries]
    return "".join(parts)


def code(text: str) -> str:
    """Return `text` as a code span, which shows it and nothing else; empty for an empty one."""
    shown = printable(text, _SHOWN)
    if not shown.strip():
        return ""
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    gap = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def _rooms(sections: dict[str, list[str]]) -> dict[str, int]:
    """Share out `ROOM`: what a short list leaves goes to the longer ones."""
    lengths = {title: sum(map(len, entries)) for title, entries in sections.items()}
    rooms = {}
    room = ROOM
    for left, title in zip(range(len(lengths), 0, -1), sorted(lengths, key=lengths.__getitem__), strict=True):
        rooms[title] = min(lengths[title], room // left)
        room -= rooms[title]
    return rooms


def _fitting(entries: list[str], room: int) -> str:
    taken = []
    for index, entry in enumerate(entries):
        room -= len(entry)
        if room < 0:
            taken.append(f"- and {len(entries) - index} more\n")
            break
        taken.append(entry)
    return "".join(taken)


def _finding(reported: Reported) -> str:
    finding = reported.finding
    head = (
        f"- **{finding.severity}** {code(finding.rule)} at {code(place(finding.location))}: {code(finding.message)}\n"
    )
    details = {
        "evidence": finding.evidence,
        "remedy": finding.remedy,
        "ATLAS": ", ".join(finding.techniques),
        "note": note(reported),
    }
    return head + _details(details)


def _covered(reported: Reported) -> str:
    finding = reported.finding
    head = f"- {finding.severity} {code(finding.rule)} at {code(place(finding.location))}: {code(finding.message)}\n"
    return head + _details({"note": note(reported)})


def _failure(failure: Failure, note: str) -> str:
    subject = f" {code(failure.subject)}" if failure.subject else ""
    return f"- **{code(failure_label(failure))}**{subject}: {code(failure.reason)}\n" + _details({"note": note})


def _outcome(outcome: Outcome, note: str) -> str:
    head = f"- **not understood** by {code(outcome.control)}: {code(place(outcome.location))}\n"
    return head + _details({"why": outcome.reason, "note": note})


def _table(proofs: tuple[Proof, ...]) -> Iterator[str]:
    head = _row(PROOF_HEADINGS[:-1]) + _row("---" for _ in PROOF_HEADINGS[:-1])
    for proof in proofs:
        pair, *numbers, verdict, _attack = proof_cells(proof)
        yield head + _row([_cell(pair), *numbers, f"**{verdict}**"])
        head = ""


def _proof(proof: Proof) -> str:
    return f"- {code(proof.pair)}: {code(proof.attack)}\n" + _details({proof.verdict.value: proof.reason})


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str) -> str:
    return code(text.replace("|", "\\x7c"))


def _details(details: dict[str, str]) -> str:
    return "".join(f"  - {word}: {code(value)}\n" for word, value in details.items() if code(value))
