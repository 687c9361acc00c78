"""The audit hook: sees what loaders fetch and what happens while they load, and refuses what the rules do not allow.

CPython tells of each name that an unpickler looks up (`pickle.find_class`) and of nearly all that reaches out of the
interpreter, in every thread, whatever references to functions were taken before. A hook cannot be removed. Code that
runs in the process can find its state all the same, through what wraps overrides: it keeps loads from running any.

A load has no event of its own. But whoever looks up a name was called by the function that loads, at an instruction
that lasts as long as the load: while that frame is on the stack and still at it, what happens is the load's.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import sys
import threading
import warnings
from contextlib import suppress
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Self

from telamon.controls.artifact.library_loading.guarding import events, overrides
from telamon.controls.artifact.library_loading.guarding.names import objection_under
from telamon.controls.artifact.library_loading.guarding.records import (
    VARIABLE,
    GuardRules,
    LoadRefusedError,
    LoadWarning,
    Refusal,
)
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, TracebackType

IMPORTING: Final = "<frozen importlib"
UNPICKLER: Final = pickle.__file__
LOOKING_UP: Final = "find_class"
LOAD_IN_PYTHON: Final = pickle._Unpickler.load.__code__  # noqa: SLF001  # whose frames are loads, whatever tells of them
IMPORTS: Final = frozenset({"exec", "import"})  # of modules in Python, and of native ones, with their files
FETCHING: Final = "pickle.find_class"
CODE: Final = (".py", ".pyc", ".so", ".pyd", ".pth", ".tsv", ".dll")  # files that are read for programs, not as models
LONGEST: Final = 200
# Where processes of one program unpickle what the others send: functions of any name, whenever work is shared out. No
# file is read there.
BETWEEN: Final = re.compile(
    r"[/\\](?:multiprocessing[/\\](?:queues|connection|spawn|forkserver|popen_\w+)|loky[/\\]backend[/\\]\w+)\.py\Z"
)


class Doing(Enum):
    """Whose doing it is what happens."""

    OTHER = "other"
    LOAD = "load"
    IMPORT = "import"  # of the import system, for a load


class _Here(threading.local):
    """What a thread is at.

    Attributes:
        loads: Frames that load, by their identity: their code and the instruction that they are at. The frames
            themselves are not held, for all that was loaded would live as long.
        file: What the thread has opened for reading last, for messages.
        depth: How many blocks the thread is in that are loads from beginning to end.
        is_deciding: Whether what happens is our own doing.
    """

    def __init__(self) -> None:
        self.loads: dict[int, tuple[CodeType, int]] = {}
        self.file = ""
        self.depth = 0
        self.is_deciding = False


class AuditHook:
    """The hook of one set of rules.

    Args:
        rules: What it goes by.
    """

    def __init__(self, rules: GuardRules) -> None:
        self._rules = rules
        self._here = _Here()
        self._objections: dict[tuple[str, str], str] = {}
        self._loaders: dict[int, CodeType] = {}  # of functions that call unpicklers themselves, by their identity
        self._watched = frozenset({*events.ACTS, *IMPORTS, "open", FETCHING})
        self._roots = _roots()
        self.renew: Callable[[], None] = lambda: None  # looks for unpicklers that nothing told of
        self._allowed_tops = frozenset(name.partition(":")[0].partition(".")[0] for name in rules.allowed).union(
            *({name.partition(":")[0].partition(".")[0] for name in names} for names in rules.profiles.values())
        )

    def listener(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Return the function that CPython is to call, which decides about what is about to happen in a thread.

        It raises `LoadRefusedError` where the rules do not allow it. What it sees most is settled first: look-ups of
        names that were permitted before, to code that loads; some files have many.
        """
        here, watched, objections, loaders = self._here, self._watched, self._objections, self._loaders
        frame_of, decide = sys._getframe, self._decide  # noqa: SLF001  # the documented way to the caller

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            if event not in watched or here.is_deciding:
                return
            if event == FETCHING:
                frame = frame_of().f_back
                code = None if frame is None else frame.f_code
                if (
                    frame is not None
                    and code is not None
                    and loaders.get(id(code)) is code
                    and type(arguments[0]) is type(arguments[1]) is str
                    and objections.get(arguments) == ""  # `None` where it was not judged yet
                ):
                    here.loads[id(frame)] = (code, frame.f_lasti)
                    return
            here.is_deciding = True
            try:
                decide(event, arguments, frame_of().f_back)
            finally:
                here.is_deciding = False

        return hear

    def look_up(self, module: str, name: str) -> None:
        """Decide about a name before a `find_class` that tells nobody looks it up.

        Raises:
            LoadRefusedError: The rules do not allow it.
        """
        if self._here.is_deciding:
            return
        self._here.is_deciding = True
        try:
            self._fetch(module, name, sys._getframe().f_back)  # noqa: SLF001  # as above
        finally:
            self._here.is_deciding = False

    def enter(self) -> None:
        """Begin a block in which everything counts as a load."""
        self._here.depth += 1

    def leave(self) -> None:
        """End it."""
        self._here.depth -= 1

    def _decide(self, event: str, arguments: tuple[Any, ...], frame: FrameType | None) -> None:
        if event == FETCHING:
            self._fetch(arguments[0], arguments[1], frame)
            return
        self.renew()
        if event == "open":
            self._open(arguments, frame)
        else:
            doing = self._doing(frame)
            if doing is Doing.IMPORT and event in IMPORTS:
                self._require_installed(event, arguments, frame)
            elif doing is Doing.LOAD and event != "import":
                shown = printable(f"{event}({events.shown(arguments)})", LONGEST)
                self._refuse(
                    f"that {events.ACTS[event]}: `{shown}`", "no policy allows that; load the file in a sandbox", event
                )
            if self._rules.must_follow and event in events.STARTS:
                self._follow(event, arguments)
            if self._rules.must_follow and event == events.INTERPRETER:
                self._refuse(
                    "starting another interpreter in this process", "set `children: free` in the policy", event
                )

    def _fetch(self, module: object, name: object, frame: FrameType | None) -> None:
        if type(module) is not str or type(name) is not str:  # a subclass could answer each question differently
            self._refuse("fetching a name that is no string", "", FETCHING)
            return
        caller, frame = frame, _outside(frame)
        if self._rules.trusts_processes and frame is not None and BETWEEN.search(frame.f_code.co_filename):
            return
        key = (module, name)
        found = self._objections.get(key)
        if found is None:
            found = self._objections[key] = objection_under(self._rules, module, name)
        if frame is None:
            self._here.depth += 1  # a thread that was started to load and does nothing else: its end is the load's
        else:
            self._here.loads[id(frame)] = (frame.f_code, frame.f_lasti)
            if frame is caller:
                self._loaders[id(frame.f_code)] = frame.f_code
        if found and not self._is_profiled(f"{module}:{name}"):
            shown = printable(f"{module}.{name}", LONGEST)
            hint = f"if you vouch for it, the policy allows it by `{_line(module, name)}`"
            self._refuse(f"fetching `{shown}`: {found}", hint, FETCHING, f"{module}:{name}")

    def _is_profiled(self, name: str) -> bool:
        """Whether a profile of the file that this thread has opened last has the name; asked where it is refused."""
        wanted = [digest for digest, names in self._rules.profiles.items() if name in names]
        if not wanted or not self._here.file:
            return False
        try:
            with open(self._here.file, "rb") as file:  # noqa: PTH123  # before pathlib, in every guarded process
                return hashlib.file_digest(file, "sha256").hexdigest() in wanted
        except OSError:
            return False

    def _open(self, arguments: tuple[Any, ...], frame: FrameType | None) -> None:
        text = events.plain(arguments[0])
        if not events.is_writing(arguments):
            if text and not text.endswith(CODE):
                self._here.file = text
        elif (
            text != self._here.file and self._doing(frame) is Doing.LOAD
        ):  # a model that is mapped is opened again, by its name
            self._refuse(f"opening `{printable(text, LONGEST)}` for writing", "", "open")

    def _follow(self, event: str, arguments: tuple[Any, ...]) -> None:
        words, environment = events.started(event, arguments)
        if events.is_unguarded(words, environment, VARIABLE):
            shown = printable(" ".join(words), LONGEST)
            hint = "leave `-I`, `-E` and `-S` out and hand the environment on, or set `children: free` in the policy"
            self._refuse(f"starting a Python without the guard: `{shown}`", hint, event)

    def _doing(self, frame: FrameType | None) -> Doing:
        """Return whose doing it is what happens in a frame: a load's, the import system's for a load, or neither's."""
        here = self._here
        doing, is_settled, below = Doing.LOAD if here.depth else Doing.OTHER, False, ""
        is_importing = False
        alive: dict[int, tuple[CodeType, int]] = {}
        while frame is not None:
            code = frame.f_code
            mark = here.loads.get(id(frame))
            is_marked = mark is not None and mark == (code, frame.f_lasti)
            if mark is not None and is_marked:
                alive[id(frame)] = mark
            if is_marked or code is LOAD_IN_PYTHON:
                if not is_settled:
                    doing, is_settled = Doing.OTHER if below in events.READERS else Doing.LOAD, True
            elif not is_settled and code.co_filename.startswith(IMPORTING):
                is_importing = True
            below = code.co_name
            frame = frame.f_back
        here.loads = alive
        return Doing.IMPORT if doing is Doing.LOAD and is_importing else doing

    def _require_installed(self, event: str, arguments: tuple[Any, ...], frame: FrameType | None) -> None:
        """Refuse modules that a load has imported from where no libraries are: from beside the model, say.

        What stood on the path when the guard came is trusted, and so is where a module lies that the policy allows.
        """
        origin = arguments[1] if event == "import" else _origin(frame)
        if not isinstance(origin, str) or not os.path.isabs(origin := os.path.abspath(origin)):  # noqa: PTH100, PTH117  # as above
            return
        if origin.startswith(self._roots):
            return
        for part in sys.path:
            root = os.path.join(os.path.abspath(part), "")  # noqa: PTH100, PTH118  # as above
            if origin.startswith(root):
                top = origin[len(root) :].partition(os.sep)[0].partition(".")[0]
                if top in self._allowed_tops:
                    self._roots = (*self._roots, root)
                    return
        shown = printable(origin, LONGEST)
        hint = "if it is a library of yours, import it before the load"
        self._refuse(f"that imports `{shown}`, which is no installed library", hint, event)

    def _refuse(self, what: str, hint: str, event: str, name: str = "") -> None:
        of = f" of `{printable(self._here.file, LONGEST)}`" if self._here.file else ""
        message = f"the guard refuses the load{of} {what}"
        if self._rules.report:
            _append(self._rules.report, Refusal(file=self._here.file, event=event, name=name or event, message=message))
        if self._rules.is_enforcing:
            raise LoadRefusedError(message, hint=hint, name=name or event)
        warnings.warn(message, LoadWarning, stacklevel=2)


