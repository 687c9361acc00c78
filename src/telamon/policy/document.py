"""The parts of a policy file, as frozen structs; the controls' own sections stand with the controls."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from telamon.core.secrets import SECRET, SecretReference
from telamon.policy.waivers import Waiver

# Telamon's own state, keys among it. A store of version control is walked into: what stands there can be loaded too.
DEFAULT_EXCLUDE = (".telamon",)

# Which way a field loosens the policy, for `telamon.policy.difference`; msgspec takes nothing but a dict.
MORE_IS_LOOSER = {"looser": "added"}
LESS_IS_LOOSER = {"looser": "removed"}
NEVER_LOOSER = {"looser": "never"}
# How a model is served decides what passes the gateway; which way, the policy alone does not tell.
UNKNOWN = {"looser": "unknown"}


class Serving(StrEnum):
    """How a model of one's own is served."""

    ONNX = "onnx"


class Interface(StrEnum):
    """The API that an upstream speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OIP = "oip"


# Without a user part, a query and a fragment, where credentials stand in addresses: those are references, never
# literals. A backslash is a slash to some readers of addresses (WHATWG URL, section 4.4). `$(?!\n)` is the end of the
# text and nothing before it, in Python's and in ECMA's expressions.
Address = Annotated[
    str,
    Meta(pattern=r"^https?://[^\s/?#@\\]+(/[^\s?#\\]*)?$(?!\n)", examples=["https://llm.internal/v1"], extra=SECRET),
]
# Without a password, which goes apart or with the whole URL into a reference.
DatabaseAddress = Annotated[
    str,
    Meta(
        pattern=r"^(postgres(ql)?://(?!\S*password=)([^\s/?#@:]*@)?[^\s@#]*|env:[A-Za-z_][A-Za-z0-9_]*|file:[^\u0000]+|"
        r"keyring:[^/\u0000]+/[^\u0000]+)$(?!\n)",
        examples=["postgresql://writer@db.internal/telamon?ledger=fraud"],
        extra=SECRET,
    ),
]
# Empty, it would be the policy's own folder; and no system call takes a NUL, which YAML can write as `"\0"`.
FilePath = Annotated[str, Meta(pattern=r"^[^\u0000]+$", examples=["models/fraud.pkl"])]
KeyDigest = Annotated[
    str, Meta(pattern=r"^sha256:[0-9a-f]{64}$(?!\n)", examples=["sha256:" + "0123456789abcdef" * 4], extra=SECRET)
]


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of the system."""

    path: Annotated[FilePath | None, Meta(description="Your own model's file or folder, relative to this file.")] = None
    serve: Annotated[Serving | None, Meta(description="How it is served in process: `onnx`.", extra=UNKNOWN)] = None
    upstream: Annotated[Address | None, Meta(description="Address of the server that serves it.", extra=UNKNOWN)] = None
    api: Annotated[Interface | None, Meta(description="The API that the upstream speaks.", extra=UNKNOWN)] = None
    key: Annotated[
        SecretReference | None, Meta(description="Reference to the credential for the upstream.", extra=UNKNOWN)
    ] = None


class Dataset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set of the system."""

    path: Annotated[FilePath, Meta(description="File or folder, relative to this file.")]


class Principal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody or something that uses the system."""

    name: Annotated[str, Meta(description="How records call them.", min_length=1)]
    role: Annotated[str, Meta(description="What they are, which decides what they may.", min_length=1)]
    keys: Annotated[
        tuple[KeyDigest, ...],
        Meta(description="Digests of their API keys; never the keys.", extra=SECRET | MORE_IS_LOOSER),
    ] = ()


class Ledger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where evidence is kept."""

    path: Annotated[FilePath | None, Meta(description="The ledger's database file, relative to this file.")] = None
    url: Annotated[
        DatabaseAddress | None,
        Meta(description="Instead of `path`: the ledger's PostgreSQL database, or a reference to its URL."),
    ] = None
    password: Annotated[
        SecretReference | None,
        Meta(description="Reference to the database's password, where the URL has none.", extra=UNKNOWN),
    ] = None
    second_place: Annotated[
        FilePath | None,
        Meta(description="File or folder that checkpoints are also written to; best on another disk."),
    ] = None
    key: Annotated[FilePath | None, Meta(description="Key file that signs checkpoints, relative to this file.")] = None

    def __post_init__(self) -> None:
        """Refuse what names two ledgers or none."""
        if (self.path is None) == (self.url is None):
            raise ValueError("Expected either the key `path` or the key `url`")
        if self.password is not None and self.url is None:
            raise ValueError("Expected no `password` beside `path`, which is a file")


# The same as `Ledger.__post_init__` says, for editors.
_ONE_PLACE = {
    "oneOf": [
        {"type": "null"},
        {
            "type": "object",
            "required": ["path"],
            "properties": {"path": {"type": "string"}, "url": {"type": "null"}, "password": {"type": "null"}},
        },
        {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}, "path": {"type": "null"}}},
    ]
}


class PolicyFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole policy file but for `controls`, whose sections are validated by the controls' own structs."""

    version: Annotated[int, Meta(description="The version of the policy format.", ge=1, le=1)]
    system: Annotated[str, Meta(description="Name of the AI system.", min_length=1, extra=NEVER_LOOSER)] = "unnamed"
    models: Annotated[
        dict[str, Model],
        Meta(
            description="The system's models, by name.",
            extra=LESS_IS_LOOSER,
        ),
    ] = field(default_factory=dict)
    datasets: Annotated[
        dict[str, Dataset],
        Meta(
            description="The system's data sets, by name.",
            extra=LESS_IS_LOOSER,
        ),
    ] = field(default_factory=dict)
    principals: Annotated[
        tuple[Principal, ...],
        Meta(
            description="Who uses the system.",
            extra=MORE_IS_LOOSER,
        ),
    ] = ()
    ledger: Annotated[
        Ledger | None,
        Meta(
            description="Where evidence is kept; none is kept without it.",
            extra_json_schema=_ONE_PLACE,
            extra=LESS_IS_LOOSER,
        ),
    ] = None
    waivers: Annotated[
        tuple[Waiver, ...],
        Meta(
            description="Findings that are accepted for a time.",
            extra=MORE_IS_LOOSER,
        ),
    ] = ()
    baseline: Annotated[
        FilePath | None,
        Meta(
            description="File of findings that were there before.",
            extra=MORE_IS_LOOSER,
        ),
    ] = None
    exclude: Annotated[
        tuple[str, ...],
        Meta(
            description="Names, or paths relative to this file, that are not walked into; globs too, as `*.bak`.",
            extra=MORE_IS_LOOSER,
        ),
    ] = DEFAULT_EXCLUDE
