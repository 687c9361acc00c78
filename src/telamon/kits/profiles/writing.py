"""Writes a profile as a policy fragment in YAML, with a comment on each name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telamon.kits.callables.capabilities import Use
    from telamon.kits.profiles.form import Profile

_SHOWN: Final = 300  # characters of a comment
_MOST_REFUSED: Final = 100  # names that are written down although nobody vouches for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A name that the file needs and that the profile does not vouch for.

    Attributes:
        name: `module:qualified.name`, whatever the file makes of it.
        reason: What was found, in words.
    """

    name: str
    uses: tuple[Use, ...]
    reason: str


def fragment(
    profile: Profile,
    notes: Sequence[str],
    *,
    refused: Sequence[Refused] = (),
    head: Sequence[str] = (),
    controls: Sequence[str] = (),
) -> str:
    """Return a policy that holds a profile, in full or to be put into one that is there.

    Args:
        profile: The profile.
        notes: On each of its names, in the same order.
        refused: Written as comments, so that nobody vouches for them without a look.
        head: Lines about the whole, written as comments.
        controls: The controls that are given the profile; the comments stand with the first.
    """
    lines = [*(_comment(line) for line in head), "version: 1", "controls:"]
    for number, control in enumerate(controls):
        is_first = number == 0
        lines += [f"  {control}:", "    profiles:"]
        lines += _entry(profile, notes if is_first else [""] * len(notes))
        lines += [f"          {line}" for line in _refused(refused if is_first else ())]
    return "".join(f"{line}\n" for line in lines)


def _entry(profile: Profile, notes: Sequence[str]) -> Iterator[str]:
    yield f"      - model: {_quoted(profile.model)}"
    yield f"        digest: {_quoted(profile.digest)}"
    yield f"        telamon: {_quoted(profile.telamon)}"
    yield f"        table: {_quoted(profile.table)}"
    yield "        names:" if profile.names else "        names: []"
    for each, note in zip(profile.names, notes, strict=True):
        yield f"          - {_item(each.name, each.uses)} {_comment(note)}".removesuffix(" # ")


def _refused(refused: Sequence[Refused]) -> Iterator[str]:
    for each in refused[:_MOST_REFUSED]:
        yield _comment(f"NOT VOUCHED FOR: {each.reason}")
        yield _comment(f"- {_item(printable(each.name, _SHOWN), each.uses)}")
    if len(refused) > _MOST_REFUSED:
        yield _comment(f"... and {len(refused) - _MOST_REFUSED} more names that are not vouched for")


def _item(name: str, uses: tuple[Use, ...]) -> str:
    return f"{{name: {_quoted(name)}, uses: [{', '.join(uses)}]}}"


def _comment(text: str) -> str:
    return f"# {printable(text, _SHOWN)}"


def _quoted(text: str) -> str:
    r"""Return text as YAML has it in double quotes, which JSON's are too but for what a terminal would obey."""
    return json.dumps(text, ensure_ascii=False)  # a pair of surrogate escapes is no character in YAML
