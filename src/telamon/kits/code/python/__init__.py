"""What Python source calls, by exact names, with what, and where that came from; read from its syntax tree, never run.

Names are dotted and end where they are known: `subprocess.run` for whatever the file calls it, `builtins.open`,
`socket.socket().connect` for a method of what a call gave, `<file>.load` for what the file itself defines, and
`.method` for a method of anything else.

Order counts within a block of statements; what branches and loops do is joined. Functions are followed with what all
their callers give them together. Decoders of the standard library are computed for constants.
"""

from __future__ import annotations

from telamon.kits.code.python.calls import calls
from telamon.kits.code.python.facts import Call, Place, Program, Step
from telamon.kits.code.python.origins import Fetching
from telamon.kits.code.python.parsing import MAX_SOURCE_BYTES, parse
from telamon.kits.code.python.tracing import follow, trace
from telamon.kits.code.python.values import HOLE, UNKNOWN, Constant, Mark, Origin, Unknown, Value

__all__ = [
    "HOLE",
    "MAX_SOURCE_BYTES",
    "UNKNOWN",
    "Call",
    "Constant",
    "Fetching",
    "Mark",
    "Origin",
    "Place",
    "Program",
    "Step",
    "Unknown",
    "Value",
    "calls",
    "follow",
    "parse",
    "trace",
]
