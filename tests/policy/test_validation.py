"""Whole messages of what is wrong with the values of a policy."""

from __future__ import annotations

import datetime as dt
import enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import pytest
from msgspec import Meta

from telamon.catalog import Catalog, Listed
from telamon.core.control import Control
from telamon.core.secrets import SECRET, SecretReference
from telamon.core.settings import Settings
from telamon.policy.validation import secret_hook

if TYPE_CHECKING:
    from conftest import Complaint, Reader


KEYS = ["baseline", "controls", "datasets", "exclude", "ledger", "models", "principals", "system", "version", "waivers"]


class Level(enum.Enum):
    SOFT = "soft"
    HARD = "hard"


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("Expected a window that ends after it begins")


class WideSettings(Settings, frozen=True, kw_only=True):
    level: Level = Level.SOFT
    word: Literal["one", "two"] = "one"
    only: Literal["this"] = "this"
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    share: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    even: Annotated[int, Meta(multiple_of=2)] = 0
    flag: bool = False
    day: dt.date = dt.date(2027, 1, 31)
    moment: Annotated[dt.datetime, Meta(tz=True)] | None = None
    code: Annotated[str, Meta(pattern="^[a-z]+$", max_length=3)] = "abc"
    names: Annotated[list[str], Meta(min_length=1, max_length=2)] = msgspec.field(default_factory=lambda: ["x"])
    pair: tuple[int, str] = (1, "a")
    anything: Any = None  # as third parties may write it
    either: int | str = 0
    nested: dict[Annotated[str, Meta(min_length=2)], tuple[Window, ...]] = msgspec.field(default_factory=dict)
    renamed: int = msgspec.field(default=0, name="re-named")
    token: SecretReference | None = None
    tokens: Annotated[dict[str, list[Window]] | None, Meta(extra=SECRET)] = None
    windows: Annotated[list[Window], Meta(extra=SECRET, max_length=1)] = msgspec.field(default_factory=list)


class Wide(Control):
    name: ClassVar[str] = "wide"
    mitigation: ClassVar[str] = "AML.M9999"

    def settings(self) -> type[WideSettings]:
        return WideSettings


