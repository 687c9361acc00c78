"""Waivers: findings that somebody accepts, for a reason and for a time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from telamon.core.records import Finding
    from telamon.policy.places import Place

RULE = r"^(M[0-9]{4}/[a-z][a-z0-9-]*|not-understood)$(?!\n)"
NOT_BLANK = r"\S"
NOT_UNDERSTOOD = "not-understood"  # instead of a rule's id: a file that could not be judged is accepted as it is
LONGEST = dt.timedelta(days=731)  # two years: what nobody looks at for longer is not accepted, but forgotten
PATH = "A file, or a glob in which `*` crosses `/`; relative to this file, whatever `telamon check` was given."
DAY = {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}  # for readers of the schema that take a format for a mere note


class Waiver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted kind of finding. There is no waiver for every rule, and none for ever."""

    rule: Annotated[
        str, Meta(description="A rule's id, or `not-understood`.", pattern=RULE, examples=["M0016/unknown-call"])
    ]
    path: Annotated[str, Meta(description=PATH, min_length=1)]
    owner: Annotated[str, Meta(description="Who answers for it.", pattern=NOT_BLANK, extra={"looser": "never"})]
    reason: Annotated[str, Meta(description="Why it is acceptable.", pattern=NOT_BLANK, extra={"looser": "never"})]
    expires: Annotated[
        dt.date,
        Meta(
            description="The last day on which it holds.",
            examples=["2027-01-31"],
            extra_json_schema=DAY,
            extra={"looser": "higher"},
        ),
    ]

    def is_expired(self, today: dt.date) -> bool:
        """Whether its last day has passed."""
        return today > self.expires

    def applies(self, finding: Finding, place: Place, today: dt.date) -> bool:
        """Whether it covers, on that day, the finding in the file at that place."""
        return self.covers(finding.rule, place, today)

    def covers(self, rule: str, place: Place, today: dt.date) -> bool:
        """Whether it covers, on that day, what a rule says of the file at that place."""
        return not self.is_expired(today) and rule == self.rule and place.matches(self.path)

    @property
    def note(self) -> str:
        """What reports say of what it covers."""
        return f"waived by {self.owner} until {self.expires}: {self.reason}"

    def __str__(self) -> str:
        return f"{self.rule} at {self.path}, owned by {self.owner}, expired after {self.expires}"
