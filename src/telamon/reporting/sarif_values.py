"""Messages, URIs and locations as SARIF 2.1.0 writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from telamon.kits.text.display import printable, well_formed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telamon.core.records import Location

_PLACEHOLDER: Final = re.compile(r"\{\d+\}")
_LINK_SYNTAX: Final = re.compile(r"[\\\[\]]")


def message(text: str) -> dict[str, object]:
    """Return `text` as a plain-text message that no viewer takes for more than text.

    Placeholders such as `{0}` (section 3.11.5) and embedded links such as `[text](target)` (3.11.6) are escaped. Texts
    without them stay as they are, because many viewers show the escapes.
    """
    shown = printable(text)
    if _PLACEHOLDER.search(shown):
        shown = shown.replace("{", "{{").replace("}", "}}")
    if "](" in shown:
        shown = _LINK_SYNTAX.sub(lambda match: f"\\{match.group()}", shown)
    return {"text": shown}


def artifact_uri(path: str) -> str:
    """Return `path` as a URI reference (RFC 3986): relative to the base, or with the scheme `file` if absolute.

    The bytes of a name that is no UTF-8 are percent-encoded as they are.
    """
    if "://" in path:
        return quote(_bytes(path), safe="/:@")  # what lies elsewhere has an address
    quoted = quote(_bytes(path.removeprefix("./")))
    if quoted.startswith("/"):
        return "file:///" + quoted.lstrip("/")
    return quoted


def artifact_location(path: str) -> dict[str, object]:
    """Return where a file is: `uri`, and `uriBaseId` where that is relative."""
    uri = artifact_uri(path)
    return {"uri": uri} if uri.startswith("file:") or "://" in uri else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def result_location(location: Location, indices: Mapping[str, int]) -> dict[str, object]:
    """Return where a finding is: the file, the region in it, and the member of a container as a logical location.

    The offset in a member is a property: the region would be one of the file.

    Args:
        location: Where it is.
        indices: Position of each artifact in `run.artifacts`, by URI.
    """
    artifact = artifact_location(location.path)
    if (index := indices.get(artifact_uri(location.path))) is not None:
        artifact["index"] = index
    physical: dict[str, object] = {"artifactLocation": artifact}
    described: dict[str, object] = {"physicalLocation": physical}
    region = _region(location)
    if not location.member:
        return described | {"physicalLocation": physical | ({"region": region} if region else {})}
    described["logicalLocations"] = [
        {
            "name": printable(location.member.rpartition("!")[2]),
            "fullyQualifiedName": printable(f"{location.path}!{location.member}"),
            "kind": "resource",
        }
    ]
    return described | ({"properties": {"regionInMember": region}} if region else {})


def _region(location: Location) -> dict[str, int]:
    if location.line is not None:
        column = {} if location.column is None else {"startColumn": location.column}
        return {"startLine": location.line} | column
    return {} if location.offset is None else {"byteOffset": location.offset}


def _bytes(path: str) -> bytes:
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return well_formed(path).encode()