class Guarding:
    """A guard that is installed for good; as a context manager, a block in which everything counts as a load.

    Within the block files can be read and modules be imported, and nothing else reaches out.

    Args:
        enter: Begins such a block in the calling thread.
        leave: Ends it.
    """

    __slots__ = ("_enter", "_leave")

    def __init__(self, enter: Callable[[], None], leave: Callable[[], None]) -> None:
        self._enter = enter
        self._leave = leave

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._leave()


def _roots() -> tuple[str, ...]:
    """Return where libraries are, with a separator at the end: all that Python looks through but the program's own."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    own = {os.getcwd(), os.path.dirname(os.path.abspath(main)) if main else ""}  # noqa: PTH100, PTH109, PTH120
    found = [part for part in sys.path if os.path.isabs(part) and os.path.abspath(part) not in own]  # noqa: PTH100, PTH117  # as above
    return tuple(os.path.join(part, "") for part in dict.fromkeys([*found, sys.prefix, sys.base_prefix]))  # noqa: PTH118  # as above


def _origin(frame: FrameType | None) -> object:
    """Return where the module comes from of which the import system is about to run the code; `None` for other code."""
    for _ in range(3):
        if frame is None:
            return None
        if frame.f_code.co_name == "exec_module" and frame.f_code.co_filename.startswith(IMPORTING):
            return getattr(getattr(frame.f_locals.get("module"), "__spec__", None), "origin", None)
        frame = frame.f_back
    return None


def _outside(frame: FrameType | None) -> FrameType | None:
    """Return the frame that called the unpickler: the first outside of it."""
    while frame is not None and (
        frame.f_code.co_filename in {UNPICKLER, overrides.__file__} or frame.f_code.co_name == LOOKING_UP
    ):
        frame = frame.f_back
    return frame


def _append(path: str, refusal: Refusal) -> None:
    line = json.dumps(asdict(refusal)) + "\n"
    with suppress(OSError), open(path, "a", encoding="utf-8") as file:  # noqa: PTH123  # nothing is refused less for it
        file.write(line)


def _line(module: str, name: str) -> str:
    named = printable(f"{module}:{name}", LONGEST)
    return f'controls: {{library-loading: {{allow: [{{name: "{named}", reason: "..."}}]}}}}'