@pytest.fixture
def wide() -> Catalog:
    return Catalog(own=(Listed(control=Wide(), wing="people", origin="telamon.controls"),))


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("", ["1:1: expected the key `version`, found none"]),
        ("~", ["1:1: expected a mapping, found nothing"]),
        ("[]", ["1:1: expected a mapping, found a list"]),
        ("hello", ["1:1: expected a mapping, found `hello`"]),
        ("version: 2", ["1:1: expected `1`, found `2`"]),
        ("version: '1'", ['1:1: expected `1`, found `"1"`']),
        ("version: 1.5", ["1:1: expected `1`, found `1.5`"]),
        ("version: true", ["1:1: expected `1`, found `true`"]),
        ("version:", ["1:1: expected `1`, found nothing"]),
        (
            "version: 1\ncontrol: {}",
            ["2:1: expected a known key, found `control` (did you mean `controls`?)"],
        ),
        (
            "version: 1\nxyz: 1",
            [f"2:1: expected a known key, found `xyz` (known here: {', '.join(KEYS)})"],
        ),
        ("version: 1\ncontrols: []", ["2:1: expected a mapping, found a list"]),
        ("version: 1\ncontrols: false", ["2:1: expected a mapping, found `false`"]),
        ("version: 1\ncontrols: 0", ["2:1: expected a mapping, found `0`"]),
        ("version: 1\nsystem: ''", ['2:1: expected text of length at least 1, found `""`']),
        ("version: 1\nsystem: 7", ["2:1: expected text of length at least 1, found `7`"]),
        (
            "version: 1\nmodels:\n  fraud: {pth: x}",
            ["3:11: expected a known key, found `pth` (did you mean `path`?)"],
        ),
        ("version: 1\nmodels:\n  fraud:\n", ["3:3: expected a mapping, found nothing"]),
        (
            'version: 1\nmodels: {a: {path: "a\\0b"}}',
            [r"2:14: expected text such as `models/fraud.pkl`, found `a\x00b`"],
        ),
        ("version: 1\nbaseline: ''", ['2:1: expected text such as `models/fraud.pkl`, found `""`']),
        (
            'version: 1\nledger: {path: "\\0", key: "\\0", second_place: "\\0"}',
            [
                r"2:10: expected text such as `models/fraud.pkl`, found `\x00`",
                r"2:22: expected text such as `models/fraud.pkl`, found `\x00`",
                r"2:33: expected text such as `models/fraud.pkl`, found `\x00`",
            ],
        ),
        ("version: 1\nledger: {}", ["2:1: expected either the key `path` or the key `url`"]),
        (
            "version: 1\nledger: {path: a, password: 'env:A'}",
            ["2:1: expected no `password` beside `path`, which is a file"],
        ),
        (
            "version: 1\nledger: {url: 'postgresql://u:hunter2@h/d', password: hunter2}",
            [
                (
                    "2:10: expected text such as `postgresql://writer@db.internal/telamon?ledger=fraud`, found "
                    "something else, which is not repeated here"
                ),
                (
                    "2:45: expected a reference to a secret, found something else, which is not repeated here (write "
                    "`env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`)"
                ),
            ],
        ),
        (
            "version: 1\nsystem: ''\nversion: 1\nmodels: {? [a] : 1}",
            [
                '2:1: expected text of length at least 1, found `""`',
                "3:1: expected each key once, found `version` again",
                "4:12: expected a name as the key, found a list or mapping",
            ],
        ),
        (
            "- {a: 1, a: 2}",
            ["1:10: expected each key once, found `a` again", "1:1: expected a mapping, found a list"],
        ),
        ("version: 1\nmodels: [a]", ["2:1: expected a mapping, found a list"]),
        (
            "version: 1\nmodels: {a: {api: opnai, serve: omnx}}",
            [
                "2:14: expected one of openai, anthropic, oip, found `opnai` (did you mean `openai`?)",
                "2:26: expected `onnx`, found `omnx` (did you mean `onnx`?)",
            ],
        ),
        ("version: 1\ndatasets: {train: {}}", ["2:12: expected the key `path`, found none"]),
        ("version: 1\nexclude: a", ["2:1: expected a list, found `a`"]),
        ("version: 1\nexclude: [1]", ["2:11: expected text, found `1`"]),
        ("version: 1\nexclude: {a: 1}", ["2:1: expected a list, found a mapping"]),
        (
            "version: 1\nwaivers:\n  - {rule: everything, path: x, owner: o, reason: r, expires: never}",
            [
                "3:6: expected text such as `M0016/unknown-call`, found `everything`",
                "3:54: expected a date such as `2027-01-31`, found `never`",
            ],
        ),
        (
            "version: 1\nwaivers: [{rule: M0016/unknown-call}]",
            [
                "2:11: expected the key `path`, found none",
                "2:11: expected the key `owner`, found none",
                "2:11: expected the key `reason`, found none",
                "2:11: expected the key `expires`, found none",
            ],
        ),
        (
            "version: 1\nsystem: " + "x" * 60 + "\nbaseline: []",
            ["3:1: expected text such as `models/fraud.pkl`, found a list"],
        ),
    ],
)
def test_says_what_is_wrong_with_the_file(content: str, problems: list[str], complaint: Complaint) -> None:
    assert complaint(content) == [f"telamon.yaml:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            "mode: enfroce",
            "4:5: expected one of off, shadow, enforce, found `enfroce` (did you mean `enforce`?)",
        ),
        ("mode: false", "4:5: expected one of off, shadow, enforce, found `false`"),
        (
            "fail_at: hihg",
            "4:5: expected one of info, low, medium, high, critical, found `hihg` (did you mean `high`?)",
        ),
        ("fail-at: high", "4:5: expected a known key, found `fail-at` (did you mean `fail_at`?)"),
        ("max_depth: 0", "4:5: expected a whole number at least 1 and at most 32, found `0`"),
        ("max_depth: 33", "4:5: expected a whole number at least 1 and at most 32, found `33`"),
        ("max_depth: 6.5", "4:5: expected a whole number at least 1 and at most 32, found `6.5`"),
        ("max_depth: six", "4:5: expected a whole number at least 1 and at most 32, found `six`"),
        ("time_limit_s: 1e999", "4:5: expected a number at least 0.1 and at most 86400, found `1e999`"),
        ("allow: {}", "4:5: expected a list, found a mapping"),
        ("allow: [torch]", "4:13: expected a mapping, found `torch`"),
        (
            "allow: [{name: torch, reason: x}]",
            "4:14: expected text of the form ^[^\\s:]+:[^\\s:]+$, found `torch`",
        ),
        ("allow: [{name: 'a:B', reason: x, can_cal: true}]", None),
        ("allow: [{name: 'a:B', reason: x, can_call: yes}]", "4:38: expected true or false, found `yes`"),
    ],
)
def test_says_what_is_wrong_with_a_section(section: str, problem: str | None, complaint: Complaint) -> None:
    expected = problem or "4:38: expected a known key, found `can_cal` (did you mean `can_call`?)"
    found = complaint(f"version: 1\ncontrols:\n  vulnerability-scanning:\n    {section}\n")
    assert found == [f"telamon.yaml:{expected}"]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("level: sofd", "expected one of soft, hard, found `sofd` (did you mean `soft`?)"),
        ("word: tow", "expected one of one, two, found `tow` (did you mean `two`?)"),
        ("only: that", "expected `this`, found `that`"),
        ("share: 1", "expected a number above 0 and below 1, found `1`"),
        ("even: 3", "expected a whole number in steps of 2, found `3`"),
        ("flag: 'true'", 'expected true or false, found `"true"`'),
        ("day: 31.1.2027", "expected a date, found `31.1.2027`"),
        ("moment: now", "expected a date-time, found `now`"),
        ("code: abcd", "expected text of length at most 3 of the form ^[a-z]+$, found `abcd`"),
        (
            "code: " + "a" * 61,
            "expected text of length at most 3 of the form ^[a-z]+$, found `" + "a" * 57 + "...`",
        ),
        ("names: []", "expected a list of length at least 1"),
        ("names: [a, b, c]", "expected a list of length at most 2"),
        ("names: a", "expected a list, found `a`"),
        ("pair: [1]", "expected a list of length 2, found 1"),
        ("pair: x", "expected a list of length at least 2 and of length at most 2, found `x`"),
        ("either: 1.5", "expected a whole number or text, found `1.5`"),
        ("either: [1]", "expected a whole number or text, found a list"),
        ("either:", "expected a whole number or text, found nothing"),
        ("nested: {a: []}", "expected text of length at least 2"),
        ("re-named: x", "expected a whole number, found `x`"),
    ],
)
def test_describes_every_kind_of_setting(setting: str, problem: str, complaint: Complaint, wide: Catalog) -> None:
    assert complaint(f"version: 1\ncontrols:\n wide:\n  {setting}\n", catalog=wide) == [f"telamon.yaml:4:3: {problem}"]


