"""Clicks that the reference does not have."""

from collections.abc import Iterable, Iterator

from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.figures.blocks import STEP_S, Block, Grid
from auscult.performance.hearing.listeners.impulses import RATIO, Clicks, Finder
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

LESS = 3.0
"""By so much less may a click stand out in the reference and still be the same one: a coder's
noise around it, or the peak that its decoder cuts off, changes it by as much."""

NEAR_S = 0.003


class Strays:
    """Hears clicks at places where the reference has nothing like them.

    A noise gate, a plucked string or the crackle of a record breaks the wave in both; each break
    is set against those of the reference at the same place, so that only the stream's own count.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._finder = Finder(grid)
        self._source: list[Block] = []
        self._clicks = Clicks(grid.rate_hz)
        self._alarm = Alarm(Kind.CLICKS, need_s=0.0, quiet_s=8.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, pair: Pair) -> Iterator[Verdict]:
        """Take in one pair."""
        self._hold(pair.source)
        # Where the wave goes on elsewhere a piece is missing: the place itself tells that.
        clicks = [one for one in self._finder.find(pair.block) if not one.is_step]
        theirs = self._find_in_source() if clicks else []
        near = NEAR_S * self._grid.rate_hz
        strays = [one for one in clicks if all(abs(one.frame - at) > near for at in theirs)]
        for one in strays:
            if not self._clicks.count(one):
                continue
            since_ms = round(pair.block.time_ms(0) + self._clicks.first_ms)
            if self._alarm.feed(since_ms, bad=True, step_s=STEP_S):
                words = ("", "clicks that its source has not")
                yield pair.say(self._alarm, None, one.ratio, words=words)
        if not strays:
            self._alarm.feed(0, bad=False, step_s=STEP_S)

    def _hold(self, source: Block) -> None:
        """Keep the block before as well: what is found in this one may lie in it."""
        before = self._source[-1:]
        follows = before and before[0].start + self._grid.size == source.start
        self._source = [*before, source] if follows else [source]

    def _find_in_source(self) -> list[int]:
        """Return at which frames of the stream the reference has a break, steps included."""
        finder = Finder(self._grid, least_ratio=RATIO / LESS)
        return [one.frame for block in self._source for one in finder.find(block)]
