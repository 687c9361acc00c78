"""The examples in docstrings do what they say (house rule 10).

They are found by walking the package as it is installed: pytest's own collection of doctests imports every module a
second time under another name, and tests that patch a module would then patch the wrong one.
"""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import telamon

MODULES = [
    found.name
    for found in pkgutil.walk_packages(telamon.__path__, "telamon.")
    if ".tests" not in found.name and not found.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(import_module(name)) if test.examples]
    assert len(found) > 20
