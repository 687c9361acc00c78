"""Brings the dotted names of modules' attributes to one form each, whatever way leads to them."""

from __future__ import annotations

import builtins
import re
from typing import Final

HERE: Final = "<file>"
SPACE: Final = ".__dict__"
MAX_NAME: Final = 200  # longer ones are chains of calls that no table names

_SAME: Final = {
    "posix": "os",
    "nt": "os",
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "_io": "builtins",
    "io.open": "builtins.open",
    "codecs.open": "builtins.open",
    "_socket": "socket",
    "_pickle": "pickle",
    "cPickle": "pickle",
    "_posixsubprocess": "subprocess",
    "posixpath": "os.path",
    "ntpath": "os.path",
    "six.moves.urllib": "urllib",
    "six.moves.builtins": "builtins",
    "httplib": "http.client",
    "requests.api": "requests",
    "requests.sessions.Session": "requests.Session",
    "requests.sessions.session": "requests.Session",
    "dill._dill": "dill",
}
# Modules that other modules' namespaces hold, so that `logging.os.system` is `os.system`.
_HELD: Final = re.compile(r"\.(os|sys|subprocess|builtins|__builtins__|importlib|socket|ctypes|shutil)(?=\.|$)")


def canonical(name: str) -> str:
    """Return a name in the form that the tables have."""
    if len(name) > MAX_NAME:
        return ""
    if not name.startswith((HERE, ".")):
        held = None
        for match in _HELD.finditer(name):
            held = match
        is_own = name.startswith("socket.")  # whose class is called like it
        if held is not None and not is_own and "(" not in name[: held.start()]:
            name = name[held.start() + 1 :]
    for _ in range(2):
        head = name
        while head:
            same = _SAME.get(head)
            if same is not None:
                name = same + name[len(head) :]
                break
            head = head.rpartition(".")[0]
        else:
            return name
    return name


def builtin(name: str) -> str | None:
    """Return the dotted name of a builtin, `None` where there is none of that name."""
    if name == "__builtins__":
        return "builtins"
    return f"builtins.{name}" if name in _BUILTINS else None


# `raw_input` and the like are Python 2's; `copyright` and `exit` come with `site`.
_BUILTINS: Final = frozenset(dir(builtins)) | {"execfile", "raw_input", "unicode", "reload", "unichr", "exit", "quit"}
