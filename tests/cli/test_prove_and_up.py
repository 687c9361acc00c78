"""`prove`, `up`, `init` and `coverage`: attacks seen working and stopped, end to end with the real loaders."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

import pytest

from telamon import catalog
from telamon.controls.artifact.vulnerability_scanning.experiments import UnsafeArtefact
from telamon.controls.artifact.vulnerability_scanning.guard import VulnerabilityScanningGuard
from telamon.core.proofs import Interval, Measurement, Proof
from telamon.core.records import Decision, Effect, ProofVerdict, Strength
from telamon.kits.attacks import loading
from telamon.kits.attacks.experiment import ArtefactExperiment
from telamon.ledger.log import open_log
from telamon.policy import default
from telamon.reporting.report import Failure, FailureKind, Report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ended


@pytest.fixture
def few_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few trials as can pass: 16 of 16 against 0 of 16 has a lower bound of 0.73, and the floor is 0.7."""
    monkeypatch.setattr(ArtefactExperiment, "trials", 16)
    monkeypatch.setattr(UnsafeArtefact, "trials", 16)
    monkeypatch.setattr(ArtefactExperiment, "benign_trials", 2)
    monkeypatch.setattr(ArtefactExperiment, "has_adaptive", False)


@pytest.mark.usefixtures("few_trials")
def test_pair_is_proved_and_the_proof_is_in_the_ledger(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    assert "AML.M0016   Vulnerability Scanning" in cli("coverage").out
    proved = cli("prove", "AML.M0016/AML.T0011", "--format", "json")
    assert proved.code == 0, proved.out
    document = json.loads(proved.out)
    assert [
        (proof["pair"], proof["verdict"], proof["off"]["value"], proof["on"]["value"]) for proof in document["proofs"]
    ] == [("AML.M0016/AML.T0011", "passed", 1.0, 0.0)]
    covered = json.loads(cli("coverage", "--format", "json").out)
    assert len(covered["mitigations"]) == 26
    scanning = next(row for row in covered["mitigations"] if row["mitigation"] == "AML.M0016")
    assert (scanning["state"], scanning["proved"]) == ("partly proved", ["AML.T0011"])
    assert (covered["proved"], covered["pairs_in_scope"], covered["pairs_of_release"]) == (1, 202, 246)
    assert [each["mitigation"] for each in covered["not_in_scope_yet"]] == [f"AML.M{n:04}" for n in range(26, 35)]
    lines = cli("coverage").out.splitlines()
    assert (
        "1 of 202 (mitigation, technique) pairs are enforced with a fresh, passed proof; "
        "in scope: 26 mitigations, AML.M0000 to AML.M0025"
    ) in lines
    assert "not in scope yet: 9 mitigations of ATLAS 5.6.0 with 44 of its 246 pairs" in lines


@pytest.mark.usefixtures("few_trials")
def test_proof_outlives_other_edits_of_the_policy_and_not_those_of_its_control(cli: Callable, folder: Path) -> None:
    head = "version: 1\nledger: {path: ledger.db}\n"
    (folder / "telamon.yaml").write_text(head)
    assert cli("prove", "AML.M0016/AML.T0011").code == 0
    (folder / "telamon.yaml").write_text(head + "exclude: ['*.bak']\n")
    assert "partly proved" in cli("coverage").out
    (folder / "telamon.yaml").write_text(head + "controls: {vulnerability-scanning: {fail_at: critical}}\n")
    assert "AML.M0016: stale: settings changed since " in cli("coverage").out
    (folder / "telamon.yaml").write_text(head + "controls: {vulnerability-scanning: {mode: shadow}}\n")
    assert "partly proved, but in shadow: stops nothing" in cli("coverage").out


@pytest.mark.usefixtures("few_trials")
def test_proof_of_a_control_in_shadow_says_so(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\ncontrols: {vulnerability-scanning: {mode: shadow}}\n")
    ended = cli("prove", "AML.M0016/AML.T0011")
    assert ended.code == 0
    assert ended.err == "note: `vulnerability-scanning` was proved as it would enforce; the policy has it on `shadow`\n"


@pytest.mark.usefixtures("few_trials")
def test_proof_without_the_libraries_says_which_loaders_ran(
    cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loader in loading._LIBRARIES:  # as where none is installed
        monkeypatch.setitem(loading._LIBRARIES, loader, f"no_{loader.name.lower()}")  # likewise
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    ended = cli("prove", "AML.M0016/AML.T0011.000", "--format", "json")
    (proof,) = json.loads(ended.out)["proofs"]
    python = f"pickle.load (Python {platform.python_version()})"
    assert f"Run with {python} in 16 trials of each arm. " in proof["attack"]
    assert (
        "Not run: joblib.load (no_joblib is not installed); numpy.load (no_numpy is not installed); "
        "torch.load (no_torch is not installed); keras.models.load_model (no_keras is not installed); "
        "jinja2.Template.render (no_jinja is not installed)."
    ) in proof["attack"]
    with open_log(folder / "ledger.db") as log:
        (recorded,) = (entry.details() for entry in log.entries())
    assert [(each["name"], each["target"], each["trials"]) for each in recorded["variants"]] == [
        ("shell-bare", python, 6),
        ("evaluated-bare", python, 5),
        ("old-instance-bare", python, 5),
    ]
    assert {(each["off"], each["on"], each["denied"]) for each in recorded["variants"]} == {(6, 0, 6), (5, 0, 5)}
    assert [each["name"] for each in recorded["skipped"]] == [
        "joblib.load",
        "numpy.load",
        "torch.load",
        "keras.models.load_model",
        "jinja2.Template.render",
    ]


@pytest.mark.usefixtures("few_trials")
def test_no_record_writes_nothing(cli: Callable, folder: Path) -> None:
    (folder / "telamon.yaml").write_text("version: 1\nledger: {path: ledger.db}\n")
    assert cli("prove", "AML.M0016/AML.T0011.001", "--no-record").code == 0
    assert not (folder / "ledger.db").exists()


@pytest.mark.usefixtures("few_trials")
@pytest.mark.parametrize("pair", ["AML.T0011", "AML.T0011.000", "AML.T0011.001"])
def test_guard_that_permits_everything_turns_every_proof_red(
    cli: Callable, monkeypatch: pytest.MonkeyPatch, pair: str
) -> None:
    monkeypatch.setattr(ArtefactExperiment, "trials", 8)
    monkeypatch.setattr(UnsafeArtefact, "trials", 16)
    monkeypatch.setattr(
        VulnerabilityScanningGuard, "enforce", lambda _self, _operation: Decision(effect=Effect.PERMIT, reason="broken")
    )
    ended = cli("prove", f"AML.M0016/{pair}", "--format", "json")
    assert ended.code == 1
    assert [(proof["verdict"], proof["on"]["value"]) for proof in json.loads(ended.out)["proofs"]] == [("failed", 1.0)]


@pytest.mark.usefixtures("few_trials")
def test_guard_that_denies_everything_fails_by_what_honest_users_lose(
    cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        VulnerabilityScanningGuard, "enforce", lambda _self, _operation: Decision(effect=Effect.DENY, reason="broken")
    )
    ended = cli("prove", "AML.M0016/AML.T0011", "--format", "json")
    assert ended.code == 1
    (proof,) = json.loads(ended.out)["proofs"]
    assert (proof["verdict"], proof["benign_cost"]["value"]) == ("failed", 1.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prove",), "expected controls or pairs to prove, or `--all`"),
        (("prove", "--all", "AML.M0016"), "expected controls or pairs to prove, or `--all`"),
        (("prove", "AML.M0016/AML.T0043"), "no experiment proves `AML.M0016/AML.T0043`"),
        (("prove", "nothing-such"), "no control is called `nothing-such`"),
    ],
)
def test_what_cannot_be_proved_is_a_usage_error(cli: Callable, words: tuple[str, ...], message: str) -> None:
    ended = cli(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


@pytest.mark.usefixtures("few_trials")
def test_up_shows_the_whole_story_twice_in_a_path_with_a_space(cli: Callable, folder: Path) -> None:
    demo = folder / "my demo"
    for _ in range(2):
        ended = cli("up", demo, "--once")
        assert (ended.code, ended.err) == (0, "")
        for title in ("1. A demo system", "2. The check", "3. The proof", "4. Coverage", "5. Where to look next"):
            assert f"\n{title}" in ended.out
        assert "critical[M0016/dangerous-call]: calls os.system('touch trojan-was-here') when loaded" in ended.out
        assert "encoder-finetuned.pt" in ended.out
        assert "clean[vulnerability-scanning]" in ended.out
        assert [
            line.split()[-1]
            for line in ended.out.splitlines()
            if line.startswith("   AML.M00") and "/" in line.split()[0]
        ] == ["passed"] * 2
        assert sum("not built yet" in line for line in ended.out.splitlines()) == 24
    assert not list(folder.rglob("trojan-was-here"))
    assert cli("ledger", "verify", "--policy", demo / "telamon.yaml").code == 0
    assert cli("check", "--policy", demo / "telamon.yaml").code == 1
    assert cli("check", demo / "models" / "fraud.joblib", demo / "models" / "encoder.pt").code == 0


@pytest.fixture
def up(cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Runs `up` without experiments of its own, or with those of a test's reports."""

    def call(*proofs: Proof, chosen: int, failures: tuple[Failure, ...] = ()) -> Ended:
        report = Report(command="prove", version="1", policy=default(catalog.load()), proofs=proofs, failures=failures)
        monkeypatch.setattr("telamon.proving.run.choose", lambda _selectors, _catalog: (None,) * chosen)
        monkeypatch.setattr("telamon.proving.run.prove", lambda _chosen, **_rest: report)
        return cli("up", folder / "demo", "--once")

    return call


def proof(verdict: ProofVerdict) -> Proof:
    rate = Measurement(value=0.5, interval=Interval(low=0, high=1), trials=1)
    return Proof(
        control="c", experiment="e", mitigation="AML.M0016", technique="AML.T0011", attack="a", metric="m", off=rate,
        on=rate, adaptive=None, drop=rate.interval, floor=0.5, benign_cost=rate, benign_ceiling=0.5, latency_ms=1,
        seed=1, strength=Strength.NO_EFFECT, verdict=verdict, reason="r",
    )  # fmt: skip


def test_up_ends_like_its_proofs(up: Callable) -> None:
    crash = Failure(control="c", subject="e", reason="boom", kind=FailureKind.INTERNAL_ERROR)
    passed = proof(ProofVerdict.PASSED)
    assert up(passed, chosen=1).code == 0
    assert up(passed, proof(ProofVerdict.FAILED), chosen=2).code == 1
    assert up(passed, proof(ProofVerdict.INCONCLUSIVE), chosen=2).code == 3
    assert up(chosen=2, failures=(crash, crash)).code == 4
    assert up(passed, chosen=2, failures=(crash,)).code == 4


def test_up_without_a_proof_of_each_experiment_does_not_pass(up: Callable) -> None:
    ended = up(chosen=0)
    assert ended.code == 3
    assert "expected a proof from each experiment (0), found 0" in ended.out
    assert up(proof(ProofVerdict.PASSED), chosen=2).code == 3


def test_up_fails_where_the_check_misses_the_trojan(up: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = Report(command="check", version="1", policy=default(catalog.load()))
    monkeypatch.setattr("telamon.checking.run.check", lambda _paths, **_rest: clean)
    ended = up(proof(ProofVerdict.PASSED), chosen=1)
    assert ended.code == 1
    assert "encoder-finetuned.pt`, which would run a command; it did not" in ended.out


def test_up_refuses_a_folder_that_holds_something_else(cli: Callable, folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("years of work")
    ended = cli("up", folder / "mine", "--once")
    assert ended.code == 2
    assert "expected a new or empty folder for the demo, found files in" in ended.err
    assert [path.name for path in (folder / "mine").iterdir()] == ["thesis.tex"]


def test_up_refuses_a_file(cli: Callable, folder: Path) -> None:
    ended = cli("up", folder / "telamon.yaml", "--once")
    assert ended.code == 2
    assert "expected a folder for the demo, found a file" in ended.err
    assert (folder / "telamon.yaml").read_text() == "version: 1\n"


def test_init_writes_a_policy_that_is_valid_and_names_the_models(cli: Callable, samples: Path) -> None:
    ended = cli("init", samples)
    assert ended.code == 0
    policy = json.loads(cli("policy", "show", "--policy", samples / "telamon.yaml", "--format", "json").out)
    models = policy["effective"]["models"]
    assert {name: model["path"] for name, model in models.items()} == {
        "broken": "broken.pkl",
        "clean": "clean.pkl",
        "hostile": "hostile.pkl",
        "unknown": "unknown.pkl",
    }


def test_init_leaves_an_existing_policy_alone(cli: Callable, folder: Path) -> None:
    ended = cli("init")
    assert (ended.code, ended.out) == (2, "")
    assert (folder / "telamon.yaml").read_text() == "version: 1\n"


@pytest.mark.parametrize(
    "name", ["a: b", "- x", "'", '"', "#", "a\nb", "é", "{x}", "a{0}b", "null", "1.0", "\\", "~", "\x85", "b\udcff"]
)
def test_init_of_odd_names_is_still_valid(cli: Callable, folder: Path, name: str) -> None:
    odd = folder / name
    odd.mkdir()
    (odd / f"{name}.pkl").write_bytes(b"N.")
    assert cli("init", odd).code == 0
    checked = cli("policy", "check", "--policy", odd / "telamon.yaml")
    assert (checked.code, checked.err) == (0, "")
