"""`telamon init`: write a policy for what is here."""

from __future__ import annotations

from pathlib import Path

import click

from telamon.cli.folders import working_folder
from telamon.cli.output import say
from telamon.core.errors import UsageError

MODEL_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz", ".dill"})
MOST_MODELS = 20


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
def command(folder: Path) -> None:
    """Write a commented telamon.yaml for the models below FOLDER; an existing one is left alone."""
    from telamon.cli.demo import write_policy

    path = folder / "telamon.yaml"
    if path.exists():
        raise UsageError(f"`{path}` exists", hint="`telamon policy show --origin` says what it puts in force")
    models = _models(folder)
    name = (working_folder() / folder).resolve().name
    try:
        write_policy(path, system=name if name and name.isprintable() else "system", models=models)
    except OSError as error:
        raise UsageError(f"cannot write `{path}`: {error.strerror}") from error
    say(f"{path} written, with {len(models)} models. Next: `telamon ledger keygen .telamon/ledger.key`")
    click.echo("(or remove the `ledger` section), then `telamon check`.")


def _models(folder: Path) -> dict[str, str]:
    """Return what looks like a model by its name, as a first guess for the user to edit."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        where = path.relative_to(folder).as_posix()
        if path.suffix.lower() not in MODEL_SUFFIXES or ".git" in path.parts or not where.isprintable():
            continue
        if path.is_file():
            found.setdefault(path.stem, where)
        if len(found) >= MOST_MODELS:
            break
    return found
