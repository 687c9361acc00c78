"""Every way to a loader: the payload works without the guard and not with it, and an honest file loads with it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import telamon
from telamon.controls.artifact.library_loading.guarding.children import guarded_environment
from telamon.controls.artifact.library_loading.guarding.records import GuardRules
from telamon.kits.attacks import artefacts

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE: Final = str(Path(telamon.__file__).resolve().parents[1])
HONEST: Final = {"name": "classifier", "weights": [0.5, -1.25]}

# Programs of victims: `path` is the file. What stands before BEGIN runs before the guard is there.
OWN_WITHOUT_SUPER: Final = """
import importlib
class Own({base}):
    def find_class(self, module, name):
        return getattr(importlib.import_module(module), name)
"""
ROUTES: Final = {
    "pickle.load": "import pickle; pickle.load(open(path, 'rb'))",
    "pickle.loads": "import pickle; pickle.loads(open(path, 'rb').read())",
    "name taken before": "from pickle import load\nBEGIN\nload(open(path, 'rb'))",
    "unpickler made before": "import pickle; early = pickle.Unpickler(open(path, 'rb'))\nBEGIN\nearly.load()",
    "method taken before": "import pickle; early = pickle.Unpickler(open(path, 'rb')).load\nBEGIN\nearly()",
    "C module": "import _pickle; _pickle.load(open(path, 'rb'))",
    "Python's own unpickler": "import pickle; pickle._load(open(path, 'rb'))",
    "Python's own, from bytes": "import pickle; pickle._loads(open(path, 'rb').read())",
    "subclass": "import pickle\nclass Own(pickle.Unpickler): pass\nOwn(open(path, 'rb')).load()",
    "subclass that calls super": (
        "import pickle\nclass Own(pickle.Unpickler):\n    def find_class(self, module, name):\n"
        "        return super().find_class(module, name)\nOwn(open(path, 'rb')).load()"
    ),
    "override without super": "import pickle"
    + OWN_WITHOUT_SUPER.format(base="pickle.Unpickler")
    + "BEGIN\nOwn(open(path, 'rb')).load()",
    "override without super, made later": "import pickle\nBEGIN"
    + OWN_WITHOUT_SUPER.format(base="pickle.Unpickler")
    + "Own(open(path, 'rb')).load()",
    "override of an early base": "from _pickle import Unpickler\nBEGIN"
    + OWN_WITHOUT_SUPER.format(base="Unpickler")
    + "Own(open(path, 'rb')).load()",
    "override of Python's own": "import pickle\nBEGIN"
    + OWN_WITHOUT_SUPER.format(base="pickle._Unpickler")
    + "Own(open(path, 'rb')).load()",
    "override in a class of a class": "import pickle\nBEGIN"
    + OWN_WITHOUT_SUPER.format(base="pickle.Unpickler")
    + "class Lower(Own): pass\nLower(open(path, 'rb')).load()",
    "override of a class that is called for": "import pickle, importlib\nBEGIN\n"
    "find = lambda self, module, name: getattr(importlib.import_module(module), name)\n"
    "type('Own', (pickle.Unpickler,), {'find_class': find})(open(path, 'rb')).load()",
    "override set on the class later": "import pickle, importlib\nclass Own(pickle.Unpickler): pass\nBEGIN\n"
    "Own.find_class = lambda self, module, name: getattr(importlib.import_module(module), name)\n"
    "Own(open(path, 'rb')).load()",
    "override set on a class of later": "import pickle, importlib\nBEGIN\nclass Own(pickle.Unpickler): pass\n"
    "Own.find_class = lambda self, module, name: getattr(importlib.import_module(module), name)\n"
    "Own(open(path, 'rb')).load()",
    "override set on the unpickler": "import pickle, importlib\nBEGIN\nclass Own(pickle.Unpickler): pass\n"
    "own = Own(open(path, 'rb'))\n"
    "own.find_class = lambda module, name: getattr(importlib.import_module(module), name)\nown.load()",
    "override set on Python's own": "import pickle, importlib\nBEGIN\nown = pickle._Unpickler(open(path, 'rb'))\n"
    "own.find_class = lambda module, name: getattr(importlib.import_module(module), name)\nown.load()",
    "override of an early base that is called for": "from _pickle import Unpickler\nimport importlib\nBEGIN\n"
    "find = lambda self, module, name: getattr(importlib.import_module(module), name)\n"
    "type('Own', (Unpickler,), {'find_class': find})(open(path, 'rb')).load()",
    "bare thread": (
        "import _thread, pickle, time; data = open(path, 'rb').read()\n"
        "_thread.start_new_thread(pickle.loads, (data,)); time.sleep(1)"
    ),
    "at the end": "import atexit, pickle; atexit.register(pickle.loads, open(path, 'rb').read())",
    "event loop": (
        "import asyncio, pickle\nasync def main(): return pickle.load(open(path, 'rb'))\nasyncio.run(main())"
    ),
    "process by a server": (
        "import multiprocessing, pickle\nif __name__ == '__main__':\n"
        "    multiprocessing.get_context('forkserver').Pool(1).map(pickle.loads, [open(path, 'rb').read()])"
    ),
    "pool of processes": (
        "import pickle\nfrom concurrent.futures import ProcessPoolExecutor\nif __name__ == '__main__':\n"
        "    ProcessPoolExecutor(1).submit(pickle.loads, open(path, 'rb').read()).result()"
    ),
    "thread": (
        "import pickle, threading; run = threading.Thread(target=lambda: pickle.load(open(path, 'rb')))\n"
        "BEGIN\nrun.start(); run.join()"
    ),
    "thread pool": (
        "import pickle; from concurrent.futures import ThreadPoolExecutor\n"
        "ThreadPoolExecutor().submit(lambda: pickle.load(open(path, 'rb'))).result()"
    ),
    "forked child": (
        "import os, pickle, sys, traceback\npid = os.fork()\nif not pid:\n"
        "    try:\n        pickle.load(open(path, 'rb'))\n"
        "    except Exception:\n        traceback.print_exc()\n    finally:\n        sys.stderr.flush(); os._exit(0)\n"
        "os.waitpid(pid, 0)"
    ),
    "process by fork": (
        "import multiprocessing, pickle\nif __name__ == '__main__':\n"
        "    multiprocessing.get_context('fork').Pool(1).map(pickle.loads, [open(path, 'rb').read()])"
    ),
    "process by spawn": (
        "import multiprocessing, pickle\nif __name__ == '__main__':\n"
        "    multiprocessing.get_context('spawn').Pool(1).map(pickle.loads, [open(path, 'rb').read()])"
    ),
    "child process": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))', path], check=True)"
    ),
    "child of a child": (
        "import subprocess, sys; inner = 'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))'\n"
        "outer = 'import subprocess, sys; subprocess.run([sys.executable, \"-c\", *sys.argv[:0:-1]], check=True)'\n"
        "subprocess.run([sys.executable, '-c', outer, path, inner], check=True)"
    ),
    "shell": (
        "import os, shlex, sys; inner = f'import pickle; pickle.load(open({path!r}, chr(114) + chr(98)))'\n"
        "assert os.system(shlex.join([sys.executable, '-c', inner])) == 0"
    ),
    "isolated child": (
        "import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', "
        "'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))', path], check=True)"
    ),
    "child with an environment of its own": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))', path], env={}, check=True)"
    ),
    "replaced process": (
        "import os, sys; os.execve(sys.executable, [sys.executable, '-S', '-c', "
        "'import pickle, sys; pickle.load(open(sys.argv[1], \"rb\"))', path], dict(os.environ))"
    ),
    "connection": (
        "import multiprocessing.connection as c, os, threading\nr, w = c.Pipe()\n"
        "w.send_bytes(open(path, 'rb').read()); r.recv()"
    ),
    "copy": "import pickle; pickle.Unpickler(__import__('io').BytesIO(open(path, 'rb').read())).load()",
    "nested": "import pickle; pickle.loads(pickle.loads(pickle.dumps(open(path, 'rb').read())))",
    "block": "BEGIN\nimport pickle\nwith guarding:\n    pickle.load(open(path, 'rb'))",
}


def _zipped(name: str, data: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def _legacy(data: bytes) -> bytes:
    """Torch's form before zip: a number, a version, facts of the system, the object, the keys of its storages."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
    return b"".join(pickle.dumps(each, 2) for each in head) + data + pickle.dumps([], 2)


