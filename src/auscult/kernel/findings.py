"""A finding: something is wrong, says one observer, and here is what convinced it."""

from enum import StrEnum

from pydantic import Field

from auscult.kernel.words import Labels, Severity, Subject, TenantId, Word

WINDOW_POINTS_MAX = 360


class Evidence(Word):
    """The window of the one series that convinced the observer, kept with the finding.

    `at_ms` and the value columns have the same length; a gap stays a gap (None).
    `usual_low` and `usual_high` are the range the observer would have expected *now*.
    """

    sentence: str = Field(max_length=300)
    labels: Labels = ()
    unit: str = ""
    now: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    at_ms: tuple[int, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    value: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    low: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    high: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)


class Phase(StrEnum):
    """Whether a finding begins (or goes on), or is over."""

    FIRING = "firing"
    CLEARED = "cleared"


class Finding(Word):
    """One observer's word that something is, or no longer is, wrong.

    `fingerprint` is the same for every finding about the same thing by the same observer.
    `score` is -log10 of how probable this would be, were all as usual; 0 says nothing.
    `seen_by` names the plug (`scorer`, `threshold`, `absence`, ...), `signal` what it looked at
    (a metric's name, say).
    """

    tenant: TenantId
    fingerprint: str = Field(max_length=128)
    subject: Subject
    signal: str = Field(max_length=300)
    seen_by: str
    at_ms: int
    phase: Phase = Phase.FIRING
    score: float = 0.0
    severity: Severity = Severity.WARNING
    evidence: Evidence
