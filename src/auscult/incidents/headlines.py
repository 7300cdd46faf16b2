"""The headline: the sentence of the signal that says most, and since when."""

import re

from auscult.kernel.incidents import Incident, Signal
from auscult.kernel.times import clock_utc, duration_words

HEADLINE_CHARS = 120
_ADDRESS = re.compile(r" \([^()\s]*:\d+\)")


def headline(signals: tuple[Signal, ...], opened_ms: int) -> str:
    """Return the headline of an open incident: symptom first, then since when, in UTC."""
    return _fit(leading(signals).sentence, f" since {clock_utc(opened_ms)} UTC")


def closing_headline(incident: Incident, resolved_ms: int) -> str:
    """Return the headline of an incident that is over: how long it took, then what it was."""
    lasted = duration_words(resolved_ms - incident.opened_ms)
    return _fit(f"Over after {lasted}: {leading(incident.signals).sentence}", "")


def leading(signals: tuple[Signal, ...]) -> Signal:
    """Return the signal that says most: the worst, what explains most, the surest, the first."""
    return min(
        signals,
        key=lambda one: (one.severity.rank, -one.explains, -one.peak_score, one.first_ms),
    )


def _fit(sentence: str, ending: str) -> str:
    sentence = sentence.rstrip(".")
    room = HEADLINE_CHARS - len(ending)
    if len(sentence) > room:  # figures say more than where exactly, which the incident tells too
        sentence = _ADDRESS.sub("", sentence, count=1)
    if len(sentence) > room:
        sentence = sentence[: room - 1].rstrip() + "…"
    return sentence + ending
