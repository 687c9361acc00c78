"""Loads under a profile: which one is a file's, and that the file is the one that it is of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Final

from telamon.core.errors import TelamonError
from telamon.core.records import ExitCode
from telamon.kits.formats.source import open_source
from telamon.kits.profiles import digest_of, fits
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from telamon.kits.formats.source import Source
    from telamon.kits.profiles import Profile

_CHUNK_BYTES: Final = 4 * 1024**2


class ProfileVoidError(TelamonError):
    """The policy has a profile for the file, and the file is not the one that it was made of.

    Remedy: Find out who changed the file. If it is to be so, make a new profile with `telamon profile` and compare the
    two before you take it over.
    """

    code: ClassVar[str] = "profile-void"
    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS


def profile_of(path: str | os.PathLike[str], profiles: Sequence[Profile], *, folder: Path) -> Profile | None:
    """Return the profile that is of a file's bytes, or `None` where no profile is of it.

    Args:
        path: The file; links are followed.
        profiles: Those of the policy.
        folder: The policy's, from which profiles name their files.

    Raises:
        ProfileVoidError: A profile is of this path, and none of these bytes.
        SourceError: The file cannot be read.
    """
    if not profiles:
        return None
    with open_source(path, follow_links=True) as source:
        digest = digest_of(source.chunks())
    fitting = next((profile for profile in profiles if fits(profile, digest)), None)
    if fitting is not None:
        return fitting
    place = os.path.realpath(path)
    named = next((profile for profile in profiles if os.path.realpath(folder / profile.model) == place), None)
    if named is not None:
        raise _void(os.fspath(path), named, digest)
    return None


def require_same(profile: Profile, name: str, source: Source) -> None:
    """Refuse a file that is not the one that the profile is of.

    Raises:
        ProfileVoidError: It has other bytes.
        SourceError: It cannot be read.
    """
    _require(profile, name, digest_of(source.chunks()))


def require_fit(profile: Profile, name: str, descriptor: int) -> None:
    """Do the same with a file, or its copy, as a child has it.

    Args:
        profile: The profile.
        name: The file's, for the message.
        descriptor: Where its bytes are.

    Raises:
        ProfileVoidError: It has other bytes.
    """
    _require(profile, name, digest_of(_chunks(descriptor)))


def _require(profile: Profile, name: str, digest: str) -> None:
    if not fits(profile, digest):
        raise _void(name, profile, digest)


def _void(name: str, profile: Profile, digest: str) -> ProfileVoidError:
    return ProfileVoidError(
        f"expected `{printable(name)}` to be the file of its profile, `{profile.digest.lower()}`, found `{digest}`",
        hint="`telamon check` says what it does; `telamon profile` makes a new profile",
    )


def _chunks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, offset):
        yield chunk
        offset += len(chunk)