# Routes that leave no honest way: the guard refuses to start such children at all.
REFUSED_FOR_ALL: Final = {"isolated child", "child with an environment of its own", "replaced process"}
BY_LIBRARY: Final = {
    "joblib": ("joblib", "import joblib; joblib.load(path)", artefacts.bare),
    "joblib, compressed": ("joblib", "import joblib; joblib.load(path)", lambda data: zlib.compress(data, 3)),
    "joblib, imported before": ("joblib", "from joblib import load\nBEGIN\nload(path)", artefacts.bare),
    "numpy": ("numpy", "import numpy; numpy.load(path, allow_pickle=True)", artefacts.numpy_objects),
    "numpy, archive": (
        "numpy",
        "import numpy; numpy.load(path, allow_pickle=True)['a']",
        lambda data: _zipped("a.npy", artefacts.numpy_objects(data)),
    ),
    "pandas": ("pandas", "import pandas; pandas.read_pickle(path)", artefacts.bare),
    "dill": ("dill", "import dill; dill.load(open(path, 'rb'))", artefacts.bare),
    "cloudpickle": ("cloudpickle", "import cloudpickle; cloudpickle.load(open(path, 'rb'))", artefacts.bare),
    "torch": ("torch", "import torch; torch.load(path, weights_only=False)", artefacts.torch_zip),
    "torch, older form": ("torch", "import torch; torch.load(path, weights_only=False)", _legacy),
}
PAYLOADS: Final[dict[str, Callable[[str], bytes]]] = {
    "shell": lambda canary: artefacts.shell(canary).finished(),
    "evaluated": lambda canary: artefacts.evaluated(canary).finished(),
    "old instance": lambda canary: artefacts.old_instance(canary).finished(),
    "computed name": lambda canary: artefacts.computed_name(canary).finished(),
    "dotted name": lambda canary: artefacts.dotted_name(canary).finished(),
    "unlisted": lambda canary: artefacts.unlisted(canary).finished(),
    "getattr": lambda canary: artefacts.getattr_chain(canary).finished(),
    "nested": lambda canary: artefacts.nested(canary).finished(),
    "broken tail": lambda canary: artefacts.broken_tail(canary).finished(),
    "partial": lambda canary: artefacts.partial_call(canary).finished(),
}


