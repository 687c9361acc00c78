"""What holds for every format."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from telamon.reporting.formats import Format, render

if TYPE_CHECKING:
    from telamon.reporting.report import Report


def test_the_formats_on_offer_are_those_of_the_design() -> None:
    assert [output_format.value for output_format in Format] == ["text", "json", "sarif", "junit", "markdown", "github"]


def test_refuses_what_is_no_format(specimen: Report) -> None:
    with pytest.raises(AssertionError, match="pdf"):
        render(specimen, "pdf")  # type: ignore[arg-type]  # the mistake


def test_writing_text_loads_no_other_format() -> None:
    program = (
        "import sys\n"
        "import types\n"
        "from telamon.reporting.formats import Format, render\n"
        "from telamon.reporting.report import Report\n"
        "policy = types.SimpleNamespace(file=None, digest='')\n"
        "render(Report(command='check', version='1', policy=policy), Format.TEXT)\n"
        "print(sorted(name for name in sys.modules if name in {'json', 'rich', 'unicodedata', 'urllib.parse'}\n"
        "    or name.startswith('telamon.reporting.') and name.endswith('_format')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # our own program
    assert done.stdout == "['telamon.reporting.text_format']\n"


# GitHub's runner obeys `::command::` at the start of a line and `##[command]` anywhere in it, Azure's agent
# `##vso[command]` anywhere.
@settings(max_examples=50)
@given(data=st.data())
def test_gives_build_servers_nothing_to_obey(hostile_reports: st.SearchStrategy[Report], data: st.DataObject) -> None:
    report = data.draw(hostile_reports)
    for output_format in Format:
        text = render(report, output_format)
        assert not re.search(r"##\w*\[", text)
        assert text.encode()
        if output_format is not Format.GITHUB:
            assert not re.search(r"^\s*::", text, re.MULTILINE)
