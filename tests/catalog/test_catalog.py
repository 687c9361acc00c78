"""The catalogue finds controls by walking, and those of other packages by their entry points."""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from telamon import catalog
from telamon.catalog import BrokenControlError, Catalog, UnknownControlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Installer

MANIFEST = '''"""Guards the {name}.

More words.
"""
from telamon.core.control import Control

class {name}(Control):
    name = "{name}"
    mitigation = "AML.M9{number:03}"
'''


def manifest(name: str, number: int = 0) -> str:
    return MANIFEST.format(name=name, number=number)


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Catalog]]:
    """Walk a folder of wings in place of telamon's own."""
    controls = importlib.import_module("telamon.controls")

    def walker(**modules: str) -> Catalog:
        for path, source in modules.items():
            file = tmp_path.joinpath(*path.split("__")).with_suffix(".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            for folder in (file.parent, *file.parent.parents):
                if folder != tmp_path and folder.is_relative_to(tmp_path):
                    (folder / "__init__.py").touch()
            file.write_text(source)
        monkeypatch.setattr(controls, "__path__", [str(tmp_path)])
        return catalog.load()

    yield walker
    for name in [name for name in sys.modules if name.startswith("telamon.controls.walked")]:
        del sys.modules[name]
    for name in [name for name in vars(controls) if name.startswith("walked")]:
        delattr(controls, name)


def test_finds_the_controls_of_this_package() -> None:
    listed = catalog.load().find("vulnerability-scanning")
    assert listed.control.mitigation == "AML.M0016"
    assert listed.wing == "artifact"
    assert listed.origin == "telamon.controls.artifact.vulnerability_scanning"
    assert listed.page.startswith(listed.summary + "\n\n## What it does\n")


@pytest.mark.parametrize("name", ["vulnerability-scanning", "AML.M0016", "M0016"])
def test_finds_by_name_by_mitigation_and_by_short_id(name: str) -> None:
    assert catalog.load().find(name).control.name == "vulnerability-scanning"


@pytest.mark.parametrize("name", ["", "AML.", "M9999", "vulnerability_scanning", "AML.AML.M0016"])
def test_finds_nothing_by_another_name(name: str) -> None:
    with pytest.raises(UnknownControlError) as caught:
        catalog.load().find(name)
    assert caught.value.message == f"no control is called `{name}`"
    assert caught.value.hint == "`telamon list` shows all controls"


def test_finds_the_control_of_a_rule() -> None:
    found = catalog.load().rule("M0016/unknown-call")
    assert found is not None
    listed, rule = found
    assert (listed.control.name, rule.id) == ("vulnerability-scanning", "M0016/unknown-call")
    assert catalog.load().rule("M0016/none") is None
    assert Catalog(own=()).rule("M0016/unknown-call") is None


def test_walks_wings_in_the_order_of_mitigations(walk: Callable[..., Catalog]) -> None:
    found = walk(
        walked_b__second=manifest("second", 2),
        walked_b__first=manifest("first", 1),
        walked_a__third=manifest("third", 3),
        walked_loose="VALUE = 1",
    )
    assert [(listed.control.name, listed.wing) for listed in found] == [
        ("first", "walked_b"),
        ("second", "walked_b"),
        ("third", "walked_a"),
    ]
    assert found.own[0].page == "Guards the first.\n\nMore words."


@pytest.mark.parametrize(
    ("source", "count"),
    [("", 0), ("from telamon.core.control import Control", 0), (manifest("one") + manifest("two"), 2)],
)
def test_refuses_a_folder_without_exactly_one_manifest(source: str, count: int, walk: Callable[..., Catalog]) -> None:
    with pytest.raises(BrokenControlError) as caught:
        walk(**{f"walked_with_{count}_{len(source)}__room": source})
    expected = f"expected one manifest in `telamon.controls.walked_with_{count}_{len(source)}.room`, found {count}"
    assert caught.value.message == expected
    assert caught.value.hint == (
        "a control's `__init__.py` defines exactly one subclass of `telamon.core.control.Control`"
    )


def test_finds_the_controls_of_other_packages(install: Installer) -> None:
    install("gate = catalog_gate:Gate", catalog_gate=manifest("Gate", 5))
    found = catalog.load()
    assert [(listed.control.name, listed.wing, listed.origin) for listed in found.third_party] == [
        ("Gate", "third-party", "catalog_gate")
    ]
    assert found.find("Gate").summary == "Guards the Gate."
    assert found.find("M9005").control.name == "Gate"
    assert "Gate" not in {listed.control.name for listed in found}


RULES = """
    def rules(self):
        from telamon.core.records import Rule, Severity
        return (Rule(id="M9005/open-gate", summary="s", severity=Severity.LOW, description="d", remedy="r"),)
"""


def test_finds_the_rule_of_another_package(install: Installer) -> None:
    install("gate = catalog_gate:Gate", catalog_gate=manifest("Gate", 5) + RULES)
    found = catalog.load().rule("M9005/open-gate")
    assert found is not None
    assert (found[0].origin, found[1].id) == ("catalog_gate", "M9005/open-gate")
    assert catalog.load().rule("M9005/none") is None


def test_a_policy_drives_what_it_names_of_other_packages(install: Installer) -> None:
    both = manifest("Gate", 5) + manifest("Other", 6).partition('"""\n')[2]
    install("gate = catalog_gate:Gate\nother = catalog_gate:Other", catalog_gate=both)
    found = catalog.load()
    own = {listed.control.name: None for listed in found.own}
    assert found.every(SimpleNamespace(controls=own)) == found.own
    assert found.every(SimpleNamespace(controls={})) == found.own
    assert [listed.control.name for listed in found.every(SimpleNamespace(controls=own | {"Gate": None}))] == [
        *own,
        "Gate",
    ]


def test_a_policy_without_other_packages_does_not_look_for_them(install: Installer) -> None:
    install("gate = catalog_none:Gate")
    found = catalog.load()
    assert found.every(SimpleNamespace(controls={})) == found.own
    with pytest.raises(BrokenControlError):
        found.every(SimpleNamespace(controls={"Gate": None}))


@pytest.mark.parametrize(
    ("value", "source", "message"),
    [
        ("catalog_none:Gate", "", "entry point `gate` does not load: No module named 'catalog_none'"),
        (
            "catalog_gate:Missing",
            "",
            "entry point `gate` does not load: module 'catalog_gate' has no attribute 'Missing'",
        ),
        ("catalog_gate:Gate", "raise ZeroDivisionError('at import')", "entry point `gate` does not load: at import"),
        ("catalog_gate:Gate", "def Gate(): pass", "entry point `gate` = `catalog_gate:Gate` names no control"),
        ("catalog_gate:Gate", "class Gate: pass", "entry point `gate` = `catalog_gate:Gate` names no control"),
        (
            "catalog_gate:Gate",
            manifest("Gate") + "    def __init__(self): raise OSError('at work')\n",
            "entry point `gate` does not load: at work",
        ),
        (
            "catalog_gate:Gate",
            manifest("Gate") + "    name = 'vulnerability-scanning'\n",
            "entry point `gate` = `catalog_gate:Gate` takes the name `vulnerability-scanning` again",
        ),
    ],
)
def test_names_the_entry_point_that_is_broken(value: str, source: str, message: str, install: Installer) -> None:
    install(f"gate = {value}", catalog_gate=source)
    found = catalog.load()
    assert found.find("M0016").control.name == "vulnerability-scanning"  # its own do not suffer
    with pytest.raises(BrokenControlError) as caught:
        found.find("Gate")
    assert caught.value.message == message


def test_refuses_two_packages_with_one_name(install: Installer) -> None:
    install("a = catalog_gate:Gate\nb = catalog_gate:Gate", catalog_gate=manifest("Gate"))
    with pytest.raises(BrokenControlError) as caught:
        assert catalog.load().third_party
    assert caught.value.message == "entry point `b` = `catalog_gate:Gate` takes the name `Gate` again"
