"""Clicks that the reference does not have."""

from collections import deque
from collections.abc import Iterable, Iterator

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import STEP_S, Grid
from auscult.performance.hearing.listeners.impulses import RATIO, Clicks, Finder
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

LESS = 3.0
"""By so much less may a click stand out in the reference and still be the same one: a coder's
noise around it, or the peak that its decoder cuts off, changes it by as much."""

NEAR_S = 0.003
REMEMBERED = 500


class Strays:
    """Hears clicks at places where the reference has nothing like them.

    A noise gate, a plucked string or the crackle of a record breaks the wave in both; each break
    is set against those of the reference at the same place, so that only the stream's own count.
    """

    def __init__(self, grid: Grid) -> None:
        self._mine, self._its = Finder(grid), Finder(grid, least_ratio=RATIO / LESS)
        self._known: deque[int] = deque(maxlen=REMEMBERED)
        self._clicks = Clicks(grid.rate_hz)
        self._alarm = Alarm(Kind.CLICKS, need_s=0.0, quiet_s=8.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        grid, heard = pair.block.grid, False
        self._known.extend(one.frame for one in self._its.find(pair.source))
        near = NEAR_S * grid.rate_hz
        for one in self._mine.find(pair.block):
            # Where the wave goes on elsewhere a piece is missing: the place itself tells that.
            if one.is_step or any(abs(one.frame - its) <= near for its in self._known):
                continue
            heard = True
            if not self._clicks.count(one):
                continue
            since_ms = round(pair.block.time_ms(0) + self._clicks.first_ms)
            if self._alarm.feed(since_ms, bad=True, step_s=STEP_S):
                words = ("", "clicks that its source has not")
                yield pair.say(self._alarm, None, one.ratio, words=words)
        if not heard:
            self._alarm.feed(0, bad=False, step_s=STEP_S)
