"""The whole SARIF document of the specimen report, keys in their order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telamon.reporting.formats import Format, render

if TYPE_CHECKING:
    from telamon.reporting.report import Report


def test_writes_the_specimen_whole(specimen: Report) -> None:
    assert render(specimen, Format.SARIF) == json.dumps(EXPECTED, indent=2) + "\n"


PROVED = (
    "The attack works with the control off, and with it on it works less often by at least the declared floor, "
    "at no more than the declared cost for honest users."
)
SUMMARY = (
    "5 files checked: 1 malicious, 1 suspicious, 1 not understood, 1 clean, 1 with nothing to judge; "
    "3 findings (1 critical, 1 low, 1 info; 1 below the gate, 1 in shadow mode), 1 waived, 1 in the baseline; "
    "3 proofs: 1 passed, 1 failed, 1 inconclusive; 2 failures; 1 expired waiver; exit 1"
)
EXPECTED = {
    "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "telamon",
                    "version": "1.2.3",
                    "semanticVersion": "1.2.3",
                    "rules": [
                        {
                            "id": "M0016/dangerous-call",
                            "shortDescription": {"text": "A model file calls something dangerous."},
                            "defaultConfiguration": {"level": "error"},
                            "properties": {
                                "security-severity": "8.0",
                                "tags": ["security", "AML.T0010", "AML.T0011.000"],
                            },
                            "fullDescription": {"text": "Loading it *runs* the call."},
                            "help": {
                                "text": "Do not load it.",
                                "markdown": "Loading it *runs* the call.\n\n**Remedy:** Do not load it.",
                            },
                            "relationships": [
                                {
                                    "target": {
                                        "id": "AML.T0011.000",
                                        "index": 2,
                                        "toolComponent": {"name": "MITRE ATLAS", "index": 0},
                                    },
                                    "kinds": ["relevant"],
                                },
                                {
                                    "target": {
                                        "id": "AML.T0010",
                                        "index": 0,
                                        "toolComponent": {"name": "MITRE ATLAS", "index": 0},
                                    },
                                    "kinds": ["relevant"],
                                },
                            ],
                        },
                        {
                            "id": "AML.M0016/AML.T0011",
                            "shortDescription": {"text": "AML.M0016 mitigates AML.T0011"},
                            "fullDescription": {"text": PROVED},
                            "defaultConfiguration": {"level": "error"},
                            "properties": {"tags": ["security", "proof"]},
                            "relationships": [
                                {
                                    "target": {
                                        "id": "AML.T0011",
                                        "index": 1,
                                        "toolComponent": {"name": "MITRE ATLAS", "index": 0},
                                    },
                                    "kinds": ["relevant"],
                                }
                            ],
                        },
                        {
                            "id": "AML.M0016/AML.T0011.000",
                            "shortDescription": {"text": "AML.M0016 mitigates AML.T0011.000"},
                            "fullDescription": {"text": PROVED},
                            "defaultConfiguration": {"level": "error"},
                            "properties": {"tags": ["security", "proof"]},
                            "relationships": [
                                {
                                    "target": {
                                        "id": "AML.T0011.000",
                                        "index": 2,
                                        "toolComponent": {"name": "MITRE ATLAS", "index": 0},
                                    },
                                    "kinds": ["relevant"],
                                }
                            ],
                        },
                        {
                            "id": "AML.M0016/AML.T0011.001",
                            "shortDescription": {"text": "AML.M0016 mitigates AML.T0011.001"},
                            "fullDescription": {"text": PROVED},
                            "defaultConfiguration": {"level": "error"},
                            "properties": {"tags": ["security", "proof"]},
                            "relationships": [
                                {
                                    "target": {
                                        "id": "AML.T0011.001",
                                        "index": 3,
                                        "toolComponent": {"name": "MITRE ATLAS", "index": 0},
                                    },
                                    "kinds": ["relevant"],
                                }
                            ],
                        },
                    ],
                    "notifications": [
                        {
                            "id": "internal-error",
                            "shortDescription": {"text": "A defect of telamon kept it from judging."},
                            "defaultConfiguration": {"level": "error"},
                        },
                        {
                            "id": "not-checked",
                            "shortDescription": {"text": "A control could not run, or a subject could not be read."},
                            "defaultConfiguration": {"level": "error"},
                        },
                        {
                            "id": "not-understood",
                            "shortDescription": {"text": "A file could not be judged; that is never clean."},
                            "defaultConfiguration": {"level": "error"},
                        },
                        {
                            "id": "expired-waiver",
                            "shortDescription": {"text": "A waiver has expired and covers nothing."},
                            "defaultConfiguration": {"level": "warning"},
                        },
                        {
                            "id": "not-recorded",
                            "shortDescription": {"text": "The report could not be recorded in the ledger."},
                            "defaultConfiguration": {"level": "error"},
                        },
                        {
                            "id": "policy-warning",
                            "shortDescription": {"text": "Something in the policy is odd."},
                            "defaultConfiguration": {"level": "warning"},
                        },
                    ],
                    "supportedTaxonomies": [{"name": "MITRE ATLAS", "index": 0}],
                }
            },
            "automationDetails": {"id": "telamon/check/"},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the folder that the command ran in"}}},
            "invocations": [
                {
                    "executionSuccessful": False,
                    "exitCode": 1,
                    "exitCodeDescription": SUMMARY,
                    "toolExecutionNotifications": [
                        {
                            "descriptor": {"id": "not-checked", "index": 1},
                            "level": "error",
                            "message": {"text": "permission denied"},
                            "locations": [
                                {"physicalLocation": {"artifactLocation": {"uri": "locked", "uriBaseId": "%SRCROOT%"}}}
                            ],
                        },
                        {
                            "descriptor": {"id": "not-checked", "index": 1},
                            "level": "error",
                            "message": {"text": "worker died"},
                            "locations": [
                                {"physicalLocation": {"artifactLocation": {"uri": "f.pkl", "uriBaseId": "%SRCROOT%"}}}
                            ],
                            "properties": {"control": "vulnerability-scanning"},
                        },
                        {
                            "descriptor": {"id": "not-understood", "index": 2},
                            "level": "error",
                            "message": {"text": "the tail is cut off at byte 9"},
                            "locations": [
                                {
                                    "physicalLocation": {
                                        "artifactLocation": {"uri": "odd%1B%5B2J%FF.bin", "uriBaseId": "%SRCROOT%"}
                                    }
                                }
                            ],
                            "properties": {"control": "vulnerability-scanning"},
                        },
                        {
                            "descriptor": {"id": "expired-waiver", "index": 3},
                            "level": "warning",
                            "message": {"text": "ops, 2020-01-01: old data"},
                        },
                    ],
                }
            ],
            "artifacts": [
                {
                    "location": {"uri": "a/evil%20model.pt", "uriBaseId": "%SRCROOT%"},
                    "roles": ["analysisTarget"],
                    "hashes": {"sha-256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                    "properties": {
                        "verdicts": {"vulnerability-scanning": {"verdict": "malicious", "form": "torch-zip"}}
                    },
                },
                {
                    "location": {"uri": "b/script.py", "uriBaseId": "%SRCROOT%"},
                    "roles": ["analysisTarget"],
                    "properties": {"verdicts": {"vulnerability-scanning": {"verdict": "suspicious", "form": "pickle"}}},
                },
                {
                    "location": {"uri": "clean.pkl", "uriBaseId": "%SRCROOT%"},
                    "roles": ["analysisTarget"],
                    "properties": {"verdicts": {"vulnerability-scanning": {"verdict": "clean", "form": "pickle"}}},
                },
                {
                    "location": {"uri": "notes.txt", "uriBaseId": "%SRCROOT%"},
                    "roles": ["analysisTarget"],
                    "properties": {"verdicts": {"vulnerability-scanning": {"verdict": "not-applicable", "form": ""}}},
                },
                {
                    "location": {"uri": "odd%1B%5B2J%FF.bin", "uriBaseId": "%SRCROOT%"},
                    "roles": ["analysisTarget"],
                    "properties": {"verdicts": {"vulnerability-scanning": {"verdict": "not-understood", "form": ""}}},
                },
            ],
            "results": [
                {
                    "ruleId": "M0016/dangerous-call",
                    "ruleIndex": 0,
                    "kind": "fail",
                    "level": "error",
                    "message": {"text": "calls os.system('id') when loaded (member archive/data.pkl, byte 12)"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "a/evil%20model.pt", "uriBaseId": "%SRCROOT%", "index": 0}
                            },
                            "logicalLocations": [
                                {
                                    "name": "archive/data.pkl",
                                    "fullyQualifiedName": "a/evil model.pt!archive/data.pkl",
                                    "kind": "resource",
                                }
                            ],
                            "properties": {"regionInMember": {"byteOffset": 12}},
                        }
                    ],
                    "partialFingerprints": {
                        "telamon/v1": "fe09a4adb358f75b330bad0764be7d13",
                        "primaryLocationLineHash": "fe09a4adb358f75b330bad0764be7d13:1",
                    },
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "severity": "critical",
                        "confidence": "high",
                        "control": "vulnerability-scanning",
                        "standing": "failing",
                        "note": "",
                        "evidence": "REDUCE of posix.system",
                        "remedy": "convert to safetensors",
                    },
                    "baselineState": "new",
                },
                {
                    "ruleId": "M0016/dangerous-call",
                    "ruleIndex": 0,
                    "kind": "fail",
                    "level": "error",
                    "message": {"text": "calls os.system('id') when loaded (line 3)"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "b/script.py", "uriBaseId": "%SRCROOT%", "index": 1},
                                "region": {"startLine": 3, "startColumn": 5},
                            }
                        }
                    ],
                    "partialFingerprints": {
                        "telamon/v1": "96bff967840c7035694a748e357f2495",
                        "primaryLocationLineHash": "96bff967840c7035694a748e357f2495:1",
                    },
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "severity": "high",
                        "confidence": "high",
                        "control": "vulnerability-scanning",
                        "standing": "waived",
                        "note": "waived by ops until 2030-01-01: test data",
                        "evidence": "",
                        "remedy": "convert to safetensors",
                    },
                    "baselineState": "new",
                    "suppressions": [
                        {
                            "kind": "external",
                            "status": "accepted",
                            "justification": "waived by ops until 2030-01-01: test data",
                        }
                    ],
                },
                {
                    "ruleId": "M0016/dangerous-call",
                    "ruleIndex": 0,
                    "kind": "fail",
                    "level": "warning",
                    "message": {"text": "calls os.system('id') when loaded (byte 2)"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "c.pkl", "uriBaseId": "%SRCROOT%"},
                                "region": {"byteOffset": 2},
                            }
                        }
                    ],
                    "partialFingerprints": {
                        "telamon/v1": "a3cbcb471504b9be2f86a6fabfbe55e5",
                        "primaryLocationLineHash": "a3cbcb471504b9be2f86a6fabfbe55e5:1",
                    },
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "severity": "medium",
                        "confidence": "high",
                        "control": "vulnerability-scanning",
                        "standing": "baseline",
                        "note": "in the baseline",
                        "evidence": "",
                        "remedy": "convert to safetensors",
                    },
                    "baselineState": "unchanged",
                },
                {
                    "ruleId": "M0016/dangerous-call",
                    "ruleIndex": 0,
                    "kind": "fail",
                    "level": "note",
                    "message": {"text": "calls os.system('id') when loaded (byte 2)"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "d.pkl", "uriBaseId": "%SRCROOT%"},
                                "region": {"byteOffset": 2},
                            }
                        }
                    ],
                    "partialFingerprints": {
                        "telamon/v1": "7617df4c73ad3aab2fe24dcc6f965ff3",
                        "primaryLocationLineHash": "7617df4c73ad3aab2fe24dcc6f965ff3:1",
                    },
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "severity": "low",
                        "confidence": "high",
                        "control": "vulnerability-scanning",
                        "standing": "below-gate",
                        "note": "below the gate",
                        "evidence": "",
                        "remedy": "convert to safetensors",
                    },
                    "baselineState": "new",
                },
                {
                    "ruleId": "M0016/dangerous-call",
                    "ruleIndex": 0,
                    "kind": "fail",
                    "level": "note",
                    "message": {"text": "calls os.system('id') when loaded (byte 2)"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "e.pkl", "uriBaseId": "%SRCROOT%"},
                                "region": {"byteOffset": 2},
                            }
                        }
                    ],
                    "partialFingerprints": {
                        "telamon/v1": "0a4684b6367426b496349daf06a81d41",
                        "primaryLocationLineHash": "0a4684b6367426b496349daf06a81d41:1",
                    },
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "severity": "info",
                        "confidence": "high",
                        "control": "vulnerability-scanning",
                        "standing": "shadow",
                        "note": "the control is in shadow mode",
                        "evidence": "",
                        "remedy": "convert to safetensors",
                    },
                    "baselineState": "new",
                },
                {
                    "ruleId": "AML.M0016/AML.T0011",
                    "ruleIndex": 1,
                    "kind": "pass",
                    "level": "none",
                    "message": {"text": "passed: drop of at least 0.9"},
                    "taxa": [{"id": "AML.T0011", "index": 1, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "control": "vulnerability-scanning",
                        "experiment": "gated-loader",
                        "attack": "a pickle runs a command",
                        "metric": "attack success rate",
                        "off": 1.0,
                        "on": 0.0,
                        "adaptive": 0.1,
                        "dropLow": 0.9,
                        "dropHigh": 1.0,
                        "floor": 0.5,
                        "benignCost": 0.01,
                        "benignCeiling": 0.05,
                        "trials": 100,
                        "seed": 7,
                        "strength": "empirically robust",
                    },
                    "baselineState": "new",
                },
                {
                    "ruleId": "AML.M0016/AML.T0011.000",
                    "ruleIndex": 2,
                    "kind": "fail",
                    "level": "error",
                    "message": {"text": "failed: drop of at least 0.1"},
                    "taxa": [{"id": "AML.T0011.000", "index": 2, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "control": "vulnerability-scanning",
                        "experiment": "gated-loader",
                        "attack": "a pickle runs a command",
                        "metric": "attack success rate",
                        "off": 1.0,
                        "on": 0.8,
                        "adaptive": None,
                        "dropLow": 0.1,
                        "dropHigh": 0.2,
                        "floor": 0.5,
                        "benignCost": 0.01,
                        "benignCeiling": 0.05,
                        "trials": 100,
                        "seed": 7,
                        "strength": "empirically robust",
                    },
                    "baselineState": "new",
                },
                {
                    "ruleId": "AML.M0016/AML.T0011.001",
                    "ruleIndex": 3,
                    "kind": "open",
                    "level": "none",
                    "message": {"text": "inconclusive: no attack with the control off"},
                    "taxa": [{"id": "AML.T0011.001", "index": 3, "toolComponent": {"name": "MITRE ATLAS", "index": 0}}],
                    "properties": {
                        "control": "vulnerability-scanning",
                        "experiment": "gated-loader",
                        "attack": "a pickle runs a command",
                        "metric": "attack success rate",
                        "off": 1.0,
                        "on": 0.0,
                        "adaptive": None,
                        "dropLow": 0.9,
                        "dropHigh": 1.0,
                        "floor": 0.5,
                        "benignCost": 0.01,
                        "benignCeiling": 0.05,
                        "trials": 100,
                        "seed": 7,
                        "strength": "empirically robust",
                    },
                    "baselineState": "new",
                },
            ],
            "taxonomies": [
                {
                    "name": "MITRE ATLAS",
                    "organization": "MITRE",
                    "informationUri": "https://atlas.mitre.org/",
                    "shortDescription": {"text": "Adversarial Threat Landscape for Artificial-Intelligence Systems"},
                    "isComprehensive": False,
                    "taxa": [
                        {"id": "AML.T0010"},
                        {"id": "AML.T0011"},
                        {"id": "AML.T0011.000"},
                        {"id": "AML.T0011.001"},
                    ],
                }
            ],
            "properties": {
                "policyDigest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "policyFile": "",
                "policyLiesWithin": False,
                "policyLoosens": [],
                "elapsedSeconds": 0.125,
            },
        }
    ],
}
