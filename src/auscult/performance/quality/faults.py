"""What is wrong at one tap now, and how bad each kind of it is for a listener."""

from dataclasses import dataclass

from auscult.kernel.words import Severity
from auscult.performance.hearing import Kind, Verdict

UNHEARD = "unheard"
"""The signal of a stream that cannot be heard at all."""

LOST_SOUND = "lost_sound"
"""The signal of a stream of which pieces cannot be had."""

FORM_CHANGE = "form_change"
"""The signal of a stream that goes on at another rate, or with other channels."""

_GRAVE = {UNHEARD, str(Kind.SILENCE), str(Kind.WRONG_PROGRAMME)}
_EVENTS = {LOST_SOUND, *map(str, (Kind.GAP, Kind.CLICKS, Kind.SKIP, Kind.REPEAT, Kind.SPLICE))}
_UNSURE_ALONE = {
    *map(str, (Kind.CLIPPING, Kind.NOISE, Kind.BANDWIDTH, Kind.TRANSCODE, Kind.MONO_COLLAPSE)),
    *map(str, (Kind.CLICKS, Kind.SPLICE, Kind.POLARITY)),
}
LASTS_MS = 12_000
"""A single gap or click is over after 5 to 8 s: what lasts longer comes again and again."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong at one tap.

    since_ms: Unix milliseconds, as it was heard there. place_ms: the same on the tap's own count of
    sound; None where it is nothing that was heard.
    """

    signal: str
    since_ms: int
    sentence: str
    score: float = 0.0
    measured: float | None = None
    unit: str = ""
    place_ms: float | None = None
    is_alone: bool = False

    def severity(self, now_ms: int) -> Severity:
        """Return how bad it is: critical where there is nothing, or nothing right, to be heard.

        For what is over before anyone could look (one gap, one click), and for what clean sound is
        too often taken for where no source is there to tell, nobody is woken: that is info.
        """
        if self.signal in _GRAVE:
            return Severity.CRITICAL
        if self.signal in _EVENTS and now_ms - self.since_ms < LASTS_MS:
            return Severity.INFO
        unsure = self.is_alone and self.signal in _UNSURE_ALONE
        return Severity.INFO if unsure else Severity.WARNING


def fault_of(verdict: Verdict, *, since_ms: float, place_ms: float, is_alone: bool) -> Fault:
    """Return a verdict as a fault that began at a time by the clock, at a place of the sound."""
    return Fault(
        signal=str(verdict.kind),
        since_ms=round(since_ms),
        sentence=verdict.sentence,
        score=verdict.score or 0.0,
        measured=verdict.measured,
        unit=verdict.unit,
        place_ms=place_ms,
        is_alone=is_alone,
    )
