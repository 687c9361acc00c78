"""The descriptors of a SARIF run: rules, notifications, and MITRE ATLAS as a taxonomy (SARIF 2.1.0, 3.19 and 3.49)."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from telamon.core.records import Severity
from telamon.kits.text.display import printable
from telamon.reporting.sarif_values import message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telamon.core.proofs import Proof
    from telamon.core.records import Rule
    from telamon.reporting.report import Report

_ATLAS: Final = "MITRE ATLAS"
_SEMANTIC_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")

_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

# GitHub shows `security-severity` as critical above 9.0, high from 7.0, medium from 4.0 and low from 0.1.
_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}


def level_of(severity: Severity) -> str:
    """The SARIF level of a severity."""
    return _LEVELS[severity]


class Notice(Enum):
    """What a notification is about: its id, level and text."""

    def __init__(self, identity: str, level: str, text: str) -> None:
        self._value_ = identity
        self.level = level
        self.text = text

    INTERNAL_ERROR = ("internal-error", "error", "A defect of telamon kept it from judging.")
    NOT_CHECKED = ("not-checked", "error", "A control could not run, or a subject could not be read.")
    NOT_UNDERSTOOD = ("not-understood", "error", "A file could not be judged; that is never clean.")
    EXPIRED_WAIVER = ("expired-waiver", "warning", "A waiver has expired and covers nothing.")
    NOT_RECORDED = ("not-recorded", "error", "The report could not be recorded in the ledger.")
    POLICY_WARNING = ("policy-warning", "warning", "Something in the policy is odd.")


class Descriptors:
    """Numbers what the results of a report refer to."""

    def __init__(self, report: Report) -> None:
        self._version = report.version
        self._rules = {**_rules(report), **{proof.pair: _pair(proof) for proof in report.proofs}}
        self._rule_indices = {rule: index for index, rule in enumerate(self._rules)}
        used = [proof.technique for proof in report.proofs]
        for rule in report.rules.values():
            used += rule.techniques
        for reported in report.findings:
            used += reported.finding.techniques
        self._techniques = {technique: index for index, technique in enumerate(sorted(set(used)))}
        for name, rule in report.rules.items():
            self._rules[name] |= self._relationships(rule.techniques)
        for proof in report.proofs:
            self._rules[proof.pair] |= self._relationships((proof.technique,))

    def rule(self, name: str) -> dict[str, object]:
        """The properties of a result that name its rule."""
        return {"ruleId": name, "ruleIndex": self._rule_indices[name]}

    def taxa(self, techniques: Iterable[str]) -> list[dict[str, object]]:
        """References to ATLAS techniques."""
        return [
            {"id": name, "index": self._techniques[name], "toolComponent": {"name": _ATLAS, "index": 0}}
            for name in dict.fromkeys(techniques)
        ]

    def driver(self) -> dict[str, object]:
        """`tool.driver`."""
        semantic = {"semanticVersion": self._version} if _SEMANTIC_VERSION.fullmatch(self._version) else {}
        return {
            "name": "telamon",
            "version": self._version,
            **semantic,
            "rules": list(self._rules.values()),
            "notifications": [
                {
                    "id": notice.value,
                    "shortDescription": message(notice.text),
                    "defaultConfiguration": {"level": notice.level},
                }
                for notice in Notice
            ],
            "supportedTaxonomies": [{"name": _ATLAS, "index": 0}],
        }

    def taxonomy(self) -> dict[str, object]:
        """The techniques that the run names."""
        return {
            "name": _ATLAS,
            "organization": "MITRE",
            "informationUri": "https://atlas.mitre.org/",
            "shortDescription": message("Adversarial Threat Landscape for Artificial-Intelligence Systems"),
            "isComprehensive": False,
            "taxa": [{"id": name} for name in self._techniques],
        }

    def _relationships(self, techniques: Iterable[str]) -> dict[str, object]:
        taxa = self.taxa(techniques)
        return {"relationships": [{"target": taxon, "kinds": ["relevant"]} for taxon in taxa]} if taxa else {}


def _rules(report: Report) -> dict[str, dict[str, object]]:
    named = {reported.finding.rule: reported.finding.severity for reported in report.findings}
    unknown = {name: _undescribed(name, severity) for name, severity in named.items() if name not in report.rules}
    return dict(sorted({**unknown, **{name: _rule(rule) for name, rule in report.rules.items()}}.items()))


def _undescribed(name: str, severity: Severity) -> dict[str, object]:
    return {
        "id": name,
        "shortDescription": message(name),
        "defaultConfiguration": {"level": level_of(severity)},
        "properties": {"security-severity": _SCORES[severity], "tags": ["security"]},
    }


def _rule(rule: Rule) -> dict[str, object]:
    described = _undescribed(rule.id, rule.severity)
    described["shortDescription"] = message(rule.summary)
    described["fullDescription"] = {"text": rule.description or rule.summary}
    described["help"] = {
        "text": rule.remedy,
        "markdown": f"{rule.description}\n\n**Remedy:** {rule.remedy}",
    }
    described["properties"] = {
        "security-severity": _SCORES[rule.severity],
        "tags": ["security", *sorted(set(rule.techniques))],
    }
    return described


def _pair(proof: Proof) -> dict[str, object]:
    return {
        "id": proof.pair,
        "shortDescription": message(f"{printable(proof.mitigation)} mitigates {printable(proof.technique)}"),
        "fullDescription": message(
            "The attack works with the control off, and with it on it works less often by at least the declared floor, "
            "at no more than the declared cost for honest users."
        ),
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "proof"]},
    }
