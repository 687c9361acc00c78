"""The compiled policy: one frozen snapshot with a digest, which a run keeps from its beginning to its end."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from telamon.catalog import UnknownControlError
from telamon.core.records import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from telamon.core.settings import Settings
    from telamon.policy.document import Ledger, PolicyFile
    from telamon.policy.loosening import Loosening
    from telamon.policy.nodes import Mark, Plain
    from telamon.policy.nodes import Path as ValuePath
    from telamon.policy.places import Place
    from telamon.policy.waivers import Waiver

DEFAULT_ORIGIN = "default"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a run works under.

    Attributes:
        file: The policy file, or `None` for the defaults.
        document: Everything but the controls' sections.
        controls: Settings by control name, with the defaults of controls that the file does not name.
        marks: Where each value of the file stands.
    """

    file: Path | None
    document: PolicyFile
    controls: Mapping[str, Settings]
    marks: Mapping[ValuePath, Mark] = field(default_factory=dict)

    def settings(self, control: str) -> Settings:
        """Return a control's settings.

        Raises:
            UnknownControlError: The catalogue that the policy was compiled with has no such control, or another
                package has it and the policy does not name it.
        """
        if control not in self.controls:
            raise UnknownControlError(f"the policy has no control `{control}`")
        return self.controls[control]

    def mode(self, control: str) -> Mode:
        """Return what a control does with its decisions."""
        return self.controls[control].mode if control in self.controls else Mode.OFF

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers, in the order of the file."""
        return self.document.waivers

    @property
    def folder(self) -> Path:
        """What paths in the policy are relative to."""
        return Path() if self.file is None else self.file.parent

    @property
    def baseline(self) -> Path | None:
        """The baseline file, if the policy names one."""
        return None if self.document.baseline is None else self.folder / self.document.baseline

    @property
    def ledger(self) -> Ledger | None:
        """Where evidence is kept, if anywhere."""
        return self.document.ledger

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders of the system's models and data sets, in order, each once."""
        own = [model.path for model in self.document.models.values() if model.path is not None]
        own += [dataset.path for dataset in self.document.datasets.values()]
        return tuple(self.folder / path for path in dict.fromkeys(own))

    def place(self, path: Path) -> Place:
        """Return where a file or folder is, as waivers, baselines and exclusions call it."""
        from telamon.policy.places import place_of  # noqa: PLC0415  # only where something is found

        return place_of(path, self._root)

    def exclusion(self, folder: Path) -> Callable[[str], bool]:
        """Return what tells of the names in a folder whether `exclude` has them, alone or with their place."""
        from telamon.policy.places import place_of_folder  # noqa: PLC0415  # only where a folder is walked

        globs = self.document.exclude
        place = place_of_folder(folder, self._root)
        return lambda name: any(fnmatchcase(name, glob) or place.child(name).matches(glob) for glob in globs)

    @cached_property
    def _root(self) -> str:
        return os.path.realpath(self.folder)

    @cached_property
    def effective(self) -> dict[str, Plain]:
        """Every value that is in force, defaults included, as plain values."""
        controls: dict[str, Plain] = {name: _plain(self.controls[name]) for name in sorted(self.controls)}
        return {**_plain(self.document), "controls": controls}

    @cached_property
    def digest(self) -> str:
        """`sha256:...` over the effective values in canonical JSON; comments, order and places do not count."""
        import hashlib  # noqa: PLC0415  # 3 ms, for reports and records that name the policy

        from telamon.kits.text import canonical_json  # noqa: PLC0415  # likewise, with `json`

        return "sha256:" + hashlib.sha256(canonical_json.encode(self.effective)).hexdigest()

    @cached_property
    def loosening(self) -> Loosening:
        """What it loosens against the defaults, or may loosen."""
        from telamon.policy.loosening import loosening  # noqa: PLC0415  # for reports under a policy file

        return loosening(self)

    def origin(self, path: ValuePath) -> str:
        """Return where the value at `path` comes from: `file:line:column`, or `default`."""
        mark = self.marks.get(path)
        return DEFAULT_ORIGIN if mark is None or self.file is None else f"{self.file}:{mark.line}:{mark.column}"

    def leaves(self) -> Iterator[tuple[ValuePath, Plain]]:
        """Yield every scalar that is in force with its path, and empty collections."""
        yield from leaves_of(self.effective, ())


def _plain(struct: msgspec.Struct) -> dict[str, Plain]:
    """Return a struct's fields as JSON has them: dates and enums as text, tuples as lists."""
    fields: dict[str, Plain] = msgspec.json.decode(msgspec.json.encode(struct, enc_hook=str))
    return fields


def leaves_of(value: Plain, path: ValuePath) -> Iterator[tuple[ValuePath, Plain]]:
    """Yield the scalars and empty collections below a value, with their paths."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves_of(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves_of(inner, (*path, index))
    else:
        yield path, value


def path_text(path: ValuePath) -> str:
    """Return a path as it is shown: `controls.query-limits.limits[0].per`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
