"""Reads XML of strangers with expat, which is given no entity to expand and no file to fetch (www.w3.org/TR/xml)."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from telamon.kits.formats.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from telamon.kits.formats.source import Source

MAX_ELEMENTS: Final = 1_000_000
"""Elements that are read, two seconds of CPU; a forest of a thousand trees has as many in PMML."""

MAX_DEPTH: Final = 2000
MAX_NAME_BYTES: Final = 1 << 20
"""Longest tag with all its attributes; expat keeps it whole."""

MAX_KEPT: Final = 1000
SEPARATOR: Final = " "
_CHUNK_BYTES: Final = 64 * 1024
_DECLARED: Final = re.compile(rb"""\A\s{0,64}<\?xml[^>]{0,200}?encoding\s{0,8}=\s{0,8}["']([A-Za-z0-9._-]{1,40})["']""")


@dataclass(slots=True, kw_only=True)
class Element:
    """An element's beginning.

    Attributes:
        space: Its namespace, empty where it has none.
        name: Without prefix.
        attributes: Of no namespace by name; others with their namespace and a blank before it.
        line: Where it begins, counted from 1.
        depth: 0 for the outermost.
    """

    space: str
    name: str
    attributes: Mapping[str, str]
    line: int
    depth: int


@dataclass(slots=True, kw_only=True)
class XmlFacts:
    """What a text has that is no element.

    Attributes:
        doctype: Name of the document type, `None` where none is declared.
        external: Address of the document type's external part.
        entities: Declared entities, with what each is: its address, or `a text`.
        instructions: Processing instructions by target, with their content.
        is_cut: Whether reading stopped at the first entity, behind which nothing is known.
    """

    doctype: str | None = None
    external: str | None = None
    entities: dict[str, str] = field(default_factory=dict)
    instructions: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


class _StopError(Exception):
    """Ends the reading at the first entity; stays inside this module."""


def declared_encoding(head: bytes) -> str:
    """Returns the encoding that a text says it is in, in small letters; empty where it says none."""
    match = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    return match.group(1).decode("ascii").casefold() if match else ""


class XmlReader:
    """Reads one text; iterate over `elements`, then look at `facts`.

    Args:
        source: The text, in any encoding that expat knows.
        encoding: In which the bytes are, whatever they say; `None` to believe them.
        is_late: Tells when the time is up.
    """

    def __init__(
        self, source: Source, *, encoding: str | None = None, is_late: Callable[[], bool] = lambda: False
    ) -> None:
        self.facts = XmlFacts()
        self._source = source
        self._is_late = is_late
        self._found: list[Element] = []
        self._depth = self._count = 0
        parser = expat.ParserCreate(encoding, SEPARATOR)
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._reference
        parser.ProcessingInstructionHandler = self._instruction
        self._parser = parser

    def elements(self) -> Iterator[Element]:
        """Yields the elements in the order of their beginnings.

        Raises:
            MalformedError: The text is no XML, or holds more than is read.
            SourceError: The file cannot be read.
        """
        try:
            open_at = 0
            for number, chunk in enumerate(self._chunks()):
                self._parser.Parse(chunk, False)
                yield from self._drain()
                at = self._parser.CurrentByteIndex
                open_at = at if at >= 0 else open_at
                if (number + 1) * _CHUNK_BYTES - open_at > MAX_NAME_BYTES + _CHUNK_BYTES:
                    raise MalformedError(f"expected tags of at most {MAX_NAME_BYTES} bytes", offset=open_at)
            self._parser.Parse(b"", True)
        except _StopError:
            self.facts.is_cut = True
        except expat.ExpatError as error:
            raise MalformedError(
                f"expected XML: {expat.ErrorString(error.code)}", offset=max(0, error.offset)
            ) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not know, or one of many bytes
            raise MalformedError(f"expected an encoding that is known: {error}") from error
        yield from self._drain()

    def _chunks(self) -> Iterator[bytes]:
        position = 0
        while chunk := self._source.read(position, _CHUNK_BYTES):
            position += len(chunk)
            if self._is_late():
                raise MalformedError("expected to read the text in time", offset=position)
            yield chunk

    def _drain(self) -> list[Element]:
        found, self._found = self._found, []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise MalformedError(f"expected at most {MAX_ELEMENTS} elements, {MAX_DEPTH} deep")
        space, _, local = name.rpartition(SEPARATOR)
        element = Element(
            space=space, name=local, attributes=attributes, line=self._parser.CurrentLineNumber, depth=self._depth
        )
        self._depth += 1
        self._found.append(element)

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _doctype(self, name: str, system: str | None, public: str | None, _has_subset: int) -> None:
        self.facts.doctype = name[:200]
        if system is not None or public is not None:
            self.facts.external = (system or public or "")[:1000]

    def _entity(  # as expat calls it
        self,
        name: str,
        is_parameter: int,
        _value: str | None,
        _base: str | None,
        system: str | None,
        public: str | None,
        _notation: str | None,
    ) -> None:
        kind = "% " if is_parameter else ""
        outside = system if system is not None else public
        self.facts.entities[f"{kind}{name[:200]}"] = "a text" if outside is None else outside[:1000]
        if len(self.facts.entities) >= 3 or outside is None:  # noqa: PLR2004  # before one of them is expanded
            raise _StopError

    def _reference(self, context: str, _base: str | None, system: str | None, _public: str | None) -> int:
        self.facts.entities.setdefault(str(context)[:200], str(system)[:1000])
        raise _StopError

    def _instruction(self, target: str, content: str) -> None:
        if len(self.facts.instructions) < MAX_KEPT:
            self.facts.instructions[target[:200]] = content[:1000]
