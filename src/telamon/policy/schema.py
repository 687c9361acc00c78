"""JSON Schema (2020-12) of the policy file, with every control's section, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from telamon.core.secrets import REFERENCE, SecretReference
from telamon.policy.document import PolicyFile

if TYPE_CHECKING:
    from telamon.catalog import Catalog

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(catalog: Catalog) -> dict[str, Any]:  # JSON has no narrower type
    """Return the schema of a policy file for the controls of the catalogue, those of other packages too.

    Raises:
        BrokenControlError: An entry point of another package does not load.
    """
    listed = (*catalog.own, *catalog.third_party)
    kinds = [PolicyFile, *(one.control.settings() for one in listed)]
    references, definitions = msgspec.json.schema_components(
        kinds, schema_hook=schema_hook, ref_template="#/$defs/{name}"
    )
    whole, *sections = references
    root = definitions.pop(str(whole["$ref"]).rpartition("/")[2])
    properties = {
        one.control.name: {"anyOf": [section, {"type": "null"}], "description": one.summary}
        for one, section in zip(listed, sections, strict=True)
    }
    controls = {
        "type": ["object", "null"],
        "description": "Settings of the controls, by name.",
        "properties": properties,
        "additionalProperties": False,
    }
    root = {**root, "title": "telamon policy", "properties": {**root["properties"], "controls": controls}}
    return {"$schema": DIALECT, **root, "$defs": dict(sorted(definitions.items()))}


def schema_hook(kind: type) -> dict[str, Any]:  # as above
    """Return the schema of what msgspec does not know: a reference to a secret (msgspec's protocol for a hook)."""
    if kind is SecretReference:
        return {"type": "string", "pattern": rf"^({REFERENCE.pattern})$(?!\n)".replace(r"\0", r"\u0000")}
    raise NotImplementedError(f"no schema of {kind.__name__}")
