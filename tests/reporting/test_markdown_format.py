"""Markdown: the specimen whole, and that nothing untrusted leaves its code span."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from telamon.reporting.formats import Format, render
from telamon.reporting.markdown_format import code

if TYPE_CHECKING:
    from telamon.reporting.report import Report

BLOCKS = {
    "heading", "paragraph", "inline", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SUMMARY = (
    "5 files checked: 1 malicious, 1 suspicious, 1 not understood, 1 clean, 1 with nothing to judge; "
    "3 findings (1 critical, 1 low, 1 info; 1 below the gate, 1 in shadow mode), 1 waived, 1 in the baseline; "
    "3 proofs: 1 passed, 1 failed, 1 inconclusive; 2 failures; 1 expired waiver; exit 1"
)
EXPECTED = f"""\
## telamon check: exit 1

{SUMMARY}

### Findings

- **critical** `M0016/dangerous-call` at `a/evil model.pt!archive/data.pkl@12`: `calls os.system('id') when loaded`
  - evidence: `REDUCE of posix.system`
  - remedy: `convert to safetensors`
  - ATLAS: `AML.T0011.000`
- **low** `M0016/dangerous-call` at `d.pkl@2`: `calls os.system('id') when loaded`
  - remedy: `convert to safetensors`
  - ATLAS: `AML.T0011.000`
  - note: `below the gate`
- **info** `M0016/dangerous-call` at `e.pkl@2`: `calls os.system('id') when loaded`
  - remedy: `convert to safetensors`
  - ATLAS: `AML.T0011.000`
  - note: `the control is in shadow mode`

### Not judged

- **`not-checked`** `locked`: `permission denied`
- **`not-checked[vulnerability-scanning]`** `f.pkl`: `worker died`
- **not understood** by `vulnerability-scanning`: `odd\\x1b[2J\\xff.bin`
  - why: `the tail is cut off at byte 9`

### Proofs

| pair | off | on | adaptive | drop | floor | benign cost | verdict |
| --- | --- | --- | --- | --- | --- | --- | --- |
| `AML.M0016/AML.T0011` | 1 (0.5..1) | 0 (0..0) | 0.1 (0.05..0.1) | 0.9..1 | 0.5 | 0.01 (at most 0.05) | **passed** |
| `AML.M0016/AML.T0011.000` | 1 (0.5..1) | 0.8 (0.4..0.8) | - | 0.1..0.2 | 0.5 | 0.01 (at most 0.05) | **failed** |
| `AML.M0016/AML.T0011.001` | 1 (0.5..1) | 0 (0..0) | - | 0.9..1 | 0.5 | 0.01 (at most 0.05) | **inconclusive** |

### Attacks

- `AML.M0016/AML.T0011`: `a pickle runs a command`
  - passed: `drop of at least 0.9`
- `AML.M0016/AML.T0011.000`: `a pickle runs a command`
  - failed: `drop of at least 0.1`
- `AML.M0016/AML.T0011.001`: `a pickle runs a command`
  - inconclusive: `no attack with the control off`

### Waived and in the baseline

- high `M0016/dangerous-call` at `b/script.py:3:5`: `calls os.system('id') when loaded`
  - note: `waived by ops until 2030-01-01: test data`
- medium `M0016/dangerous-call` at `c.pkl@2`: `calls os.system('id') when loaded`
  - note: `in the baseline`

### Expired waivers

- `ops, 2020-01-01: old data`
"""


def test_writes_the_specimen_whole(specimen: Report) -> None:
    assert render(specimen, Format.MARKDOWN) == EXPECTED


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("", ""),
        (" ", ""),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("``a", "``` ``a ```"),
        (" a", "`  a `"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_fences_code_spans_with_more_backticks_than_they_hold(text: str, span: str) -> None:
    assert code(text) == span


def test_keeps_pipes_out_of_the_cells_of_tables(specimen: Report) -> None:
    report = replace(specimen, proofs=(replace(specimen.proofs[0], technique="a|b"),))
    assert "| `AML.M0016/a\\x7cb` | 1 (0.5..1) |" in render(report, Format.MARKDOWN)


def test_counts_what_does_not_fit_into_a_comment(specimen: Report) -> None:
    report = replace(specimen, findings=specimen.findings[:1] * 1_000)
    text = render(report, Format.MARKDOWN)
    shown = text.count("- **critical**")
    assert 0 < shown < 1_000
    assert f"- and {1_000 - shown} more\n" in text
    assert len(text) < 65_536
    assert text.count(" more\n") == 1
    assert text.endswith("### Expired waivers\n\n- `ops, 2020-01-01: old data`\n")


def test_long_lists_share_the_room(specimen: Report) -> None:
    report = replace(specimen, findings=specimen.findings[:2] * 1_000, expired=("x",) * 10_000)
    text = render(report, Format.MARKDOWN)
    assert text.count(" more\n") == 3
    assert 55_000 < len(text) < 65_536


@given(data=st.data())
def test_shows_what_is_untrusted_in_code_spans_only(
    hostile_reports: st.SearchStrategy[Report], data: st.DataObject
) -> None:
    report = data.draw(hostile_reports)
    text = render(report, Format.MARKDOWN)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert {token.type for token in inline} <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in tokens} <= BLOCKS
    assert not [token.content for token in inline if token.type == "text" and "\xa4" in token.content]
