"""What can be wrong with ATLAS data and with what is asked of it."""

from __future__ import annotations

from telamon.core.errors import TelamonError

MAX_SHOWN_CHARACTERS = 80


def shown(text: str) -> str:
    r"""Return `text` cut and escaped, fit for one line of a message.

    >>> shown("AML\n\x1b")
    'AML\\n\\x1b'
    """
    return ascii(text[:MAX_SHOWN_CHARACTERS])[1:-1]


class AtlasError(TelamonError):
    """Something is wrong with ATLAS data or with what is asked of it; the base of errors that say what.

    Remedy: The message says what is wrong; `telamon atlas show` lists what the release in use has.
    """

    code = "atlas"


class UnknownIdError(AtlasError):
    """No object of the release has the id.

    Remedy: Take an id of the release in use, from `telamon atlas show`, or import another release.

    Args:
        kind: What was looked for: `technique`, `mitigation`, ...
        identifier: As it was given.
        version: Of the release.
    """

    code = "atlas-unknown-id"

    def __init__(self, kind: str, identifier: str, version: str) -> None:
        super().__init__(
            f"expected the id of a {kind} of ATLAS {version}, found `{shown(identifier)}`",
            hint="`telamon atlas show` lists the ids",
        )
        self.identifier = identifier


class UnknownReleaseError(AtlasError):
    """The release is neither shipped nor imported.

    Remedy: `telamon atlas show` names the releases at hand; `telamon atlas import FILE` adds one.
    """

    code = "atlas-unknown-release"


class AtlasFileError(AtlasError):
    """A file is no ATLAS release that can be read; the message names the place.

    Remedy: Take the file again from the project's own release, unchanged.

    Args:
        place: `name:line`, or the name alone.
        message: What was expected and what was found.
    """

    code = "atlas-file"

    def __init__(self, place: str, message: str, *, hint: str = "") -> None:
        super().__init__(f"{place}: {message}", hint=hint)
        self.place = place
