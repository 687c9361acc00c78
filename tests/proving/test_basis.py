"""The basis of a proof: the control's settings without the mode, and the versions."""

from __future__ import annotations

from dataclasses import replace

from telamon import atlas
from telamon.core.records import Mode, Severity
from telamon.core.settings import Settings
from telamon.proving.basis import basis_of


def test_mode_does_not_count() -> None:
    release = atlas.load()
    assert basis_of(Settings(mode=Mode.SHADOW), release) == basis_of(Settings(mode=Mode.ENFORCE), release)


def test_other_settings_and_the_release_count() -> None:
    release = atlas.load()
    basis = basis_of(Settings(), release)
    assert basis.atlas == release.version
    assert basis_of(Settings(fail_at=Severity.LOW), release).settings != basis.settings
    assert basis_of(Settings(), replace(release, version="5.7")) == replace(basis, atlas="5.7")
