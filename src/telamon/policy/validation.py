"""Validates plain values against settings structs, all problems at once and in the words of the file."""

from __future__ import annotations

import types
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import msgspec

from telamon.core.errors import SecretError
from telamon.core.secrets import FORMS, SECRET, SecretReference
from telamon.kits.text.display import printable
from telamon.policy.nodes import SHOWN, resolved
from telamon.policy.schema import schema_hook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from telamon.policy.errors import Problem
    from telamon.policy.nodes import Document, Path, Plain

UNREPEATED: Final = "something else, which is not repeated here"
OTHER: Final = "expected other values, which are not repeated here"

WORDS: Final = types.MappingProxyType(
    {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a mapping",
        "null": "nothing",
    }
)
LIMITS: Final = types.MappingProxyType(
    {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "above {}",
        "exclusiveMaximum": "below {}",
        "multipleOf": "in steps of {}",
        "minLength": "of length at least {}",
        "maxLength": "of length at most {}",
        "minItems": "of length at least {}",
        "maxItems": "of length at most {}",
    }
)
# How msgspec says it, in what it says of entries that are unsound together.
PHRASES: Final = types.MappingProxyType(
    {
        "`array`": WORDS["array"],
        "`object`": WORDS["object"],
        "`str`": WORDS["string"],
        "`int`": WORDS["integer"],
        "`float`": WORDS["number"],
        "`bool`": WORDS["boolean"],
        "`null`": WORDS["null"],
        " >= ": " at least ",
        " <= ": " at most ",
        " matching regex ": " of the form ",
        ", got ": ", found ",
    }
)


def problems_of(
    document: Document,
    value: Plain,
    kind: object,
    path: Path,
    *,
    is_secret: bool = False,
    also: tuple[str, ...] = (),
) -> Iterator[Problem]:
    """Yield what is wrong with `value`, which stands at `path`, as a value of the type `kind`.

    Where `is_secret`, messages do not repeat the value. `also` are keys that are known beside the struct's own and
    validated elsewhere.
    """
    inner = _Inner(document=document, path=path, is_secret=is_secret or _holds_secret(kind), also=also)
    is_sound = True
    for problem in inner.problems(value, kind):
        is_sound = False
        yield problem
    if is_sound:
        yield from inner.problems_of_whole(value, kind)


