"""Start a control: a folder with a manifest, settings and a test, which the catalogue finds by itself."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from pathlib import Path
from typing import Final

from telamon import atlas, catalog

ROOT: Final = Path(__file__).resolve().parent.parent
WINGS: Final = ("data", "model", "artifact", "release", "serve", "people")

MANIFEST: Final = '''"""Describes in one sentence what {name} does.

## What it does

What the control checks at rest, guards in flight and proves.

## Why it matters

The attacks that it mitigates, and what they cost.

## How it decides

1. The rules that it follows, in order.

## Example

```yaml
controls:
  {name}:
    mode: enforce
```

## Limits

* What it does not see.

## References

* MITRE ATLAS {mitigation} {title}.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from telamon.core.control import Control

if TYPE_CHECKING:
    from collections.abc import Mapping

    from {package}.settings import {class_name}Settings


class {class_name}(Control):
    """{mitigation} {title}."""

    name: ClassVar[str] = "{name}"
    mitigation: ClassVar[str] = "{mitigation}"
    declared: ClassVar[Mapping[str, str]] = MappingProxyType(
        {{
{declared}
        }}
    )

    def settings(self) -> type[{class_name}Settings]:
        """The struct that the policy's section is read into."""
        from {package}.settings import {class_name}Settings

        return {class_name}Settings
'''
SETTINGS: Final = '''"""Settings of {name}."""

from __future__ import annotations

from telamon.core.settings import Settings


class {class_name}Settings(Settings, frozen=True, kw_only=True):
    """What every control has; add fields with `msgspec.Meta(description=..., ...)` and bounds."""
'''
TEST: Final = """from __future__ import annotations

from telamon import catalog


def test_is_found_by_its_name() -> None:
    assert catalog.load().find("{name}").control.mitigation == "{mitigation}"
"""


def main() -> None:
    """Write the folder, or say what is wrong with the words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--wing", required=True, choices=WINGS)
    parser.add_argument("--mitigation", required=True)
    options = parser.parse_args()
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", options.name) or keyword.iskeyword(options.name):
        sys.exit(f"expected a kebab-case name that is no word of Python, found `{options.name}`")
    release = atlas.load()
    try:
        mitigation = release.mitigation(options.mitigation)
    except atlas.UnknownIdError as error:
        sys.exit(f"{error.message} ({error.hint})")
    folder = ROOT / "src" / "telamon" / "controls" / options.wing / options.name.replace("-", "_")
    if folder.exists():
        sys.exit(f"`{folder.relative_to(ROOT)}` exists")
    for listed in catalog.load():
        if {listed.control.name, listed.control.mitigation} & {options.name, mitigation.id}:
            sys.exit(f"`{listed.control.name}` is there for {listed.control.mitigation}")
    words = {
        "name": options.name,
        "title": mitigation.name,
        "mitigation": mitigation.id,
        "class_name": "".join(part.capitalize() for part in options.name.split("-")),
        "package": f"telamon.controls.{options.wing}.{options.name.replace('-', '_')}",
        "declared": "\n".join(f'            "{each}": "no experiment yet",' for each in mitigation.techniques),
    }
    write(folder, words)
    print(f"{folder.relative_to(ROOT)} written; `telamon list` shows it. Next: a fragment in changes/.")


def write(folder: Path, words: dict[str, str]) -> None:
    """Write the files of a control; a wing that has none yet gets its package too."""
    (folder / "tests").mkdir(parents=True)
    wing = folder.parent / "__init__.py"
    if not wing.exists():
        wing.write_text(f'"""The {folder.parent.name} wing."""\n', encoding="utf-8")
    (folder / "__init__.py").write_text(MANIFEST.format(**words), encoding="utf-8")
    (folder / "settings.py").write_text(SETTINGS.format(**words), encoding="utf-8")
    test = folder / "tests" / f"test_{folder.name}.py"
    test.write_text(TEST.format(**words), encoding="utf-8")


if __name__ == "__main__":
    main()
