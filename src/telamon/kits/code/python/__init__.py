"""What Python source calls, by exact names and with what; read from its syntax tree, never run.

Names are dotted and end where they are known: `subprocess.run` for whatever the file calls it, `builtins.open`,
`socket.socket().connect` for a method of what a call gave, `<file>.load` for what the file itself defines, and
`.method` for a method of anything else.
"""

from __future__ import annotations

from telamon.kits.code.python.calls import calls
from telamon.kits.code.python.facts import Call
from telamon.kits.code.python.parsing import MAX_SOURCE_BYTES, parse
from telamon.kits.code.python.values import UNKNOWN, Constant, Unknown

__all__ = ["MAX_SOURCE_BYTES", "UNKNOWN", "Call", "Constant", "Unknown", "calls", "parse"]
