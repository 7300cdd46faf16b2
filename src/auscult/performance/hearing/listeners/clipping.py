"""Clipping: waves with their tops cut off, also where a codec has rounded them since."""

from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Singles
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

LOUD = 10 ** (-30 / 20)
FADING, NEAR = 0.98, 0.7
"""Only blocks whose peak is within 3 dB of the greatest of late can tell that nothing clips."""

FULL_SCALE = 0.985
OVER_SHARE = 2e-4


class Clipping:
    """Compares how samples crowd below the peak, and at full scale, with what is usual.

    crowd: log10 of the share of samples within 10 % of the greatest one of 2 s, against those
    within 30 %: a wave that is cut crowds there, one that is limited or dense does so always.
    over: share of samples at or over full scale, where a master keeps away or is from the start.
    """

    def __init__(self) -> None:
        self._crowd = Usual(least=10, spread_min=0.08)
        self._over = Usual(least=10, spread_min=OVER_SHARE)
        self._loudest = 0.0
        self._alarm = Alarm(Kind.CLIPPING, need_s=1.5, leak=0.2)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        top = steady_top(block.peak)
        loud = top > LOUD
        over = share_over(block.samples) if top >= FULL_SCALE else 0.0
        crowd = crowding(block.samples, top) if loud else None
        bad = None if crowd is None else self._judge(crowd, over)
        self._loudest = max(FADING * self._loudest, top)
        if not bad and top < NEAR * self._loudest:
            bad = None
        at_ms = block.time_ms(block.start)
        if self._alarm.feed(at_ms, bad=bad, step_s=STEP_S) and crowd is not None:
            score = max(self._crowd.score(crowd), self._over.score(over))
            yield Verdict(
                kind=Kind.CLIPPING,
                since_ms=self._alarm.since_ms,
                said_ms=block.time_ms(block.start + block.grid.size),
                score=score,
                measured=round(100 * 10**crowd, 2),
                unit="%",
                sentence=f"clipped: {100 * 10**crowd:.1f} % of the loud samples stand within "
                f"1 dB of the peak, usually {100 * 10 ** float(self._crowd.level[0]):.1f} %",
            )
        if crowd is not None and not bad and not self._alarm.is_open:
            self._crowd.learn(crowd)
            self._over.learn(over)

    def _judge(self, crowd: float, over: float) -> bool | None:
        if not self._crowd.is_known:
            return None
        usual, spread = float(self._crowd.high[0]), float(self._crowd.spread[0])
        piled = crowd > usual + max(0.25, 2.5 * spread)
        usual_over = float(self._over.high[0])
        return piled or over > max(OVER_SHARE, 8 * usual_over)


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