class _Inner:
    """What is checked at one place of a document."""

    def __init__(self, *, document: Document, path: Path, is_secret: bool, also: tuple[str, ...]) -> None:
        self._document = document
        self._path = path
        self._is_secret = is_secret
        self._also = also

    def problems(self, value: Plain, kind: object) -> Iterator[Problem]:
        """Yield the problems of the values inside `value`, or that it is not of a kind that has any inside."""
        bare = _without_annotation(kind)
        origin, arguments = typing.get_origin(bare), typing.get_args(bare)
        if _is_struct(bare):
            yield from self._struct(value, bare)
        elif origin is dict:
            yield from self._mapping(value, arguments[1])
        elif origin is list or (origin is tuple and arguments[-1] is Ellipsis):
            yield from self._sequence(value, arguments[0])
        elif _arms(kind):
            yield from self._union(value, kind)
        elif bare is SecretReference and not (isinstance(value, str) and SecretReference.is_reference(value)):
            yield self._problem(f"expected a reference to a secret, found {UNREPEATED}", FORMS)

    def problems_of_whole(self, value: Plain, kind: object) -> Iterator[Problem]:
        """Yield what msgspec has against a value whose inner values are sound."""
        try:
            msgspec.convert(value, kind, dec_hook=secret_hook)
        except msgspec.ValidationError as error:
            if isinstance(value, (dict, list)) and _is_collection(kind):  # what its fields or entries are together
                reason = str(error).partition(" - at `")[0]
                yield self._problem(OTHER if self._is_secret else in_words(reason))
                return
            near = _nearest(value, _choices(kind)) if isinstance(value, str) else ""
            hint = f"did you mean `{near}`?" if near else ""
            yield self._problem(f"expected {described(kind)}, found {self._shown(value)}", hint)

    def _struct(self, value: Plain, kind: type[msgspec.Struct]) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self._problem(f"expected a mapping, found {self._shown(value)}")
            return
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        tag = kind.__struct_config__.tag_field
        if tag is not None and (wrong := self._wrong_tag(value, tag, [kind])):
            yield wrong
        for key, inner in value.items():
            if key in fields:
                yield from self._inside(inner, fields[key].type, key)
            elif key != tag:
                known = [*fields, *self._also, *([] if tag is None else [tag])]
                yield unknown_key(self._document, key, known, self._path)
        for name, field in fields.items():
            if field.required and name not in value:
                yield self._problem(f"expected the key `{name}`, found none")

    def _wrong_tag(self, value: dict[str, Plain], tag: str, kinds: Sequence[type[msgspec.Struct]]) -> Problem | None:
        """Return what is wrong with the key that says which of several structs a mapping is, if anything."""
        choices = [kind.__struct_config__.tag for kind in kinds]
        if tag not in value:
            return self._problem(f"expected the key `{tag}`, found none", f"one of {_listed(choices)}")
        found = value[tag]
        if any(type(found) is type(choice) and found == choice for choice in choices):  # 1 is not true
            return None
        near = _nearest(found, [str(choice) for choice in choices]) if isinstance(found, str) else ""
        hint = f"did you mean `{near}`?" if near else ""
        one = f"one of {_listed(choices)}" if len(choices) > 1 else f"`{choices[0]}`"
        return self._document.problem((*self._path, tag), f"expected {one}, found {self._shown(found)}", hint)

    def _mapping(self, value: Plain, kind: object) -> Iterator[Problem]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from self._inside(inner, kind, key)
        else:
            yield self._problem(f"expected a mapping, found {self._shown(value)}")

    def _sequence(self, value: Plain, kind: object) -> Iterator[Problem]:
        if isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self._inside(inner, kind, index)
        else:
            yield self._problem(f"expected a list, found {self._shown(value)}")

    def _union(self, value: Plain, kind: object) -> Iterator[Problem]:
        """Check a value that may be of several kinds in depth, as the one that it can only be."""
        arms = [arm for arm in _arms(kind) if arm is not type(None)]
        if value is None:
            return
        if len(arms) > 1:
            arms = [arm for arm in arms if _takes(arm, value)]
        structs = [bare for arm in arms if _is_struct(bare := _without_annotation(arm))]
        if len(structs) > 1 and isinstance(value, dict):
            tag = str(structs[0].__struct_config__.tag_field)  # msgspec takes no structs together without it
            if wrong := self._wrong_tag(value, tag, structs):
                yield wrong
                return
            arms = [arm for arm in arms if _tag_of(arm) == value[tag]]
        if len(arms) == 1:
            yield from problems_of(self._document, value, arms[0], self._path, is_secret=self._is_secret)

    def _inside(self, value: Plain, kind: object, key: str | int) -> Iterator[Problem]:
        return problems_of(self._document, value, kind, (*self._path, key), is_secret=self._is_secret)

    def _problem(self, message: str, hint: str = "") -> Problem:
        return self._document.problem(self._path, message, hint)

    def _shown(self, value: Plain) -> str:
        return UNREPEATED if self._is_secret else shown(value)


def unknown_key(document: Document, key: str, known: list[str], path: Path) -> Problem:
    """Return the problem of a key that is not known, with the nearest that is."""
    near = _nearest(key, known)
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(sorted(known))}"
    return document.problem((*path, key), f"expected a known key, found `{printable(key, SHOWN)}`", hint)


def _nearest(word: str, known: Sequence[str]) -> str:
    """Return the most similar of the known words, or nothing."""
    import difflib  # noqa: PLC0415  # only for what is wrong

    return "".join(difflib.get_close_matches(word, known, n=1))


