"""Turns a Dockerfile into the shell script that building and starting its image runs, line by line."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

INSTRUCTION: Final = re.compile(r"\s*(?:ONBUILD\s+)?([A-Za-z]+)\b\s*(.*)", re.DOTALL)
FLAGS: Final = re.compile(r"(?:--[\w-]+(?:=\S+)?\s+)+")
OLD_ENV: Final = re.compile(r"(\w+)[ \t]+([^\\]+)", re.DOTALL)  # `ENV NAME value`, up to the end of the line
RUNNING: Final = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "SHELL"})
DOCUMENT: Final = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")


def script_of(text: str) -> str:
    """Return the commands of a Dockerfile as a script with the same lines; what runs nothing is a comment.

    The syntax is that of BuildKit's Dockerfile reference, with here documents.
    """
    shown: list[str] = []
    is_continued = is_running = False
    mark = ""
    for line in text.splitlines():
        if mark:
            shown.append(line if is_running else "#")
            mark = "" if line.strip() == mark else mark
            continue
        if is_continued and line.lstrip().startswith("#"):
            shown.append("\\")  # comments between continued lines vanish
            continue
        if not is_continued:
            match = INSTRUCTION.match(line)
            name = match[1].upper() if match else ""
            is_running = name in RUNNING
            line = _command(name, match[2]) if match else "#"  # noqa: PLW2901  # the line as the shell sees it
        shown.append(line if is_running or line.startswith("export ") else f"# {line.rstrip(chr(92))}")
        is_continued = line.rstrip().endswith("\\")
        found = DOCUMENT.search(line)
        if found and not is_continued:
            mark = found[1]
            if is_running and re.fullmatch(r"\s*<<-?\s*[\"']?\w+[\"']?\s*", line):
                shown[-1] = f"sh {line.strip()}"
    return "\n".join(shown)


def _command(name: str, rest: str) -> str:
    if name in {"ENV", "ARG"}:
        if name == "ENV" and (old := OLD_ENV.fullmatch(rest)):
            return f"export {old[1]}={shlex.quote(old[2].strip())}"
        return f"export {rest}" if "=" in rest else "#"
    rest = FLAGS.sub("", rest, count=1) if FLAGS.match(rest) else rest
    rest = rest.removeprefix("CMD ").strip() if name == "HEALTHCHECK" else rest
    if rest.lstrip().startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            return rest
        return " ".join(shlex.quote(str(word)) for word in words) if isinstance(words, list) else rest
    return rest
