"""Renew requirements/*.lock from pyproject.toml with uv (installed beside, not a dependency of the project)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "run.lock": ["--extra", "ml", "--group", "build"],
    "dev.lock": ["--extra", "ml", "--extra", "onnx", "--extra", "remote", "--extra", "scale", "--group", "dev"],
    "peers.lock": ["--group", "peers"],
}


def main() -> None:
    """Compile each lock for every platform, with hashes and without index addresses."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is needed: pip install uv")
    for name, selection in LOCKS.items():
        command = [uv, "pip", "compile", "pyproject.toml", *selection, "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet"]
        command += ["--output-file", f"requirements/{name}"]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  # fixed words


if __name__ == "__main__":
    main()
