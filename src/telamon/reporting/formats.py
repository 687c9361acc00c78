"""Writes a report in the format that was asked for; loads no other format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

if TYPE_CHECKING:
    from telamon.reporting.report import Report


class Format(StrEnum):
    """The formats that a report is written in."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is written; the other formats have no choices.

    Attributes:
        color: With ANSI colours; whether the terminal wants them is for the caller to decide.
        verbose: With clean subjects, and with all details of what does not fail the run.
    """

    color: bool = False
    verbose: bool = False


PLAIN: Final = Style()


# One import a branch: `telamon check` pays for the one format that it writes (start-up budget).
def render(report: Report, output_format: Format, *, style: Style = PLAIN) -> str:
    """Return `report` in `output_format`; it ends with a newline and shows the exit code.

    What `text` and `github` return is safe on a terminal and in the log of a build server, whatever the report holds.
    """
    match output_format:
        case Format.TEXT:
            from telamon.reporting import text_format

            return text_format.write(report, style=style)
        case Format.JSON:
            from telamon.reporting import json_format

            return json_format.write(report)
        case Format.SARIF:
            from telamon.reporting import sarif_format

            return sarif_format.write(report)
        case Format.JUNIT:
            from telamon.reporting import junit_format

            return junit_format.write(report)
        case Format.MARKDOWN:
            from telamon.reporting import markdown_format

            return markdown_format.write(report)
        case Format.GITHUB:
            from telamon.reporting import github_format

            return github_format.write(report)
        case _:
            assert_never(output_format)