def described(kind: object) -> str:
    """Return what a value of that type is, in words, from its JSON Schema.

    >>> described(typing.Annotated[int, msgspec.Meta(ge=1, le=32)])
    'a whole number at least 1 and at most 32'
    """
    arms = _arms(kind)
    if arms:
        return " or ".join(dict.fromkeys(described(arm) for arm in arms))
    if _is_struct(_without_annotation(kind)):
        return WORDS["object"]
    choices = _choices(kind)
    if choices:
        return f"one of {', '.join(choices)}" if len(choices) > 1 else f"`{choices[0]}`"
    schema = _schema(kind)
    if "minimum" in schema and schema["minimum"] == schema.get("maximum"):
        return f"`{schema['minimum']}`"
    words = f"a {schema['format']}" if "format" in schema else WORDS.get(str(schema.get("type")), "a value")
    limits = [text.format(schema[key]) for key, text in LIMITS.items() if key in schema]
    words = f"{words} {' and '.join(limits)}".strip()
    if "examples" in schema:
        return f"{words} such as `{schema['examples'][0]}`"
    return f"{words} of the form {schema['pattern']}" if "pattern" in schema else words


def in_words(reason: str) -> str:
    """Return msgspec's reason with the words that messages have for types and bounds.

    >>> in_words("Expected `array` of length >= 1, got 0")
    'expected a list of length at least 1, found 0'
    """
    for theirs, ours in PHRASES.items():
        reason = reason.replace(theirs, ours)
    return reason[:1].lower() + reason[1:]


def shown(value: Plain) -> str:
    """Return a value as a message shows it: a short scalar in backticks, anything else by its kind.

    >>> shown("1"), shown(1), shown(True), shown([])
    ('`"1"`', '`1`', '`true`', 'a list')
    """
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(value)
    is_plain = not isinstance(value, str) or isinstance(resolved(value), str)
    text = text if is_plain else f'"{text}"'
    return f"`{text}`" if len(text) <= SHOWN else f"`{text[: SHOWN - 3]}...`"


def secret_hook(kind: type, value: object) -> object:
    """Convert what msgspec does not know: a reference to a secret (msgspec's protocol for a `dec_hook`)."""
    if kind is SecretReference:
        try:
            return SecretReference(value)
        except SecretError as error:  # what msgspec expects of its hook, and puts into an error of its own
            raise ValueError(error.message) from error
    raise NotImplementedError(f"no conversion to {kind.__name__}")


def _choices(kind: object) -> list[str]:
    bare = _without_annotation(kind)
    if typing.get_origin(bare) is typing.Literal:
        return [str(choice) for choice in typing.get_args(bare)]
    return [str(choice.value) for choice in bare] if isinstance(bare, type) and issubclass(bare, Enum) else []


def _is_collection(kind: object) -> bool:
    bare = _without_annotation(kind)
    return typing.get_origin(bare) in {dict, list, tuple} or _is_struct(bare)


def _is_struct(bare: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(bare, type) and issubclass(bare, msgspec.Struct)


def _arms(kind: object) -> tuple[object, ...]:
    """Return the kinds of a union; nothing for any other type."""
    bare = _without_annotation(kind)
    is_union = isinstance(bare, types.UnionType) or typing.get_origin(bare) is typing.Union
    return typing.get_args(bare) if is_union else ()


def _takes(arm: object, value: Plain) -> bool:
    """Whether what is inside `value`, if anything, is checked as that arm of a union has it."""
    bare = _without_annotation(arm)
    if isinstance(value, dict):
        return _is_struct(bare) or typing.get_origin(bare) is dict
    return isinstance(value, list) and typing.get_origin(bare) in {list, tuple}


def _tag_of(arm: object) -> object:
    bare = _without_annotation(arm)
    return bare.__struct_config__.tag if _is_struct(bare) else None


def _listed(choices: Iterable[object]) -> str:
    return ", ".join(str(choice) for choice in choices)


def _holds_secret(kind: object) -> bool:
    """Whether the type, or an annotation on it, says that messages must not repeat its values."""
    while typing.get_origin(kind) is typing.Annotated:
        kind, *annotations = typing.get_args(kind)
        if any(isinstance(meta, msgspec.Meta) and (meta.extra or {}).keys() >= SECRET.keys() for meta in annotations):
            return True
    return kind is SecretReference


def _schema(kind: object) -> dict[str, Any]:  # a JSON Schema has no narrower type
    return msgspec.json.schema(kind, schema_hook=schema_hook)


def _without_annotation(kind: object) -> object:
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    return kind
