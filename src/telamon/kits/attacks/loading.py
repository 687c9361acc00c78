"""A victim for artefact attacks: a real loader in a child process with resource limits and a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MEMORY_BYTES = 4 * 1024**3  # torch alone maps more than 2 GiB
CPU_S = 60
WALL_S = 120
FILE_BYTES = 64 * 1024**2


class Loader(StrEnum):
    """The ways in which victims load artefacts; the names are those of the functions they call."""

    PICKLE = "pickle.load"
    JOBLIB = "joblib.load"
    NUMPY = "numpy.load"
    TORCH = "torch.load"
    KERAS = "keras.models.load_model"
    JINJA = "jinja2.Template.render"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of a load.

    Attributes:
        ok: Whether the loader returned an object.
        answer: `repr` of the object's type, or the last line of the error.
    """

    ok: bool
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether victims on this machine can load with a loader.

    Attributes:
        version: Of the library, or of Python for what comes with it; empty where it cannot be used.
        reason: Why it cannot be used; empty where it can.
    """

    version: str
    reason: str


# What victims import for each loader that does not come with Python.
_LIBRARIES = {
    Loader.JOBLIB: "joblib",
    Loader.NUMPY: "numpy",
    Loader.TORCH: "torch",
    Loader.KERAS: "keras",
    Loader.JINJA: "jinja2",
}
# Keras computes with whichever of these is there, and is told so before it is imported.
_BACKENDS = ("torch", "tensorflow", "jax")

# One line each, run with -I -S-free isolation in the child; the path is its argument, never part of the code.
_STATEMENTS = {
    Loader.PICKLE: "import pickle; value = pickle.load(open(path, 'rb'))",
    Loader.JOBLIB: "import joblib; value = joblib.load(path)",
    Loader.NUMPY: (
        "import numpy; value = numpy.load(path, allow_pickle=True); "
        "value = value.item() if isinstance(value, numpy.ndarray) else value"
    ),
    Loader.TORCH: "import torch; value = torch.load(path, weights_only=False)",
    # The flag is what tutorials tell users whose model has a Lambda layer.
    Loader.KERAS: "import keras; value = keras.models.load_model(path, safe_mode=False)",
    # As servers render the template of a model (CVE-2024-34359): not in Jinja's sandbox.
    Loader.JINJA: (
        "import jinja2, json; configuration = json.load(open(path)); "
        "value = jinja2.Environment().from_string(configuration['chat_template']).render("
        "messages=[{'role': 'user', 'content': 'hi'}], add_generation_prompt=True)"
    ),
    Loader.IMPORT: "sys.path.insert(0, path); value = __import__('victim_package')",
}
_PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({cpu}, {cpu}))
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
path = sys.argv[1]
{statement}
print({shown})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the victim's process is started where a control is part of it.

    Attributes:
        environment: What it has besides. It is not isolated then: Python's start-up goes by PYTHONPATH.
        within: Given the command and its environment, returns the command that runs it.
    """

    environment: Mapping[str, str]
    within: Callable[[Sequence[str], Mapping[str, str]], Sequence[str]] = lambda words, _: words


def load_in_child(loader: Loader, path: Path, *, workspace: Path, start: Start | None = None) -> Loaded:
    """Load `path` as an unsuspecting user would, in a child process, and say what came of it.

    The child has limits on memory, CPU time and file sizes, no inherited environment but the choice
    of BLAS kernels, and `workspace` as its working and home folder. The payloads of our experiments do no more than
    create a file there.

    Args:
        loader: Which function loads it.
        path: The artefact.
        workspace: An existing private folder.
        start: How the child is started; by default alone.
    """
    return _run(_STATEMENTS[loader], str(path), workspace, start=start)


def availability(loader: Loader, *, workspace: Path) -> Availability:
    """Say whether the victim can use a loader, by importing its library in the victim's own child process.

    Args:
        loader: Which one.
        workspace: An existing private folder.
    """
    library = _LIBRARIES.get(loader)
    if library is None:
        return Availability(version=f"Python {platform.python_version()}", reason="")
    if importlib.util.find_spec(library) is None:
        return Availability(version="", reason=f"{library} is not installed")
    # The victim is isolated (`-I`): what lies on PYTHONPATH only is there for us and not for it.
    done = _run(f"import {library}", "", workspace, shown=f"{library}.__version__")
    if not done.ok:
        return Availability(version="", reason=f"{library} cannot be imported: {done.answer}")
    return Availability(version=f"{library} {done.answer}", reason="")


def _run(
    statement: str,
    argument: str,
    workspace: Path,
    *,
    shown: str = "type(value).__name__",
    start: Start | None = None,
) -> Loaded:
    program = _PROGRAM.format(cpu=CPU_S, memory=MEMORY_BYTES, size=FILE_BYTES, statement=statement, shown=shown)
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")},
        "PATH": os.defpath,
        "HOME": str(workspace),
        "TMPDIR": str(workspace),
        "KERAS_BACKEND": next((name for name in _BACKENDS if importlib.util.find_spec(name)), _BACKENDS[0]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    words: Sequence[str] = [sys.executable, "-I", "-c", program, argument]
    if start is not None:
        environment |= start.environment
        words = start.within([sys.executable, "-c", program, argument], environment)
    try:
        done = subprocess.run(  # noqa: S603  # the program is ours, the path is an argument
            words,
            cwd=workspace,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=WALL_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Loaded(ok=False, answer=f"no answer within {WALL_S} s")
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return Loaded(ok=done.returncode == 0, answer=lines[-1] if lines else f"exit status {done.returncode}")
