"""Every way of an attack: what came of it off and on, in the formats that people read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telamon.core.proofs import Basis, Proof, Skipped, Variant
from telamon.reporting.formats import Format, Style, render
from telamon.reporting.proof_wording import proof_facts, variant_rows

if TYPE_CHECKING:
    from telamon.reporting.report import Report


def variant(name: str, target: str, on: float, *, off: float = 10.0, is_adaptive: bool = False) -> Variant:
    return Variant(name=name, target=target, is_adaptive=is_adaptive, trials=10, off=off, on=on, denied=9)


VARIANTS = (
    variant("shell", "pickle.load", 0.0),
    variant("nested", "pickle.load", 1.0, is_adaptive=True),
    variant("chain", "pickle.load", 0.0, is_adaptive=True),
    variant("shell-joblib", "joblib.load", 0.0),
)


@pytest.fixture
def proof(specimen: Report) -> Proof:
    return replace(
        specimen.proofs[0],
        variants=VARIANTS,
        skipped=(Skipped(name="shell-torch", reason="torch is not installed"),),
        basis=Basis(settings="sha256:0", telamon="1.2.3", atlas="5.6.0"),
    )


def shown(specimen: Report, proof: Proof, *, is_verbose: bool) -> str:
    report = replace(specimen, findings=(), outcomes=(), failures=(), expired=(), proofs=(proof,))
    return render(report, Format.TEXT, style=Style(verbose=is_verbose)).partition("\n\n")[2]


def test_passed_proof_counts_the_variants_of_one_attacker_against_one_target_together(
    specimen: Report, proof: Proof
) -> None:
    assert (
        shown(specimen, proof, is_verbose=False)
        == """\
passed[AML.M0016/AML.T0011]: drop of at least 0.9
  = attack: a pickle runs a command
  variant       target       attacker  off               on                     denied
  shell         pickle.load  naive     10/10 (0.722..1)  0/10 (0..0.278)        9/10
  2 variants    pickle.load  adaptive  20/20 (0.839..1)  1/20 (0.00888..0.236)  18/20
  shell-joblib  joblib.load  naive     10/10 (0.722..1)  0/10 (0..0.278)        9/10
  = not run: shell-torch: torch is not installed

1 proof: 1 passed; exit 0
"""
    )


def test_verbose_text_has_every_variant_and_every_fact(specimen: Report, proof: Proof) -> None:
    assert (
        shown(specimen, proof, is_verbose=True)
        == """\
passed[AML.M0016/AML.T0011]: drop of at least 0.9
  = attack: a pickle runs a command
  = experiment: gated-loader of vulnerability-scanning, seed 7
  = measured: attack success rate over 100 trials, intervals at 95 %
  = honest users: 0.01 (0.005..0.01) of 100 operations fail; 1.25 ms CPU are added to each
  = strength: empirically robust
  = holds for: telamon 1.2.3, ATLAS 5.6.0, settings sha256:0
  variant       target       attacker  off               on                    denied
  shell         pickle.load  naive     10/10 (0.722..1)  0/10 (0..0.278)       9/10
  nested        pickle.load  adaptive  10/10 (0.722..1)  1/10 (0.0179..0.404)  9/10
  chain         pickle.load  adaptive  10/10 (0.722..1)  0/10 (0..0.278)       9/10
  shell-joblib  joblib.load  naive     10/10 (0.722..1)  0/10 (0..0.278)       9/10
  = not run: shell-torch: torch is not installed

1 proof: 1 passed; exit 0
"""
    )


@pytest.mark.parametrize("verdict", ["failed", "inconclusive"])
def test_proof_that_did_not_pass_has_every_variant_without_being_asked(
    specimen: Report, proof: Proof, verdict: str
) -> None:
    text = shown(specimen, replace(proof, verdict=type(proof.verdict)(verdict)), is_verbose=False)
    assert [line.split()[0] for line in text.splitlines() if "pickle.load" in line] == ["shell", "nested", "chain"]


def test_what_is_no_rate_has_a_mean(proof: Proof) -> None:
    queries = replace(proof, metric="queries answered", variants=(variant("ask", "", 25.0, off=400.0),))
    assert list(variant_rows(queries)) == [("ask", "-", "naive", "mean 40", "mean 2.5", "9/10")]


@pytest.mark.parametrize("total", [2.5, 11.0, -1.0, float("nan"), float("inf")])
def test_sums_that_count_nothing_have_a_mean(proof: Proof, total: float) -> None:
    odd = replace(proof, variants=(replace(VARIANTS[0], off=total),))
    assert next(iter(variant_rows(odd)))[3].startswith("mean ")


def test_variant_without_trials_has_no_numbers(proof: Proof) -> None:
    assert list(variant_rows(replace(proof, variants=(replace(VARIANTS[0], trials=0, denied=0),)))) == [
        ("shell", "pickle.load", "naive", "-", "-", "0/0")
    ]


def test_says_nothing_about_a_basis_that_was_not_recorded(proof: Proof) -> None:
    assert "holds for" not in proof_facts(replace(proof, basis=None))


def test_junit_has_every_variant_too(specimen: Report, proof: Proof) -> None:
    text = render(replace(specimen, proofs=(proof,)), Format.JUNIT)
    assert (
        "  variant nested, target pickle.load, attacker adaptive, off 10/10 (0.722..1), on 1/10 (0.0179..0.404), "
        "denied 9/10\n"
    ) in text
    assert "  not run: shell-torch: torch is not installed\n" in text
