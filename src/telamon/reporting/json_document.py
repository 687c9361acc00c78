"""Writes JSON documents that every reader takes and no build server obeys (RFC 8259)."""

from __future__ import annotations

import json
import math
import re
from typing import Final

from telamon.kits.text.display import well_formed

# GitHub's runner and Azure's agent obey `##[command]` and `##vso[command]` anywhere in a line of a log. Outside of
# strings JSON has no `#`, and inside `\u0023` is the same character.
_SERVER_COMMAND: Final = re.compile(r"##(?=\w*\[)")


def dumps(document: object) -> str:
    """Return `document` as indented ASCII with a final newline, keys in their order, lone surrogates escaped.

    Raises:
        ValueError: A number is not finite; `finite` is for those.
    """
    text = _encode(document)
    if "\\ud" in text:  # perhaps a lone surrogate, perhaps one half of a character beyond the basic plane
        text = _encode(_well_formed(document))
    return _SERVER_COMMAND.sub(r"#\\u0023", text) + "\n"


def finite(value: float) -> float | None:
    """Return `value`, or `None` where it is infinite or no number, which JSON cannot say."""
    return value if math.isfinite(value) else None


def _encode(value: object) -> str:
    return json.dumps(value, indent=2, allow_nan=False)


def _well_formed(value: object) -> object:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_well_formed(item) for item in value]
    return value
