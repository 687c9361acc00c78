"""The commands `telamon load` and `telamon convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from telamon.core.commands import Result, Value
from telamon.core.errors import MissingExtraError, UsageError
from telamon.core.records import Location, Outcome, Verdict

if TYPE_CHECKING:
    from typing import IO

    from telamon.controls.artifact.library_loading.loading import LoadedModel
    from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
    from telamon.core.commands import CommandContext

_SHOWN: Final = 20
_SEARCH = click.option(
    "--search",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A further folder that classes of the model are imported from, in the sandbox.",
)
_REQUIRE = click.option(
    "--require-sandbox", is_flag=True, help="Refuse where this machine cannot enforce all of the sandbox."
)


@click.command(name="load")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "form",
    type=click.Choice(["safetensors", "onnx", "npz"]),
    default="safetensors",
    show_default=True,
    help="What is written.",
)
@_SEARCH
@_REQUIRE
@click.pass_obj
def load(  # noqa: PLR0917  # one for each option
    context: CommandContext[LibraryLoadingSettings],
    model: Path,
    target: Path,
    form: str,
    search: tuple[Path, ...],
    require_sandbox: bool,  # noqa: FBT001  # an option of the command line
) -> Result:
    """Load MODEL in a sandbox and write its tensors to TARGET.

    MODEL may be a file of torch, joblib or numpy, or a plain pickle. It is loaded by the library that wrote it, in a
    process that can read it and the installed libraries, write to nothing, start nothing and reach nobody. Only
    tensors come back.
    """
    from telamon.controls.artifact.library_loading import loading  # noqa: PLC0415  # `--help` needs none of it
    from telamon.controls.artifact.library_loading.conversion import written_whole  # noqa: PLC0415  # likewise
    from telamon.controls.artifact.library_loading.profiled import profile_of  # noqa: PLC0415  # likewise

    if _same(model, target):
        raise UsageError("expected another file than the model to write to")
    must = require_sandbox or context.settings.require == "sandbox"
    profile = profile_of(model, context.settings.profiles, folder=context.policy_folder)
    if form == "onnx":
        _require_onnx()
        made, ended = loading.load_as_onnx(model, search=search, require_sandbox=must, profile=profile)
        with written_whole(target) as file:
            file.write(made)
        return _result(model, ended.missing, {"written": str(target), "form": form, "bytes": len(made)})
    loaded = loading.load(model, search=search, require_sandbox=must, profile=profile)
    with written_whole(target) as file:
        count = _write(form, file, loaded)
    values: dict[str, Value] = {
        "written": str(target),
        "form": form,
        "tensors": len(loaded.tensors),
        "bytes": count,
        "left out": list(loaded.left_out[:_SHOWN]),
    }
    return _result(model, loaded.ended.missing, values)


@click.command(name="convert")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--no-load", is_flag=True, help="Fail where the model would have to be loaded, even in the sandbox.")
@_SEARCH
@_REQUIRE
@click.pass_obj
def convert(  # noqa: PLR0917  # one for each option
    context: CommandContext[LibraryLoadingSettings],
    model: Path,
    target: Path,
    no_load: bool,  # noqa: FBT001  # an option of the command line
    search: tuple[Path, ...],
    require_sandbox: bool,  # noqa: FBT001  # likewise
) -> Result:
    """Write the tensors of MODEL to TARGET, a safetensors file.

    The tensors are worked out from the bytes of MODEL, and nothing in it is executed. Where that cannot be done it is
    loaded in the sandbox, and the reason is said. A model that calls what no weights need is refused.
    """
    from telamon.controls.artifact.library_loading import conversion  # noqa: PLC0415  # `--help` needs none of it
    from telamon.controls.artifact.library_loading.profiled import profile_of  # noqa: PLC0415  # likewise

    must = require_sandbox or context.settings.require == "sandbox"
    profile = profile_of(model, context.settings.profiles, folder=context.policy_folder)
    done = conversion.convert(model, target, may_load=not no_load, require_sandbox=must, search=search, profile=profile)
    values: dict[str, Value] = {
        "written": str(target),
        "way": str(done.way),
        "why it was loaded": done.reason,
        "tensors": done.tensors,
        "bytes": done.byte_count,
        "tied": dict(done.tied),
        "left out": list(done.left_out[:_SHOWN]),
    }
    return _result(model, done.missing, {name: value for name, value in values.items() if value not in ("", [], {})})


def _result(model: Path, missing: tuple[str, ...], values: dict[str, Value]) -> Result:
    """Return the result; a load whose sandbox was not whole is not clean."""
    outcome = Outcome(
        control="library-loading",
        location=Location(path=str(model)),
        verdict=Verdict.NOT_UNDERSTOOD if missing else Verdict.CLEAN,
        reason=f"degraded: {'; '.join(missing)}" if missing else "",
    )
    return Result(outcomes=(outcome,), values={**values, "degraded": list(missing)} if missing else values)


def _same(model: Path, target: Path) -> bool:
    try:
        return model.samefile(target)
    except OSError:
        return False


def _require_onnx() -> None:
    from importlib.util import find_spec  # noqa: PLC0415  # only here

    if find_spec("skl2onnx") is None:
        raise MissingExtraError("onnx", "`telamon load --to onnx`")


def _write(form: str, file: IO[bytes], loaded: LoadedModel) -> int:
    from telamon.kits.formats.npz_writer import write_npz  # noqa: PLC0415  # `--help` needs none of it
    from telamon.kits.formats.safetensors_writer import write_safetensors  # noqa: PLC0415  # likewise

    if form == "npz":
        return write_npz(file, loaded.tensors)
    return write_safetensors(file, loaded.tensors, {"format": "pt"})
