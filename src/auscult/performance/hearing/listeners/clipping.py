"""Clipping: waves with their tops cut off, also where a codec has rounded them since."""

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Singles
from auscult.performance.hearing.figures.events import poisson_tail
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import SCORE_MAX, Alarm, Kind, Verdict

LOUD = 10 ** (-30 / 20)
FADING, NEAR = 0.98, 0.7
"""Only blocks whose peak is within 3 dB of the greatest of late can tell that nothing clips."""

NEED_S = 1.5
FULL_SCALE = 0.985
TOUCHED, TOUCHES = 0.96, 3
"""A coder rounds what stood at full scale off, by up to 0.4 dB where little was cut."""

OVER_SHARE, OFTEN = 2e-4, 8.0
WINDOW, P_MAX = 20, 1e-4
PAST_MIN, PRIOR = 10, 0.02
"""Blocks at full scale in 10 s, as long as none was heard before them: masters touch it hardly
ever, or often and soon, so nothing is said before 5 s lie before those 10 s."""


class Clipping:
    """Compares how samples crowd below the peak, and at full scale, with what is usual.

    crowd: log10 of the share of samples within 10 % of the greatest one of the block, against
    those within 50 %: a wave that is cut crowds there, one that is limited or dense does so always.
    over: share of samples at full scale, where a master keeps away or is from the start.
    """

    def __init__(self) -> None:
        self._crowd = Usual(least=10, spread_min=0.08)
        self._over = Usual(least=10, spread_min=OVER_SHARE)
        self._full = FullScale()
        self._loudest = 0.0
        self._alarm = Alarm(Kind.CLIPPING, need_s=NEED_S, leak=0.2)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        top = steady_top(block.peak)
        self._loudest = max(FADING * self._loudest, top)
        score = self._full.count(block, learns=not self._alarm.is_open)
        if top <= LOUD:
            return
        crowd, over = crowding(block.samples, top), share_over(block.samples)
        if not self._crowd.is_known:
            self._learn(crowd, over)
            return
        piled = self._is_piled(crowd) or over > max(OVER_SHARE, OFTEN * float(self._over.high[0]))
        at_scale = score >= -math.log10(P_MAX)
        bad = True if piled or at_scale else None if top < NEAR * self._loudest else False
        # Full scale has been counted over 10 s: that is evidence enough.
        step_s = NEED_S if at_scale else STEP_S
        ago = self._full.first_ago if at_scale else 0
        since_ms = block.time_ms(block.start - ago * block.grid.size)
        if self._alarm.feed(since_ms, bad=bad, step_s=step_s):
            score = max(score, self._crowd.score(crowd), self._over.score(over))
            yield self._say(block, score, crowd=crowd, piled=piled)
        if not bad and not self._alarm.is_open:
            self._learn(crowd, over)

    def _learn(self, crowd: float, over: float) -> None:
        self._crowd.learn(crowd)
        self._over.learn(over)

    def _is_piled(self, crowd: float) -> bool:
        usual, spread = float(self._crowd.high[0]), float(self._crowd.spread[0])
        return crowd > usual + max(0.25, 2.5 * spread)

    def _say(self, block: Block, score: float, *, crowd: float, piled: bool) -> Verdict:
        now, usual = 100 * 10**crowd, 100 * 10 ** float(self._crowd.level[0])
        words = (
            f"{now:.1f} % of the loud samples stand within 1 dB of the peak, usually {usual:.1f} %"
        )
        if not piled:
            words = "samples stand at full scale, from which they usually keep away"
        return Verdict(
            kind=Kind.CLIPPING,
            since_ms=self._alarm.since_ms,
            said_ms=block.time_ms(block.start + block.grid.size),
            score=score,
            measured=round(now, 2),
            unit="%",
            sentence=f"clipped: {words}",
        )


class FullScale:
    """Counts blocks that touch full scale, against how many of them are usual.

    Mild clipping cuts a few strokes a minute, which no share of samples shows.
    """

    def __init__(self) -> None:
        self._recent: deque[bool] = deque()
        self._past, self._past_full = 0, 0

    @property
    def first_ago(self) -> int:
        """How many blocks ago the first of the last 10 s was that touched full scale."""
        return len(self._recent) - 1 - self._recent.index(True)

    def count(self, block: Block, *, learns: bool) -> float:
        """Return −log10 p of as many blocks at full scale as the last 10 s had; 0 says nothing."""
        full = float(block.peak.max()) >= TOUCHED
        full = full and int((np.abs(block.samples) >= TOUCHED).sum()) >= TOUCHES
        self._recent.append(full)
        if len(self._recent) > WINDOW:
            was_full = self._recent.popleft()
            self._past += learns
            self._past_full += learns and was_full
        if not full or self._past < PAST_MIN:
            return 0.0
        past = self._past if self._past_full else self._past + WINDOW
        expected = (PRIOR + self._past_full) * WINDOW / past
        return min(SCORE_MAX, -math.log10(poisson_tail(sum(self._recent), expected)))


def crowding(samples: Singles, top: float) -> float:
    """Return log10 of (samples above 0.9·top) / (samples above 0.5·top); samples: (channels, n)."""
    size = np.abs(samples)
    near = int((size > 0.9 * top).sum())
    wide = int((size > 0.5 * top).sum())
    return float(np.log10((near + 0.5) / (wide + 1.0)))


def steady_top(peak: Singles) -> float:
    """Return the peak of a block apart from its seven loudest milliseconds: clicks do not count."""
    return float(np.partition(peak.max(axis=0), -8)[-8])


def share_over(samples: Singles) -> float:
    """Return the share of samples at or over full scale (0.985: −0.13 dB)."""
    return float((np.abs(samples) >= FULL_SCALE).mean())
