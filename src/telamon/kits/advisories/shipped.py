"""The small table of advisories about AI libraries that the package ships, for where nothing was imported."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parent / "shipped.advisories"
"""Made by `tools/generate_advisories.py`; a snapshot like any other, of some hundred advisories."""
