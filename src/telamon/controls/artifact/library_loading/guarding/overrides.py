"""Unpicklers whose own `find_class` does not call that of the base, which tells the audit hooks: judged before it.

Every class that derives from an unpickler has its `find_class` judged: those that are there, those that a class
statement makes, and those that `__init_subclass__` tells of. The C type takes no attribute, so that `pickle.Unpickler`
becomes a subclass of it in every module that holds it. Its `load` looks again, for what was set on a class or on an
unpickler since. The unpickler in Python is left as it is, for a class that is changed runs slower, by some percent of a
load: what its loads do is seen by its frames.
"""

from __future__ import annotations

import builtins
import functools
import pickle
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOKING_UP: Final = "find_class"
LOADING: Final = "load"
SUBCLASSING: Final = "__init_subclass__"
JUDGED: Final = "__telamon_judged__"
# The second is the one in Python, of which single opcodes can be replaced; it tells the hooks itself.
BASES: Final[tuple[type, ...]] = (pickle.Unpickler, pickle._Unpickler)  # noqa: SLF001  # libraries derive from it


def cover(look_up: Callable[[str, str], None]) -> Callable[[], None]:
    """Have every class that overrides `find_class`, also those made later, judge the name first.

    Args:
        look_up: Raises where a name must not be fetched.

    Returns:
        What looks for classes that nothing told of, which is cheap.
    """
    covering = _Covering(look_up)
    covering.renew()
    build = builtins.__build_class__

    @functools.wraps(build)
    def build_class(*arguments: Any, **keywords: Any) -> Any:
        made = build(*arguments, **keywords)
        if isinstance(made, type) and issubclass(made, BASES):
            covering.judge(made)
        return made

    builtins.__build_class__ = build_class
    _replace(BASES[0], covering)
    return covering.renew


class _Covering:
    """Wraps classes, and remembers how many there were."""

    __slots__ = ("_count", "_look_up")

    def __init__(self, look_up: Callable[[str, str], None]) -> None:
        self._look_up = look_up
        self._count = -1

    def renew(self) -> None:
        """Judge the classes that derive from the C type, where there are others than before."""
        kinds: list[type] = type.__subclasses__(BASES[0])
        if len(kinds) != self._count:
            self._count = len(kinds)
            for kind in [each for base in BASES for each in _below(base)]:
                self.judge(kind)
            for kind in kinds:
                if not getattr(kind.__dict__.get(LOADING), JUDGED, False):
                    self.watch(kind)

    def judge(self, kind: type) -> None:
        """Have a class judge names before its own `find_class` looks them up."""
        own = kind.__dict__.get(LOOKING_UP)
        if own is not None and callable(own) and not getattr(own, JUDGED, False):
            setattr(kind, LOOKING_UP, self._judging(own))

    def watch(self, kind: type) -> None:
        """Have a base told of its subclasses, and look again whenever one of its unpicklers loads."""
        load = getattr(kind, LOADING)
        before = kind.__dict__.get(SUBCLASSING)
        covering = self

        @functools.wraps(load)
        def load_judged(unpickler: Any) -> Any:
            covering.judge_instance(unpickler)
            return load(unpickler)

        def of_subclass(cls: type, /, **words: Any) -> None:
            if before is None:
                super(kind, cls).__init_subclass__(**words)  # type: ignore[arg-type]  # it takes a variable for an instance
            else:
                before.__get__(None, cls)(**words)
            covering.judge(cls)

        setattr(load_judged, JUDGED, True)
        setattr(kind, LOADING, load_judged)
        setattr(kind, SUBCLASSING, classmethod(of_subclass))

    def judge_instance(self, unpickler: Any) -> None:
        """Judge what was set since on the classes of an unpickler, or on itself."""
        for kind in type(unpickler).__mro__:
            if kind not in BASES:
                self.judge(kind)
        own = getattr(unpickler, "__dict__", {}).get(LOOKING_UP)
        if own is not None and callable(own) and not getattr(own, JUDGED, False):
            judging = self._judging(lambda _, module, name: own(module, name))
            unpickler.__dict__[LOOKING_UP] = functools.partial(judging, unpickler)
            setattr(unpickler.__dict__[LOOKING_UP], JUDGED, True)

    def _judging(self, own: Callable[..., Any]) -> Callable[..., Any]:
        look_up = self._look_up

        @functools.wraps(own)
        def find_class(unpickler: object, module: str, name: str, /) -> Any:
            look_up(module, name)
            return own(unpickler, module, name)

        setattr(find_class, JUDGED, True)
        return find_class


def _replace(original: type, covering: _Covering) -> None:
    """Put a subclass of the C type in its place, in every module that holds it."""
    kind = type("Unpickler", (original,), {"__slots__": (), "__module__": "_pickle", "__doc__": original.__doc__})
    covering.watch(kind)
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict) and module is not sys.modules[__name__]:
            for name in [name for name, value in names.items() if value is original]:
                names[name] = kind


def _below(base: type) -> Iterator[type]:
    kinds: list[type] = type.__subclasses__(base)
    for kind in kinds:
        yield kind
        yield from _below(kind)
