"""The demo system of `telamon up`: real models, one of them trojaned, a policy and a ledger, in one folder."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telamon.core.errors import UsageError
from telamon.kits.attacks.pickles import Program
from telamon.kits.models.fraud import train_fraud_model
from telamon.kits.models.torch_zip import Tensor, write_state_dict

if TYPE_CHECKING:
    from pathlib import Path

SEED: Final = 7
TENSORS: Final = (Tensor(name="encoder.weight", rows=64, columns=32), Tensor(name="head.weight", rows=2, columns=64))
MARKER: Final = ".telamon-demo"

POLICY: Final = """\
# The policy of this system: one file drives check, prove, the gateway and the ledger.
# `telamon policy show --origin` says what is in force and where it comes from;
# `telamon policy schema` prints a JSON Schema for your editor.
version: 1
system: {system}

# What `telamon check` looks at when it is given no path.
models:
{models}

# Evidence: append-only, signed, and checked by `telamon ledger verify`.
ledger:
  path: .telamon/ledger.db
  key: .telamon/ledger.key

controls:
  # Scans model files for code that runs when they are loaded (AML.M0016).
  # mode: off | shadow (records only) | enforce
  vulnerability-scanning:
    mode: enforce
    fail_at: high
    # Classes of your own that your models may name, by exact name:
    # allow:
    #   - {{name: "mycompany.models:Net", reason: "our own network class, reviewed"}}

# Findings that somebody accepts, for a reason and for a time:
# waivers:
#   - {{rule: M0016/unknown-class, path: "models/old.pkl", owner: you, reason: "retired in May", expires: 2027-05-31}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The demo system.

    Attributes:
        policy: Its policy file.
        files: The models, with what each is.
        trojan: The one that must not pass the check.
        verifier: The key that verifies the ledger's checkpoints.
    """

    folder: Path
    policy: Path
    files: tuple[tuple[str, str], ...]
    trojan: Path
    verifier: str


def make_demo(folder: Path) -> Demo:
    """Make the demo system in `folder`, which must be new, empty or an earlier demo.

    Raises:
        UsageError: The folder holds something else, or cannot be written.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        models = _prepared(folder)
        accuracy = train_fraud_model(models / "fraud.joblib", seed=SEED)
        (models / "encoder.pt").write_bytes(write_state_dict(TENSORS, seed=SEED))
        # The payload of the trojaned copy creates one empty file, and nothing here ever loads it.
        payload = Program().call("os", "system", f"touch {shlex.quote('trojan-was-here')}")
        trojan = models / "encoder-finetuned.pt"
        trojan.write_bytes(write_state_dict(TENSORS, seed=SEED, payload=payload))
        policy = folder / "telamon.yaml"
        write_policy(policy, system="demo", models={"fraud": "models/fraud.joblib", "encoders": "models"})
        verifier = _make_key(folder)
    except OSError as error:
        raise UsageError(f"cannot make the demo in `{folder}`: {error.strerror}") from error
    return Demo(
        folder=folder,
        policy=policy,
        files=(
            ("models/fraud.joblib", f"a scikit-learn pipeline, trained just now (accuracy {accuracy:.2f})"),
            ("models/encoder.pt", "a torch archive"),
            ("models/encoder-finetuned.pt", "the same archive, trojaned: loading it would run a command"),
        ),
        trojan=trojan,
        verifier=verifier,
    )


def write_policy(path: Path, *, system: str, models: dict[str, str]) -> None:
    """Write a commented policy for those models (name to path)."""
    rows = "\n".join(f"  {_quoted(name)}: {{path: {_quoted(where)}}}" for name, where in models.items())
    path.write_text(POLICY.format(system=_quoted(system), models=rows or "  {}"), encoding="utf-8")


def _prepared(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"expected a folder for the demo, found a file: `{folder}`")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise UsageError(f"expected a new or empty folder for the demo, found files in `{folder}`")
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    return models


def _make_key(folder: Path) -> str:
    from telamon.kits.crypto.key_files import read_signer_key, write_signer_key
    from telamon.kits.crypto.note_keys import generate_key

    key_file = folder / ".telamon" / "ledger.key"
    key_file.parent.mkdir(mode=0o700, exist_ok=True)
    if key_file.exists():
        return str(read_signer_key(key_file).verifier)
    signer = generate_key("telamon-demo")
    write_signer_key(key_file, signer)
    return str(signer.verifier)


def _quoted(text: str) -> str:
    """YAML's double-quoted form, of which JSON's is a part (YAML 1.2.2, section 1.3)."""
    import json

    return json.dumps(text, ensure_ascii=False)
