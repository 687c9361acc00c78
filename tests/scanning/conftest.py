"""The checker on bytes and on files, and a child process that tells what a scan costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from telamon.controls.artifact.vulnerability_scanning.checker import VulnerabilityScanningChecker
from telamon.controls.artifact.vulnerability_scanning.settings import VulnerabilityScanningSettings
from telamon.core.records import Finding, Outcome
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Checked:
    outcome: Outcome
    findings: tuple[Finding, ...]


@pytest.fixture
def check_file() -> Callable[[Path], Checked]:
    """Runs the checker over one file; its contract is to raise nothing and to end with one outcome."""
    checker = VulnerabilityScanningChecker(VulnerabilityScanningSettings())

    def call(path: Path) -> Checked:
        *findings, outcome = checker.check(Subject(kind=SubjectKind.FILE, name="subject", path=path))
        assert isinstance(outcome, Outcome)
        assert all(isinstance(finding, Finding) for finding in findings)
        assert all(finding.remedy and finding.location.path == "subject" for finding in findings)
        return Checked(outcome=outcome, findings=tuple(findings))

    return call


@pytest.fixture
def check_bytes(check_file: Callable[[Path], Checked], tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """Runs the checker over one file with that content."""
    path = tmp_path_factory.mktemp("bytes") / "subject"

    def call(content: bytes) -> Checked:
        path.write_bytes(content)
        return check_file(path)

    return call


@dataclass(frozen=True, kw_only=True)
class Cost:
    code: int
    document: dict
    cpu_s: float
    peak_bytes: int
    err: str


MEASURE = """
import json, os, resource, sys
from telamon.cli.main import run
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
start = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
code = run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
# Not `ru_maxrss`: on Linux it begins with what the parent had when it forked.
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
peak = int(status["VmHWM"].split()[0]) * 1024
print(json.dumps([int(code), sum(used[:2]) - start, peak]), file=sys.stderr)
"""


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., Cost]:
    """Scans paths by the command line in a child process and tells what that cost."""
    policy = tmp_path / "telamon.yaml"
    policy.write_text("version: 1\n")

    def call(*words: object, seconds: float = 120) -> Cost:
        arguments = ["check", "--format", "json", "--jobs", "1", "--policy", str(policy), *map(str, words)]
        done = subprocess.run(  # noqa: S603  # the program is ours
            [sys.executable, "-c", MEASURE, *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith("TELAMON_")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        *complaints, last = done.stderr.splitlines()
        code, cpu_s, peak_bytes = json.loads(last)
        document = json.loads(done.stdout) if done.stdout else {}
        return Cost(code=code, document=document, cpu_s=cpu_s, peak_bytes=peak_bytes, err="\n".join(complaints))

    return call
