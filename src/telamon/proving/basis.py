"""The basis of a proof: what it depends on, so that nothing else makes it stale."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from telamon import __version__
from telamon.core.proofs import Basis
from telamon.kits.text import canonical_json

if TYPE_CHECKING:
    from telamon.atlas import Release
    from telamon.core.settings import Settings


def basis_of(settings: Settings, release: Release) -> Basis:
    """Return what a proof of a control with these settings depends on.

    The mode does not count: a proof has the control off in one arm and enforcing in the other, whatever the policy
    does with it. Neither does the rest of the policy, such as waivers or other controls.
    """
    fields = msgspec.json.decode(msgspec.json.encode(settings, enc_hook=str))
    fields.pop("mode")
    digest = hashlib.sha256(canonical_json.encode(fields)).hexdigest()
    return Basis(settings=f"sha256:{digest}", telamon=__version__, atlas=release.version)
