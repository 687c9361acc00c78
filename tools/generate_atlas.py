"""Makes the facts-only table of an ATLAS release that the package ships.

python tools/generate_atlas.py ATLAS.yaml            writes src/telamon/atlas/releases/VERSION.json
python tools/generate_atlas.py --check ATLAS.yaml    exits with 1 where the shipped table is another
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from telamon.atlas import table
from telamon.atlas.official import read_release, write_table
from telamon.atlas.releases import SHIPPED, SUFFIX, release_name
from telamon.core.errors import TelamonError

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "MITRE ATLAS, https://github.com/mitre-atlas/atlas-data (ids, names and relations only)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the table and return the exit code."""
    parser = argparse.ArgumentParser(description="Make the shipped table of an ATLAS release from the official YAML.")
    parser.add_argument("file", type=Path, help="official YAML of mitre-atlas/atlas-data")
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="where the table goes")
    parser.add_argument("--check", action="store_true", help="compare with the table that is there; write nothing")
    options = parser.parse_args(arguments)
    try:
        release = read_release(options.file, source=SOURCE)
        path = options.folder / f"{release_name(release.version)}{SUFFIX}"
        if not options.check:
            write_table(release, path)
    except TelamonError as error:
        print(f"generate_atlas: {error.message}", file=sys.stderr)
        return 2
    for repair in release.repairs:
        print(f"repaired: {repair.where} {repair.what}: {repair.done}")
    if options.check and (not path.is_file() or path.read_text(encoding="utf-8") != table.dump(release)):
        print(f"generate_atlas: `{path.name}` is not what `{options.file.name}` gives", file=sys.stderr)
        return 1
    print(f"{path.name}: {len(release.techniques)} techniques, {len(release.pairs)} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
