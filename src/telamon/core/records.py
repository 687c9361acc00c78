"""Records that every part of telamon speaks in, in the words of SARIF, XACML and RFC 6962."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(StrEnum):
    """How bad it is if the finding is true; ordered from `info` to `critical`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order, 0 for `info`."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the checker is that the finding is true."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Mode(StrEnum):
    """What a control does with its own decisions."""

    OFF = "off"
    SHADOW = "shadow"
    ENFORCE = "enforce"


class Verdict(StrEnum):
    """What one control says of one subject; `NOT_UNDERSTOOD` is never `CLEAN`.

    `NOT_APPLICABLE` means that the control has nothing to judge in the subject (plain text, say).
    """

    CLEAN = "clean"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"
    NOT_UNDERSTOOD = "not-understood"
    NOT_APPLICABLE = "not-applicable"


class Effect(StrEnum):
    """The effect of a decision (XACML 3.0, section 7.2, with `transform` for a permit with a replacement)."""

    PERMIT = "permit"
    TRANSFORM = "transform"
    DENY = "deny"
    NOT_APPLICABLE = "not-applicable"
    INDETERMINATE = "indeterminate"


class ExitCode(IntEnum):
    """Exit codes of every command in every output format."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NOT_RUN = 3
    INTERNAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where something is: a file, a member of a container in it, and a place in that.

    Attributes:
        path: The subject's name as the user gave it or as found below it, with `/` between folders.
        member: Path of the member inside the file, outermost container first, joined by `!`.
        offset: Byte offset in the member, or in the file where there is no member.
        line: One-based line, for text.
        column: One-based column, for text.
    """

    path: str
    member: str = ""
    offset: int | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = f"{self.path}!{self.member}" if self.member else self.path
        if self.line is not None:
            return f"{place}:{self.line}" + (f":{self.column}" if self.column is not None else "")
        return place if self.offset is None else f"{place}@{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a checker looks for; its id is stable for ever and its text is what `explain` prints.

    Attributes:
        id: Mitigation number and kebab-case name, such as `M0016/dangerous-call`.
        summary: One line.
        severity: The severity that its findings have unless they say otherwise.
        description: Why it matters and how it is decided, in Markdown.
        remedy: What to do about a finding.
        techniques: ATLAS technique ids that the finding is evidence of.
    """

    id: str
    summary: str
    severity: Severity
    description: str
    remedy: str
    techniques: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a checker found; one to one with a SARIF result.

    Attributes:
        rule: Id of the rule.
        message: One line: what was found and what it does.
        evidence: What was read that shows it, short and safe to print.
        remedy: What to do about it here.
        subject: What is found, free of offsets, so that the fingerprint survives unrelated edits.
    """

    rule: str
    message: str
    severity: Severity
    confidence: Confidence
    location: Location
    remedy: str
    evidence: str = ""
    subject: str = ""
    techniques: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A stable identity for baselines: 32 hex digits over rule, path, member and subject."""
        import hashlib  # noqa: PLC0415  # 3 ms, which `list` and `explain` need not pay

        parts = (self.rule, self.location.path, self.location.member, self.subject or self.message)
        material = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(material).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a control concluded about one subject, or why it could not.

    Attributes:
        reason: Why the verdict is not `clean`, or why there is none; empty for `clean`.
        digest: `sha256:...` of the subject's bytes where they were read whole; else empty.
        form: What the subject was taken for (`pickle`, `torch-zip`, ...).
    """

    control: str
    location: Location
    verdict: Verdict
    reason: str = ""
    form: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a guard decided about one operation.

    Attributes:
        replacement: What goes on in place of the operation's payload when the effect is `transform`.
    """

    effect: Effect
    reason: str
    findings: tuple[Finding, ...] = ()
    replacement: object = None

    @property
    def is_stopping(self) -> bool:
        """Whether the operation must not go on in enforce mode (fail closed: indeterminate denies)."""
        return self.effect in {Effect.DENY, Effect.INDETERMINATE}


class ProofVerdict(StrEnum):
    """How an experiment ended; `INCONCLUSIVE` means that the attack did not work with the control off."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class Strength(StrEnum):
    """What a passed proof lets one say about the control."""

    CERTIFIED = "certified"
    EMPIRICALLY_ROBUST = "empirically robust"
    RAISES_COST = "raises cost"
    NO_EFFECT = "no effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        level: Coverage, such as 0.95.
    """

    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A mean over trials in one arm, with its interval.

    Attributes:
        value: The mean, in the metric's unit (a rate lies in 0..1).
        trials: How many trials it was taken over.
    """

    value: float
    interval: Interval
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way in which an attack was made, and what came of it in each arm.

    Attributes:
        name: Kebab-case, unique within the experiment.
        target: What was attacked and in which version, such as `joblib.load (1.5.2)`; empty where there is one only.
        is_adaptive: Whether it is the attacker's who knows the defence.
        trials: In each arm.
        off: Sum of the metric with the control off; of a rate, the trials in which the attack worked.
        on: The same with the control on.
        denied: Trials with the control on in which its guard stopped something.
    """

    name: str
    target: str
    is_adaptive: bool
    trials: int
    off: float
    on: float
    denied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A way or a target of an attack that could not be run, so that the proof says nothing about it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a proof depends on: where one of these changes, it is stale.

    Attributes:
        settings: `sha256:...` over the control's own settings, without its mode.
        telamon: The version of telamon.
        atlas: The release of ATLAS.
    """

    settings: str
    telamon: str
    atlas: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The result of one experiment: the attack with the control off and on, and what honest users pay.

    Attributes:
        attack: What was done, in words: against which targets, and which could not be run.
        metric: What is measured; lower is better for the defender.
        off: With the control off.
        on: With the control on, against the strongest attacker that was run.
        adaptive: With the control on, against an attacker who knows the defence; `None` where none was run.
        drop: Interval of `off - on`, paired by seed.
        floor: The least drop that passes, declared by the experiment.
        benign_cost: Share of honest operations that fail because the control is on.
        benign_ceiling: The highest benign cost that passes.
        latency_ms: Median CPU milliseconds that the control adds to an honest operation.
        verdict: Whether the drop's lower bound is at or above the floor, at or below the benign ceiling.
        reason: Why, in one line.
        variants: The ways in which the attack was made, each with its own numbers.
        skipped: What could not be run, and is not proved.
        basis: What it depends on; `None` where that was not recorded.
    """

    control: str
    experiment: str
    mitigation: str
    technique: str
    attack: str
    metric: str
    off: Measurement
    on: Measurement
    adaptive: Measurement | None
    drop: Interval
    floor: float
    benign_cost: Measurement
    benign_ceiling: float
    latency_ms: float
    seed: int
    strength: Strength
    verdict: ProofVerdict
    reason: str
    variants: tuple[Variant, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    basis: Basis | None = None

    @property
    def pair(self) -> str:
        """The (mitigation, technique) pair as `AML.M0016/AML.T0011`."""
        return f"{self.mitigation}/{self.technique}"
