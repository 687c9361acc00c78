"""`telamon init`: write a policy for what is here."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

import click

from telamon.cli.folders import working_folder
from telamon.cli.output import say
from telamon.core.errors import UsageError

MODEL_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz", ".dill"})
MOST_MODELS = 20  # named one by one; of more, their folders are named


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
def command(folder: Path) -> None:
    """Write a commented telamon.yaml for the models below FOLDER; an existing one is left alone."""
    from telamon.cli.demo import write_policy

    path = folder / "telamon.yaml"
    if path.exists():
        raise UsageError(f"`{path}` exists", hint="`telamon policy show --origin` says what it puts in force")
    files = _files(folder)
    models = _named(_places(files))
    name = (working_folder() / folder).resolve().name
    try:
        write_policy(path, system=name if name and name.isprintable() else "system", models=models)
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {error.strerror}") from error
    key_file = folder / ".telamon" / "ledger.key"
    say(f"{path} written; it covers {_covered(files, models)}.")
    say(f"Next: `telamon ledger keygen {shlex.quote(str(key_file))}` (or remove the `ledger` section),")
    option = "" if folder == Path() else f" --policy {shlex.quote(str(path))}"
    say(f"then `telamon check{option}`.")


def _files(folder: Path) -> list[PurePosixPath]:
    """Return what looks like a model by its name, as a first guess for the user to edit; sorted."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in MODEL_SUFFIXES and path.is_file())
    below = (PurePosixPath(path.relative_to(folder).as_posix()) for path in found)
    return sorted(path for path in below if ".git" not in path.parts)


def _places(files: list[PurePosixPath]) -> list[PurePosixPath]:
    """Return files and folders, few enough to be named, that hold all of the files."""
    if len(files) <= MOST_MODELS and all(str(path).isprintable() for path in files):
        return files
    tops = sorted({PurePosixPath(path.parts[0]) for path in files})
    if len(tops) <= MOST_MODELS and all(str(path).isprintable() for path in tops):
        return tops
    return [PurePosixPath()]


def _named(places: list[PurePosixPath]) -> dict[str, str]:
    """Give each place a name of its own: its stem, or its path where that is taken."""
    named: dict[str, str] = {}
    for place in places:
        # The last is free: no stem has a slash, and no path here begins with a dot and a slash.
        choices = (place.stem or "all", str(place), f"./{place}")
        named[next(name for name in choices if name not in named)] = str(place)
    return named


def _covered(files: list[PurePosixPath], models: dict[str, str]) -> str:
    if len(models) == len(files):
        return f"{len(files)} model{'' if len(files) == 1 else 's'}"
    places = ", ".join(f"`{where}`" for where in models.values())
    return f"{len(files)} models, by the folders and files that hold them: {places}"
