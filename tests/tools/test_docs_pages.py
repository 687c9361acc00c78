"""The pages of the docs that are written from the code."""

from __future__ import annotations

import docs_pages
from telamon.cli.error_pages import pages


def test_every_error_code_has_one_row_with_what_to_do() -> None:
    rows = [row for row in docs_pages.errors_page().splitlines() if row.startswith("| `")]
    codes = [row.split("|")[1].strip(" `") for row in rows]
    assert codes == list(pages().codes)
    assert codes.count("ledger") == 1
    assert all(row.count("|") == 5 and row.split("|")[4].strip() for row in rows)  # four columns
