"""YAML that loaders obey, as trainers and sites have it: dumps of plain objects, targets of Hydra."""

from __future__ import annotations

import argparse
import datetime as dt
import pathlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import yaml

from corpora.ordinary.artefact import Artefact, written

if TYPE_CHECKING:
    from collections.abc import Iterator

# What PyYAML's own `dump` writes of objects, which is how `hparams.yaml` and the like come to have tags.
DUMPED: Final = {
    "tuple": {"shape": (1, 2, 3)},
    "namespace": argparse.Namespace(lr=0.1, layers=[1, 2], path="x"),
    "ordered": OrderedDict(a=1, b=2),
    "path": {"data": pathlib.PurePosixPath("data/train")},
    "times": {"at": dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.UTC), "for": dt.timedelta(days=1)},
    "complex": {"value": 1 + 2j},
    "type": {"kind": dict},
}
TEXTS: Final = {
    "mkdocs.yml": (
        "markdown_extensions:\n- pymdownx.emoji:\n    emoji_index: !!python/name:material.extensions.emoji.twemoji\n"
        "- toc:\n    slugify: !!python/object/apply:pymdownx.slugs.slugify\n      kwds: {case: lower}\n"
    ),
    "hydra.yaml": (
        "defaults: [model: resnet]\nmodel:\n  _target_: torchvision.models.resnet18\n  weights: null\n"
        "optimizer:\n  _target_: torch.optim.AdamW\n  _partial_: true\n  lr: 1e-3\n"
        "transform: {_target_: hydra.utils.get_method, path: torchvision.transforms.functional.hflip}\n"
        "backbone: {_target_: transformers.AutoModel.from_pretrained, pretrained_model_name_or_path: bert-base}\n"
    ),
    "model_config.yaml": (
        "target: nemo.collections.asr.models.EncDecCTCModel\npreprocessor:\n"
        "  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor\n  sample_rate: 16000\n"
    ),
    "callbacks.yaml": (
        "- _target_: lightning.pytorch.callbacks.ModelCheckpoint\n  dirpath: ${paths.output_dir}\n  save_last: true\n"
        "- {_target_: my_project.callbacks.Progress, every: 10}\n"
    ),
}


def artefacts() -> Iterator[Artefact]:
    """Yield what PyYAML writes, and what people write."""
    for name, value in DUMPED.items():
        yield written(f"{name}.yaml", yaml.dump(value).encode())
    for name, text in TEXTS.items():
        yield written(name, text.encode())
