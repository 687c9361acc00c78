"""Every recipe fires its canary in the real loader, and its benign twin loads and fires nothing."""

from __future__ import annotations

import importlib.util
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from telamon.kits.attacks import artefacts, chat_templates, keras_models
from telamon.kits.attacks.artefacts import Recipe, recipes, write_artefact
from telamon.kits.attacks.loading import Loader, load_in_child

if TYPE_CHECKING:
    from pathlib import Path

PAYLOADS = (
    artefacts.shell,
    artefacts.evaluated,
    artefacts.old_instance,
    artefacts.computed_name,
    artefacts.dotted_name,
    artefacts.unlisted,
    artefacts.getattr_chain,
    artefacts.nested,
    artefacts.broken_tail,
    artefacts.partial_call,
)
BARE = recipes(Loader.PICKLE, PAYLOADS, bin=artefacts.bare)
TARRED = recipes(Loader.PICKLE, PAYLOADS[:1], gz=artefacts.tarball)
WHEELS = recipes(Loader.IMPORT, PAYLOADS[:1], whl=artefacts.wheel)
JOBLIB = recipes(Loader.JOBLIB, PAYLOADS[:1], joblib=artefacts.joblib_zlib)
NUMPY = recipes(Loader.NUMPY, PAYLOADS[:1], npy=artefacts.numpy_objects)
TORCH = recipes(Loader.TORCH, PAYLOADS[:1], pt=artefacts.torch_zip, pth=artefacts.torch_zip_wrong_crc)
LAYERS = keras_models.keras_recipes(
    (
        keras_models.plain,
        keras_models.wrapped,
        keras_models.nested,
        keras_models.escaped,
        keras_models.wide,
        keras_models.repeated,
    )
)
TEMPLATES = chat_templates.template_recipes(
    (
        chat_templates.cycler,
        chat_templates.builtins,
        chat_templates.joined,
        chat_templates.formatted,
        chat_templates.subclasses,
        chat_templates.mapped,
        chat_templates.in_macro,
    )
)
RECIPES = (*BARE, *TARRED, *WHEELS, *JOBLIB, *NUMPY, *TORCH, *LAYERS, *TEMPLATES)
TWINS = (BARE[0], *TARRED, *WHEELS, *JOBLIB, *NUMPY, *TORCH, *LAYERS[-1:], *TEMPLATES[:1])
NEEDS = {Loader.JOBLIB: "joblib", Loader.NUMPY: "numpy", Loader.TORCH: "torch", Loader.KERAS: "keras"}
LOADED = {Loader.IMPORT: "module", Loader.KERAS: "Sequential", Loader.JINJA: "str"}


def opened(recipe: Recipe, path: Path, folder: Path) -> Path:
    """What the victim loads of what was delivered."""
    if recipe.suffix == ".gz":
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        return folder / "release" / "model.bin"
    if recipe.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder / "site")  # noqa: S202  # made by us a moment ago
        return folder / "site"
    return path


def skip_without_its_library(recipe: Recipe) -> None:
    needed = NEEDS.get(recipe.loader)
    if needed is not None and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: f"{recipe.name}{recipe.suffix}")
def test_recipe_fires_its_canary_in_the_real_loader(recipe: Recipe, tmp_path: Path) -> None:
    skip_without_its_library(recipe)
    canary = tmp_path / "canary"
    path = write_artefact(recipe, tmp_path, canary=canary, seed=1)
    assert not canary.exists()
    load_in_child(recipe.loader, opened(recipe, path, tmp_path), workspace=tmp_path)
    assert canary.exists()
    assert canary.read_bytes() == b""


@pytest.mark.parametrize("recipe", TWINS, ids=lambda recipe: f"{recipe.name}{recipe.suffix}")
def test_benign_twin_loads_and_fires_nothing(recipe: Recipe, tmp_path: Path) -> None:
    skip_without_its_library(recipe)
    path = write_artefact(recipe, tmp_path, canary=None, seed=1)
    loaded = load_in_child(recipe.loader, opened(recipe, path, tmp_path), workspace=tmp_path)
    assert (loaded.ok, loaded.answer) == (True, LOADED.get(recipe.loader, "dict"))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", ["it's", 'a "b"', "sp ace", "$(x)", "back\\slash", "ünï"])
@pytest.mark.parametrize("payload", PAYLOADS[:2], ids=lambda payload: payload.__name__)
def test_canary_may_have_any_path(name: str, payload: object, tmp_path: Path) -> None:
    place = tmp_path / name
    place.mkdir()
    (recipe,) = recipes(Loader.PICKLE, (payload,), bin=artefacts.bare)
    path = write_artefact(recipe, place, canary=place / "canary", seed=1)
    load_in_child(Loader.PICKLE, path, workspace=place)
    assert sorted(entry.name for entry in place.iterdir()) == ["canary", "model.bin"]
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    (recipe,) = TARRED
    written = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = write_artefact(BARE[0], folder, canary=None, seed=seed)
        written.append(path.read_bytes())
    assert recipe.name == "shell-tarball"
    assert written[0] == written[1] != written[2]


def test_twin_differs_by_the_payload_only(tmp_path: Path) -> None:
    benign = write_artefact(BARE[0], tmp_path, canary=None, seed=1).read_bytes()
    trojaned = write_artefact(BARE[0], tmp_path, canary=tmp_path / "canary", seed=1).read_bytes()
    added = b"X\x0b\x00\x00\x00calibration" + artefacts.shell(str(tmp_path / "canary")).body
    assert trojaned == benign[:-2] + added + benign[-2:]


def test_recipes_are_every_combination() -> None:
    names = [recipe.name for recipe in recipes(Loader.PICKLE, PAYLOADS[:2], a=artefacts.bare, b=artefacts.tarball)]
    assert names == ["shell-bare", "shell-tarball", "evaluated-bare", "evaluated-tarball"]
