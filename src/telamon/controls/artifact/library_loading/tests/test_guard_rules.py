"""What a load may do, what surrounds it may do, and how the rules change that; each in a process of its own."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import telamon
from telamon.controls.artifact.library_loading.guard import LibraryLoadingGuard
from telamon.controls.artifact.library_loading.guarding import events
from telamon.controls.artifact.library_loading.guarding.names import objection
from telamon.controls.artifact.library_loading.guarding.records import GuardRules, read_refusals
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings, Unknown
from telamon.core.records import Effect
from telamon.core.subjects import Operation, OperationKind, Subject, SubjectKind
from telamon.kits.callables.allowing import AllowedGlobal

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE: Final = str(Path(telamon.__file__).resolve().parents[1])
# A module of the victim's own, all of whose functions the policy allows.
TOOLS: Final = """
import os, subprocess, socket, ctypes, threading, sys, marshal, pathlib
class Net:
    pass
def command(): os.system("touch canary")
def program(): subprocess.run(["touch", "canary"])
def writing(): open("canary", "w").close()
def path(): pathlib.Path("canary").touch()
def reading(): return open("tools.py").read()
def importing(): import sqlite3.dbapi2 as found; return found.__name__
def executing(): exec("open('canary', 'w').close()")
def evaluating(): return eval("1 + 1")
def socketing(): return socket.socket()
def resolving(): return socket.getaddrinfo("localhost", 80)
def native(): ctypes.CDLL(None).creat(b"canary", 0o600)
def thread(): threading.Thread(target=print).start()
def tracing(): sys.settrace(lambda *_: None)
def marshalled(): return marshal.loads(marshal.dumps(1))
def removing(): os.remove("tools.py")
def variable(): os.putenv("LD_PRELOAD", "x")
"""
ACTING: Final = (
    "command", "program", "writing", "path", "executing", "evaluating", "socketing", "resolving", "native", "thread",
    "tracing", "marshalled", "removing", "variable",
)  # fmt: skip  # one thought
LOAD: Final = "import pickle\nfound = pickle.loads({data!r})\nprint(found)"


def calling(name: str) -> bytes:
    """A pickle that calls a function of the victim's module."""
    return b"ctools\n" + name.encode() + b"\n)R."


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program beside `tools.py` that installs a guard with the settings given as source."""
    (tmp_path / "tools.py").write_text(TOOLS)

    def call(program: str, settings: str = "") -> subprocess.CompletedProcess[str]:
        head = (
            "import telamon\n"
            "from telamon.controls.artifact.library_loading.settings import AllowedGlobal as A\n"
            "from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings as S\n"
            f"guarding = telamon.guard(S({settings}))\n"
        )
        return subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", head + program],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": PACKAGE},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def allowing(*names: str) -> str:
    return f"allow=tuple(A(name=each, reason='ours') for each in {[f'tools:{name}' for name in names]!r})"


@pytest.mark.parametrize("name", ACTING)
def test_a_load_does_not_act_even_by_what_is_allowed(run: Callable, tmp_path: Path, name: str) -> None:
    if name == "thread" and sys.version_info < (3, 12):
        pytest.skip("before Python 3.12 threads are started without an event")
    ended = run(LOAD.format(data=calling(name)), allowing(name))
    assert ended.returncode == 1
    assert "LoadRefusedError: the guard refuses the load" in ended.stderr
    assert not (tmp_path / "canary").exists()
    assert (tmp_path / "tools.py").exists()


@pytest.mark.parametrize("name", ["reading", "importing"])
def test_a_load_reads_and_imports(run: Callable, name: str) -> None:
    ended = run(LOAD.format(data=calling(name)), allowing(name))
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("name", ACTING)
def test_the_program_itself_acts_as_before_also_between_loads(run: Callable, name: str) -> None:
    program = (
        "import pickle, tools, collections\n"
        "for _ in range(2):\n"
        f"    pickle.loads({b'ccollections' + bytes([10]) + b'OrderedDict' + bytes([10]) + b')R.'!r})\n"
        f"    if _: tools.{name}()\n"
    )
    ended = run(program)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_files_that_a_loader_reads_open_what_they_need(run: Callable) -> None:
    program = (
        "import io, pickle\n"
        "class Distant(io.BytesIO):\n"
        "    def readinto(self, buffer):\n"
        "        import socket; socket.socket().close()\n"
        "        return super().readinto(buffer)\n"
        "    def read(self, size=-1):\n"
        "        import socket; socket.socket().close()\n"
        "        return super().read(size)\n"
        "print(pickle.load(Distant(pickle.dumps([__import__('fractions').Fraction(1, 3)] * 3 + ['x' * 200_000]))))\n"
    )
    assert run(program).returncode == 0


def test_says_what_is_refused_and_the_line_that_allows_it(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "net.pkl").write_bytes(b"ctools\nNet\n)\x81.")
    program = "import pickle\nprint(pickle.load(open('net.pkl', 'rb')))"
    refused = run(program)
    assert (
        "the guard refuses the load of `net.pkl` fetching `tools.Net`: nothing is known about it; if you vouch for it, "
        'the policy allows it by `controls: {library-loading: {allow: [{name: "tools:Net", reason: "..."}]}}`'
    ) in refused.stderr
    assert run(program, allowing("Net")).returncode == 0
    assert run("import tools\n" + program, "unknown='permit'").returncode == 0


def test_the_unknown_is_permitted_and_the_dangerous_is_not(run: Callable, tmp_path: Path) -> None:
    ended = run(LOAD.format(data=b"cposix\nsystem\n(S'touch canary'\ntR."), "unknown='permit'")
    assert "fetching `posix.system`: it runs a shell command" in ended.stderr
    assert not (tmp_path / "canary").exists()


def test_shadow_mode_warns_and_refuses_nothing(run: Callable) -> None:
    ended = run(LOAD.format(data=b"ctools\nNet\n)\x81."), "mode='shadow'")
    assert ended.returncode == 0
    assert "LoadWarning: the guard refuses the load fetching `tools.Net`: nothing is known about it" in ended.stderr


def test_a_second_guard_adds_to_the_first(run: Callable) -> None:
    program = f"telamon.guard(S({allowing('Net')}))\n" + LOAD.format(data=b"ctools\nNet\n)\x81.")
    assert run(program, "").returncode == 1
    assert run("telamon.guard()\n" + LOAD.format(data=b"ctools\nNet\n)\x81."), allowing("Net")).returncode == 1


@pytest.mark.parametrize(
    "act",
    [
        "__import__('tools').command()",
        "open('canary', 'w')",
        "exec('1')",
        "__import__('marshal').loads(b'N')",
        "__import__('yaml').unsafe_load('!!python/object/apply:os.system [touch canary]')",
    ],
)
def test_in_a_block_nothing_acts(run: Callable, tmp_path: Path, act: str) -> None:
    ended = run(f"import tools, yaml\nwith guarding:\n    open('tools.py').read()\n    import sqlite3\n    {act}")
    assert "LoadRefusedError" in ended.stderr
    assert not (tmp_path / "canary").exists()
    assert run("with guarding:\n    pass\nopen('canary', 'w').close()").returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "telamon.controls.artifact.library_loading.guarding.hook AuditHook",
        "telamon.controls.artifact.library_loading.guarding.overrides cover",
        "gc get_objects",
        "sys addaudithook",
        "sys settrace",
        "sys _getframe",
        "sys modules",
        "builtins setattr",
        "builtins getattr",
        "builtins __build_class__",
        "builtins globals",
        "threading _shutdown",
        "_thread start_new_thread",
        "ctypes pythonapi",
        "ctypes CDLL",
        "copyreg add_extension",
        "copyreg pickle",
        "_pickle Unpickler",
        "pickle loads.__self__",
        "collections OrderedDict.__init_subclass__",
        "os environ",
        "os _exit",
        "atexit register",
        "weakref finalize",
        "types FunctionType",
        "types CodeType",
        "importlib import_module",
    ],
)
def test_names_that_could_undo_the_guard_are_refused(name: str) -> None:
    module, _, attribute = name.partition(" ")
    assert objection(module, attribute)


def test_a_name_that_is_no_string_is_refused(run: Callable) -> None:
    program = (
        "import pickle, io\n"
        "class Sly(str):\n"
        "    __hash__ = str.__hash__\n"
        "    def __eq__(self, other): return True\n"
        "pickle.loads(pickle.dumps(__import__('collections').OrderedDict()))\n"
        "pickle.Unpickler(io.BytesIO(b'')).find_class(Sly('posix'), Sly('system'))\n"
    )
    assert "fetching a name that is no string" in run(program).stderr


def test_a_loader_that_swallows_the_refusal_gets_nothing(run: Callable, tmp_path: Path) -> None:
    program = (
        "import pickle\n"
        "for protocol in range(3):\n"
        "    try:\n"
        "        pickle.loads(b\"cposix\\nsystem\\n(S'touch canary'\\ntR.\")\n"
        "    except Exception:\n"
        "        pass\n"
    )
    assert run(program).returncode == 0
    assert not (tmp_path / "canary").exists()


def test_reports_what_it_refuses(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(b"cposix\nsystem\n(S'touch canary'\ntR.")
    program = (
        "from telamon.controls.artifact.library_loading.guarding.children import guard_process\n"
        "from telamon.controls.artifact.library_loading.guarding.records import GuardRules\n"
        "guard_process(GuardRules(report='report'))\n"
        "import pickle\npickle.load(open('x.pkl', 'rb'))"
    )
    run(program, "mode='off'")
    (found,) = read_refusals(tmp_path / "report")
    assert (found.file, found.event, found.name) == ("x.pkl", "pickle.find_class", "posix:system")
    with (tmp_path / "report").open("a") as file:
        file.write('{"cut short\n[1]\n{"file": "a"}\n')
    assert read_refusals(tmp_path / "report") == (found,)
    assert read_refusals(tmp_path / "none") == ()


def test_rules_are_what_they_were_behind_the_environment() -> None:
    rules = GuardRules(
        is_enforcing=False, may_unknown=True, allowed=frozenset({"a:B"}), profiles={"0" * 64: frozenset({"c:D"})}
    )
    assert GuardRules.from_text(rules.to_text()) == rules
    for text in ("", "{}", "[]", '{"allowed": 1}', '{"allowed": [], "profiles": []}', '{"allowed": [], "more": 1}'):
        with pytest.raises(ValueError, match=r"rules of a guard|Expecting"):
            GuardRules.from_text(text)


@pytest.mark.parametrize(
    ("words", "environment", "is_unguarded"),
    [
        (["python", "x.py", "-I"], None, False),
        (["python", "-c", "-I"], None, False),
        (["python", "-m", "x"], None, False),
        (["/usr/bin/python3.12", "-I", "x.py"], None, True),
        (["python3", "-B", "-sE", "x.py"], None, True),
        (["pypy3", "-S"], None, True),
        (["env", "python3", "-I"], None, True),
        (["/usr/bin/env", "-u", "python3", "x.py"], None, False),
        (["env", "A=b", "python3", "x.py"], None, False),
        (["env", "-i", "A=b", "python3", "x.py"], None, True),
        (["sh", "-I"], None, False),
        (["python3"], {}, True),
        (["python3"], {"G": "1"}, False),
        (["python3"], {b"G": b"1"}, False),
        ([], None, False),
    ],
)
def test_tells_a_python_that_leaves_out_the_guard(
    words: list[str], environment: dict[object, object] | None, *, is_unguarded: bool
) -> None:
    assert events.is_unguarded(words, environment, "G") is is_unguarded


@pytest.mark.parametrize(
    ("settings", "kind", "detail", "effect"),
    [
        (LibraryLoadingSettings(), OperationKind.LOOK_UP, "collections:OrderedDict", Effect.PERMIT),
        (LibraryLoadingSettings(), OperationKind.LOOK_UP, "posix:system", Effect.DENY),
        (LibraryLoadingSettings(), OperationKind.LOOK_UP, "mine:Net", Effect.DENY),
        (LibraryLoadingSettings(unknown=Unknown.PERMIT), OperationKind.LOOK_UP, "mine:Net", Effect.PERMIT),
        (
            LibraryLoadingSettings(allow=(AllowedGlobal(name="mine:Net", reason="ours"),)),
            OperationKind.LOOK_UP,
            "mine:Net",
            Effect.PERMIT,
        ),
        (LibraryLoadingSettings(unknown=Unknown.PERMIT), OperationKind.ACT, "os.system", Effect.DENY),
    ],
)
def test_the_guard_of_the_control_decides_as_the_hook(
    settings: LibraryLoadingSettings, kind: OperationKind, detail: str, effect: Effect
) -> None:
    subject = Subject(kind=SubjectKind.FILE, name="m.pkl", path=Path("m.pkl"))
    decision = LibraryLoadingGuard(settings).enforce(Operation(kind=kind, subject=subject, detail=detail))
    assert decision.effect is effect
    assert decision.reason


@pytest.mark.parametrize("kind", ["source", "bytecode", "package"])
def test_a_load_imports_no_library_that_lies_beside_the_model(run: Callable, tmp_path: Path, kind: str) -> None:
    source = "open('canary', 'w').close()\nclass Word2Vec:\n    pass\n"
    if kind == "package":
        (tmp_path / "gensim" / "models").mkdir(parents=True)
        (tmp_path / "gensim" / "__init__.py").write_text(source)
        (tmp_path / "gensim" / "models" / "word2vec.py").write_text(source)
        data = b"cgensim.models.word2vec\nWord2Vec\n)\x81."
    else:
        (tmp_path / "colorsys.py").write_text(source.replace("Word2Vec", "Box"))
        data = b"ccolorsys\nBox\n)\x81."
    if kind == "bytecode":  # with a place in it that lies
        code = compile((tmp_path / "colorsys.py").read_text(), os.__file__, "exec")
        (tmp_path / "colorsys.pyc").write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
        (tmp_path / "colorsys.py").unlink()
    ended = run("import sys; sys.path.insert(0, '')\n" + LOAD.format(data=data), "unknown='permit'")
    assert "which is no installed library" in ended.stderr
    assert not (tmp_path / "canary").exists()
    assert run("import sys; sys.path.insert(0, '')\n" + LOAD.format(data=data), "mode='off'").returncode == 0
    assert (tmp_path / "canary").exists()


def test_a_module_that_is_allowed_imports_its_neighbours(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text("import neighbour\nclass Net:\n    pass\n")
    (tmp_path / "neighbour.py").write_text("")
    program = "import sys; sys.path.insert(0, '')\n" + LOAD.format(data=b"cshapes\nNet\n)\x81.")
    assert run(program, "allow=(A(name='shapes:Net', reason='ours'),)").returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("_xxsubinterpreters") is None, reason="the module has another name")
def test_no_interpreter_without_the_guard_is_started_in_the_process(run: Callable) -> None:
    program = "import _xxsubinterpreters as found\nfound.destroy(found.create())"
    assert run(program).returncode == 1  # CPython puts an error of its own in place of the refusal
    assert run(program, "children='free'").returncode == 0


@pytest.mark.parametrize("name", ["command", "reading"])
def test_a_thread_that_only_loads_is_a_load_from_end_to_end(run: Callable, tmp_path: Path, name: str) -> None:
    program = (
        "import _thread, pickle, sys, time\n"
        "sys.unraisablehook = lambda lost: print(type(lost.exc_value).__name__, flush=True)\n"
        f"_thread.start_new_thread(pickle.loads, ({calling(name)!r},))\n"
        "time.sleep(1)\n"
    )
    ended = run(program, allowing(name))
    assert (ended.stdout, ended.stderr) == ("LoadRefusedError\n" if name == "command" else "", "")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "act",
    [
        "subprocess.Popen(Sly('true'))",
        "open(Sly('canary'), 'w')",
        "open(Sly('tools.py'))",
        "sys.audit('os.system', Sly('x'))",
        "sys.audit('subprocess.Popen', Sly('x'), [Sly('y')], None, None)",
    ],
)
def test_what_an_event_is_about_runs_nothing_while_it_is_decided(run: Callable, tmp_path: Path, act: str) -> None:
    (tmp_path / "sly.py").write_text(
        "import os, subprocess, sys\n"
        "class Sly(str):\n"
        "    def harm(self, *_): os.system('touch canary'); return ''\n"
        "    __repr__ = __str__ = __format__ = __fspath__ = endswith = encode = startswith = __len__ = harm\n"
        f"def act(): {act}\n"
    )
    ended = run(LOAD.format(data=b"csly\nact\n)R."), "allow=(A(name='sly:act', reason='ours'),)")
    assert not (tmp_path / "canary").exists(), ended.stderr
