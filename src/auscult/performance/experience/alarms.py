"""One kind of bad thing at all audiences: what was usual, and who is alarmed now.

What is seen enters the history ten minutes later, and never where there is an alarm: a fault must
not become its own excuse.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.performance.experience.chance import Counts
from auscult.performance.experience.vigil import Flags, Vigil, limit_for

BLOCK_MS, BLOCKS = 60_000, 10
PLAYS_KEPT = 200_000
"""A history of more is halved, so that what is usual may change within weeks."""
CALM_DAYS = 30.0
"""One false alarm of a tenant in so many days, all audiences and kinds together."""
ELAPSED_MIN_DAYS = 1 / 24
TOLD = 180

Numbers = NDArray[np.int64]


def _none() -> Numbers:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class Alarms:
    """m audiences, which may grow in number. kinds: of bad things that are watched in all.

    told: (when, bad, plays) of the last 180 looks, of as many audiences as there were.
    """

    kinds: int = 1
    told: deque[tuple[int, Counts, Counts]] = field(default_factory=lambda: deque(maxlen=TOLD))
    begun_ms: Numbers = field(default_factory=_none)
    _bad_before: Numbers = field(default_factory=_none)
    _plays_before: Numbers = field(default_factory=_none)
    _plays_ever: Numbers = field(default_factory=_none)
    _lag: deque[tuple[Counts, Counts]] = field(default_factory=deque)
    _block: tuple[Counts, Counts] = field(default_factory=lambda: (_none(), _none()))
    _block_ms: int = 0
    _first_ms: int = 0
    _vigil: Vigil | None = None

    def look(self, bad: Counts, plays: Counts, *, now_ms: int) -> Flags:
        """Take what came due since the last look, int64 (m,) each; return who is alarmed now."""
        self._first_ms = self._first_ms or now_ms
        self._block_ms = self._block_ms or now_ms
        size = bad.size
        if self._vigil is None or self._vigil.usual.size < size:
            self._renew(size, now_ms)
        vigil = self._vigil
        assert vigil is not None
        before = vigil.alarmed
        alarmed = vigil.look(bad, plays)
        self._note_alarms(alarmed & ~before, now_ms)
        self.told.append((now_ms, bad, plays))
        calm = np.where(alarmed, 0, 1)
        self._block = (self._block[0] + bad * calm, self._block[1] + plays * calm)
        self._plays_ever += plays
        if now_ms - self._block_ms >= BLOCK_MS:
            self._close_block(now_ms)
        return alarmed

    def forget(self, kept: Numbers, now_ms: int) -> None:
        """Keep some audiences alone, int64 (k,) ascending numbers, under the numbers 0 to k."""
        if self._vigil is None:
            return
        size, state = self._vigil.usual.size, self._vigil.snapshot()
        kept = kept[kept < size]
        self._bad_before, self._plays_before, self._plays_ever, self.begun_ms = (
            one[kept]
            for one in (self._bad_before, self._plays_before, self._plays_ever, self.begun_ms)
        )
        self._block = _only(self._block, kept)
        self._lag = deque(_only(one, kept) for one in self._lag)
        told = ((at_ms, *_only((bad, plays), kept)) for at_ms, bad, plays in self.told)
        self.told = deque(told, maxlen=TOLD)
        self._vigil = self._make_vigil(now_ms)
        self._vigil.restore({name: column[kept] for name, column in state.items()})

    @property
    def usual(self) -> NDArray[np.float64]:
        """The highest rate that is usual for each audience, float64 (m,)."""
        return np.ones(0) if self._vigil is None else self._vigil.usual

    def alarmed(self) -> Numbers:
        """Return the numbers of the audiences that are alarmed, int64 (k,)."""
        return _none() if self._vigil is None else np.flatnonzero(self._vigil.alarmed)

    def _note_alarms(self, fresh: Flags, now_ms: int) -> None:
        self.begun_ms[fresh] = now_ms
        for bad, plays in (*self._lag, self._block):
            bad[fresh[: bad.size]] = 0
            plays[fresh[: plays.size]] = 0

    def _close_block(self, now_ms: int) -> None:
        size = self._bad_before.size
        self._lag.append(self._block)
        self._block, self._block_ms = (np.zeros(size, np.int64), np.zeros(size, np.int64)), now_ms
        if len(self._lag) > BLOCKS:
            bad, plays = self._lag.popleft()
            self._bad_before[: bad.size] += bad
            self._plays_before[: plays.size] += plays
            long = self._plays_before > PLAYS_KEPT
            self._bad_before[long] //= 2
            self._plays_before[long] //= 2
            self._renew(size, now_ms)

    def _renew(self, size: int, now_ms: int) -> None:
        """Make the vigil anew by the history as it is now, and keep the evidence."""
        self._bad_before, self._plays_before, self._plays_ever, self.begun_ms = (
            _grown(one, size)
            for one in (self._bad_before, self._plays_before, self._plays_ever, self.begun_ms)
        )
        self._block = (_grown(self._block[0], size), _grown(self._block[1], size))
        fresh = self._make_vigil(now_ms)
        if self._vigil is not None:
            kept, whole = self._vigil.snapshot(), fresh.snapshot()
            for name, column in whole.items():
                column[: kept[name].shape[0]] = kept[name]
            fresh.restore(whole)
        self._vigil = fresh

    def _make_vigil(self, now_ms: int) -> Vigil:
        days = max((now_ms - self._first_ms) / 86_400_000, ELAPSED_MIN_DAYS)
        shared = self._plays_ever.size * self.kinds
        limit = limit_for(self._plays_ever / days * shared, calm_days=CALM_DAYS)
        return Vigil(self._bad_before, self._plays_before, limit=limit)


def _only(counts: tuple[Counts, Counts], kept: Numbers) -> tuple[Counts, Counts]:
    """Return the counts of some audiences, of as many as there were when they were counted."""
    there = kept[kept < counts[0].size]
    return counts[0][there], counts[1][there]


def _grown(column: Numbers, size: int) -> Numbers:
    return np.concatenate([column, np.zeros(size - column.size, np.int64)])
