"""`telamon explain`: the page of a control, a rule, an error or an ATLAS object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from telamon import catalog as catalogue
from telamon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.catalog import Catalog, Listed

CODE = re.compile("[a-z]+(-[a-z0-9]+)*")  # of errors; no id of ATLAS or of a rule is one


@click.command(name="explain")
@click.argument("topic")
def command(topic: str) -> None:
    """Explain TOPIC: a rule id, a control, an error code, or an ATLAS id such as AML.M0016 or AML.T0011."""
    catalog = catalogue.load()
    # ATLAS goes before other packages' controls, whose reading costs more than the whole rest of the command.
    found = _rule(topic, catalog) or _control(topic, catalog.own) or _error(topic) or _atlas(topic, catalog)
    click.echo(found or _control(topic, catalog.third_party) or _nothing(topic, catalog))


def _rule(topic: str, catalog: Catalog) -> str:
    found = catalog.rule(topic) if "/" in topic else None
    if found is None:
        return ""
    listed, rule = found
    lines = [
        f"{rule.id} ({rule.severity})",
        "",
        f"{rule.summary}.",
        "",
        rule.description,
        "",
        f"Remedy: {rule.remedy}",
        "",
        f"Control: {listed.control.name} ({listed.control.mitigation})",
    ]
    if rule.techniques:
        lines.append(f"ATLAS: {', '.join(_technique(technique) for technique in rule.techniques)}")
    return "\n".join(lines)


def _technique(identifier: str) -> str:
    from telamon import atlas

    return f"{identifier} {atlas.load().technique(identifier).name}"


def _control(topic: str, among: Sequence[Listed]) -> str:
    wanted = {topic, f"AML.{topic}"}
    found = [listed for listed in among if {listed.control.name, listed.control.mitigation} & wanted]
    if not found:
        return ""
    listed, control = found[0], found[0].control
    rules = [f"  {rule.severity:<8}  {rule.id}: {rule.summary}" for rule in control.rules()]
    head = f"{control.name} ({control.mitigation}, {listed.wing} wing)"
    return "\n".join([head, "", listed.page, *(["", "## Rules", "", *rules] if rules else [])])


def _error(topic: str) -> str:
    """Return the page of an error by its code, which may also be given as messages have it: `error[code]`."""
    code = _bare(topic)
    if not CODE.fullmatch(code):
        return ""
    from telamon.cli.error_pages import pages

    page = pages().find(code)
    if page is None:
        return ""
    head = f"error[{page.code}] (exit code {page.exit_code:d})"
    return "\n\n".join([head, page.meaning, f"Remedy: {page.remedy}"])


def _bare(topic: str) -> str:
    return topic.removeprefix("error[").removesuffix("]")


def _atlas(topic: str, catalog: Catalog) -> str:
    from telamon import atlas

    release = atlas.load()
    identifier = topic if topic.startswith("AML.") else f"AML.{topic}"
    try:
        entry = release.entry(identifier)
    except atlas.UnknownIdError:
        return ""
    lines = [f"{entry.id} {entry.name} (ATLAS {release.version})"]
    if isinstance(entry, atlas.Technique):
        tactics = ", ".join(release.tactic(tactic).name for tactic in entry.tactics)
        lines += ["", f"Tactics: {tactics}", "", "Mitigations that ATLAS names:"]
        lines += [f"  {m.id} {m.name}: {_built(m.id, catalog)}" for m in release.mitigations_of(entry.id)] or ["  none"]
    elif isinstance(entry, atlas.Mitigation):
        lines += ["", f"Control: {_built(entry.id, catalog)}", "", "Techniques that it mitigates:"]
        lines += [f"  {technique.id} {technique.name}" for technique in release.techniques_of(entry.id)]
    return "\n".join(lines)


def _built(mitigation: str, catalog: Catalog) -> str:
    names = [listed.control.name for listed in catalog if listed.control.mitigation == mitigation]
    return names[0] if names else "not built yet"


def _nothing(topic: str, catalog: Catalog) -> str:
    import difflib

    from telamon.cli.error_pages import pages

    every = (*catalog.own, *catalog.third_party)
    known = [rule.id for listed in every for rule in listed.control.rules()]
    known += [name for listed in every for name in (listed.control.name, listed.control.mitigation)]
    known += pages().codes
    near = difflib.get_close_matches(_bare(topic), known, n=1)
    raise UsageError(
        f"nothing is called `{topic}`",
        hint=f"did you mean `{near[0]}`?" if near else "`telamon list` shows the controls",
    )
