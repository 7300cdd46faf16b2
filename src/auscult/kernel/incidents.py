"""An incident: the one story told about a problem, from its first sign to its end."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from auscult.kernel.findings import Finding, Phase
from auscult.kernel.words import Labels, Severity, Subject, TenantId, Word

SIGNALS_MAX = 50
TAKEN_MAX = 200
PEOPLE_MAX = 100


class Status(StrEnum):
    """Where an incident stands; `rank` orders the list of them."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"

    @property
    def rank(self) -> int:
        """0 for what still needs a person."""
        return list(Status).index(self)


class Signal(Word):
    """One finding's place in its incident: the latest word of one observer about one thing."""

    fingerprint: str
    subject: Subject
    signal: str
    seen_by: str
    severity: Severity
    first_ms: int
    last_ms: int
    peak_score: float
    phase: Phase
    sentence: str
    explains: int = 0
    """How much its evidence says of what the figure means (`Evidence.explains`)."""


class Taken(Word):
    """A step of an escalation policy as it was taken: its number, the attempt, when, who by it.

    `HANDED` stands for the call of those to whom a person handed the incident.
    """

    HANDED: ClassVar[int] = -1

    step: int
    attempt: int = 0
    at_ms: int
    people: tuple[str, ...] = Field(default=(), max_length=PEOPLE_MAX)


class Escalation(Word):
    """How far a policy has gone for an incident.

    A round goes from the first call until somebody has the incident; when they give it back, or
    the incident becomes critical, the next one begins. Its first step is `first_step`, whose wait
    counts from `from_ms`; `taken` are the steps of this round. `again` counts how often the policy
    has begun again by itself; `handed_to` is the target to whom a person handed it, which the
    round began with. `is_resting` while somebody has it, and `is_spent` when all steps
    were taken and nobody has.
    """

    policy: str
    severity: Severity
    round: int = 1
    from_ms: int
    first_step: int = 0
    again: int = 0
    handed_to: str = ""
    taken: tuple[Taken, ...] = Field(default=(), max_length=TAKEN_MAX)
    is_resting: bool = False
    is_spent: bool = False
    asked_ms: int | None = None
    """When a person asked for the calls that this round began with."""

    @property
    def last_step(self) -> int | None:
        """The number of the highest step of the policy that this round has taken."""
        return max((one.step for one in self.taken if one.step != Taken.HANDED), default=None)

    @property
    def last_taken_ms(self) -> int | None:
        """When this round has called anybody last."""
        return max((one.at_ms for one in self.taken), default=None)


class ChangeKind(StrEnum):
    """What can happen to an incident."""

    OPENED = "opened"
    JOINED = "joined"
    WORSENED = "worsened"
    ACKNOWLEDGED = "acknowledged"
    RELEASED = "released"
    ESCALATED = "escalated"
    QUIET = "quiet"
    RETURNED = "returned"
    SETTLED = "settled"
    UNMUTED = "unmuted"
    RESOLVED = "resolved"
    NOTED = "noted"


class Mute(Word):
    """That nobody is told of an incident for now: by which rule or silence, and why.

    `until_ms` is when it ends, or when it must be looked at again; `other` the incident on which
    this one depends, where that is the reason; `missed` what people who know of it were not told.
    """

    by: str
    why: str
    until_ms: int
    other: str = ""
    missed: tuple[ChangeKind, ...] = ()


class Incident(Word):
    """One problem, bounded in size: at most `SIGNALS_MAX` signals, the strongest finding whole."""

    id: str
    tenant: TenantId
    key: str
    status: Status = Status.OPEN
    severity: Severity
    headline: str = Field(max_length=200)
    signals: tuple[Signal, ...] = Field(max_length=SIGNALS_MAX)
    strongest: Finding
    findings_count: int = 1
    opened_ms: int
    updated_ms: int
    quiet_since_ms: int | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: str = ""
    acknowledged_until_ms: int | None = None
    acknowledgers: tuple[str, ...] = Field(default=(), max_length=PEOPLE_MAX)
    resolved_ms: int | None = None
    resolved_by: str = ""
    level: int = 1
    escalation: Escalation | None = None
    mute: Mute | None = None
    decided: str = Field(default="", max_length=16)
    """What tells the last recorded decision on whom to tell from the next one."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everything the incident touches, each once, in order of appearance."""
        return tuple(dict.fromkeys(signal.subject for signal in self.signals))

    def labels_of(self, signal: Signal) -> Labels:
        """Return a signal as labels, for the matchers of routes and runbooks.

        `service`, `instance`, `signal`, `seen_by` and `severity`, over the labels of the evidence
        where the signal is the strongest one (the only one whose evidence is kept whole).
        """
        kept = signal.fingerprint == self.strongest.fingerprint
        own = {
            "service": signal.subject.service,
            "instance": signal.subject.instance,
            "signal": signal.signal,
            "seen_by": signal.seen_by,
            "severity": str(signal.severity),
        }
        labels = dict(self.strongest.evidence.labels if kept else ()) | own
        return tuple(sorted((name, value) for name, value in labels.items() if value))

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.status is Status.RESOLVED

    @property
    def rank(self) -> int:
        """The list's order as one integer: unacknowledged first, then the worst."""
        return self.status.rank * 10 + self.severity.rank


class Change(Word):
    """One step of an incident's life, as a sentence with its actor; a line of the timeline.

    `missed` are, at the end of a mute, the steps in it that still hold, what weighs most first.
    """

    kind: ChangeKind
    incident: str
    at_ms: int
    actor: str
    sentence: str
    missed: tuple[ChangeKind, ...] = ()


class Paged(Word):
    """That a message calls somebody: whom (nobody for a channel as a whole), when, and why.

    `key` is the message's; of two people whom one message calls there are two.
    """

    key: str = Field(max_length=200)
    incident: str
    person: str = ""
    channel: str
    due_ms: int
    why: str = Field(max_length=1_000)
