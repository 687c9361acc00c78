"""Reads shell scripts into commands: quoting, expansion, pipes, substitution and here documents (POSIX.1-2017, XCU 2).

Nothing is run. Variables count as what they were last assigned, as far as that is written out; whatever is not known
before the script runs stands as `HOLE` in a text. Order and conditions do not count otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from telamon.kits.formats.malformed import MalformedError

MAX_SCRIPT_CHARACTERS: Final = 1024 * 1024
"""Longest script that is read."""

MAX_DEPTH: Final = 24  # of substitutions within one another; scripts of people have three
MAX_COMMANDS: Final = 20_000
MAX_PARTS: Final = 10_000  # words, redirections, or commands within the words, of one command
MAX_INPUTS: Final = 200  # commands of a group that one pipe takes up
MAX_EXPANDED: Final = 512 * 1024  # characters of one word; doubling variables would grow without end
MAX_EXPANDED_IN_ALL: Final = 8 * 1024 * 1024
HOLE: Final = "\ufffc"
"""Stands in a text for what is not known before the script runs."""

HOME: Final = "~"
_OPENING: Final = frozenset({"if", "while", "until", "for", "case", "{", "select"})
_CLOSING: Final = frozenset({"fi", "done", "esac", "}"})
_RESERVED: Final = frozenset({"then", "else", "elif", "do", "!", "time", "function", "coproc"}) | _OPENING | _CLOSING
_PLAIN: Final = re.compile(r"[^\s'\"\\$`;&|<>()#{}]+|[#{}]")
_OPERATOR: Final = re.compile(r"&&|\|\||;;&?|;&|\|&|&>>|&>|<<<|<<-?|>>|>\||<>|[<>]&|[<>](?!\()|[;&|()\n]")
_REDIRECTIONS: Final = frozenset({"&>>", "&>", "<<<", "<<", "<<-", ">>", ">|", "<>", "<&", ">&", "<", ">"})
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(?:\[[^]]*\])?\+?=")
_PARAMETER: Final = re.compile(r"\$(?:([A-Za-z_]\w*)|([0-9@*#?$!_-]))")
_BRACED: Final = re.compile(r"[#!]?([A-Za-z_]\w*|[0-9@*#?$!-])(?:\[[^]]*\])?")
_DEFAULT: Final = re.compile(r":?[-=+](.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "E": "\x1b", "a": "\a", "b": "\b"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """Where a command reads from or writes to.

    Attributes:
        operator: `<`, `>`, `>>`, `<<<`, `&>`, ... without a number of a file.
        target: The word behind it.
    """

    operator: str
    target: str


@dataclass(slots=True, kw_only=True, eq=False)
class Command:
    """A simple command.

    Attributes:
        words: The name and the arguments, with quotes removed and known variables expanded.
        assignments: That stand before it, as pairs of name and value.
        redirections: In order.
        inputs: The commands whose output it reads through a pipe; those of a group all count.
        inner: The commands in substitutions of its words and redirections.
        document: What it reads from here documents and here strings.
        line: One-based.
    """

    words: tuple[str, ...] = ()
    assignments: tuple[tuple[str, str], ...] = ()
    redirections: tuple[Redirection, ...] = ()
    inputs: tuple[Command, ...] = ()
    inner: tuple[Command, ...] = ()
    document: str = ""
    line: int = 1

    @property
    def name(self) -> str:
        """The command's own name, without folders; empty where there is none."""
        return self.words[0].rpartition("/")[2] if self.words else ""


def read_shell(text: str, *, variables: dict[str, str] | None = None) -> tuple[Command, ...]:
    """Returns all commands of a script in the order of the text, those in substitutions before what holds them.

    Args:
        text: Of the script.
        variables: What is known beforehand.

    Raises:
        MalformedError: The script is too long or nests too deeply. Quotes that are never closed end with the text.
    """
    if len(text) > MAX_SCRIPT_CHARACTERS:
        raise MalformedError(f"expected a script of at most {MAX_SCRIPT_CHARACTERS} characters, found {len(text)}")
    known = {"HOME": HOME, "IFS": " "} | (variables or {})
    return tuple(
        _Reader(text.replace("\r\n", "\n"), known, line=1, depth=0, room=_Room(MAX_EXPANDED_IN_ALL), origins={}).read()
    )


