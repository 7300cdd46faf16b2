"""A finding: something is wrong, says one observer, and here is what convinced it."""

from enum import StrEnum
from hashlib import sha256
from typing import Literal, Self

from pydantic import Field

from auscult.kernel.words import Labels, Severity, Subject, TenantId, Word

WINDOW_POINTS_MAX = 360
EXHIBIT_BYTES_MAX = 512 << 10
"""Two seconds of stereo at 48 kHz as FLAC take 150 to 300 KiB."""

EXHIBITS_MAX = 6
"""Exhibits of one finding at most."""

PARTS_MAX = 32

MediaType = Literal["audio/flac", "audio/ogg", "audio/wav", "image/png"]


class Exhibit(Word):
    """A sound or a picture. Where it is told of, `body` is left out: it is fetched by `id`.

    `id` is made of the content, so that the same exhibit twice is one, and may be kept for ever.
    """

    id: str = Field(pattern="^[0-9a-f]{32}$")
    title: str = Field(max_length=200)
    media_type: MediaType
    body: bytes = Field(default=b"", max_length=EXHIBIT_BYTES_MAX, exclude=True, repr=False)

    @classmethod
    def of(cls, title: str, media_type: MediaType, body: bytes) -> Self:
        """Make an exhibit; raises `pydantic.ValidationError` where it is too large."""
        content = sha256(f"{media_type}\n{title}\n".encode() + body).hexdigest()[:32]
        return cls(id=content, title=title, media_type=media_type, body=body)


class Part(Word):
    """One part of a whole: a stage of a latency, say."""

    name: str = Field(max_length=200)
    value: float


class Breakdown(Word):
    """What a figure is made of, in the order of the way; the parts add up to the whole."""

    title: str = Field(max_length=200)
    unit: str = ""
    parts: tuple[Part, ...] = Field(max_length=PARTS_MAX)


class Evidence(Word):
    """The window of the one series that convinced the observer, kept with the finding.

    `at_ms` and the value columns have the same length; a gap stays a gap (None).
    `usual_low` and `usual_high` are the range the observer would have expected *now*. `exhibits`
    can be heard or looked at; they travel whole once, and are told of by their ids afterwards.
    `breakdown` says what the figure is made of, `trace_id` names a trace in which it shows.
    `plots` names what the values are where that is not the finding's signal itself: a lost channel
    is shown by the loudness around it, say.
    """

    sentence: str = Field(max_length=300)
    labels: Labels = ()
    unit: str = ""
    plots: str = Field(default="", max_length=200)
    now: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    at_ms: tuple[int, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    value: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    low: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    high: tuple[float | None, ...] = Field(default=(), max_length=WINDOW_POINTS_MAX)
    exhibits: tuple[Exhibit, ...] = Field(default=(), max_length=EXHIBITS_MAX)
    breakdown: Breakdown | None = None
    trace_id: str = Field(default="", pattern="^([0-9a-f]{32})?$")

    @property
    def explains(self) -> int:
        """How much it says of what the figure means: 2 where it is laid to a place on the way.

        1 where one can but hear or see it, as at the last place of all; 0 where it is a figure.
        """
        return 2 if self.breakdown or self.trace_id else int(bool(self.exhibits))


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
