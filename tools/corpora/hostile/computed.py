"""Names that the stream computes, so that no string of the file is the name of anything dangerous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpora.assembly import COMMAND, applied, call, pushed
from corpora.case import Case, Technique
from telamon.kits.attacks.pickles import STACK_GLOBAL, Program

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases() -> Iterator[Case]:
    """Yield look-ups of `os.system` by computed strings, which are called, and one that is only kept."""
    for name, module, attribute in _names():
        looked_up = Program(protocol=4).raw(pushed(module) + pushed(attribute) + STACK_GLOBAL)
        yield Case(name=name, technique=Technique.COMPUTED, data=applied(looked_up, COMMAND).finished())
    module = call("_codecs", "encode", "bf", "rot13")
    kept = Program(protocol=4).raw(module.body + pushed("system") + STACK_GLOBAL)
    yield Case(name="rot13-kept", technique=Technique.COMPUTED, data=kept.finished())


def _names() -> Iterator[tuple[str, object, object]]:
    def method(name: str, *arguments: object) -> Program:
        return applied(Program(protocol=4).global_("builtins", name), *arguments)

    yield "rot13", call("_codecs", "encode", "bf", "rot13"), call("codecs", "encode", "flfgrz", "rot13")
    yield "join", method("str.join", "", ["o", "s"]), method("str.join", "", ["sys", "tem"])
    yield "join-by-getattr", "os", applied(call("builtins", "getattr", "", "join"), ["sys", "tem"])
    yield "concatenation", call("operator", "add", "o", "s"), call("operator", "concat", "sys", "tem")
    yield "slicing", "os", call("operator", "getitem", "metsys", call("builtins", "slice", None, None, -1))
    yield "reversal", "os", method("str.join", "", call("builtins", "reversed", "metsys"))
    yield "replacement", "os", method("str.replace", "sys-tem", "-", "")
    yield "lower-case", method("str.lower", "OS"), method("str.lower", "SYSTEM")
    yield "decoded-bytes", call("_codecs", "decode", b"os"), call("_codecs", "decode", b"system", "ascii")
    yield "str-of-bytes", call("builtins", "str", b"os", "ascii"), call("builtins", "str", b"system", "ascii")
    yield "hexadecimal", "os", method("bytes.decode", method("bytes.fromhex", "73797374656d"))
    yield "base64", "os", method("bytes.decode", call("base64", "b64decode", "c3lzdGVt"))
    yield (
        "characters",
        "os",
        method(
            "str.join", "", call("builtins", "map", Program(protocol=4).global_("builtins", "chr"), list(b"system"))
        ),
    )
    yield "chr", "os", call("operator", "add", call("builtins", "chr", 115), "ystem")
    yield "format", "os", method("str.format", "{}tem", "sys")
    yield "percent", "os", call("operator", "mod", "sys%s", "tem")
    yield "environment", "os", call("os", "getenv", "TELAMON", "system")
    yield (
        "attribute-of-module",
        "os",
        call("builtins", "getattr", Program(protocol=4).global_("os", "system"), "__name__"),
    )
    yield "interned", call("sys", "intern", "os"), call("sys", "intern", "system")
