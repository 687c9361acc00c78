"""Takes the expected shape out of a YAML tree, or says on which line another one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telamon.atlas.errors import AtlasFileError, shown
from telamon.atlas.records import Maturity
from telamon.atlas.yaml_tree import ListNode, MapNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is being read; its name stands in every error."""

    name: str

    def place(self, node: Node) -> str:
        """Where the node stands, as `name:line`."""
        return f"{self.name}:{node.line}"

    def map(self, node: Node, what: str) -> Mapping[str, Node]:
        """Return the entries of a map."""
        if not isinstance(node, MapNode):
            raise AtlasFileError(self.place(node), f"expected a map of {what}")
        return node.entries

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """Return the items of a list."""
        if not isinstance(node, ListNode):
            raise AtlasFileError(self.place(node), f"expected a list of {what}")
        return node.items

    def text(self, node: Node, what: str) -> str:
        """Return the text of a value."""
        if not isinstance(node, ScalarNode):
            raise AtlasFileError(self.place(node), f"expected {what} as text")
        return node.text

    def get(self, node: Node, key: str, what: str) -> Node:
        """Return the entry of a map that must be there."""
        entries = self.map(node, what)
        if key not in entries:
            raise AtlasFileError(self.place(node), f"expected `{key}` in the {what}")
        return entries[key]

    def get_text(self, node: Node, key: str, what: str) -> str:
        """Return the text of an entry of a map that must be there."""
        return self.text(self.get(node, key, what), f"`{key}`")

    def list_in(self, node: Node, key: str, what: str) -> tuple[Node, ...]:
        """Return the items of a list in a map, none where the map has no such entry."""
        entries = self.map(node, what)
        return self.items(entries[key], f"`{key}`") if key in entries else ()

    def maturity(self, node: Node) -> Maturity | None:
        """Return the maturity of a technique, `None` where it says none; format 5 has it in small letters."""
        entries = self.map(node, "technique")
        if "maturity" not in entries:
            return None
        text = self.text(entries["maturity"], "`maturity`")
        try:
            return Maturity(text.lower())
        except ValueError as error:
            expected = ", ".join(Maturity)
            raise AtlasFileError(
                self.place(entries["maturity"]), f"expected a maturity of {expected}, found `{shown(text)}`"
            ) from error
