"""What is wrong at one tap now, and how bad each kind of it is for a listener."""

from dataclasses import dataclass

from auscult.kernel.words import Severity
from auscult.performance.hearing import SCORE_MAX, Kind, Verdict

UNHEARD = "unheard"
"""The signal of a stream that cannot be heard at all."""

LOST_SOUND = "lost_sound"
"""The signal of a stream of which pieces cannot be had."""

FORM_CHANGE = "form_change"
"""The signal of a stream that goes on at another rate, or with other channels."""

_GRAVE = {UNHEARD, str(Kind.SILENCE), str(Kind.WRONG_PROGRAMME)}
_EVENTS = {LOST_SOUND, *map(str, (Kind.GAP, Kind.CLICKS, Kind.SKIP, Kind.REPEAT, Kind.SPLICE))}
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
    is_sure: bool = True

    def severity(self, now_ms: int) -> Severity:
        """Return how bad it is: critical where there is nothing, or nothing right, to be heard.

        For what is over before anyone could look (one gap, one click), and for what clean sound may
        be taken for where no source is there to tell, nobody is woken: that is info.
        """
        if self.signal in _GRAVE:
            return Severity.CRITICAL
        if self.signal in _EVENTS and now_ms - self.since_ms < LASTS_MS:
            return Severity.INFO
        return Severity.WARNING if self.is_sure else Severity.INFO


def fault_of(verdict: Verdict, *, since_ms: float, place_ms: float) -> Fault:
    """Return a verdict as a fault that began at a time by the clock, at a place of the sound."""
    return Fault(
        signal=str(verdict.kind),
        since_ms=round(since_ms),
        sentence=verdict.sentence,
        score=SCORE_MAX if verdict.score is None else verdict.score,  # a fact is no chance
        measured=verdict.measured,
        unit=verdict.unit,
        place_ms=place_ms,
        is_sure=verdict.is_sure,
    )
