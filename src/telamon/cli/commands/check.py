"""`telamon check`: run the checkers of all controls over files and folders."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.cli.options import FileName, load_policy, policy_option, report_options
from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from telamon.catalog import Catalog
    from telamon.checking.result_cache import ResultCache
    from telamon.checking.walk import Unreachable
    from telamon.core.subjects import Subject
    from telamon.ledger.log import Log
    from telamon.policy.baseline import Baseline
    from telamon.policy.compiler import Policy
    from telamon.reporting.report import Report


@click.command(name="check")
@click.argument("paths", nargs=-1, type=click.Path())
@policy_option
@report_options
@click.option("-j", "--jobs", type=click.IntRange(1, 256), help="Worker processes; default: one per processor.")
@click.option(
    "--baseline",
    "baseline_file",
    type=FileName(),
    help="Findings in this file do not fail the run; else the policy's `baseline`.",
)
@click.option(
    "--git",
    "span",
    metavar="A..B",
    help="Check what changed between two revisions, as Git holds it; `A...B` from where they parted, `A` all of one.",
)
@click.option("--online", is_flag=True, help="Let addresses be looked up; without it nothing leaves this machine.")
@click.option(
    "--cache",
    "cache_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep results in this private folder, and use those of the same bytes, rules and settings.",
)
@click.option("--write-baseline", type=FileName(), help="Write a baseline and exit 0.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    *,
    policy_file: Path | None,
    format_name: str,
    output: Path | None,
    verbose: bool,
    color: bool | None,
    jobs: int | None,
    baseline_file: Path | None,
    span: str | None,
    online: bool,
    cache_folder: Path | None,
    write_baseline: Path | None,
) -> None:
    """Check files and folders: PATHS, or what the policy names, or `-` for standard input.

    With --online also addresses: `https://...`, `hf://OWNER/NAME[@REVISION][/PATH]`, `s3://...` and other stores,
    of which only what is judged is fetched. With --git, PATHS limit what is looked at.

    Exit codes: 0 clean, 1 findings at or above the gate, 2 usage or policy error, 3 something could not be
    judged, 4 internal error.
    """
    from telamon.cli.output import Output, check_place, emit

    catalog = catalogue.load()
    words, addresses = _sorted(paths, is_online=online)
    if span is not None and (addresses or "-" in words):
        raise UsageError("expected files and folders beside --git")
    policy = load_policy(policy_file, catalog, words)
    known = baseline_file or policy.baseline
    baseline = _read_baseline(known) if known is not None and write_baseline is None else None
    subjects = _subjects(words, policy, has_addresses=bool(addresses))
    # What nobody typed is the working directory, whatever the policy that lies there says is to be checked.
    is_within = _is_within(policy, subjects if paths else (Path(),))
    if is_within and policy_file is None:
        _require_own_ledger(policy)
    log = _open_ledger(policy) if write_baseline is None else None
    check_place(output)
    with _named(subjects, words, policy, span) as named:
        report = _check(
            named,
            policy,
            catalog,
            baseline,
            jobs,
            is_for_baseline=write_baseline is not None,
            addresses=addresses,
            cache=_cache(cache_folder),
        )
    if write_baseline is not None:
        _write_baseline(write_baseline, report)
        return
    report = replace(report, is_policy_within=is_within)
    report = report if log is None else _recorded(report, policy, log)
    emit(report, Output(format_name=format_name, file=output, is_verbose=verbose, color=color))
    if is_within and policy_file is None and report.loosened:
        _note_policy(report)
    ctx.exit(report.exit_code)


def _is_within(policy: Policy, subjects: tuple[Path, ...]) -> bool:
    """Whether the policy file is itself a part of what is checked."""
    from telamon.policy.places import lies_within

    return policy.file is not None and any(lies_within(policy.file, subject) for subject in subjects)


def _require_own_ledger(policy: Policy) -> None:
    """Refuse to write where a policy says that nobody named: whoever made the folder would choose the place."""
    from telamon.policy.places import lies_within

    ledger = policy.ledger
    if ledger is None:
        return
    places = [policy.folder / place for place in (ledger.path, ledger.second_place, ledger.key) if place is not None]
    if ledger.url is not None or not all(lies_within(place, policy.folder) for place in places):
        raise UsageError(
            f"nobody named the policy `{policy.file}`, which lies within what is checked and its ledger elsewhere",
            hint=f"if you trust it: --policy {policy.file}",
        )


def _note_policy(report: Report) -> None:
    """Say, beside a report that a program may read, that nobody named the policy that loosens what it says."""
    from telamon.kits.text.display import printable

    click.echo(
        printable(
            f"note: nobody named the policy `{report.policy_file}`, which lies within what is checked and loosens it; "
            "if you do not trust whoever made the folder, check it from outside"
        ),
        err=True,
    )


def _open_ledger(policy: Policy) -> Log | None:
    if policy.ledger is None:
        return None
    from telamon.reporting import evidence

    return evidence.open_evidence(policy)


def _recorded(report: Report, policy: Policy, log: Log) -> Report:
    from telamon.reporting import evidence

    return evidence.recorded(report, policy, log)


def _read_baseline(file: Path) -> Baseline:
    from telamon.policy import baseline as baselines

    return baselines.read(file)


def _write_baseline(file: Path, report: Report) -> None:
    from telamon.kits.text.display import printable
    from telamon.policy import baseline as baselines

    baselines.write(file, (*(reported.portable for reported in report.findings), *report.unjudged))
    count = len(report.unjudged)
    unjudged = f" and {count} not understood" if count else ""
    click.echo(printable(f"{len(report.findings)} findings{unjudged} written to {file}"), err=True)


def _sorted(words: tuple[str, ...], *, is_online: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words that are paths, and those that are addresses."""
    addresses = tuple(word for word in words if "://" in word)
    if addresses and not is_online:
        raise UsageError(f"`{addresses[0]}` lies elsewhere", hint="--online lets it be read")
    return tuple(word for word in words if word not in addresses), addresses


