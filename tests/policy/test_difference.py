"""What changed between two policies, and which way."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, structs

from telamon.core.settings import Settings
from telamon.policy import Policy
from telamon.policy.difference import Change, Direction, diff
from telamon.policy.document import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Reader
    from telamon.catalog import Catalog


class Anything(Settings, frozen=True, kw_only=True):
    value: Any  # whatever JSON has


WAIVER = "{rule: M0016/unknown-call, path: a, owner: o, reason: r, expires: 2027-01-31}"

KEY = "sha256:" + "0" * 64


def changes(read: Reader, before: str, after: str) -> list[str]:
    found = diff(read(f"version: 1\n{before}\n", name="a.yaml"), read(f"version: 1\n{after}\n", name="b.yaml"))
    return [f"{change.direction} {change.path}: {change.before} -> {change.after}" for change in found]


def test_says_what_changed_and_where_the_new_value_stands(read: Reader) -> None:
    before = read("version: 1\nsystem: a\n", name="a.yaml")
    after = read("version: 1\ncontrols: {vulnerability-scanning: {mode: shadow}}\n", name="b.yaml")
    assert diff(before, after) == (
        Change(
            path="controls.vulnerability-scanning.mode",
            before="enforce",
            after="shadow",
            direction=Direction.LOOSENS,
            origin="b.yaml:2:37",
        ),
        Change(path="system", before="a", after="unnamed", direction=Direction.NEITHER, origin="default"),
    )


@pytest.mark.parametrize(
    ("loose", "tight"),
    [
        ("controls: {vulnerability-scanning: {mode: off}}", "controls: {vulnerability-scanning: {mode: shadow}}"),
        ("controls: {vulnerability-scanning: {mode: shadow}}", "controls: {vulnerability-scanning: {mode: enforce}}"),
        ("controls: {vulnerability-scanning: {mode: off}}", ""),
        ("controls: {vulnerability-scanning: {fail_at: critical}}", ""),
        ("", "controls: {vulnerability-scanning: {fail_at: info}}"),
        (f"waivers: [{WAIVER}]", ""),
        (f"waivers: [{WAIVER}, {WAIVER}]", f"waivers: [{WAIVER}]"),
        (f"waivers: [{WAIVER.replace('2027', '2028')}]", f"waivers: [{WAIVER}]"),
        ("exclude: [.git, '*.pkl']", "exclude: [.git]"),
        ("", "exclude: []"),
        ("baseline: b.json", ""),
        ("", "ledger: {path: l}"),
        ("models: {one: {path: b}}", "models: {one: {path: b}, allow: {path: a}}"),
        ("models: {one: {path: b}, m: {}}", "models: {one: {path: b}, m: {path: a}}"),
        ("models: {m: {path: b}}", "models: {m: {path: b}}\ndatasets: {d: {path: a}}"),
        ("principals: [{name: a, role: b}]", ""),
        (f"principals: [{{name: a, role: b, keys: ['{KEY}']}}]", "principals: [{name: a, role: b}]"),
        ("ledger: {path: l}", "ledger: {path: l, second_place: s}"),
        ("controls: {vulnerability-scanning: {allow: [{name: 'a:B', reason: r}]}}", ""),
        ("controls: {vulnerability-scanning: {max_depth: 7}}", "controls: {vulnerability-scanning: {max_depth: 6}}"),
        ("controls: {vulnerability-scanning: {time_limit_s: 86400}}", ""),
    ],
)
def test_tells_loosening_from_tightening(loose: str, tight: str, read: Reader) -> None:
    loosened, tightened = changes(read, tight, loose), changes(read, loose, tight)
    assert loosened
    assert {line.partition(" ")[0] for line in loosened} == {"loosens"}
    assert {line.partition(" ")[0] for line in tightened} == {"tightens"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("system: a", "system: b", "neither system: a -> b"),
        ("baseline: a", "baseline: b", "unknown baseline: a -> b"),
        ("exclude: [a, b]", "exclude: [b, a]", "neither exclude: ['a', 'b'] -> ['b', 'a']"),
        ("principals: [{name: a, role: b}]", "principals: [{name: a, role: c}]", "unknown principals[0].role: b -> c"),
        ("ledger: {path: a}", "ledger: {path: b}", "unknown ledger.path: a -> b"),
        ("models: {m: {path: a}}", "models: {m: {path: b}}", "unknown models.m.path: a -> b"),
        # until then, all that lies beside the policy is checked
        ("", "models: {m: {path: a}}", "unknown models.m.path: None -> a"),
        ("models: {m: {}}", "datasets: {d: {path: a}}", "unknown datasets.d.path: None -> a"),
    ],
)
def test_judges_no_other_change(before: str, after: str, expected: str, read: Reader) -> None:
    assert changes(read, before, after) == [expected]


# One change of every field of the policy: before, after, and what is said; the way back says the opposite.
SCANNING = "controls: {{vulnerability-scanning: {}}}".format
ALLOWED = SCANNING("{allow: [{name: 'a:B', reason: r}]}")
ADVISORIES = "controls.vulnerability-scanning.advisories"
PROFILED = SCANNING(
    f"{{profiles: [{{model: m, digest: 'sha256:{'a' * 64}', names: [{{name: 'a:B', uses: [built]}}]}}]}}"
)
PROFILE = "controls.vulnerability-scanning.profiles[0]"
EVERY_FIELD = {
    "system": ("", "system: b", ["neither system"]),
    "models.path": (
        "models: {m: {}, one: {path: b}}",
        "models: {m: {path: a}, one: {path: b}}",
        ["tightens models.m.path"],
    ),
    "models.serve": ("models: {m: {}}", "models: {m: {serve: onnx}}", ["unknown models.m.serve"]),
    "models.upstream": ("models: {m: {}}", "models: {m: {upstream: 'https://a'}}", ["unknown models.m.upstream"]),
    "models.api": ("models: {m: {api: oip}}", "models: {m: {api: openai}}", ["unknown models.m.api"]),
    "models.key": ("models: {m: {}}", "models: {m: {key: 'env:K'}}", ["unknown models.m.key"]),
    "models": ("models: {one: {path: b}}", "models: {m: {path: a}, one: {path: b}}", ["tightens models.m.path"]),
    "datasets": ("datasets: {e: {path: b}}", "datasets: {d: {path: a}, e: {path: b}}", ["tightens datasets.d.path"]),
    "datasets.path": ("datasets: {d: {path: a}}", "datasets: {d: {path: b}}", ["unknown datasets.d.path"]),
    "principals": ("", "principals: [{name: a, role: b}]", ["loosens principals[0]"]),
    "principals.name": (
        "principals: [{name: a, role: b}]",
        "principals: [{name: c, role: b}]",
        ["tightens principals[0]", "loosens principals[0]"],
    ),
    "principals.role": (
        "principals: [{name: a, role: b}]",
        "principals: [{name: a, role: c}]",
        ["unknown principals[0].role"],
    ),
    "principals.keys": (
        "principals: [{name: a, role: b}]",
        f"principals: [{{name: a, role: b, keys: ['{KEY}']}}]",
        ["loosens principals[0].keys[0]"],
    ),
    "ledger": ("", "ledger: {path: a}", ["tightens ledger.path"]),
    "ledger.path": ("ledger: {path: a}", "ledger: {path: b}", ["unknown ledger.path"]),
    "ledger.url": ("ledger: {url: 'postgresql://a'}", "ledger: {url: 'postgresql://b'}", ["unknown ledger.url"]),
    "ledger.password": (
        "ledger: {url: 'postgresql://a'}",
        "ledger: {url: 'postgresql://a', password: 'env:P'}",
        ["unknown ledger.password"],
    ),
    "ledger.second_place": (
        "ledger: {path: a}",
        "ledger: {path: a, second_place: b}",
        ["tightens ledger.second_place"],
    ),
    "ledger.key": ("ledger: {path: a}", "ledger: {path: a, key: k}", ["tightens ledger.key"]),
    "waivers": ("", f"waivers: [{WAIVER}]", ["loosens waivers[0]"]),
    "waivers.rule": (
        f"waivers: [{WAIVER}]",
        f"waivers: [{WAIVER.replace('unknown', 'dangerous')}]",
        ["tightens waivers[0]", "loosens waivers[0]"],
    ),
    "waivers.path": (
        f"waivers: [{WAIVER}]",
        f"waivers: [{WAIVER.replace('path: a', 'path: b')}]",
        ["tightens waivers[0]", "loosens waivers[0]"],
    ),
    "waivers.owner": (
        f"waivers: [{WAIVER}]",
        f"waivers: [{WAIVER.replace('owner: o', 'owner: p')}]",
        ["neither waivers[0].owner"],
    ),
    "waivers.reason": (
        f"waivers: [{WAIVER}]",
        f"waivers: [{WAIVER.replace('reason: r', 'reason: s')}]",
        ["neither waivers[0].reason"],
    ),
    "waivers.expires": (
        f"waivers: [{WAIVER}]",
        f"waivers: [{WAIVER.replace('2027', '2028')}]",
        ["loosens waivers[0].expires"],
    ),
    "baseline": ("", "baseline: b", ["loosens baseline"]),
    "exclude": ("exclude: [a]", "exclude: [a, b]", ["loosens exclude[1]"]),
    "mode": ("", SCANNING("{mode: off}"), ["loosens controls.vulnerability-scanning.mode"]),
    "fail_at": ("", SCANNING("{fail_at: low}"), ["tightens controls.vulnerability-scanning.fail_at"]),
    "allow": ("", ALLOWED, ["loosens controls.vulnerability-scanning.allow[0]"]),
    "allow.name": (
        ALLOWED,
        ALLOWED.replace("a:B", "a:C"),
        ["tightens controls.vulnerability-scanning.allow[0]", "loosens controls.vulnerability-scanning.allow[0]"],
    ),
    "allow.reason": (
        ALLOWED,
        ALLOWED.replace("reason: r", "reason: s"),
        ["unknown controls.vulnerability-scanning.allow[0].reason"],
    ),
    "allow.can_call": (
        ALLOWED,
        ALLOWED.replace("reason: r", "reason: r, can_call: true"),
        ["loosens controls.vulnerability-scanning.allow[0].can_call"],
    ),
    "max_unpacked_mib": (
        "",
        SCANNING("{max_unpacked_mib: 9000}"),
        ["loosens controls.vulnerability-scanning.max_unpacked_mib"],
    ),
    "max_depth": ("", SCANNING("{max_depth: 5}"), ["tightens controls.vulnerability-scanning.max_depth"]),
    "max_opcodes": ("", SCANNING("{max_opcodes: 50000}"), ["tightens controls.vulnerability-scanning.max_opcodes"]),
    "time_limit_s": ("", SCANNING("{time_limit_s: 5}"), ["tightens controls.vulnerability-scanning.time_limit_s"]),
    "advisories": ("", SCANNING("{advisories: {snapshot: /a}}"), [f"unknown {ADVISORIES}.snapshot"]),
    "advisories.snapshot": (
        SCANNING("{advisories: {snapshot: /a}}"),
        SCANNING("{advisories: {snapshot: /b}}"),
        [f"unknown {ADVISORIES}.snapshot"],
    ),
    "advisories.max_age_days": (
        SCANNING("{advisories: {max_age_days: 30}}"),
        SCANNING("{advisories: {max_age_days: 31}}"),
        [f"loosens {ADVISORIES}.max_age_days"],
    ),
    "advisories.when_outdated": (
        "",
        SCANNING("{advisories: {when_outdated: note}}"),
        [f"unknown {ADVISORIES}.when_outdated"],
    ),
    "unknown": ("", "controls: {library-loading: {unknown: permit}}", ["loosens controls.library-loading.unknown"]),
    "children": ("", "controls: {library-loading: {children: free}}", ["loosens controls.library-loading.children"]),
    "processes": (
        "",
        "controls: {library-loading: {processes: guarded}}",
        ["tightens controls.library-loading.processes"],
    ),
    "profiles": ("", PROFILED, [f"loosens {PROFILE}"]),
    "profiles.model": (PROFILED, PROFILED.replace("model: m", "model: n"), [f"neither {PROFILE}.model"]),
    "profiles.digest": (
        PROFILED,
        PROFILED.replace("a" * 64, "b" * 64),
        [f"tightens {PROFILE}", f"loosens {PROFILE}"],
    ),
    "profiles.names": (
        PROFILED,
        PROFILED.replace("names: [", "names: [{name: 'a:C', uses: [built]}, "),
        [f"loosens {PROFILE}.names[0]"],
    ),
    "profiles.names.name": (
        PROFILED,
        PROFILED.replace("a:B", "a:C"),
        [f"tightens {PROFILE}.names[0]", f"loosens {PROFILE}.names[0]"],
    ),
    "profiles.names.uses": (
        PROFILED,
        PROFILED.replace("[built]", "[built, called]"),
        [f"loosens {PROFILE}.names[0].uses[1]"],
    ),
    "profiles.telamon": (
        PROFILED,
        PROFILED.replace("names:", "telamon: '1', names:"),
        [f"neither {PROFILE}.telamon"],
    ),
    "profiles.table": (PROFILED, PROFILED.replace("names:", "table: '1', names:"), [f"neither {PROFILE}.table"]),
    "require": ("", "controls: {library-loading: {require: sandbox}}", ["tightens controls.library-loading.require"]),
}
OPPOSITE = {"loosens": "tightens", "tightens": "loosens", "neither": "neither", "unknown": "unknown"}


@pytest.mark.parametrize("field", EVERY_FIELD)
def test_says_of_every_field_which_way_it_goes(field: str, read: Reader) -> None:
    before, after, expected = EVERY_FIELD[field]
    there = [line.partition(":")[0] for line in changes(read, before, after)]
    back = [line.partition(":")[0] for line in changes(read, after, before)]
    assert there == expected
    assert sorted(back) == sorted(f"{OPPOSITE[way]} {path}" for way, _, path in (line.partition(" ") for line in there))


def fields(kind: object, path: str = "") -> Iterator[str]:
    """Every field below a struct, without the names and numbers of entries."""
    for arm in (kind, *get_args(kind)):
        if isinstance(arm, type) and issubclass(arm, Struct):
            for field in structs.fields(arm):
                inner = f"{path}.{field.encode_name}".lstrip(".")
                yield inner
                yield from fields(field.type, inner)
        elif arm is not kind:
            yield from fields(arm, path)


def test_no_field_is_forgotten(catalog: Catalog) -> None:
    known = {*fields(PolicyFile), *(field for listed in catalog for field in fields(listed.control.settings()))}
    assert known - {"version"} == EVERY_FIELD.keys()  # there is one version only


def test_finds_nothing_between_spellings(read: Reader) -> None:
    assert changes(read, "waivers: []\nmodels: {}", "system: unnamed # the default") == []


class Bounded(Settings, frozen=True, kw_only=True):
    limit_s: Annotated[float, Meta(extra={"looser": "higher"})] = 5
    floor: Annotated[int | None, Meta(extra={"looser": "lower"})] = 1
    size: Annotated[int | str, Meta(extra={"looser": "higher"})] = 1


@pytest.mark.parametrize(("loose", "tight"), [({"limit_s": 86400}, {"limit_s": 5}), ({"floor": 1}, {"floor": 2})])
def test_a_field_of_a_control_says_which_way_it_loosens(loose: dict[str, int], tight: dict[str, int]) -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1), controls={"any": Bounded(**values)})
        for values in (tight, loose)
    )
    assert [change.direction for change in diff(before, after)] == [Direction.LOOSENS]
    assert [change.direction for change in diff(after, before)] == [Direction.TIGHTENS]


def test_a_bound_that_is_given_up_is_a_change_of_no_known_direction() -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1), controls={"any": Bounded(floor=floor)}) for floor in (1, None)
    )
    assert [change.direction for change in diff(before, after)] == [Direction.UNKNOWN]


def test_values_of_two_kinds_are_neither_higher_nor_lower() -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1), controls={"any": Bounded(size=size)}) for size in (1, "all")
    )
    assert [change.direction for change in diff(before, after)] == [Direction.UNKNOWN]


def test_does_not_take_true_for_one() -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1), controls={"any": Anything(value=value)})
        for value in (1, True)
    )
    assert [(change.path, change.before, change.after) for change in diff(before, after)] == [
        ("controls.any.value", 1, True)
    ]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (f"waivers: [{WAIVER}]", f"waivers: [{WAIVER.replace('path: a', 'path: $')}]", "waivers[0]"),
        (f"waivers: [{WAIVER}]", f"waivers: [{WAIVER.replace('unknown', 'dangerous')}]", "waivers[0]"),
        ("exclude: [.git]", "exclude: [$]", "exclude[0]"),
        (
            "controls: {vulnerability-scanning: {allow: [{name: 'a:B', reason: r}]}}",
            "controls: {vulnerability-scanning: {allow: [{name: 'os:system', reason: r}]}}",
            "controls.vulnerability-scanning.allow[0]",
        ),
    ],
)
def test_a_permission_that_is_replaced_is_one_less_and_one_more(
    before: str, after: str, path: str, read: Reader
) -> None:
    found = changes(read, before, after)
    assert [line.partition(": ")[0] for line in found] == [f"tightens {path}", f"loosens {path}"]


def test_follows_an_entry_that_moves_in_its_list(read: Reader) -> None:
    other, later = WAIVER.replace("path: a", "path: b"), WAIVER.replace("2027", "2028")
    found = changes(read, f"waivers: [{other}, {WAIVER}]", f"waivers: [{later}]")
    assert [line.partition(": {")[0] for line in found] == [
        "tightens waivers[0]",
        "loosens waivers[0].expires: 2027-01-31 -> 2028-01-31",
    ]


def test_takes_an_entry_without_a_name_for_another_one_when_it_differs() -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1), controls={"any": Anything(value=value)})
        for value in ([{"per": "key"}, {"per": "host"}], [{"per": "host"}, {"per": "role"}])
    )
    assert [(change.path, change.before, change.after) for change in diff(before, after)] == [
        ("controls.any.value[0]", {"per": "key"}, None),
        ("controls.any.value[1]", None, {"per": "role"}),
    ]


def test_counts_entries_that_are_alike(read: Reader) -> None:
    assert changes(read, "exclude: [a, a]", "exclude: [a]") == ["tightens exclude[1]: a -> None"]


@pytest.mark.parametrize(("old", "new", "way"), [("false", "true", "loosens"), ("true", "false", "tightens")])
def test_a_call_that_is_allowed_loosens(old: str, new: str, way: str, read: Reader) -> None:
    section = "controls: {{vulnerability-scanning: {{allow: [{{name: 'a:B', reason: r, can_call: {}}}]}}}}"
    found = changes(read, section.format(old), section.format(new))
    assert [line.partition(":")[0] for line in found] == [f"{way} controls.vulnerability-scanning.allow[0].can_call"]


def test_says_where_an_entry_stood_that_is_gone(read: Reader) -> None:
    before = read("version: 1\nexclude:\n- a\n- b\n", name="a.yaml")
    after = read("version: 1\nexclude: [b]\n", name="b.yaml")
    assert [change.origin for change in diff(before, after)] == ["a.yaml:3:3"]


LISTS = st.lists(st.sampled_from("abc"), max_size=5)


@given(LISTS, LISTS)
def test_every_new_exclusion_loosens_and_every_lost_one_tightens(old: list[str], new: list[str]) -> None:
    before, after = (
        Policy(file=None, document=PolicyFile(version=1, exclude=tuple(names)), controls={}) for names in (old, new)
    )
    found = diff(before, after)
    loosened = Counter(change.after for change in found if change.direction is Direction.LOOSENS)
    tightened = Counter(change.before for change in found if change.direction is Direction.TIGHTENS)
    assert loosened == Counter(new) - Counter(old)
    assert tightened == Counter(old) - Counter(new)
    assert (found == ()) is (before.digest == after.digest)
