"""The catalogue of controls: found by walking the folder, third parties' by their entry points."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from telamon.core.control import Control
from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import EntryPoint
    from types import ModuleType

    from telamon.core.records import Rule

ENTRY_POINT_GROUP = "telamon.controls"


class BrokenControlError(TelamonError):
    """A folder or entry point that should hold a control does not.

    Remedy: Update or remove the package that the message names, and tell its authors.
    """

    code = "broken-control"


class UnknownControlError(TelamonError):
    """A name was given that no control has.

    Remedy: `telamon list --third-party` shows every name.
    """

    code = "unknown-control"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A control in the catalogue.

    Attributes:
        wing: The folder above it; `third-party` for one that an entry point names.
        origin: The module that holds the manifest.
    """

    control: Control
    wing: str
    origin: str

    @property
    def page(self) -> str:
        """The control's page: the docstring of the module that holds its manifest."""
        return inspect.cleandoc(importlib.import_module(self.origin).__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.page.partition("\n")[0]


class NamesControls(Protocol):
    """What has sections of controls by name: a compiled policy."""

    @property
    def controls(self) -> Mapping[str, object]:
        """What there is for each control, by its name."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All controls, by name.

    Attributes:
        own: The controls of this package, sorted by mitigation.
    """

    own: tuple[Listed, ...]

    @cached_property
    def third_party(self) -> tuple[Listed, ...]:
        """The controls that installed distributions offer; reading them costs tens of milliseconds.

        Raises:
            BrokenControlError: An entry point does not load, names no control, or takes a name that is taken.
        """
        return tuple(_entry_points({listed.control.name for listed in self.own}))

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.own)

    def every(self, policy: NamesControls) -> tuple[Listed, ...]:
        """Return the controls that a policy drives: telamon's own, then those of other packages that it names.

        Other packages are looked for only where the policy names a control that is not telamon's.

        Raises:
            BrokenControlError: As `third_party` does.
        """
        if policy.controls.keys() <= {listed.control.name for listed in self.own}:
            return self.own
        return (*self.own, *(listed for listed in self.third_party if listed.control.name in policy.controls))

    def find(self, name: str) -> Listed:
        """Return the control that is called `name`, has that mitigation id, or `M0016` for `AML.M0016`.

        Raises:
            UnknownControlError: Neither this package nor an installed distribution has one.
        """
        wanted = {name, f"AML.{name}"}
        for listed in self.own:
            if {listed.control.name, listed.control.mitigation} & wanted:
                return listed
        for listed in self.third_party:
            if {listed.control.name, listed.control.mitigation} & wanted:
                return listed
        raise UnknownControlError(f"no control is called `{name}`", hint="`telamon list` shows all controls")

    def rule(self, rule_id: str) -> tuple[Listed, Rule] | None:
        """Return the rule of that id and the control that has it; other packages are looked at last.

        Raises:
            BrokenControlError: It is none of telamon's own, and an entry point does not load.
        """
        return _rule_among(self.own, rule_id) or _rule_among(self.third_party, rule_id)


def _rule_among(controls: Iterable[Listed], rule_id: str) -> tuple[Listed, Rule] | None:
    for listed in controls:
        for rule in listed.control.rules():
            if rule.id == rule_id:
                return listed, rule
    return None


def load() -> Catalog:
    """Walk `telamon/controls/<wing>/<name>/` and return the catalogue.

    Raises:
        BrokenControlError: A folder there does not hold exactly one manifest.
    """
    controls = importlib.import_module("telamon.controls")
    found = [
        Listed(control=_manifest(module)(), wing=wing.name, origin=module.__name__)
        for wing in pkgutil.iter_modules(controls.__path__)
        for module in _rooms(importlib.import_module(f"telamon.controls.{wing.name}"))
    ]
    return Catalog(own=tuple(sorted(found, key=lambda listed: (listed.control.mitigation, listed.control.name))))


def _rooms(wing: ModuleType) -> Iterator[ModuleType]:
    for room in pkgutil.iter_modules(getattr(wing, "__path__", ())):  # a module beside the wings holds no rooms
        yield importlib.import_module(f"{wing.__name__}.{room.name}")


def _manifest(module: ModuleType) -> type[Control]:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Control) and value.__module__ == module.__name__
    ]
    if len(classes) != 1:
        raise BrokenControlError(
            f"expected one manifest in `{module.__name__}`, found {len(classes)}",
            hint="a control's `__init__.py` defines exactly one subclass of `telamon.core.control.Control`",
        )
    return classes[0]


def _entry_points(taken: set[str]) -> Iterator[Listed]:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINT_GROUP):
        control = _foreign(point)
        if control.name in taken:
            raise BrokenControlError(
                f"entry point `{point.name}` = `{point.value}` takes the name `{control.name}` again"
            )
        taken.add(control.name)
        yield Listed(control=control, wing="third-party", origin=type(control).__module__)


def _foreign(point: EntryPoint) -> Control:
    try:
        manifest = point.load()
        if isinstance(manifest, type) and issubclass(manifest, Control):
            return manifest()
    except Exception as error:  # foreign code may raise anything; the package at fault must be named
        raise BrokenControlError(f"entry point `{point.name}` does not load: {error}") from error
    raise BrokenControlError(f"entry point `{point.name}` = `{point.value}` names no control")
