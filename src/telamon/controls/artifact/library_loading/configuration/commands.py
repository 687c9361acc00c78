"""Judges command lines: options of model servers, and variables that commands are started with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading import loading_rules as rules
from telamon.controls.artifact.library_loading.configuration.hit import Gap, Hit
from telamon.controls.artifact.library_loading.configuration.places import Kind, kind_of
from telamon.controls.artifact.library_loading.configuration.variables import FALSE, NAME, judge_variable
from telamon.core.records import Severity
from telamon.kits.code.shell import Command, read_shell
from telamon.kits.formats.malformed import MalformedError
from telamon.kits.text.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from telamon.controls.artifact.library_loading.configuration.hit import Judged

TELLING: Final = re.compile(
    r"trust[_-]remote[_-]code|custom-logit-processor|allow-insecure|backend-directory|weights[-_]only"
    rf"|(?:{NAME.pattern})"
)
REMOTE: Final = re.compile(r"--trust[_-]remote[_-]code(?:=(.*))?", re.DOTALL)
NO_REMOTE: Final = frozenset({"--no-trust-remote-code", "--no-trust_remote_code"})
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
REVISIONS: Final = frozenset({"--revision", "--code-revision", "--code_revision"})
WRAPPED: Final = "[](){},;'\"` "  # around words of a list that stands in a text
PINNED: Final = (
    "Leave it out, or pin the code that you have read: `--trust-remote-code --revision <commit of 40 digits>`."
)
# Commands that only speak of others.
SPEAKING: Final = frozenset({"echo", "printf", "grep", "sed", "rg", "awk", "git"})
MAX_DEPTH: Final = 4  # of here documents in one another
MAX_AHEAD: Final = 400  # lines of one command


def judge_commands(text: str, *, first_line: int = 1, shown: str = "", depth: int = 0) -> Iterator[Judged]:
    """Yield what the commands of a script configure riskily.

    Args:
        text: The script, which is not run.
        first_line: Of it in its file.
        shown: The text that it was made of line by line, in which places are looked up; by default the script.
        depth: How many here documents it stands in.
    """
    if not TELLING.search(text):
        return
    try:
        commands = read_shell(text)
    except MalformedError as error:
        yield Gap(reason=f"the commands are not understood: {error.message}")
        return
    lines = (shown or text).splitlines()
    for command in _every(commands):
        for hit in judge_command(command.words, command.assignments):
            line, column = place(lines, command.line, hit.subject)
            yield Hit(
                rule=hit.rule, severity=hit.severity, message=hit.message, subject=hit.subject,
                line=line + first_line - 1, column=column, remedy=hit.remedy,
            )  # fmt: skip
        if command.document and command.name not in SPEAKING:
            yield from _document(command, lines, first_line, depth)


def _document(command: Command, lines: Sequence[str], first_line: int, depth: int) -> Iterator[Judged]:
    """A here document: what `cat > .env <<EOF` writes, or what a shell runs."""
    if depth == MAX_DEPTH:
        yield Gap(reason="here documents stand too deep in one another")
        return
    head = command.document.partition("\n")[0].strip()
    ahead = range(command.line, min(len(lines), command.line + MAX_AHEAD))
    start = next((number for number in ahead if lines[number].strip() == head), command.line)
    yield from judge_commands(command.document, first_line=start + first_line, depth=depth + 1)


def _every(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield commands with those in their substitutions, each once."""
    seen: set[int] = set()
    waiting = list(reversed(list(commands)))
    while waiting:
        command = waiting.pop()
        if id(command) not in seen:
            seen.add(id(command))
            yield command
            waiting.extend(command.inner)


def place(lines: Sequence[str], start: int, subject: str) -> tuple[int, int]:
    """Return line and column of what a hit is about, which may stand some lines below where its command begins."""
    word = subject.partition(" ")[0]
    for number in range(start, min(len(lines), start + MAX_AHEAD) + 1):
        at = lines[number - 1].find(word) if number <= len(lines) else -1
        if at >= 0:
            return number, at + 1
    return start, 1


def judge_command(words: Sequence[str], assignments: Iterable[tuple[str, str]] = ()) -> Iterator[Hit]:
    """Yield what one command configures riskily, as of its first line.

    Args:
        words: Name and arguments without quotes.
        assignments: That stand before it.
    """
    for name, value in assignments:
        if NAME.fullmatch(name):
            yield from judge_variable(name, value, 1, 1)
    program = words[0].rpartition("/")[2] if words else ""
    if program in SPEAKING:
        return
    plain = [word.strip(WRAPPED) for word in words]
    for word in plain:
        name, separator, value = word.removeprefix("-e").partition("=")
        if separator and NAME.fullmatch(name):  # export, env, docker run -e
            yield from judge_variable(name, value, 1, 1)
    for index, word in _options(plain):
        yield from _option(plain, index, word)


def _options(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each option with its place, those that stand twice once."""
    seen: set[str] = set()
    for index, word in enumerate(words):
        if word.startswith("-") and word not in seen:
            seen.add(word)
            yield index, word


def _option(words: Sequence[str], index: int, word: str) -> Iterator[Hit]:
    following = words[index + 1] if index + 1 < len(words) else ""
    if (match := REMOTE.fullmatch(word)) is not None:
        value = (match[1] if match[1] is not None else following).casefold()
        if value not in FALSE and not NO_REMOTE & set(words):
            pins = [words[at + 1] for at, one in enumerate(words[:-1]) if one in REVISIONS]
            pins += [one.partition("=")[2] for one in words if "=" in one and one.partition("=")[0] in REVISIONS]
            is_pinned = bool(pins) and all(map(COMMIT.fullmatch, pins))
            yield remote(word.partition("=")[0], is_pinned=is_pinned)
    elif word == "--enable-custom-logit-processor":
        yield Hit(
            rule=rules.OPEN_SERVER, severity=Severity.HIGH, subject=word, line=1, column=1,
            message=f"`{word}` lets whoever reaches the server have SGLang unpickle functions of their requests",
            remedy="Leave it out.",
        )  # fmt: skip
    elif word.startswith("--backend-directory"):
        folder = word.partition("=")[2] or following
        if (kind := kind_of(folder)) in {Kind.SHARED, Kind.RELATIVE}:
            yield Hit(
                rule=rules.OPEN_SERVER, subject=word, line=1, column=1,
                severity=Severity.HIGH if kind is Kind.SHARED else Severity.MEDIUM,
                message=f"Triton takes its backends from `{printable(folder, 80)}`, {kind}",
                remedy="Leave it out: `/opt/tritonserver/backends` belongs to the installer.",
            )  # fmt: skip
    elif re.fullmatch(r"--?weights[-_]only=(?:false|0|no)", word, re.IGNORECASE):
        yield Hit(
            rule=rules.UNRESTRICTED_LOAD, severity=Severity.MEDIUM, subject=word, line=1, column=1,
            message=f"`{word}` has the loader run what the file says", remedy="Leave it out.",
        )  # fmt: skip


def remote(word: str, *, is_pinned: bool = False, line: int = 1, column: int = 1) -> Hit:
    """Return the hit of an option or a key that trusts the code of a model's repository."""
    does = "at a pinned commit" if is_pinned else "that it holds that day"
    return Hit(
        rule=rules.REMOTE_CODE, severity=Severity.LOW if is_pinned else Severity.HIGH, line=line, column=column,
        message=f"`{printable(word, 80)}`: the model's repository runs the Python {does}", subject=word, remedy=PINNED,
    )  # fmt: skip
