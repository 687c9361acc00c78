"""One ordinary file and how to write it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """One ordinary file.

    Attributes:
        name: Of the file.
        write: Writes it to a path.
    """

    name: str
    write: Callable[[Path], object]


def pickled(name: str, value: object, protocol: int = 4) -> Artefact:
    """Return the artefact that is the pickle of a value."""
    return Artefact(name=name, write=lambda path: path.write_bytes(pickle.dumps(value, protocol)))


def written(name: str, content: bytes) -> Artefact:
    """Return the artefact that is those bytes."""
    return Artefact(name=name, write=lambda path: path.write_bytes(content))
