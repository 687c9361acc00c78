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
