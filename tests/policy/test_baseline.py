"""Baselines are written whole, read back, and refused when they are damaged."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon import __version__
from telamon.core.records import Confidence, Finding, Location, Severity
from telamon.policy import BaselineError, baseline

if TYPE_CHECKING:
    from pathlib import Path

FINDING = Finding(
    rule="M0016/unknown-call",
    message="calls a.b",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    location=Location(path="models/a.pkl", member="x", offset=3),
    remedy="do not",
)
OTHER = replace(FINDING, location=Location(path="b\udcff.pkl"), message="names c\ud800")


def test_writes_a_sorted_file_that_a_person_can_read(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.write(file, [FINDING, OTHER])
    assert (
        file.read_text(encoding="ascii")
        == f"""{{
  "version": 1,
  "written_by": "telamon {__version__}",
  "findings": [
    {{
      "fingerprint": "{OTHER.fingerprint}",
      "rule": "M0016/unknown-call",
      "location": "b\\\\xff.pkl",
      "message": "names c\\\\ud800"
    }},
    {{
      "fingerprint": "{FINDING.fingerprint}",
      "rule": "M0016/unknown-call",
      "location": "models/a.pkl!x@3",
      "message": "calls a.b"
    }}
  ]
}}
"""
    )


def test_knows_what_was_written_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    baseline.write(file, [FINDING])
    known = baseline.read(file)
    assert FINDING.fingerprint in known
    assert OTHER.fingerprint not in known
    baseline.write(file, [])
    assert baseline.read(file).fingerprints == frozenset()


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), max_size=5))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, words: list[tuple[str, str, str]]) -> None:
    findings = [
        replace(FINDING, message=message, location=Location(path=path, member=member))
        for message, path, member in words
    ]
    file = tmp_path_factory.getbasetemp() / "baseline.json"
    baseline.write(file, findings)
    assert baseline.read(file).fingerprints == {finding.fingerprint for finding in findings}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{",
        b'{"version": 2, "findings": []}',
        b'{"version": true, "findings": []}',
        b'{"version": 1}',
        b'{"version": 1, "findings": {}}',
        b'{"version": 1, "findings": [{}]}',
        b'{"version": 1, "findings": [{"fingerprint": 1}]}',
        b'{"version": 1, "findings": [{"fingerprint": ""}]}',
        b'{"version": 1, "findings": [{"fingerprint": "\xff"}]}',
        b'{"version": 1, "findings": [{"fingerprint": "' + b"0" * 31 + b'Z"}]}',
        b'{"version": 1, "findings": [{"fingerprint": "' + b"0" * 32 + b'\\n"}]}',
        b'{"version": 1, "findings": [], "other": ' + b"[" * 100_000,
    ],
)
def test_refuses_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_bytes(content)
    with pytest.raises(BaselineError) as caught:
        baseline.read(file)
    assert caught.value.message == f"expected a baseline of version 1 in `{file}`, found something else"
    assert caught.value.hint == "`telamon check --write-baseline` writes one"


def test_refuses_a_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    with file.open("wb") as sparse:
        sparse.truncate(baseline.MAX_BYTES + 1)
    with pytest.raises(BaselineError) as caught:
        baseline.read(file)
    assert caught.value.message == f"expected a baseline of at most 67108864 bytes in `{file}`, found more"


def test_says_that_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(BaselineError) as caught:
        baseline.read(tmp_path / "none")
    assert caught.value.message == f"cannot read the baseline `{tmp_path / 'none'}`: No such file or directory"


def test_does_not_wait_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BaselineError) as caught:
        baseline.read(tmp_path / "pipe")
    assert caught.value.message == f"cannot read the baseline `{tmp_path / 'pipe'}`: not a regular file"


def test_leaves_what_was_there_when_writing_fails(tmp_path: Path) -> None:
    target = tmp_path / "baseline.json"
    target.mkdir()
    (target / "kept").touch()
    with pytest.raises(BaselineError) as caught:
        baseline.write(target, [FINDING])
    assert caught.value.message == f"cannot write the baseline `{target}`: Is a directory"
    assert os.listdir(tmp_path) == ["baseline.json"]  # noqa: PTH208  # names only
    assert (target / "kept").exists()


def test_says_that_it_cannot_write(tmp_path: Path) -> None:
    file = tmp_path / "no" / "baseline.json"
    with pytest.raises(BaselineError) as caught:
        baseline.write(file, [])
    assert caught.value.message == f"cannot write the baseline `{file}`: No such file or directory"


def test_does_not_replace_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BaselineError, match="found something else"):
        baseline.write(pipe, [])
    assert pipe.is_fifo()
