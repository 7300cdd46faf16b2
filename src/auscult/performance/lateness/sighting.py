"""How late is the sound here? One probe against the source's history: locked, or unknown and why.

No marker is put into the programme. A lock needs likeness (a threshold), uniqueness (no other place
of the history that is nearly as like, else the music repeats itself), and a place inside the search
window. Whatever fails is unknown and says why; it is never a latency of zero.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from auscult.kernel.errors import InputError
from auscult.performance.lateness.refine import BLOCK, BLUR, Place, refine, refine_at
from auscult.performance.lateness.search import find_candidates
from auscult.performance.lateness.trace import FRAME_S, TONE_HZ, Trace

PROBE_MIN_S = 1.0
PROBE_MAX_S = 12.0
SILENCE_DBFS = -60.0
HEARD_MIN_S = 1.0
"""So much of a probe must be louder than silence."""
LIKENESS_MIN = 0.5
MARGIN_MIN = 1.5
"""Any other place leaves so many times more of the probe unexplained ..."""
LIKER_MIN = 0.2
"""... or, where noise leaves much unexplained anywhere, is by so much less like it ..."""
SURE_T = 4.0
"""... and does so by so many standard errors, over the blocks of the probe."""
REST_MIN = 0.01
"""What interpolation and rounding leave unexplained; without it nothing could be told from less."""
REST_SAYS = 0.9
"""A block of which neither place explains a tenth is a pause, and has no say."""
BLOCKS_MIN = 4
SAME_S = 0.02


class Reason(StrEnum):
    """Why a probe gave no latency."""

    SILENCE = "silence"
    UNLIKE = "below confidence"
    REPETITIVE = "too repetitive"
    OUTSIDE = "outside the search window"
    SHORT = "too little history"


@dataclass(frozen=True, slots=True)
class Locked:
    """The delay of the probe's middle behind the source.

    at_s: when the probe's middle was heard. confidence: 0 to 1, mean normalised correlation.
    drift: seconds of programme for each second of the probe's clock, less one.
    """

    at_s: float
    delay_s: float
    confidence: float
    drift: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """No delay, and why. rivals_s: the delays between which repetitive music leaves the choice."""

    at_s: float
    reason: Reason
    confidence: float = 0.0
    rivals_s: tuple[float, ...] = ()


Sighting = Locked | Unknown


def locate(
    source: Trace,
    probe: Trace,
    *,
    window_s: tuple[float, float] = (-0.5, 60.0),
    likeness_min: float = LIKENESS_MIN,
) -> Sighting:
    """Return how late `probe` is behind `source`, both on one clock.

    The whole history is searched, so that a better place outside of `window_s` (least and greatest
    delay that is believed) forbids a lock inside of it. A history longer than the window by the
    programme's longest repeat is what tells a repeat from the thing itself.
    Raises `InputError` for a probe of less than 1 s or more than 12 s, and for an empty window.
    """
    _check(probe, window_s)
    at_s = probe.begin_s + probe.length_s / 2
    if float(np.sum(probe.level_dbfs > SILENCE_DBFS)) * FRAME_S < HEARD_MIN_S * 0.9:
        return Unknown(at_s, Reason.SILENCE)
    if source.bands.shape[0] < probe.bands.shape[0]:
        return Unknown(at_s, Reason.SHORT)
    places = places_of(source, probe)
    if not places or places[0].likeness < likeness_min:
        best = places[0].likeness if places else 0.0
        return Unknown(at_s, Reason.UNLIKE, confidence=max(best, 0.0))
    first, delay_s = places[0], _delay_s(source, probe, places[0])
    rivals = [other for other in places[1:] if not is_surely_better(first, other)]
    if rivals:
        delays_s = (delay_s, *(_delay_s(source, probe, other) for other in rivals))
        return Unknown(at_s, Reason.REPETITIVE, confidence=first.likeness, rivals_s=delays_s)
    if not window_s[0] <= delay_s <= window_s[1]:
        return Unknown(at_s, Reason.OUTSIDE, confidence=first.likeness)
    return Locked(at_s, delay_s, confidence=min(first.likeness, 1.0), drift=first.drift)


def is_surely_better(first: Place, other: Place) -> bool:
    """Whether the probe tells two places apart: by a margin, and block after block.

    What a place leaves unexplained of a block is 1 - correlation^2. Where two bars are the same
    recording both places leave the same, and no difference is sure; where a quiet voice lies over
    them, the right place leaves less in nearly every block. The logarithms of the ratios are tested
    as pairs (Student, "The Probable Error of a Mean", 1908).
    """
    both = min(first.blocks.size, other.blocks.size)  # a place with drift may have one block less
    rest = 1 - np.stack([first.blocks[:both], other.blocks[:both]]).clip(0, 1) ** 2
    rest = rest[:, (rest < REST_SAYS).any(axis=0)] + REST_MIN
    if rest.shape[1] < BLOCKS_MIN:
        return False
    close = float(rest[1].sum()) < MARGIN_MIN * float(rest[0].sum())
    if close and first.likeness - other.likeness < LIKER_MIN:
        return False
    ratio = np.log(rest[1] / rest[0])
    error = float(ratio.std(ddof=1)) / np.sqrt(ratio.size)
    return bool(ratio.mean() > SURE_T * error)


def places_of(source: Trace, probe: Trace) -> list[Place]:
    """Return the refined candidates, the most alike first; each stands for itself once.

    The clocks drift the same way wherever the probe comes from. So each candidate is looked at with
    the drift of the best one too: else a twin whose own drift was guessed badly would seem worse.
    """
    lags = find_candidates(source, probe)
    found = [place for lag in lags for place in refine(source.tone, probe.tone, lag)]
    if not found:
        return []
    drift = max(found, key=lambda place: place.likeness).drift
    if abs(drift) >= BLUR:
        for place in found[::2]:
            found.extend(refine_at(source.tone, probe.tone, lag=place.lag, drift=drift))
    found.sort(key=lambda place: -place.likeness)
    kept: list[Place] = []
    for place in found:
        if all(abs(place.lag - other.lag) > SAME_S * TONE_HZ for other in kept):
            kept.append(place)
    return kept


def _delay_s(source: Trace, probe: Trace, place: Place) -> float:
    return probe.begin_s - source.begin_s - place.lag / TONE_HZ


def _check(probe: Trace, window_s: tuple[float, float]) -> None:
    if not PROBE_MIN_S <= probe.length_s <= PROBE_MAX_S or probe.tone.size < 2 * BLOCK:
        raise InputError(
            f"a probe of {probe.length_s:.2f} s; taken are {PROBE_MIN_S:g} to {PROBE_MAX_S:g} s"
        )
    if not window_s[0] < window_s[1]:
        raise InputError(f"the search window {window_s} is empty")
