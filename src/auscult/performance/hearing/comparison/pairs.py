"""What is heard of a block beside the same block of its reference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from auscult.performance.hearing.comparison.alignment import Fit
from auscult.performance.hearing.figures.blocks import (
    STEP_S,
    Block,
    Floats,
    decibels,
)
from auscult.performance.hearing.figures.spectrum import Spectra
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import SCORE_MAX, Alarm, Kind, Verdict

FAINT_DB = -55.0
CHANNEL_LOST_DB = 20.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A block of the stream, the block of the reference it was made of, and their fit."""

    block: Block
    spectra: Spectra
    source: Block
    source_spectra: Spectra
    fit: Fit

    @property
    def gain_db(self) -> Floats:
        """Level of each channel against the reference, dB; nan where that one is faint."""
        source = self.source.power.mean(axis=1)
        gain = decibels(self.block.power.mean(axis=1)) - decibels(source)
        return np.where(decibels(source) > FAINT_DB, np.maximum(gain, -90.0), np.nan)

    def say(
        self, alarm: Alarm, score: float | None, measured: float, *, words: tuple[str, str]
    ) -> Verdict:
        """Return the verdict of an alarm that opened with this block; words: unit, sentence."""
        return Verdict(
            kind=alarm.kind,
            since_ms=alarm.since_ms,
            said_ms=self.block.time_ms(self.block.start + self.block.grid.size),
            score=None if score is None else min(SCORE_MAX, score),
            measured=round(measured, 2),
            unit=words[0],
            sentence=words[1],
        )


class Levels:
    """Loudness, lost and turned channels, collapse to mono, against the reference."""

    def __init__(self) -> None:
        self._gain = Usual(least=6, spread_min=0.3)
        self._side = Usual(least=6, spread_min=1.0)
        self._loudness = Alarm(Kind.LOUDNESS, need_s=3.0)
        self._lost = Alarm(Kind.CHANNEL_LOSS, need_s=1.0)
        self._turned = Alarm(Kind.POLARITY, need_s=1.0)
        self._collapse = Alarm(Kind.MONO_COLLAPSE, need_s=2.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._loudness, self._lost, self._turned, self._collapse)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        at_ms = pair.block.time_ms(pair.block.start)
        gain = pair.gain_db
        if np.isnan(gain).all():
            return
        best = float(np.nanmax(gain))
        below = gain - best
        lost = bool((below[~np.isnan(below)] < -CHANNEL_LOST_DB).any())
        if self._lost.feed(at_ms, bad=lost, step_s=STEP_S):
            worst = float(np.nanmin(below))
            words = ("dB", f"one channel lies {-worst:.0f} dB lower than in its source")
            yield pair.say(self._lost, None, worst, words=words)
        signs = pair.fit.signs.sum(axis=1)
        turned = bool((signs <= -3).any()) if np.abs(signs).max() >= 3 else None  # noqa: PLR2004  of 5 hops
        if self._turned.feed(at_ms, bad=turned, step_s=STEP_S):
            words = ("", "the polarity of a channel is turned against its source")
            yield pair.say(self._turned, None, -1.0, words=words)
        yield from self._hear_loudness(pair, best, at_ms)
        yield from self._hear_side(pair, lost, at_ms)

    @property
    def explains_peaks(self) -> bool:
        """Whether a channel or the difference of both is missing, or may be about to be."""
        return self._lost.since_ms >= 0 or self._collapse.since_ms >= 0

    def _hear_loudness(self, pair: Pair, gain_db: float, at_ms: int) -> Iterator[Verdict]:
        known = self._gain.is_known
        away = gain_db - float(self._gain.level[0]) if known else 0.0
        limit = max(3.0, 5.0 * float(self._gain.spread[0]))
        bad = abs(away) > limit if known and gain_db > -60.0 else None  # noqa: PLR2004  silence is another matter
        if self._loudness.feed(at_ms, bad=bad, step_s=STEP_S):
            side = "louder" if away > 0 else "quieter"
            words = ("LU", f"{abs(away):.1f} LU {side} against its source than usual")
            yield pair.say(self._loudness, self._gain.score(gain_db), away, words=words)
        if bad is False or not known:
            self._gain.learn(gain_db)

    def _hear_side(self, pair: Pair, lost: bool, at_ms: int) -> Iterator[Verdict]:  # noqa: FBT001  a fact of the block
        if pair.block.grid.channels != 2 or lost:  # noqa: PLR2004  stereo
            return
        source = pair.source.side_db
        if source < -35.0:  # noqa: PLR2004  as good as mono itself
            return
        less = pair.block.side_db - source
        known = self._side.is_known
        bad = less < min(-12.0, float(self._side.low[0]) - 10.0) if known else None
        if self._collapse.feed(at_ms, bad=bad, step_s=STEP_S):
            words = (
                "dB",
                f"the difference of left and right is {-less:.0f} dB less than its source's",
            )
            yield pair.say(self._collapse, self._side.score(less), less, words=words)
        if not bad:
            self._side.learn(less)
