"""The library's own door: a file is opened for a loader only if the guards let it be loaded."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

import telamon
from telamon import catalog
from telamon.kits.formats.source import SourceError
from telamon.policy import load

if TYPE_CHECKING:
    from pathlib import Path

    from telamon.policy import Policy

TROJAN = b"cos\nsystem\n(S'true'\ntR."


def test_a_harmless_model_is_opened_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    with telamon.open_checked(path) as file:
        assert pickle.load(file) == {"weights": [1.0, 2.0]}


def test_a_trojan_is_not_opened_and_the_error_says_why(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(TROJAN)
    with pytest.raises(telamon.DeniedError, match=r"vulnerability-scanning: calls os.system\('true'\)") as caught:
        telamon.open_checked(path)
    [ruling] = caught.value.combined.rulings
    assert [finding.rule for finding in ruling.decision.findings] == ["M0016/dangerous-call"]


def test_what_is_not_understood_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x95")
    with pytest.raises(telamon.DeniedError):
        telamon.open_checked(path)


def test_a_file_that_is_exchanged_afterwards_is_not_what_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps("judged"))
    with telamon.open_checked(path) as file:
        path.write_bytes(TROJAN)
        assert pickle.load(file) == "judged"


def test_shadow_mode_lets_everything_pass(tmp_path: Path, shadow: Policy) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(TROJAN)
    with telamon.open_checked(path, policy=shadow) as file:
        assert file.read() == TROJAN


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        telamon.open_checked(tmp_path / "nothing.pkl")


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="module `telamon` has no attribute `nothing`"):
        telamon.nothing  # noqa: B018  # the access is the test


@pytest.fixture
def shadow(tmp_path: Path) -> Policy:
    path = tmp_path / "telamon.yaml"
    path.write_text("version: 1\ncontrols: {vulnerability-scanning: {mode: shadow}}\n")
    return load(path, catalog.load())
