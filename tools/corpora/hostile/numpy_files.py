"""NumPy files whose arrays hold objects, which are pickled."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final

from corpora.assembly import harmless, model, shell
from corpora.case import Case, Technique
from corpora.hostile.envelopes import npy, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUMBERS: Final = npy(bytes(64), "'<f8'", "(8,)")
LAYOUTS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "object-scalar": npy,
    "object-vector": lambda pickle: npy(pickle, shape="(3,)"),
    "object-with-size": lambda pickle: npy(pickle, "'|O8'"),
    "object-other-byte-order": lambda pickle: npy(pickle, "'>O'"),
    "object-in-double-quotes": lambda pickle: npy(pickle, '"O"'),
    "version-2": lambda pickle: npy(pickle, version=2),
    "version-3": lambda pickle: npy(pickle, version=3),
    "structured": lambda pickle: npy(pickle, "[('weight', '<f8'), ('name', '|O')]", "(2,)"),
    "structured-version-3": lambda pickle: npy(pickle, "[('a', '<f8'), ('b', '|O')]", "(2,)", 3),
    "structured-within-structured": lambda pickle: npy(pickle, "[('a', [('b', '<i4'), ('c', '|O')])]", "(2,)"),
    "sub-array-of-objects": lambda pickle: npy(pickle, "[('a', '|O', (2,))]", "(2,)"),
    "pickle-called-npy": lambda pickle: pickle,
    "npz": lambda pickle: zip_of({"a.npy": NUMBERS, "b.npy": npy(pickle)}),
    "npz-deflated": lambda pickle: zip_of({"a.npy": NUMBERS, "b.npy": npy(pickle)}, method=zipfile.ZIP_DEFLATED),
    "npz-member-without-suffix": lambda pickle: zip_of({"weights": npy(pickle)}),
    "npz-in-a-folder": lambda pickle: zip_of({"x/y/z.npy": npy(pickle, version=2)}),
    "npz-within-npz": lambda pickle: zip_of({"a.npy": NUMBERS, "inner.npz": zip_of({"b.npy": npy(pickle)})}),
}


def cases() -> Iterator[Case]:
    """Yield each layout with its twin."""
    for name, layout in LAYOUTS.items():
        suffix = "npz" if name.startswith("npz") else "npy"
        yield Case(
            name=name,
            technique=Technique.NUMPY,
            data=layout(model(shell(2))),
            twin=layout(model(harmless(2))),
            file_name=f"array.{suffix}",
        )