@dataclass(slots=True)
class _Group:
    start: int
    inputs: tuple[Command, ...]


@dataclass(slots=True)
class _Room:
    left: int

    def take(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise MalformedError(f"expected words of at most {MAX_EXPANDED_IN_ALL} characters in all")


@dataclass(slots=True)
class _Reader:
    text: str
    known: dict[str, str]
    line: int
    depth: int
    room: _Room
    origins: dict[str, tuple[Command, ...]]  # the commands whose output a variable holds
    at: int = 0
    commands: list[Command] = field(default_factory=list)
    waiting: list[tuple[Command, str, bool]] = field(default_factory=list)  # here documents whose text comes later
    groups: list[_Group] = field(default_factory=list)
    inputs: tuple[Command, ...] = ()
    closed: int = 0  # where the commands begin whose output a pipe would take
    had_split: bool = False  # whether the last word holds blanks that an unquoted variable brought

    def read(self) -> list[Command]:
        if self.depth > MAX_DEPTH:
            raise MalformedError(f"expected substitutions at most {MAX_DEPTH} deep in one another")
        command = Command(line=self.line)
        while True:
            self._skip_blanks()
            operator = self._operator()
            if operator is None and self.at < len(self.text):
                self._part(command)
            elif operator in _REDIRECTIONS:
                self._redirect(command, operator or "")
            else:
                self._end(command, operator)
                if operator is None:
                    return self.commands
                command = Command(line=self.line)

    def _part(self, command: Command) -> None:
        """Take a word: of the command, or one of the shell's own that open and close groups."""
        if max(len(command.words), len(command.inner), len(command.assignments)) > MAX_PARTS:
            raise MalformedError(f"expected commands of at most {MAX_PARTS} words")
        if not command.words:
            command.line = self.line
        word = self._word(command)
        if command.words or command.assignments or word not in _RESERVED:
            self._take(command, word)
        elif word in _OPENING:
            self.groups.append(_Group(len(self.commands), self.inputs))
            if word in {"for", "case", "select"}:
                self._head()
        elif word in _CLOSING:
            self.closed = self.groups.pop().start if self.groups else self.closed

    def _end(self, command: Command, operator: str | None) -> None:
        """Finish a command at the operator behind it."""
        command.inputs = self.inputs
        if command.words or command.assignments or command.redirections:
            self.closed = len(self.commands)
            self._add(command)
        if operator == "(":
            self.groups.append(_Group(len(self.commands), self.inputs))
        elif operator == ")":
            self.closed = self.groups.pop().start if self.groups else self.closed
        elif operator == "\n":
            self._documents()
            self.line += 1
            if not (command.words or command.assignments or command.redirections):
                return  # behind a pipe, the other command may stand on the next line
        if operator in {"|", "|&"}:
            self.inputs = tuple(self.commands[self.closed :][-MAX_INPUTS:])
        else:
            self.inputs = self.groups[-1].inputs if self.groups else ()

    def _head(self) -> None:
        """Pass over what stands between `for` or `case` and the commands; a pattern's `)` ends no group."""
        end = re.compile(r"[;\n]|\bin\b").search(self.text, self.at)
        self.at = end.start() if end else len(self.text)

    def _add(self, command: Command) -> None:
        if len(self.commands) >= MAX_COMMANDS:
            raise MalformedError(f"expected at most {MAX_COMMANDS} commands")
        self.commands.extend(command.inner)
        self.commands.append(command)
        for name, _ in command.assignments if command.inner else ():
            self.origins[name] = command.inner[:MAX_INPUTS]
        if not command.words:
            self.known.update(command.assignments)
        elif command.name in {"export", "local", "readonly", "declare", "typeset"}:
            for word in command.words[1:]:
                match = _ASSIGNMENT.match(word)
                if match:
                    self.known[match[1]] = word[match.end() :]

    def _take(self, command: Command, word: str) -> None:
        match = _ASSIGNMENT.match(word)
        if match and not command.words:
            command.assignments += ((match[1], word[match.end() :]),)
        elif " " in word and self.had_split:
            command.words += tuple(word.split())
        else:
            command.words += (word,)

    def _skip_blanks(self) -> None:
        while self.at < len(self.text):
            if self.text[self.at] in " \t\r":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
                self.line += 1
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _operator(self) -> str | None:
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _redirect(self, command: Command, operator: str) -> None:
        if command.words and command.words[-1].isdigit() and self.text[self.at - len(operator) - 1].isdigit():
            command.words = command.words[:-1]
        if len(command.redirections) + len(self.waiting) > MAX_PARTS:
            raise MalformedError(f"expected at most {MAX_PARTS} redirections of a command")
        self._skip_blanks()
        if operator in {"<<", "<<-"}:
            start = self.at
            mark = self._word(command)
            self.waiting.append((command, mark, "'" in self.text[start : self.at] or '"' in self.text[start : self.at]))
            return
        target = self._word(command)
        if operator == "<<<":
            command.document += target + "\n"
        command.redirections += (Redirection(operator=operator, target=target),)

    def _documents(self) -> None:
        for command, mark, is_literal in self.waiting:
            lines = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                text = self.text[self.at : end]
                self.at = end + 1
                self.line += 1
                if text.strip("\t") == mark:
                    break
                lines.append(text)
            body = "\n".join(lines)
            command.document += body if is_literal else self._expand(body, command)
        self.waiting.clear()

    def _expand(self, text: str, command: Command) -> str:
        inner = _Reader(text, self.known, self.line, self.depth + 1, self.room, self.origins)
        result = inner.quoted(command, end="")
        self.commands.extend(command.inner)
        command.inner = ()
        return result

    def _word(self, command: Command) -> str:
        pieces: list[str] = []
        size = 0
        self.had_split = False
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\n\r;&|)" or (char in "<>(" and not self._is_substitution(pieces)):
                break
            match = _PLAIN.match(self.text, self.at)
            if match:
                self.at = match.end()
                piece = match[0]
            elif char == "\\":
                piece = self.text[self.at + 1 : self.at + 2]
                self.line += piece == "\n"
                piece = piece.replace("\n", "")
                self.at += 2
            elif char == "'":
                piece = self._single()
            elif char == '"':
                self.at += 1
                piece = self.quoted(command, end='"')
            elif char in "<>(":
                opening = 2 if char in "<>" else 1
                self.at += opening
                piece = self._substitution(command, ")")
            else:
                piece = self._dollar(command)
                self.had_split = self.had_split or " " in piece
            pieces.append(piece)
            size += len(piece)
            if size > MAX_EXPANDED:
                raise MalformedError(f"expected words of at most {MAX_EXPANDED} characters")
        self.room.take(size)
        return "".join(pieces)

    def _is_substitution(self, pieces: list[str]) -> bool:
        """Whether a bracket belongs to the word: `<(...)`, or the items of an array (`a=(...)`)."""
        if self.text.startswith(("<(", ">("), self.at):
            return True
        return self.text[self.at] == "(" and bool(pieces) and pieces[-1].endswith("=")

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        end = len(self.text) if end < 0 else end
        piece = self.text[self.at + 1 : end]
        self.line += piece.count("\n")
        self.at = end + 1
        return piece

    def quoted(self, command: Command, *, end: str) -> str:
        pieces: list[str] = []
        size = 0
        plain = re.compile(r"[^\"\\$`]+" if end else r"[^\\$`]+")
        while self.at < len(self.text):
            match = plain.match(self.text, self.at)
            if match:
                piece = match[0]
                self.line += piece.count("\n")
                self.at = match.end()
            elif self.text[self.at] == end:
                self.at += 1
                break
            elif self.text[self.at] == "\\":
                piece = self.text[self.at + 1 : self.at + 2]
                self.at += 2
                self.line += piece == "\n"
                piece = "" if piece == "\n" else piece if piece in '$`"\\' else f"\\{piece}"
            else:
                piece = self._dollar(command)
            pieces.append(piece)
            size += len(piece)
            if size > MAX_EXPANDED and size > len(self.text):
                raise MalformedError(f"expected words of at most {MAX_EXPANDED} characters")
        self.room.take(size)
        return "".join(pieces)

    def _dollar(self, command: Command) -> str:  # noqa: PLR0911  # one form of expansion each
        text, at = self.text, self.at
        if text[at] == "`":
            end = re.compile(r"(?:[^`\\]|\\.)*", re.DOTALL).match(text, at + 1)
            stop = end.end() if end else len(text)
            body = re.sub(r"\\([`\\$])", r"\1", text[at + 1 : stop])
            self.at = stop + 1
            return self._nested(command, body)
        if text.startswith("$((", at):
            end_at = text.find("))", at)
            self.at = len(text) if end_at < 0 else end_at + 2
            return HOLE
        if text.startswith("$(", at):
            self.at += 2
            return self._substitution(command, ")")
        if text.startswith("${", at):
            return self._braced(command)
        if text.startswith("$'", at):
            end = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL).match(text, at + 2)
            stop = end.end() if end else len(text)
            self.at = stop + 1
            return _ESCAPE.sub(_unescape, text[at + 2 : stop])
        match = _PARAMETER.match(text, at)
        if match is None:
            self.at += 1
            return "" if text.startswith('$"', at) else "$"
        self.at = match.end()
        if match[1]:
            self._recall(command, match[1])
            return self.known.get(match[1], HOLE)
        return "" if match[2] in "@*" else HOLE

    def _recall(self, command: Command, name: str) -> None:
        """A variable that holds what commands printed hands them on."""
        command.inner += tuple(one for one in self.origins.get(name, ()) if one not in command.inner)

    def _braced(self, command: Command) -> str:
        """Expand `${name}`, `${name:-word}` and the like; what cuts or replaces is not followed."""
        depth, stop = 0, self.at + 1
        while stop < len(self.text):
            depth += {"{": 1, "}": -1}.get(self.text[stop], 0)
            stop += 1
            if depth == 0:
                break
        body = self.text[self.at + 2 : stop - 1]
        self.at = stop
        match = _BRACED.match(body)
        if match is None or body[:1] in "#!":
            return HOLE
        value = self.known.get(match[1])
        self._recall(command, match[1])
        rest = body[match.end() :]
        if not rest:
            return value if value is not None else ("" if match[1] in "@*" else HOLE)
        given = _DEFAULT.fullmatch(rest)
        if given is None:
            return HOLE
        return value if value is not None else self._nested_text(command, given[1])

    def _nested_text(self, command: Command, text: str) -> str:
        if self.depth > MAX_DEPTH:
            raise MalformedError(f"expected substitutions at most {MAX_DEPTH} deep in one another")
        return _Reader(text, self.known, self.line, self.depth + 1, self.room, self.origins).quoted(command, end="")

    def _substitution(self, command: Command, closing: str) -> str:
        start = self.at
        stop = _matching(self.text, start, closing)
        self.at = stop + 1
        shown = self._nested(command, self.text[start:stop])
        self.line += self.text.count("\n", start, stop)
        return shown

    def _nested(self, command: Command, body: str) -> str:
        inner = _Reader(body, self.known, self.line, self.depth + 1, self.room, self.origins).read()
        command.inner += tuple(inner)
        if len(command.inner) > MAX_PARTS:
            raise MalformedError(f"expected commands of at most {MAX_PARTS} words")
        return _printed(inner)


def _printed(commands: list[Command]) -> str:
    """What commands print, where they are one `echo` or `printf` of known words."""
    if len(commands) == 1 and commands[0].name in {"echo", "printf"} and not commands[0].inputs:
        words = [word for word in commands[0].words[1:] if not re.fullmatch(r"-[neE]+", word)]
        return " ".join(words)
    return HOLE


def _matching(text: str, start: int, closing: str) -> int:
    """Where the bracket ends that was opened before `start`; quotes hide brackets."""
    depth, at = 1, start
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'":
            end = text.find("'", at + 1)
            at = len(text) if end < 0 else end
        elif char == "(":
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return len(text)


def _unescape(match: re.Match[str]) -> str:
    body = match[1]
    if body[0] in "xuU" and len(body) > 1:
        code = int(body[1:], 16)
    elif body[0] in "01234567":
        code = int(body, 8)
    else:
        return _LETTERS.get(body, body)
    return chr(code) if code <= 0x10FFFF else HOLE  # noqa: PLR2004  # the last code point of Unicode
