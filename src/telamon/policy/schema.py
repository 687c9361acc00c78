"""JSON Schema (2020-12) of the policy file, with every control's section, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from telamon.policy.document import PolicyFile
from telamon.policy.secrets import REFERENCE, SecretReference

if TYPE_CHECKING:
    from telamon.catalog import Catalog

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(catalog: Catalog) -> dict[str, Any]:  # JSON has no narrower type
    """Return the schema of a policy file for the controls of the catalogue."""
    kinds = [PolicyFile, *(listed.control.settings() for listed in catalog)]
    references, definitions = msgspec.json.schema_components(kinds, schema_hook=_secret, ref_template="#/$defs/{name}")
    root = dict(definitions.pop("PolicyFile"))
    sections = {
        listed.control.name: {"anyOf": [reference, {"type": "null"}], "description": listed.summary}
        for listed, reference in zip(catalog, list(references)[1:], strict=True)
    }
    controls = {"type": ["object", "null"], "description": "Settings of the controls, by name."}
    root["properties"] = {
        **root["properties"],
        "controls": {**controls, "properties": sections, "additionalProperties": False},
    }
    return {"$schema": DIALECT, **root, "title": "telamon policy", "$defs": dict(sorted(definitions.items()))}


def _secret(kind: type) -> dict[str, Any]:  # as above
    if kind is SecretReference:
        return {"type": "string", "pattern": f"^({REFERENCE.pattern})$".replace("\\0", "\\u0000")}
    raise NotImplementedError(f"no schema of {kind.__name__}")  # msgspec's protocol for a hook
