"""The form of a profile, as it stands in a policy, and whether it fits a file and permits a use of a name."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from telamon.kits.callables.capabilities import Use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# `$(?!\n)` is the end of the text and nothing before it, in Python's and in ECMA's expressions.
NAME: Final = r"^[^\s:]+:[^\s:]+$(?!\n)"
DIGEST: Final = r"^sha256:[0-9A-Fa-f]{64}$(?!\n)"
NEVER_LOOSER: Final = {"looser": "never"}  # in `policy diff`; msgspec takes nothing but a dict
MORE_IS_LOOSER: Final = {"looser": "added"}
LONGEST_NAME: Final = 1000  # of characters; longer ones exist in no library and would drown the others


class ProfiledName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One name that a file needs, and what it does with it."""

    name: Annotated[
        str,
        msgspec.Meta(
            description="Module, a colon and the qualified name, such as `mypackage.models:Net`.",
            pattern=NAME,
            max_length=LONGEST_NAME,
        ),
    ]
    uses: Annotated[
        tuple[Use, ...],
        msgspec.Meta(
            description="What the file may do with it; whatever it does, it may name it.",
            min_length=1,
            extra=MORE_IS_LOOSER,
        ),
    ]


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names that one file needs when it is loaded; it holds for the bytes of its digest and for no others."""

    model: Annotated[
        str,
        msgspec.Meta(
            description="Where the file is, so that one can be told when it was changed.",
            min_length=1,
            extra=NEVER_LOOSER,
        ),
    ]
    digest: Annotated[
        str,
        msgspec.Meta(description="Of the file's bytes.", pattern=DIGEST),
    ]
    names: Annotated[
        tuple[ProfiledName, ...],
        msgspec.Meta(description="What it may name, and do with it.", extra=MORE_IS_LOOSER),
    ]
    telamon: Annotated[str, msgspec.Meta(description="The version of telamon that wrote it.", extra=NEVER_LOOSER)] = ""
    table: Annotated[str, msgspec.Meta(description="The version of its table of callables.", extra=NEVER_LOOSER)] = ""

    def __post_init__(self) -> None:
        """Refuse names that stand twice, of which one would be forgotten when the other is taken away."""
        if twice := _repeated(each.name for each in self.names):
            raise ValueError(f"Expected each name once, found `{twice}` twice")


def require_distinct(profiles: Sequence[Profile]) -> None:
    """Refuse two profiles of one file.

    Raises:
        ValueError: There are two of one digest, in whatever case (as a struct's `__post_init__` says it).
    """
    if twice := _repeated(each.digest.lower() for each in profiles):
        which = " and ".join(f"profiles[{at}]" for at, each in enumerate(profiles) if each.digest.lower() == twice)
        raise ValueError(f"Expected one profile for each file, found {which} of `{twice}`")


def fits(profile: Profile, digest: str) -> bool:
    """Whether the profile is of the file with this digest (`sha256:` and hexadecimal digits of either case)."""
    return profile.digest.lower() == digest.lower()


def is_of(profile: Profile, path: str) -> bool:
    """Whether a path may be that of the profile's file: the shorter one of both is the end of the other.

    It decides about notes and refusals only, never about what is permitted.

    >>> is_of(Profile(model="models/a.pt", digest="sha256:" + "0" * 64, names=()), "/srv/models/a.pt")
    True
    """
    ours, theirs = _parts(profile.model), _parts(path)
    shared = min(len(ours), len(theirs))
    return shared > 0 and ours[-shared:] == theirs[-shared:]


def granted(profile: Profile) -> Mapping[str, frozenset[Use]]:
    """Return what a profile grants: uses by `module:qualified.name`."""
    return MappingProxyType({each.name: frozenset((*each.uses, Use.REFERENCED)) for each in profile.names})


def permits(profile: Profile, module: str, name: str, use: Use | None = None) -> bool:
    """Whether the profile permits a use of a name; without a use, whether it permits any.

    Whether it is a profile of the file in question is for `fits` to say. That a name is permitted says nothing of what
    it does: who denies what is dangerous does so before.
    """
    own = f"{module}:{name}"
    found = next((each.uses for each in profile.names if each.name == own), None)
    if found is None:
        return False
    return use is None or use is Use.REFERENCED or use in found


def is_nameable(module: str, name: str) -> bool:
    """Whether a name can stand in a profile: printable, without blanks and colons, and not too long."""
    text = f"{module}:{name}"
    return len(text) <= LONGEST_NAME and text.isprintable() and re.fullmatch(NAME, text) is not None


def digest_of(chunks: Iterable[bytes]) -> str:
    """Return the digest of a file's bytes, as profiles write it.

    >>> digest_of([b""])[:20]
    'sha256:e3b0c44298fc1'
    """
    import hashlib  # noqa: PLC0415  # 3 ms, where there is no profile for nothing

    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in {"", "."}]


def _repeated(items: Iterable[str]) -> str:
    """Return the first item that stands twice, or nothing."""
    seen: set[str] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return ""
