"""torch files: state dictionaries, checkpoints, modules and scripts, in today's format and the one before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import torch

from corpora.ordinary.artefact import Artefact, pickled

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = {"_use_new_zipfile_serialization": False}


def artefacts() -> Iterator[Artefact]:
    """Yield what `torch.save` writes, in both formats, then scripts and plain pickles of tensors."""
    torch.manual_seed(7)
    for name, value in _values().items():
        yield _saved(f"{name}.pt", value)
        yield _saved(f"{name}-old.pth", value, **OLD)
    for protocol in (2, 3, 4, 5):
        yield _saved(f"protocol-{protocol}.pt", {"weight": torch.ones(3)}, pickle_protocol=protocol)
        yield pickled(f"tensor-{protocol}.pkl", {"weight": torch.ones(3)}, protocol)
    yield pickled("module-by-pickle.pkl", _network())
    scripted = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()))
    yield Artefact(name="scripted.pt", write=lambda path: torch.jit.save(scripted, path))
    traced = torch.jit.trace(_network().eval(), torch.ones(1, 1, 8, 8))
    yield Artefact(name="traced.pt", write=lambda path: torch.jit.save(traced, path))
    yield from _exported()


def _exported() -> Iterator[Artefact]:
    """Yield what `torch.export.save` writes: names of every length around that which ends an entry after 76 bytes."""
    program = torch.export.export(_network().eval(), (torch.ones(1, 1, 8, 8),))
    for name in ("exported.pt2", "t_export.pt2", *(f"{'e' * n}.pt2" for n in range(5, 13))):
        yield Artefact(name=name, write=lambda path: torch.export.save(program, path))
    constant = torch.export.export(_Constant(), (torch.ones(2),))
    yield Artefact(name="exported-constant.pt2", write=lambda path: torch.export.save(constant, path))
    files = {"notes.txt": "a note", "labels.json": '{"0": "cat"}'}
    yield Artefact(
        name="exported-extra.pt2", write=lambda path: torch.export.save(program, path, extra_files=dict(files))
    )


class _Constant(torch.nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Adds a tensor that is neither parameter nor buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.addend = torch.arange(2.0)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return given + self.addend


def _saved(name: str, value: object, **options: Any) -> Artefact:  # those of torch.save
    return Artefact(name=name, write=lambda path: torch.save(value, path, **options))


def _network() -> Any:  # a torch module
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.1),
        torch.nn.Linear(36, 3),
    )


def _checkpoint(optimizer: type[Any], **options: Any) -> dict[str, object]:  # torch's optimizers and their options
    network = _network()
    steps = optimizer(network.parameters(), **options)
    schedule = torch.optim.lr_scheduler.StepLR(steps, 2)
    network(torch.ones(2, 1, 8, 8)).sum().backward()
    steps.step()
    schedule.step()
    return {
        "epoch": 3,
        "model": network.state_dict(),
        "optimizer": steps.state_dict(),
        "schedule": schedule.state_dict(),
        "arguments": argparse.Namespace(lr=0.1),
        "rng": torch.get_rng_state(),
    }


def _values() -> dict[str, object]:
    linear = torch.nn.Linear(4, 3)
    return {
        "state-dict": _network().state_dict(),
        "adam": _checkpoint(torch.optim.Adam, lr=0.1),
        "sgd": _checkpoint(torch.optim.SGD, lr=0.1, momentum=0.9),
        "module": _network(),
        "recurrent": torch.nn.LSTM(4, 3, batch_first=True),
        "embedding": torch.nn.ModuleDict({"words": torch.nn.Embedding(5, 3), "norm": torch.nn.LayerNorm(3)}),
        "transformer": torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        "attention": torch.nn.MultiheadAttention(8, 2),
        "optimizer": torch.optim.AdamW(linear.parameters()),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "buffers": [
            torch.ones(2, dtype=kind)
            for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64)
        ],
        "kinds": {"dtype": torch.float16, "device": torch.device("cpu"), "size": torch.Size([2, 3])},
        "sparse": torch.eye(3).to_sparse(),
        "sparse-csr": torch.eye(3).to_sparse_csr(),
        "quantised": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "quantised-channels": torch.quantize_per_channel(
            torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.quint8
        ),
        "views": (torch.arange(12).reshape(3, 4).T, torch.arange(6)[2:]),
        "nested": {"a": [torch.ones(1), {"b": (torch.zeros(1),)}], "c": None},
        "gradient": torch.ones(2, requires_grad=True),
        "empty": {},
        "storage": torch.ones(3).untyped_storage(),
    }
