"""From the addresses that a user names to subjects that checkers take."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon.core.errors import UsageError
from telamon.core.subjects import Subject, SubjectKind
from telamon.kits.remote.http import HttpFile, check_address, shown
from telamon.kits.remote.hub import Hub
from telamon.kits.remote.stores import SCHEMES, StoredObject, stored_files
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from telamon.core.subjects import Reader


NOWHERE: Final = Path(os.devnull)  # what has no place here


def subjects_at(address: str) -> Iterator[Subject]:
    """Yield what lies at an address: a file of a web server, the files of a hub's repository, objects of a store.

    Hubs and stores are asked for their lists at once, the files when they are read.

    Raises:
        UsageError: It is no address that can be read.
        MissingExtraError: The extra `remote` is not installed.
        SourceError: The hub or store cannot be reached, or has nothing there.
    """
    scheme = address.partition("://")[0].lower()
    if scheme in {"https", "http"}:
        check_address(address)
        yield _subject(shown(address), partial(HttpFile, address))
    elif scheme == "hf":
        hub = Hub()
        for met in hub.files(address):
            yield _subject(met.name, partial(HttpFile, met.url, hub.headers))
    elif scheme in SCHEMES:
        for found in stored_files(address):
            yield _subject(found.name, partial(StoredObject, found.url))
    else:
        known = ", ".join(sorted({"https", "hf", *SCHEMES}))
        raise UsageError(f"expected an address of {known}; found `{printable(address)}`")


def _subject(name: str, connect: Callable[[], Reader]) -> Subject:
    return Subject(kind=SubjectKind.REMOTE, name=name, path=NOWHERE, connect=connect)
