"""`telamon check --cache` says what it says without."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_check_says_the_same_with_and_without_a_cache(cli: Callable, folder: Path) -> None:
    hostile = b"cposix\nsystem\n(S'touch trojan'\ntR."
    (folder / "a.pkl").write_bytes(hostile)
    (folder / "b.pkl").write_bytes(pickle.dumps({"a": 1}))
    plain = cli("check", "a.pkl", "b.pkl", "--format", "text")
    first, second = (cli("check", "a.pkl", "b.pkl", "--format", "text", "--cache", "cache") for _ in range(2))
    assert (plain.code, first.code, second.code) == (1, 1, 1)
    assert plain.out == first.out == second.out
    assert len(list((folder / "cache").iterdir())) == 3


def test_others_folder_is_no_cache(cli: Callable, folder: Path) -> None:
    (folder / "b.pkl").write_bytes(pickle.dumps({"a": 1}))
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o777)
    ended = cli("check", "b.pkl", "--cache", "shared")
    assert (ended.code, ended.out) == (2, "")
    assert "expected a folder that only you can write to, `shared` is not" in ended.err