def victim(
    program: str, path: Path, *, is_guarded: bool, rules: GuardRules | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a victim's program on a file, the guard being installed at its mark or in its environment."""
    environment = {"PATH": os.defpath, "HOME": str(path.parent), "PYTHONPATH": PACKAGE, "OMP_NUM_THREADS": "1"}
    mark = "BEGIN\n" in program
    if is_guarded and mark:
        program = program.replace("BEGIN\n", "import telamon; guarding = telamon.guard()\n")
    elif is_guarded:
        environment = guarded_environment(rules or GuardRules(trusts_processes="Pipe()" not in program), environment)
    else:
        program = program.replace("BEGIN\n", "import contextlib; guarding = contextlib.nullcontext()\n")
    script = path.parent / "victim.py"
    script.write_text(f"path = {str(path)!r}\n{program}\n")
    return subprocess.run(  # noqa: S603  # the program is ours
        [sys.executable, str(script)],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tried(program: str, folder: Path, write: Callable[[bytes], bytes], payload: Callable[[str], bytes]) -> None:
    canary = folder / "canary"
    hostile, honest = folder / "hostile.bin", folder / "honest.bin"
    hostile.write_bytes(write(payload(str(canary))))
    honest.write_bytes(write(pickle.dumps(HONEST, 2)))
    victim(program, hostile, is_guarded=False)
    assert canary.exists(), "the attack does not work without the guard"
    canary.unlink()
    stopped = victim(program, hostile, is_guarded=True)
    assert not canary.exists(), "the guard leaks"
    assert "LoadRefusedError" in stopped.stderr


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_of_python_itself_leaks(route: str, tmp_path: Path) -> None:
    tried(ROUTES[route], tmp_path, artefacts.bare, PAYLOADS["shell"])
    loaded = victim(ROUTES[route], tmp_path / "honest.bin", is_guarded=True)
    assert (loaded.returncode == 0) is (route not in REFUSED_FOR_ALL), loaded.stderr


@pytest.mark.parametrize("route", BY_LIBRARY)
def test_no_route_of_a_library_leaks(route: str, tmp_path: Path) -> None:
    library, program, write = BY_LIBRARY[route]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    tried(program, tmp_path, write, PAYLOADS["shell"])
    loaded = victim(program, tmp_path / "honest.bin", is_guarded=True)
    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_gets_by(payload: str, tmp_path: Path) -> None:
    tried(ROUTES["pickle.load"], tmp_path, artefacts.bare, PAYLOADS[payload])


@pytest.mark.parametrize("is_of_the_file", [True, False])
def test_a_profile_vouches_for_names_of_its_own_file(tmp_path: Path, *, is_of_the_file: bool) -> None:
    (tmp_path / "shapes.py").write_text("class Net:\n    pass\n")
    path = tmp_path / "model.pkl"
    path.write_bytes(b"cshapes\nNet\n)\x81.")
    digest = hashlib.sha256(path.read_bytes() if is_of_the_file else b"another").hexdigest()
    rules = GuardRules(profiles={digest: frozenset({"shapes:Net"})})
    loaded = victim(ROUTES["pickle.load"], path, is_guarded=True, rules=rules)
    assert (loaded.returncode == 0) is is_of_the_file, loaded.stderr
    assert is_of_the_file or 'allow: [{name: "shapes:Net"' in loaded.stderr
