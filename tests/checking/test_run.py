"""A run of `check`: every standing that a finding can have, and everything that could not run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from telamon import __version__
from telamon import catalog as catalogue
from telamon.checking.run import Gate, Progress, check
from telamon.core.errors import UsageError
from telamon.core.records import Confidence, ExitCode, Finding, Location, Severity
from telamon.policy import Policy, default, load
from telamon.policy.baseline import Baseline
from telamon.reporting.report import Failure, FailureKind, Standing

if TYPE_CHECKING:
    from conftest import CatalogMaker, Installer, Writer
    from telamon.catalog import Catalog
    from telamon.reporting.report import Report

TODAY = dt.date(2027, 1, 31)
FINDING = Finding(
    rule="M0011/word",
    message="high",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    location=Location(path="a"),
    remedy="r",
)
WAIVER = "{rule: M0011/word, path: a, owner: ml, reason: reviewed, expires: 2027-01-31}"


def policy_of(text: str, catalog: Catalog) -> Policy:
    Path("policy.yaml").write_text(f"version: 1\n{text}\n")
    return load(Path("policy.yaml"), catalog)


def run(catalog: Catalog, *, policy: str = "", baseline: Baseline | None = None, paths: str = "a") -> Report:
    return check(
        {Path(path): path for path in paths.split()},
        policy=policy_of(policy, catalog),
        catalog=catalog,
        today=TODAY,
        baseline=baseline,
        jobs=1,
    )


@pytest.mark.parametrize(
    ("policy", "has_baseline", "standing", "note", "code"),
    [
        ("", False, Standing.FAILING, "", ExitCode.FINDINGS),
        ("controls: {words: {fail_at: critical}}", False, Standing.BELOW_GATE, "", ExitCode.CLEAN),
        (f"waivers: [{WAIVER}]", False, Standing.WAIVED, "waived by ml until 2027-01-31: reviewed", ExitCode.CLEAN),
        ("", True, Standing.BASELINE, "in the baseline", ExitCode.CLEAN),
        ("controls: {words: {mode: shadow}}", False, Standing.SHADOW, "the control is in shadow mode", ExitCode.CLEAN),
    ],
)
def test_a_finding_stands_to_the_gate(
    *,
    policy: str,
    has_baseline: bool,
    standing: Standing,
    note: str,
    code: ExitCode,
    catalog_of: CatalogMaker,
    write: Writer,
) -> None:
    write(a="high")
    baseline = Baseline(fingerprints=frozenset({FINDING.fingerprint})) if has_baseline else None
    report = run(catalog_of("words"), policy=policy, baseline=baseline)
    (reported,) = report.findings
    assert (reported.finding, reported.control) == (FINDING, "words")
    assert (reported.standing, reported.note, report.exit_code) == (standing, note, code)


@pytest.mark.parametrize(
    ("policy", "standing"),
    [
        (f"controls: {{words: {{mode: shadow, fail_at: critical}}}}\nwaivers: [{WAIVER}]", Standing.SHADOW),
        (f"controls: {{words: {{fail_at: critical}}}}\nwaivers: [{WAIVER}]", Standing.BELOW_GATE),
        (f"waivers: [{WAIVER}]", Standing.WAIVED),
        (f"waivers: [{WAIVER.replace('path: a', 'path: b')}]", Standing.BASELINE),
        (f"waivers: [{WAIVER.replace('01-31', '01-30')}]", Standing.BASELINE),
    ],
)
def test_the_first_reason_that_holds_is_given(
    policy: str, standing: Standing, catalog_of: CatalogMaker, write: Writer
) -> None:
    write(a="")
    baseline = Baseline(fingerprints=frozenset({FINDING.fingerprint}))
    gate = Gate(policy=policy_of(policy, catalog_of("words")), baseline=baseline, today=TODAY)
    assert gate.stand(FINDING, "words", gate.policy.place(Path("a")))[0] is standing


def test_reports_everything_in_a_stable_order(catalog_of: CatalogMaker, write: Writer) -> None:
    write(b="low", a="high medium", c="clean")
    report = run(catalog_of("words"), paths="c b a")
    assert [(one.finding.location.path, one.finding.message) for one in report.findings] == [
        ("a", "high"),
        ("a", "medium"),
        ("b", "low"),
    ]
    assert [outcome.location.path for outcome in report.outcomes] == ["a", "b", "c"]
    assert (report.command, report.version, list(report.rules)) == ("check", __version__, ["M0011/word"])
    assert report.policy_digest == policy_of("", catalog_of("words")).digest
    assert report.elapsed_s >= 0


def test_tells_how_far_it_is(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="", b="raise")
    told: list[object] = []
    progress = Progress(begin=told.append, advance=lambda: told.append("advance"))
    catalog = catalog_of("words")
    check({Path(): "."}, policy=default(catalog), catalog=catalog, today=TODAY, progress=progress)
    assert told == [3, "advance", "advance", "advance"]


@pytest.mark.usefixtures("impatient")
def test_a_defect_of_telamon_is_told_from_what_a_subject_did(catalog_of: CatalogMaker, write: Writer) -> None:
    write(**{name: "kill" if name == "h" else "raise" if name == "c" else "clean" for name in "abcdefgh"})
    catalog = catalog_of("words")
    paths = {Path(name): name for name in "abcdefgh"}
    report = check(paths, policy=default(catalog), catalog=catalog, today=TODAY, jobs=2)
    assert report.failures == (
        Failure(
            control="words", subject="c", reason="ZeroDivisionError: as the file says", kind=FailureKind.INTERNAL_ERROR
        ),
        Failure(control="words", subject="h", reason="the process that read it ended with signal 9"),
    )
    assert report.exit_code is ExitCode.INTERNAL
    assert len(report.outcomes) == 6


def test_what_cannot_be_entered_is_recorded(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="clean")
    Path("gone").symlink_to("nowhere")
    report = run(catalog_of("words"), paths="a gone")
    assert report.failures == (Failure(control="", subject="gone", reason="No such file or directory"),)
    assert report.exit_code is ExitCode.NOT_RUN


def test_a_path_that_is_not_there_is_the_users_error(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="")
    with pytest.raises(UsageError):
        run(catalog_of("words"), paths="a none")


def test_a_control_whose_extra_is_missing_is_recorded(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="clean")
    report = run(catalog_of("heavy", "partless", "words"))
    reason = "heavy needs the optional dependencies `torch`: pip install 'telamon[torch]'"
    assert report.failures == (Failure(control="heavy", subject="", reason=reason),)
    assert [outcome.control for outcome in report.outcomes] == ["words"]
    assert report.exit_code is ExitCode.NOT_RUN


def test_a_control_that_is_off_does_nothing(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="high raise")
    report = run(catalog_of("words", "heavy"), policy="controls: {words: {mode: off}, heavy: {mode: off}}")
    assert (report.findings, report.outcomes, report.off) == ((), (), ("words", "heavy"))
    assert [failure.reason for failure in report.failures] == [
        "nothing was judged by any control; files met: 1; off: words, heavy"
    ]
    assert report.exit_code is ExitCode.NOT_RUN


def test_where_everything_is_excluded_nothing_was_judged(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="high")
    report = run(catalog_of("words"), policy="exclude: ['*']", paths=".")
    assert report.excluded == 2
    assert [failure.reason for failure in report.failures] == [
        "nothing was judged by any control; files met: 0; the policy excludes 2 of the entries"
    ]
    assert report.exit_code is ExitCode.NOT_RUN


def test_an_empty_folder_is_clean(catalog_of: CatalogMaker, write: Writer) -> None:
    write()
    Path("empty").mkdir()
    assert run(catalog_of("words"), paths="empty").exit_code is ExitCode.CLEAN


@pytest.mark.parametrize("content", ["raise", "silence", "puzzle"])
def test_a_control_in_shadow_mode_changes_no_exit_code(catalog_of: CatalogMaker, write: Writer, content: str) -> None:
    write(a=content)
    assert run(catalog_of("words")).exit_code is not ExitCode.CLEAN
    report = run(catalog_of("words"), policy="controls: {words: {mode: shadow}}")
    assert report.exit_code is ExitCode.CLEAN
    assert [report.note(thing) for thing in (*report.failures, *report.not_judged)] == ["the control is in shadow mode"]


PUZZLE = WAIVER.replace("M0011/word", "not-understood")


def test_a_waiver_accepts_a_file_that_is_not_understood(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="puzzle", b="puzzle")
    report = run(catalog_of("words"), policy=f"waivers: [{PUZZLE}]", paths="a")
    assert report.exit_code is ExitCode.CLEAN
    assert [report.note(outcome) for outcome in report.not_judged] == ["waived by ml until 2027-01-31: reviewed"]
    assert run(catalog_of("words"), policy=f"waivers: [{PUZZLE}]", paths="b").exit_code is ExitCode.NOT_RUN
    assert run(catalog_of("words"), policy=f"waivers: [{WAIVER}]").exit_code is ExitCode.NOT_RUN


def test_a_baseline_accepts_a_file_that_is_not_understood_until_it_changes(
    catalog_of: CatalogMaker, write: Writer
) -> None:
    write(a="puzzle")
    policy = policy_of("", catalog_of("words"))
    first = check({Path("a"): "a"}, policy=policy, catalog=catalog_of("words"), today=TODAY, is_for_baseline=True)
    known = Baseline(fingerprints=frozenset(finding.fingerprint for finding in first.unjudged))
    assert run(catalog_of("words"), baseline=known).exit_code is ExitCode.CLEAN
    write(a="puzzle again")
    assert run(catalog_of("words"), baseline=known).exit_code is ExitCode.NOT_RUN


@pytest.mark.parametrize(
    ("waiver", "paths", "expected"),
    [
        (WAIVER.replace("word", "wrod"), "a", ["names a rule that no control has; did you mean M0011/word?"]),
        (WAIVER.replace("M0011/word", "M9999/x"), "a", ["names a rule that no control has"]),
        (WAIVER, "a", ["covered nothing: remove it"]),
        (WAIVER.replace("path: a", "path: '*.pkl'"), ".", ["covered nothing: remove it"]),
        (WAIVER.replace("path: a", "path: gone/a"), "./", ["covered nothing: remove it"]),
        (WAIVER.replace("path: a", "path: b"), "a", []),
        (WAIVER.replace("path: a", "path: .//b"), "b", []),
        (WAIVER.replace("2027", "2026"), "a", []),
    ],
)
def test_waivers_that_do_nothing_are_warned_of(
    catalog_of: CatalogMaker, write: Writer, waiver: str, paths: str, expected: list[str]
) -> None:
    write(a="clean", b="high")
    report = run(catalog_of("words"), policy=f"waivers: [{waiver}]", paths=paths)
    assert [warning.partition("owned by ml, ")[2] for warning in report.warnings] == expected


def test_what_the_policy_excludes_is_not_walked_into(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="high", b="high")
    report = run(catalog_of("words"), policy="exclude: [b, policy.yaml]", paths=".")
    assert [outcome.location.path for outcome in report.outcomes] == [".", "a"]


def test_waivers_that_have_expired_are_named(catalog_of: CatalogMaker, write: Writer) -> None:
    write(a="clean")
    report = run(catalog_of("words"), policy=f"waivers: [{WAIVER}, {WAIVER.replace('2027', '2026')}]")
    assert report.expired == ("M0011/word at a, owned by ml, expired after 2026-01-31",)


def test_a_control_of_another_package_runs_when_the_policy_names_it(install: Installer, write: Writer) -> None:
    install(
        "stranger = checking_stranger:Stranger",
        checking_stranger='''"""Looks at everything."""
from telamon.core.control import Checker, Control
from telamon.core.records import Location, Outcome, Verdict

class StrangerChecker(Checker):
    def check(self, subject):
        yield Outcome(control="stranger", location=Location(path=subject.name), verdict=Verdict.CLEAN)

class Stranger(Control):
    name = "stranger"
    mitigation = "AML.M0099"

    def checker(self):
        return StrangerChecker
''',
    )
    write(a="text")
    off = "vulnerability-scanning: {mode: off}"
    named = run(catalogue.load(), policy=f"controls: {{{off}, stranger: {{}}}}")
    unnamed = run(catalogue.load(), policy=f"controls: {{{off}}}")
    assert [outcome.control for outcome in named.outcomes] == ["stranger"]
    assert unnamed.outcomes == ()
