"""Reads Jinja templates on their syntax tree: what they access, call and load, without rendering anything."""

from telamon.kits.formats.jinja.facts import Access, Call, Fact, Load, Repeat, Route
from telamon.kits.formats.jinja.reading import MAX_TEMPLATE_BYTES, read_template

__all__ = ["MAX_TEMPLATE_BYTES", "Access", "Call", "Fact", "Load", "Repeat", "Route", "read_template"]
