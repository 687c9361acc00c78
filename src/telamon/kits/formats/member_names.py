"""Notes on the names in one directory: what each hides, and which two are one to some reader."""

from __future__ import annotations

from telamon.kits.formats.names import (
    folded,
    has_control_characters,
    is_absolute,
    leaves_its_folder,
)
from telamon.kits.formats.notes import Notes  # noqa: TC001 - annotations of public interfaces stay resolvable
from telamon.kits.formats.observations import ObservationCode
from telamon.kits.text.display import printable


class MemberNames:
    """Takes the names of one directory in order and notes what is odd about them."""

    __slots__ = ("_by_fold", "_notes")

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._by_fold: dict[str, str] = {}

    def add(self, name: str, offset: int, *, is_utf8: bool = True) -> None:
        """Checks one name, decoded but not made printable; `offset` is where it is stated."""
        shown = printable(name)
        for code, is_so, message in (
            (ObservationCode.NAME_EMPTY, not name, "a member has no name"),
            (ObservationCode.NAME_ABSOLUTE, is_absolute(name), f"`{shown}` is an absolute path"),
            (ObservationCode.NAME_TRAVERSAL, leaves_its_folder(name), f"`{shown}` leads to a parent folder"),
            (
                ObservationCode.NAME_CONTROL,
                has_control_characters(name),
                f"`{shown}` holds control characters",
            ),
            (ObservationCode.NAME_NOT_UTF8, not is_utf8, f"`{shown}` is not stored as UTF-8"),
        ):
            if is_so:
                self._notes.add(code, message, name=shown, offset=offset)
        self._compare(name, shown, offset)

    def _compare(self, name: str, shown: str, offset: int) -> None:
        fold = folded(name)
        earlier = self._by_fold.get(fold)
        if earlier is None:
            self._by_fold[fold] = name
        elif earlier == name:
            message = f"`{shown}` is there more than once"
            self._notes.add(ObservationCode.NAME_DUPLICATE, message, name=shown, offset=offset)
        else:
            message = f"`{shown}` and `{printable(earlier)}` are one name to some readers"
            self._notes.add(ObservationCode.NAME_FOLDS, message, name=shown, offset=offset)
