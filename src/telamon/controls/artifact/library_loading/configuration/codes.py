"""Judges calls that bring code in: of repositories, libraries, modules and files, and lists of what is allowed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.given import COMMIT, Whence, place_of, whence
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.places import Kind
from telamon.core.records import Severity
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telamon.controls.artifact.library_loading.configuration.given import Given
    from telamon.core.records import Rule

PINNED: Final = (
    "Pin the code that you have read: `trust_remote_code=True, revision='<commit of 40 digits>'`; or leave it out."
)
# Functions that look whether it is allowed.
ASKING: Final = ("consent", "security", "gate", "check_", "warn", "verify", "validate")
OPTION: Final = "--trust-remote-code"
OPERATORS: Final = frozenset(
    {"tensorflow.load_op_library", "tensorflow.load_library", "tensorflow.load_pluggable_device_library"}
    | {"torch.ops.load_library", "torch.classes.load_library", "mxnet.library.load", "torch._ops.ops.load_library"}
)
REGISTER: Final = "register_custom_ops_library"
LIBRARIES: Final = frozenset(
    {"ctypes.CDLL", "ctypes.PyDLL", "ctypes.WinDLL", "ctypes.OleDLL", "ctypes.cdll.LoadLibrary"}
    | {"ctypes.windll.LoadLibrary", "ctypes.pydll.LoadLibrary", "cffi.FFI().dlopen", "_ctypes.dlopen"}
)
OF_PATHS: Final = {
    "importlib.util.spec_from_file_location": (1, "location"),
    "importlib.machinery.SourceFileLoader": (1, "path"),
    "importlib.machinery.ExtensionFileLoader": (1, "path"),
    "runpy.run_path": (0, "path_name"),
    "imp.load_source": (1, "pathname"),
    "imp.load_dynamic": (1, "pathname"),
    "torch.utils.cpp_extension.load": (1, "sources"),
}
SEARCHED: Final = {"sys.path.insert": 1, "sys.path.append": 0, "site.addsitedir": 0, "sys.path.extend": 0}
IMPORTS: Final = frozenset(
    {"importlib.import_module", "builtins.__import__", "importlib.__import__", "runpy.run_module"}
)
CONFIGURATIONS: Final = frozenset(
    {
        "json.load()",
        "json.loads()",
        "yaml.safe_load()",
        "yaml.load()",
        "yaml.full_load()",
        "toml.load()",
        "tomllib.load()",
    }
    | {"toml.loads()", "tomllib.loads()", "configparser.ConfigParser()", "omegaconf.OmegaConf.load()", "tomli.load()"}
)
CONTENTS: Final = frozenset({"builtins.open().read()", "pathlib.Path().read_text()", "pathlib.Path().read_bytes()"})
REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


def judge_codes(given: Given) -> Iterator[Hit]:
    """Yield what code a call brings in."""
    name, last = given.step.name, given.last
    yield from _remote(given)
    if name.startswith("torch.hub.") and last in {"load", "list", "help"}:
        yield from _hub(given)
    elif name in OPERATORS or last == REGISTER or name in LIBRARIES:
        yield from _library(given, is_operators=name not in LIBRARIES)
    elif last in {"add_safe_globals", "safe_globals"}:
        yield from _allowed(given)
    elif name in SEARCHED:
        yield from _searched(given)
    elif name in OF_PATHS:
        yield from _of_path(given)
    elif name in IMPORTS:
        yield from _imported(given)
    elif name in {"builtins.exec", "builtins.eval"}:
        yield from _executed(given)


def _hit(given: Given, rule: Rule, severity: Severity, message: str, remedy: str) -> Hit:
    step = given.step
    return Hit(
        rule=rule,
        severity=severity,
        message=message,
        subject=message,
        line=step.line,
        column=step.column,
        remedy=remedy,
    )


def _remote(given: Given) -> Iterator[Hit]:
    shown = given.step.name.lstrip(".") or "a call"
    model = given.value(0, "pretrained_model_name_or_path") or given.value(None, "model") or given.value(None, "path")
    names = [text for text in (model.texts if model else ()) if text]
    is_asking = any(word in given.last for word in ASKING)
    if given.is_set("trust_remote_code", True) and not is_asking:
        of = f" of `{printable(names[0], 80)}`" if names else ""
        if given.is_pinned("revision", "code_revision", "commit_hash"):
            message = f"`{shown}(trust_remote_code=True)` runs the Python{of} at a pinned commit"
            yield _hit(
                given, rules.REMOTE_CODE, Severity.LOW, message, "Read the code of that commit before you use it."
            )
        elif names and all(text.startswith(("/", "./", "../", "~")) for text in names):
            message = f"`{shown}(trust_remote_code=True)` runs the Python that lies in a folder{of}"
            yield _hit(
                given, rules.REMOTE_CODE, Severity.MEDIUM, message, "Check the folder first: `telamon check PATH`."
            )
        else:
            message = f"`{shown}(trust_remote_code=True)` runs whatever Python the repository{of} holds that day"
            is_own = given.step.name.startswith("<file>")  # a function of the file decides what it does with it
            yield _hit(given, rules.REMOTE_CODE, Severity.MEDIUM if is_own else Severity.HIGH, message, PINNED)
    custom = given.value(None, "custom_pipeline")
    if custom is not None and any(map(REPOSITORY.fullmatch, custom.texts)) and not given.is_pinned("custom_revision"):
        message = f"`{shown}(custom_pipeline='{printable(custom.texts[0], 80)}')` runs the Python of that repository"
        remedy = "Pin it: `custom_revision='<commit of 40 digits>'`."
        yield _hit(given, rules.REMOTE_CODE, Severity.MEDIUM, message, remedy)
    is_metric = given.step.name == "evaluate.load" and any(map(REPOSITORY.fullmatch, names))
    if is_metric and not given.is_pinned("revision"):
        message = f"`evaluate.load('{printable(names[0], 80)}')` runs the Python of that repository"
        yield _hit(given, rules.REMOTE_CODE, Severity.MEDIUM, message, "Pin it: `revision='<commit of 40 digits>'`.")
    flags = given.value(0, "")
    is_option = given.last == "add_argument" and flags is not None and given.is_set("default", True)
    if is_option and flags is not None and any(text.replace("_", "-") == OPTION for text in flags.texts):
        message = f"the option `{OPTION}` is on by default"
        yield _hit(given, rules.REMOTE_CODE, Severity.MEDIUM, message, "Use `action='store_true'`.")


def _hub(given: Given) -> Iterator[Hit]:
    source = given.value(2, "source")
    if source is not None and "github" not in source.texts:
        return
    repository = given.value(0, "repo_or_dir") or given.value(0, "github")
    texts = repository.texts if repository is not None else ()
    if not texts and not given.is_set("trust_repo", True):
        return  # passed on
    reference = texts[0].partition(":")[2] if texts else ""
    shown = printable(texts[0], 80) if texts else "..."
    if COMMIT.fullmatch(reference):
        severity, how = Severity.LOW, "at a pinned commit"
    elif given.is_set("trust_repo", True) and texts and not reference:
        severity, how = Severity.HIGH, "that it holds that day, without asking"
    else:
        severity, how = Severity.MEDIUM, "that the branch or tag names that day"
    message = f"`torch.hub.{given.last}('{shown}')` runs the Python of a repository {how}"
    remedy = "Pin the commit, `torch.hub.load('owner/repository:<commit of 40 digits>', ...)`, or install the package."
    yield _hit(given, rules.REMOTE_CODE, severity, message, remedy)


def _library(given: Given, *, is_operators: bool) -> Iterator[Hit]:
    path = given.value(0, "library_filename") or given.value(None, "name") or given.value(None, "path")
    if path is None:
        return
    kind = place_of(path)
    shown, name = printable(path.texts[0], 80) if path.texts else "", given.step.name.lstrip(".")
    remedy = "Open it by an absolute path in a folder that only the installer can write to."
    if whence(path) is Whence.FETCHED:
        yield _hit(given, rules.NATIVE_LIBRARY, Severity.HIGH, f"`{name}` opens a library that was fetched", remedy)
    elif kind is Kind.SHARED:
        message = f"`{name}('{shown}')` opens a library in {kind}"
        yield _hit(given, rules.NATIVE_LIBRARY, Severity.HIGH, message, remedy)
    elif kind is Kind.RELATIVE and any("/" in text or "\\" in text for text in path.texts):
        message = f"`{name}('{shown}')` opens a library in {kind}"
        yield _hit(given, rules.NATIVE_LIBRARY, Severity.MEDIUM, message, remedy)
    elif is_operators:
        message = f"`{name}` opens a library of operators, which is native code"
        yield _hit(given, rules.NATIVE_LIBRARY, Severity.LOW, message, remedy)


def _allowed(given: Given) -> Iterator[Hit]:
    from telamon.kits.callables.capabilities import Effect  # noqa: PLC0415  # few programs allow anything
    from telamon.kits.callables.names import lookup  # noqa: PLC0415  # likewise

    severe = {Effect.EXECUTE, Effect.PROCESS, Effect.FILES, Effect.NETWORK, Effect.LOADS_CODE, Effect.EVALUATES_TEXT}
    indirect = {Effect.ATTRIBUTE, Effect.UNPICKLES_ARGUMENT, Effect.CALLS_ARGUMENT, Effect.MEMORY, Effect.CARRIES_CODE}
    listed = given.value(0, "safe_globals")
    for name in sorted(listed.held | listed.names if listed is not None else ()):
        module, _, own = name.rpartition(".")
        known = lookup(module, own) if module and "(" not in name and not name.startswith("<") else None
        if known is not None and known.called & (severe | indirect):
            severity = Severity.HIGH if known.called & severe else Severity.MEDIUM
            message = f"`{given.last}` allows `{name}`, with which a file can run code when it is loaded"
            remedy = f"Take `{name}` off the list: allow classes of your own only."
            yield _hit(given, rules.DANGEROUS_GLOBAL, severity, message, remedy)


def _searched(given: Given) -> Iterator[Hit]:
    folder = given.value(SEARCHED[given.step.name], "sitedir")
    if folder is None:
        return
    shown = f"`{given.step.name}`"
    remedy = "Install what is needed as a package, with its version and digest pinned."
    if whence(folder) is Whence.FETCHED:
        message = f"{shown} takes modules from a folder that was fetched"
        yield _hit(given, rules.LIBRARY_PATH, Severity.HIGH, message, remedy)
    elif place_of(folder) is Kind.SHARED:
        message = f"{shown} takes modules from `{printable(folder.texts[0], 80)}`, {Kind.SHARED}"
        yield _hit(given, rules.LIBRARY_PATH, Severity.MEDIUM, message, remedy)


def _of_path(given: Given) -> Iterator[Hit]:
    path = given.value(*OF_PATHS[given.step.name])
    if path is None:
        return
    remedy = "Install it as a package, with its version and digest pinned."
    if whence(path) is Whence.FETCHED:
        message = f"`{given.step.name}` runs a file that was fetched"
        yield _hit(given, rules.COMPUTED_CODE, Severity.HIGH, message, remedy)
    elif place_of(path) is Kind.SHARED:
        message = f"`{given.step.name}` runs `{printable(path.texts[0], 80)}`, in {Kind.SHARED}"
        yield _hit(given, rules.COMPUTED_CODE, Severity.MEDIUM, message, remedy)


def _imported(given: Given) -> Iterator[Hit]:
    module = given.value(0, "name") or given.value(0, "mod_name")
    if module is None or module.texts:
        return  # at least its package is written out
    remedy = "Look the name up in a dictionary of the modules that are allowed."
    if whence(module) is Whence.FETCHED:
        message = f"`{given.step.name}` imports what data of the network names"
        yield _hit(given, rules.COMPUTED_CODE, Severity.MEDIUM, message, remedy)  # it must be installed
    elif module.names & CONFIGURATIONS:
        message = f"`{given.step.name}` imports what a configuration file names"
        yield _hit(given, rules.COMPUTED_CODE, Severity.LOW, message, remedy)


def _executed(given: Given) -> Iterator[Hit]:
    text = given.value(0, "")
    if text is None or not text.names & CONTENTS:
        return
    remedy = "Import it as a module that is installed, or read values only: `json.loads(text)`."
    if whence(text) is Whence.FETCHED:
        severity, what = Severity.HIGH, "a file that was fetched"
    elif place_of(text) is Kind.SHARED:
        severity, what = Severity.HIGH, f"a file in {Kind.SHARED}"
    else:
        severity, what = Severity.LOW, "what a file holds"
    yield _hit(given, rules.COMPUTED_CODE, severity, f"`{given.last}` runs {what}", remedy)