def _distant(addresses: tuple[str, ...]) -> Iterator[Subject | Unreachable]:
    """Yield what lies at the addresses, each once; what cannot be listed is told beside what could be."""
    if not addresses:
        return
    from telamon.checking.walk import Unreachable
    from telamon.kits.formats.source import SourceError
    from telamon.kits.remote.addresses import subjects_at

    for address in dict.fromkeys(addresses):
        try:
            yield from subjects_at(address)
        except SourceError as error:
            yield Unreachable(name=address, reason=error.message)


def _subjects(words: tuple[str, ...], policy: Policy, *, has_addresses: bool) -> tuple[Path, ...]:
    from telamon.cli.stdin import subject_path

    paths = tuple(subject_path(word) for word in words)
    return paths if paths or has_addresses else policy.paths or (Path(),)


def _named(
    subjects: tuple[Path, ...], words: tuple[str, ...], policy: Policy, span: str | None
) -> AbstractContextManager[Mapping[Path, str]]:
    """Return the files and folders to check and what reports call each, for as long as they are there."""
    if span is not None:
        from telamon.cli.revisions import changed_subjects

        return changed_subjects(span, words, policy)
    from telamon.cli.stdin import named_subjects

    return named_subjects(subjects)


def _cache(folder: Path | None) -> ResultCache | None:
    if folder is None:
        return None
    from telamon.checking.result_cache import ResultCache

    return ResultCache(folder)


def _check(
    named: Mapping[Path, str],
    policy: Policy,
    catalog: Catalog,
    baseline: Baseline | None,
    jobs: int | None,
    *,
    is_for_baseline: bool,
    addresses: tuple[str, ...],
    cache: ResultCache | None,
) -> Report:
    from telamon.checking.run import check
    from telamon.cli.progress import progress

    with progress("checking") as bar:
        return check(
            named,
            policy=policy,
            catalog=catalog,
            today=dt.datetime.now(dt.UTC).date(),
            baseline=baseline,
            is_for_baseline=is_for_baseline,
            jobs=jobs,
            progress=bar,
            remote=_distant(addresses),
            cache=cache,
        )