def test_reports_what_fields_are_together(complaint: Complaint, wide: Catalog) -> None:
    section = "nested: {ab: [{first: 1, last: 2}, {first: 2, last: 1}]}"
    assert complaint(f"version: 1\ncontrols:\n wide:\n  {section}\n", catalog=wide) == [
        "telamon.yaml:4:38: expected a window that ends after it begins"
    ]


def test_takes_every_kind_of_setting(read: Reader, wide: Catalog) -> None:
    policy = read(
        """
version: 1
controls:
  wide:
    level: hard
    word: two
    count: 9
    share: 0.25
    day: 2028-02-29
    moment: 2028-02-29T12:00:00Z
    names: [a, b]
    pair: [2, b]
    anything: {a: [1]}
    either: text
    nested: {ab: [{first: 1, last: 2}]}
    re-named: 3
    token: env:TOKEN
""",
        catalog=wide,
    )
    assert policy.effective["controls"] == {
        "wide": {
            "mode": "enforce",
            "fail_at": "high",
            "level": "hard",
            "word": "two",
            "only": "this",
            "count": 9,
            "share": 0.25,
            "even": 0,
            "flag": False,
            "day": "2028-02-29",
            "moment": "2028-02-29T12:00:00Z",
            "code": "abc",
            "names": ["a", "b"],
            "pair": [2, "b"],
            "anything": {"a": [1]},
            "either": "text",
            "nested": {"ab": [{"first": 1, "last": 2}]},
            "re-named": 3,
            "token": "env:TOKEN",
            "tokens": None,
            "windows": [],
        }
    }


