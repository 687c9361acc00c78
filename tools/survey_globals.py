"""Writes `survey.tsv` of `kits/callables/data`: what the classes and functions of popular libraries do in a pickle.

Sources are read out of wheels (see `survey_requirements.txt`), of the installed torch and of the standard library of
the running Python; nothing is imported. A use of a class (instantiate, build, fill, call) is "data" only where every
method that the use runs reaches no primitive of `survey_primitives.py`, in every version that was read.

    python tools/survey_globals.py --download DIR     # fetch the wheels (about 1 GB)
    python tools/survey_globals.py DIR                # read them and write the table
"""

from __future__ import annotations

import argparse
import collections
import gc
import re
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from survey_reach import DYNAMIC, Follower, Library, Reach, Summary
from survey_source import Class, Module, modules_of, public_module, sources_of_folder, sources_of_wheel
from telamon.kits.callables import Effect, table

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "survey_requirements.txt"
OUTPUT = Path(table.DATA) / "survey.tsv"
PLATFORMS = ("any", "manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64")
PLATFORMS_NEW = ("manylinux_2_24_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
OLDER_PYTHONS = ("3.8", "3.10", "3.7", "3.9")

FIRST_ON_TORCH = "torchvision==0.9.1"  # the installed torch is read before it, and after what torch itself builds on

INSTANTIATED = ("__new__", "__del__", "__getattr__", "__getattribute__", "__hash__", "__eq__")
BUILT = ("__setstate__", "__setattr__", "__getattr__", "__getattribute__")
FILLED = ("append", "extend", "add", "__setitem__")
CALLED = ("__new__", "__init__", "__post_init__", "_missing_")
REDUCED = ("__reduce__", "__reduce_ex__")
HOOKS = tuple(dict.fromkeys((*INSTANTIATED, *BUILT, *FILLED, *CALLED, *REDUCED)))

# Packages of which functions too occur in pickles, as stored call-backs, activations and metrics.
WITH_FUNCTIONS = re.compile(
    r"^(sklearn|scipy\.(stats|special|spatial|sparse|linalg|ndimage|signal)|numpy|torch\.(nn|functional)|torchvision|timm"
    r"|fastai|fastcore|thinc|spacy|statsmodels|transformers\.activations|keras|imblearn|nltk\.tokenize"
    r"|ultralytics\.nn|yolov5\.models|gensim|pandas\.core|stable_baselines3\.common|umap|mmcv|mmengine\.model|category_encoders)(\.|$)"
)
NOT_PICKLED = re.compile(r"(Error|Exception|Warning|TestCase|Mixin)$")
# Packages that were one module in earlier versions, whose pickles name the package.
REEXPORTING = re.compile(
    r"^(flair\.(embeddings|models|trainers)|ultralytics\.nn\.modules|timm\.(models\.)?layers|fastai\.text\.models)$"
)
UNLIKELY = re.compile(  # modules of which nothing occurs in pickles of models
    r"(^|\.)(modeling_tf_\w+|modeling_flax_\w+|\w*_tf|cli|commands|scripts?|bin|docs?|plot(ting|s)?|visuali[sz]ation|antlr4?|gen|msvccompiler"
    r"|prototype|onnx|export|exporters?|convert_\w+|_?typing|_distutils|pl_examples|templates?|deploy\w*|web|app|dashboard|server|client"
    r"|checkpoint\w*_to_\w+|sandbox|tutorials?|demos?|_?compat\w*|vendor\w*|third_party|extern\w*|dask|spark|kernels_old|parsers?|printing)(\.|$)"
    r"|^(nemo|jax|ase|river|monai|nltk|espnet2?|super_gradients)\.(?!.*(model|module|layer|loss|net|optim|config|metric|transform|tokenize|text|activation|schedul|encoder|decoder|linear|tree|stem|tag|probab|preprocess|compose|stats|classify|utils|atoms|cell|calculators))"
)
NATIVE_FILLED = frozenset(
    {"list", "dict", "set", "collections.deque", "collections.OrderedDict", "collections.defaultdict"}
)

Row = tuple[str, str, str, str]  # module, uses, source, reaches


def download(folder: Path) -> None:
    """Fetch the wheels of the requirements into a folder; what is there already is fetched again by pip's cache."""
    for requirement, python in requirements():
        for version in (python, *OLDER_PYTHONS):
            platforms = [f"--platform={name}" for name in (*PLATFORMS, *PLATFORMS_NEW)]
            options = [
                "--no-deps",
                "--only-binary=:all:",
                f"--python-version={version}",
                f"--dest={folder}",
                *platforms,
            ]
            command = [sys.executable, "-m", "pip", "download", "--quiet", *options, requirement]
            if subprocess.run(command, check=False).returncode == 0:  # noqa: S603 - our own list of requirements
                break
        else:
            print(f"no wheel: {requirement}", file=sys.stderr)


def requirements() -> Iterator[tuple[str, str]]:
    """The requirements in their order, with the Python version of the wheel."""
    for line in REQUIREMENTS.read_text().splitlines():
        if line and not line.startswith("#"):
            requirement, python = line.split()
            yield requirement, python


def packages(folder: Path, only: str) -> Iterator[tuple[str, dict[str, Module]]]:
    """Every package to read, as its name with version and its modules; bases before those that build on them."""
    standard = Path(sysconfig.get_path("stdlib"))
    yield f"Python {sys.version_info.major}.{sys.version_info.minor}", modules_of(sources_of_folder(standard, ""))
    wheels = {_key(path.name): path for path in sorted(folder.glob("*.whl"))}
    for requirement, _ in requirements():
        name, _, version = requirement.partition("==")
        path = wheels.get(_key(f"{name}-{version}-"))
        if requirement == FIRST_ON_TORCH:
            yield from _torch()
        if not re.search(only, f"{name} {version}"):
            continue
        if path is None:
            print(f"not there: {requirement}", file=sys.stderr)
        else:
            yield f"{name} {version}", modules_of(sources_of_wheel(path))


def _torch() -> Iterator[tuple[str, dict[str, Module]]]:
    torch = Path(sysconfig.get_path("purelib")) / "torch"
    if torch.is_dir():
        installed = re.search(r"['\"]([\d.]+)", (torch / "version.py").read_text())
        yield f"torch {installed[1] if installed else ''}", modules_of(sources_of_folder(torch, "torch/"))


def _key(name: str) -> tuple[str, str]:
    """The name and version of a wheel, normalised."""
    distribution, version = name.split("-")[:2] if name.endswith(".whl") else name.rstrip("-").rsplit("-", 1)
    return re.sub(r"[-_.]+", "-", distribution).lower(), version.split("+")[0]


class Survey:
    """Collects the rows of all packages."""

    def __init__(self) -> None:
        self._library = Library()
        self._uses: dict[tuple[str, str], tuple[str, str]] = {}  # (module, name) -> uses and source
        self._dangers: dict[tuple[str, str], tuple[Reach, str]] = {}
        self.versions: dict[str, list[str]] = collections.defaultdict(list)
        self.unread: collections.Counter[str] = collections.Counter()

    def read(self, source: str, modules: dict[str, Module]) -> None:
        """Judge the classes and functions of one package."""
        name, _, version = source.partition(" ")
        self.versions[name].append(version)
        self._library.take(modules)
        follower = Follower(self._library)
        is_standard = source.startswith("Python ")
        pending: dict[tuple[str, str], Summary] = {}
        reaches: dict[tuple[str, str], Reach | None] = {}
        for module in modules.values():
            for cls in module.classes.values():
                pending[module.name, cls.name] = self._judge(follower, cls, source, is_standard=is_standard)
            for name in module.tuples:
                self._note(module.name, name, "rcib", source)
            reaches.update(self._functions(follower, module, source, is_standard=is_standard))
        for module in modules.values():
            if REEXPORTING.match(module.name):
                self._reexports(module, source)
        self._library.summaries.update(pending)
        functions = self._library.functions
        functions.update({name: functions.get(name) or reach for name, reach in reaches.items()})  # in any version
        self._library.put_away()

    def _judge(self, follower: Follower, cls: Class, source: str, *, is_standard: bool) -> Summary:
        """Note what is established about one class."""
        summary, uses = self._class(follower, cls)
        if is_standard:
            self._dangerous_methods(follower, cls, source)
        if summary.is_known and not NOT_PICKLED.search(cls.name):  # an unread base says nothing
            for module in filter(None, (cls.module, cls.public)):
                self._note(module, cls.name, uses, source)
            for member in cls.members if summary.is_enum and uses else ():
                self._note(cls.module, f"{cls.name}.{member}", "r", source)
        return summary

    def _class(self, follower: Follower, cls: Class) -> tuple[Summary, str]:
        sources, summaries, is_known, natives = follower.lineage(cls)
        hooks = {}
        for name in HOOKS:
            is_defined, reach = follower.hook(cls, name)
            if is_defined:
                hooks[name] = reach
        setters = follower.setters(cls)
        is_enum = any(n.startswith("enum.") for n in natives) or any(s.is_enum for s in summaries)
        fills = any(n in NATIVE_FILLED for n in natives) or any(s.fills for s in summaries)
        fills = fills or any(n in hooks for n in FILLED)
        summary = Summary(hooks, setters, is_known, is_enum, fills)
        if not is_known:
            for source in sources:
                self.unread.update(source.bases)
            return summary, ""
        uses = "i" if not _reaches(hooks, INSTANTIATED) else ""
        uses += "b" if not _reaches(hooks, BUILT) and setters is None and "i" in uses else ""
        uses += "f" if fills and not _reaches(hooks, FILLED) and "b" in uses else ""
        is_called = is_enum or any(n in hooks for n in REDUCED) or any(n in NATIVE_FILLED for n in natives)
        is_called = is_called or any(s.fills for s in summaries)  # other classes are only called by hostile pickles
        uses += "c" if is_called and not _reaches(hooks, CALLED) and "i" in uses else ""
        return summary, f"r{uses}" if uses else ""

    def _functions(
        self, follower: Follower, module: Module, source: str, *, is_standard: bool
    ) -> dict[tuple[str, str], Reach | None]:
        """Note what is established about the functions of a module, and return what each reaches."""
        reaches: dict[tuple[str, str], Reach | None] = {}
        for name, definitions in module.functions.items():
            reach = follower.function(definitions, module.name, None)
            reaches[module.name, name] = reach
            if not (is_standard or WITH_FUNCTIONS.match(module.name)):
                continue
            if is_standard and reach is not None and reach.effect != DYNAMIC:
                self._dangers[module.name, name] = (reach, source)
                continue
            uses = "" if reach is not None and reach.effect != DYNAMIC else "r"
            if not is_standard:
                for place in {module.name, *map(public_module, definitions)} - {""}:
                    self._note(place, name, uses, source)
        return reaches

    def _reexports(self, module: Module, source: str) -> None:
        """Note classes under the name of a package that used to define them itself."""
        names = self._library.imports_of(module.name)
        for name in names:
            found = self._library.resolve(f"{module.name}.{name}")
            uses = self._uses.get(found) if found else None
            if uses and uses[0] and found != (module.name, name):
                self._note(module.name, name, uses[0], source)

    def _dangerous_methods(self, follower: Follower, cls: Class, source: str) -> None:
        for name, definitions in cls.methods.items():
            reach = follower.function(definitions, cls.module, cls)
            if reach is not None and reach.effect != DYNAMIC and not reach.name.startswith("."):
                self._dangers[cls.module, f"{cls.name}.{name}"] = (reach, source)
                if name == "__init__":
                    self._dangers[cls.module, cls.name] = (reach, source)

    def _note(self, module: str, name: str, uses: str, source: str) -> None:
        """Keep what holds in every version that was read."""
        earlier = self._uses.get((module, name))
        if earlier is not None:
            uses = "".join(letter for letter in earlier[0] if letter in uses)
        self._uses[module, name] = (uses, source)

    def rows(self) -> dict[Row, list[str]]:
        """Names by what is written on one line."""
        rows: dict[Row, list[str]] = collections.defaultdict(list)
        for (module, name), (uses, source) in self._uses.items():
            if UNLIKELY.search(module):
                continue
            letters = "".join(letter for letter in "rcibf" if letter in uses)
            if letters in {"", "r"} and "." not in name and not WITH_FUNCTIONS.match(module):
                continue
            if letters and table.fact(module, name) is None and not _is_dangerous(module):
                rows[module, letters, source.split(" ")[0], "-"].append(name)
        for (module, name), (reach, source) in self._dangers.items():
            if (module, name) in self._uses and set(self._uses[module, name][0]) - {"r"} and "." not in name:
                rows = _without(rows, module, name)
            if table.fact(module, name) is None and not _is_dangerous(module):
                rows[module, reach.effect, source.split(" ")[0], reach.name].append(name)
        return rows


def _is_dangerous(module: str) -> bool:
    """Whether the table has a word for all of a module that one name in it does not change."""
    default = table.module_default(module)
    return default is not None and default.called != {Effect.EVALUATES_TEXT}


def _without(rows: dict[Row, list[str]], module: str, name: str) -> dict[Row, list[str]]:
    """Drop a class from the data rows: calling it reaches a primitive, and one name has one row."""
    for row, names in rows.items():
        if row[0] == module and row[3] == "-" and name in names:
            names.remove(name)
    return rows


def _reaches(hooks: dict[str, Reach | None], names: tuple[str, ...]) -> bool:
    return any(hooks.get(name) is not None for name in names)


def write(rows: dict[Row, list[str]], versions: dict[str, list[str]]) -> None:
    """Write the table and the versions it was made of, sorted by bytes."""
    lines = sorted("\t".join((*row, " ".join(sorted(names)))).encode() for row, names in rows.items() if names)
    header = f"#version\t{table.version()}\tmodule, uses, source, reaches, names"
    OUTPUT.write_bytes(b"\n".join([header.encode(), *lines, b""]))
    lines = sorted(f"{name}\t{', '.join(found)}".encode() for name, found in versions.items())
    header = f"#version\t{table.version()}\tpackage, versions that were read"
    OUTPUT.with_name("sources.tsv").write_bytes(b"\n".join([header.encode(), *lines, b""]))


def main() -> None:
    """Download the wheels, or read them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--download", action="store_true")
    parser.add_argument("--only", default="", help="read only packages whose name matches (for trying out)")
    arguments = parser.parse_args()
    if arguments.download:
        download(arguments.folder)
        return
    gc.disable()  # syntax trees have no cycles, and collecting them takes most of the time
    survey = Survey()
    for source, modules in packages(arguments.folder, arguments.only):
        survey.read(source, modules)
        print(source, len(modules), "modules", file=sys.stderr)
    rows = survey.rows()
    write(rows, survey.versions)
    counts: collections.Counter[str] = collections.Counter()
    for (_, _, package, reaches), names in rows.items():
        counts[f"{package} {'data' if reaches == '-' else 'danger'}"] += len(names)
    for name, count in counts.most_common():
        print(f"{count:7} {name}")
    print("bases that were not read:", survey.unread.most_common(60), file=sys.stderr)


if __name__ == "__main__":
    # Calls are followed to their end, some thousands deep, each through a dozen frames.
    sys.setrecursionlimit(10**6)
    threading.stack_size(2**30)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
