"""`telamon explain CODE`: every error that can be raised has a page, which comes from its class."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import TYPE_CHECKING

import pytest

import telamon
from telamon import catalog
from telamon.cli.error_pages import ErrorPages, pages
from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def below(kind: type[TelamonError]) -> Iterator[type[TelamonError]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


@pytest.fixture(scope="module")
def classes() -> set[type[TelamonError]]:
    """Every public error class of the package, by importing all of it."""
    for module in pkgutil.walk_packages(telamon.__path__, "telamon."):
        if ".tests" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {TelamonError, *below(TelamonError)}
    return {
        kind
        for kind in found
        if kind.__module__.startswith("telamon.") and ".tests" not in kind.__module__ and kind.__name__[0] != "_"
    }


def test_there_is_a_page_for_every_error_and_no_other(classes: set[type[TelamonError]]) -> None:
    expected = sorted((kind.code, kind.exit_code) for kind in classes)
    assert [(page.code, page.exit_code) for page in pages()] == expected


def test_no_two_errors_have_one_code(classes: set[type[TelamonError]]) -> None:
    assert len({kind.code for kind in classes}) == len(classes)


def test_every_page_says_what_happened_and_what_to_do() -> None:
    for page in pages():
        assert re.fullmatch(r"[A-Z][^:]*\.|[A-Z].*[^:]\.", page.meaning, re.DOTALL), page.code
        assert page.remedy.endswith("."), page.code
        assert not re.search("Args:|Attributes:|Remedy:", page.meaning + page.remedy), page.code


def test_no_error_is_called_as_a_control_is() -> None:
    assert not {listed.control.name for listed in catalog.load()} & set(pages().codes)


@pytest.mark.parametrize("topic", ["baseline", "error[baseline]"])
def test_explain_shows_the_page_of_an_error(cli: Callable, topic: str) -> None:
    ended = cli("explain", topic)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "error[baseline] (exit code 2)\n\n"
        "A baseline file cannot be read or written.\n\n"
        "Remedy: Name a file that can be read and written; `telamon check --write-baseline FILE` makes a new one.\n"
    )


@pytest.mark.parametrize("topic", ["ledger-bussy", "error[ledger-bussy]"])
def test_explain_names_the_nearest_code(cli: Callable, topic: str) -> None:
    ended = cli("explain", topic)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error[usage]: nothing is called `{topic}`\n  hint: did you mean `ledger-busy`?\n"


@pytest.mark.parametrize("code", ["no-room", "internal"])
def test_what_only_the_command_line_says_has_a_page_too(cli: Callable, code: str) -> None:
    assert cli("explain", code).out.startswith(f"error[{code}] (exit code ")


def test_takes_the_exit_code_of_the_base_where_a_class_sets_none(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "more.py").write_text('class Tested(Base):\n    """A."""\n\n    code = "tested"\n')
    (tmp_path / "a.py").write_text(
        'class Base(Exception):\n    """Base.\n\n    Remedy: One\n    two.\n\n    Args:\n        x: Y.\n    """\n\n'
        '    code: ClassVar[str] = "base"\n    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RUN\n\n\n'
        'class _Private(Base):\n    """Private."""\n\n    code = "private"\n\n\n'
        'class Other(Exception):\n    """No code."""\n'
    )
    (tmp_path / "b.py").write_text('class Own(Base):\n    """Own.\n\n    Remedy: R.\n    """\n\n    code = "own"\n')
    found = [(page.code, int(page.exit_code), page.meaning, page.remedy) for page in ErrorPages(folder=tmp_path)]
    assert found == [("base", 3, "Base.", "One two."), ("own", 3, "Own.", "R.")]
    assert ErrorPages(folder=tmp_path).find("private") is None