@pytest.mark.parametrize(
    "place",
    [
        "models: {m: {key: S3CR3T}}",
        "models: {m: {key: [S3CR3T]}}",
        "models: {m: {key: {S3CR3T: S3CR3T}}}",
        "models: {m: {upstream: 'https://user:S3CR3T@host/'}}",
        "models: {m: {upstream: 'https://host/v1?api_key=S3CR3T'}}",
        "models: {m: {upstream: 'https://host?api_key=S3CR3T'}}",
        "models: {m: {upstream: 'https://host/v1#S3CR3T'}}",
        "models: {m: {upstream: 'https://host/\\\\S3CR3T'}}",
        "models: {m: {upstream: 'htps://user:S3CR3T@host/'}}",
        "models: {m: {upstream: [S3CR3T]}}",
        "models: {m: {kye: S3CR3T}}",
        "principals: [{name: a, role: b, keys: [S3CR3T]}]",
        "principals: [{name: a, role: b, keys: S3CR3T}]",
        "principals: [{name: a, role: b, keys: {S3CR3T: S3CR3T}}]",
    ],
)
def test_never_repeats_what_may_be_a_secret(place: str, complaint: Complaint) -> None:
    (problem,) = complaint(f"version: 1\n{place}\n")
    assert "S3CR3T" not in problem


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("tokens: S3CR3T", "4:3: expected a mapping, found something else, which is not repeated here"),
        ("tokens: {a: [{first: S3CR3T, last: 1}]}", None),
        ("windows: [{first: 2, last: 1}]", "4:13: expected other values, which are not repeated here"),
    ],
)
def test_keeps_what_is_inside_a_secret_setting(
    setting: str, problem: str | None, complaint: Complaint, wide: Catalog
) -> None:
    expected = problem or "4:17: expected a whole number, found something else, which is not repeated here"
    found = complaint(f"version: 1\ncontrols:\n wide:\n  {setting}\n", catalog=wide)
    assert found == [f"telamon.yaml:{expected}"]


def test_says_how_a_secret_is_referred_to(complaint: Complaint) -> None:
    (problem,) = complaint("version: 1\nmodels: {m: {key: sk-live-1}}\n")
    assert problem == (
        "telamon.yaml:2:14: expected a reference to a secret, found something else, which is not repeated here "
        "(write `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`)"
    )


def test_keeps_the_lines_of_a_message_apart(complaint: Complaint) -> None:
    assert complaint('version: 1\ncontrols: {}\n"x\\n1:1: all is well\\e[0m": 1\n')[0].startswith(
        r"telamon.yaml:3:1: expected a known key, found `x\n1:1: all is well\x1b[0m` (known here: "
    )


def test_stops_at_fifty_problems_in_the_order_of_the_file(complaint: Complaint) -> None:
    problems = complaint("controls: {nobody: {}}\n" + "".join(f"key{n}: 1\n" for n in range(1000)))
    assert len(problems) == 50
    lines = [int(problem.split(":")[1]) for problem in problems]
    assert lines == sorted(lines)


def test_knows_no_other_foreign_type() -> None:
    with pytest.raises(NotImplementedError, match=r"^no conversion to Level$"):
        secret_hook(Level, "soft")
