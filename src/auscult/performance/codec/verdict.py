"""Was it right to change the ladder? Kept where listening proves it; everything else goes back.

A change is judged by what was heard on the live streams before and after it, against their source.
What could not be heard proves nothing, and a change that is not proved is not kept.

Between source and listener other stages change the sound as well (a leveller, a noise gate). What
that costs is measured before the change, as what is missing there to the score that the codec alone
would have at that rate, and is not laid to the new ladder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auscult.performance.codec.quality import Quality
from auscult.performance.codec.titles import Guards

SPREAD_MIN = 0.05
"""A few stretches promise no more exactly than this: windows of 8 s of one programme at one rung
lie 0.02 to 0.05 apart, and nobody hears such a difference."""

WAY_LOSS_MAX = 2.0
"""Where the way costs more than this, a codec's harm can no longer be told from it."""

WORSE_OFF_MAX_SHARE = 0.01
"""A ladder that lets more listeners than this hear less is no saving, whatever bytes it saves."""

SAME_STEP = 0.75
"""Of one rung, the real rate of two programmes: speech and music at one name lie so far apart."""

SAVED_MIN_SHARE = 0.01
"""Bytes vary from minute to minute; less than this is no saving."""


class Ruling(StrEnum):
    """What becomes of a change."""

    KEEP = "keep"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Sounding:
    """One rendition of one live stream, as it was heard: its real rate, and against its source.

    quality is None where nothing could be compared; `why` says why.
    """

    stream: str
    kbps: float
    quality: Quality | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the advice promised of the ladder, best step first.

    worst_scores: of each step's worst title. spreads: how far the stretches of all titles lay apart
    there, as standard deviation. throughput_kbps: float64 (listeners,). measure: what scored.
    curve: (real kbit/s, worst title's score) of what was tried, the cheapest first.
    """

    measure: str
    worst_scores: tuple[float, ...]
    spreads: tuple[float, ...]
    throughput_kbps: NDArray[np.float64]
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Keep or revert, the figures it rests on, and every reason against keeping.

    before_kbps, after_kbps: mean rate of the audience, on the mean of the streams.
    """

    ruling: Ruling
    reasons: tuple[str, ...]
    before_kbps: float
    after_kbps: float

    @property
    def saved_share(self) -> float:
        """The share of bytes that the change saves, below 1."""
        return 1 - self.after_kbps / self.before_kbps if self.before_kbps else 0.0


def judge_change(
    before: Sequence[Sounding],
    after: Sequence[Sounding],
    promise: Promise,
    *,
    guards: Guards | None = None,
) -> Verdict:
    """Return whether to keep a change; renditions of a stream may come in any order.

    It is kept where every stream is heard after it, offers as many steps as were promised, scores
    at each at least the worst title's score less the spread and what the way costs, passes the
    guards, and where the audience takes fewer bytes than before.
    """
    guards = guards or Guards()
    reasons = [*_missing(before, after)]
    for stream in sorted({one.stream for one in after}):
        heard = sorted((one for one in after if one.stream == stream), key=lambda one: -one.kbps)
        loss = lose_on_way([one for one in before if one.stream == stream], promise)
        if loss is None or loss > WAY_LOSS_MAX:
            reasons.append(f"{stream}: what it was like before is not known well enough")
        else:
            losses = _losses([one for one in before if one.stream == stream], promise)
            reasons += _compare(stream, heard, promise=promise, losses=losses, guards=guards)
    before_kbps = mean_rate_kbps(before, promise.throughput_kbps, headroom=guards.headroom)
    after_kbps = mean_rate_kbps(after, promise.throughput_kbps, headroom=guards.headroom)
    if not after_kbps < before_kbps * (1 - SAVED_MIN_SHARE):
        reasons.append(
            f"no bytes saved: {after_kbps:.1f} kbit/s a listener, {before_kbps:.1f} before"
        )
    ruling = Ruling.REVERT if reasons else Ruling.KEEP
    return Verdict(ruling, tuple(reasons), before_kbps, after_kbps)


def mean_rate_kbps(
    heard: Sequence[Sounding], throughput_kbps: NDArray[np.float64], *, headroom: float
) -> float:
    """Return what a listener takes on average: the best rendition the throughput carries.

    0 where nothing was heard.
    """
    by_stream: dict[str, list[float]] = {}
    for one in heard:
        if one.kbps > 0:
            by_stream.setdefault(one.stream, []).append(one.kbps)
    reach = throughput_kbps / headroom
    means = []
    for rates in by_stream.values():
        ladder = np.sort(np.array(rates))
        played = np.maximum(np.searchsorted(ladder, reach, side="right") - 1, 0)
        means.append(float(ladder[played].mean()))
    return float(np.mean(means)) if means else 0.0


def expect_saving(
    before: Sequence[Sounding],
    rates_kbps: Sequence[float],
    throughput_kbps: NDArray[np.float64],
    *,
    guards: Guards | None = None,
) -> float:
    """Return the share of bytes, below 1, that a ladder of these real rates should save.

    0 where nothing was heard.
    """
    headroom = (guards or Guards()).headroom
    now_kbps = mean_rate_kbps(before, throughput_kbps, headroom=headroom)
    then = [Sounding("", kbps, None) for kbps in rates_kbps]
    then_kbps = mean_rate_kbps(then, throughput_kbps, headroom=headroom)
    return 1 - then_kbps / now_kbps if now_kbps else 0.0


def share_worse_off(
    before: Sequence[Sounding],
    rates_kbps: Sequence[float],
    promise: Promise,
    *,
    needed: float,
    guards: Guards | None = None,
) -> float:
    """Return the share of listeners who would hear less than now, and less than is needed.

    rates_kbps: real rates of the ladder promised, best first. What is heard now is what the curve
    says of its rate. Who cannot carry any rendition now loses nothing. The worst stream counts.
    """
    reach = promise.throughput_kbps / (guards or Guards()).headroom
    kbps, score = np.array(promise.curve).T
    order = np.argsort(rates_kbps)
    steps = np.array(rates_kbps)[order]
    played = np.maximum(np.searchsorted(steps, reach, side="right") - 1, 0)
    then, then_kbps = np.array(promise.worst_scores)[order][played], steps[played]
    shares = [0.0]
    for stream in {one.stream for one in before}:
        rates = np.sort([one.kbps for one in before if one.stream == stream])
        at = np.searchsorted(rates, reach, side="right") - 1
        now_kbps = rates[np.maximum(at, 0)]
        is_lower = (at >= 0) & (then_kbps < SAME_STEP * now_kbps)
        now = np.minimum(np.interp(now_kbps, kbps, score), needed)
        shares.append(float(np.mean(is_lower & (then < now - SPREAD_MIN))))
    return max(shares)


def _missing(before: Sequence[Sounding], after: Sequence[Sounding]) -> list[str]:
    gone = {one.stream for one in before} - {one.stream for one in after}
    return [f"{stream}: not heard after the change" for stream in sorted(gone)]


def lose_on_way(before: Sequence[Sounding], promise: Promise) -> float | None:
    """Return how much of one stream's score is lost to other stages than the codec.

    The least over its renditions; None where none could be compared.
    """
    losses = [loss for _, loss in _losses(before, promise)]
    return max(0.0, min(losses)) if losses else None


def _losses(before: Sequence[Sounding], promise: Promise) -> list[tuple[float, float]]:
    """Return (kbit/s, what is missing to the curve) of each rendition that was compared."""
    kbps, score = np.array(promise.curve).T
    return sorted(
        (one.kbps, float(np.interp(one.kbps, kbps, score)) - one.quality.mean)
        for one in before
        if one.quality is not None
    )


def _compare(
    stream: str,
    heard: list[Sounding],
    *,
    promise: Promise,
    losses: list[tuple[float, float]],
    guards: Guards,
) -> list[str]:
    """Name what is wrong with one stream's renditions, best first; losses as by `_losses`."""
    known_kbps, lost = np.array(losses).T
    steps = len(promise.worst_scores)
    if len(heard) != steps:
        return [f"{stream}: {len(heard)} renditions instead of {steps}"]
    reasons = []
    for one, promised, spread in zip(heard, promise.worst_scores, promise.spreads, strict=True):
        where = f"{stream} at {one.kbps:.0f} kbit/s"
        quality, loss = one.quality, max(0.0, float(np.interp(one.kbps, known_kbps, lost)))
        least = promised - max(spread, SPREAD_MIN) - loss
        if quality is None:
            reasons.append(f"{where}: {one.why or 'not heard'}")
        elif quality.measure != promise.measure:
            reasons.append(f"{where}: scored by {quality.measure}, promised by {promise.measure}")
        elif quality.mean < least:
            reasons.append(f"{where}: scores {quality.mean:.2f}, at least {least:.2f} was promised")
        elif quality.worst < guards.channel_min:
            reasons.append(f"{where}: its worst channel scores {quality.worst:.2f}")
        elif quality.width_loss_db > guards.width_loss_max_db:
            reasons.append(f"{where}: its image is {quality.width_loss_db:.0f} dB narrower")
    return reasons
