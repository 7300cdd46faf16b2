"""Whether a place takes longer than it did: a sequential test that knows how restless each one is.

Each look gives a mean normal score for each place. Visits of one look are not independent (a busy
moment slows all of them), so its variance is that of chance plus one that is learnt. A cumulative
sum (E. S. Page, 1954) adds up what exceeds it. What a place does by itself, and takes back by
itself, teaches how high the sum may go before it means anything: the limit is a fixed one, or half
as much again as the highest of late.

Odd is not yet slow: a change counts where the mean of its visits is at least twice the usual, and
what it adds is felt in the whole of the requests that pass there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.bottlenecks.journeys.places import Rows

LIMIT = 12.0
LIMIT_MAX = 150.0
DRIFT = 1.0
"""For independent normal scores: a mean of e^24 / 2 looks between two false alarms of a place."""

TWICE = 2.0
FELT_SHARE = 0.1
"""Of the usual time of a whole request."""

LEAST_ADDED_S = 5e-3
"""Less is what waiting for a turn on a shared core takes."""

LASTS_MS_MIN, LASTS_MS_MAX = 5_000, 15_000
"""How long a change must last: by twelve times the usual the least, by four times the most."""

LEARNS_MS, LEARNS_VISITS = 120_000, 50
"""A place is judged when it is known for so long, by so many visits."""

WELL_MS, WELL_VISITS = 10_000, 3
SHORT_MS = 120_000
"""What was over so soon was one more thing that the place takes back by itself."""

UNSEEN_MS = 60_000
NEW_USUAL_MS = 6 * 3_600_000
"""What was slow for so long is usual from then on."""

_STEP_MIN, _STEP_MAX = -6.0, 8.0
_RESTLESS_MIN, _RESTLESS_FIRST, _RESTLESS_MAX = 0.05, 0.2, 4.0
_RESTLESS_RATE = 1 / 200
_PEAK_HALVES_MS = 6 * 3_600_000
_MARGIN = 1.5
_KEPT_A_LOOK = 0.9
"""Of the weight of a visit in the mean of a change: about its last ten looks count."""

_SUSPICIOUS = 4.0

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]
_COLUMNS = {
    "evidence": 0.0,
    "restless": _RESTLESS_FIRST,
    "peak": 0.0,
    "top": 0.0,
    "sum_s": 0.0,
    "count": 0.0,
    "mean_s": 0.0,
    "alarmed": False,
    "slow": False,
    "alarm_ms": 0,
    "known_ms": 0,
    "began_ms": 0,
    "well_ms": 0,
    "well_sum_s": 0.0,
    "well_count": 0.0,
    "seen_ms": 0,
    "looked_ms": 0,
}
"""Every column, and what a row has before its first visit."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look saw of m rows: intp[m]; how many visits, their mean score and mean seconds."""

    row: Rows
    count: Doubles
    score: Doubles
    mean_s: Doubles


class Changes:
    """The columns of n rows, and their alarms."""

    evidence: Doubles
    restless: Doubles
    peak: Doubles
    top: Doubles
    sum_s: Doubles
    count: Doubles
    mean_s: Doubles
    alarmed: Flags
    slow: Flags
    alarm_ms: NDArray[np.int64]
    known_ms: NDArray[np.int64]
    began_ms: NDArray[np.int64]
    well_ms: NDArray[np.int64]
    well_sum_s: Doubles
    well_count: Doubles
    seen_ms: NDArray[np.int64]
    looked_ms: NDArray[np.int64]

    def __init__(self) -> None:
        for name, first in _COLUMNS.items():
            setattr(self, name, np.full(0, first))

    @property
    def is_calm(self) -> Flags:
        """Which rows are as usual, as far as can be said: bool[n]."""
        calm: Flags = ~self.alarmed & (self.evidence <= _SUSPICIOUS)
        return calm

    @property
    def is_suspected(self) -> Flags:
        """Which rows may turn out to be slow, but are not believed to be so yet: bool[n]."""
        suspected: Flags = self.slow & ~self.alarmed & (self.evidence > _SUSPICIOUS)
        return suspected

    def grow(self, size: int) -> None:
        """Have at least so many rows."""
        more = size - len(self.evidence)
        if more > 0:
            for name, first in _COLUMNS.items():
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.full(more, first)]))

    def reset(self, rows: list[int]) -> None:
        """Forget rows."""
        for name, first in _COLUMNS.items():
            getattr(self, name)[rows] = first

    def limit(self, rows: Rows) -> Doubles:
        """Return the evidence from which on each row's change is believed."""
        return np.clip(_MARGIN * self.peak[rows], LIMIT, LIMIT_MAX)

    def step(self, seen: Seen, usual_s: Doubles, felt_s: Doubles, *, now_ms: int) -> Flags:
        """Take one look; return which of its visits may be learnt as usual, bool[m].

        usual_s, felt_s float64[m]: the usual mean of each row, and how much more is felt.
        """
        row = seen.row
        self.known_ms[row] = np.where(self.known_ms[row] == 0, now_ms, self.known_ms[row])
        self.seen_ms[row] = now_ms
        self._accumulate(seen, now_ms)
        added_s = self.mean_s[row] - usual_s
        slow = (added_s >= felt_s) & (self.mean_s[row] >= TWICE * usual_s)
        self._remember_peaks(row, slow, now_ms)
        begins = slow & (self.evidence[row] >= self.limit(row)) & ~self.alarmed[row]
        begins &= now_ms - self.began_ms[row] >= _must_last_ms(self.mean_s[row], usual_s)
        self.slow[row] = slow
        self.alarmed[row] |= begins
        self.alarm_ms[row] = np.where(begins, now_ms, self.alarm_ms[row])
        self._begin_spell(row[begins], now_ms)
        self._recover(seen, usual_s, felt_s, now_ms=now_ms)
        calm = ~self.alarmed[row] & ~(slow & (self.evidence[row] > _SUSPICIOUS))
        self._learn_restlessness(seen, calm)
        return calm

    def expire(self, now_ms: int) -> list[int]:
        """End alarms of which nothing more is seen; return rows whose slowness is usual by now."""
        unseen = self.alarmed & (now_ms - self.seen_ms > UNSEEN_MS)
        self._end(np.flatnonzero(unseen))
        settled = np.flatnonzero(self.alarmed & (now_ms - self.began_ms > NEW_USUAL_MS))
        self._end(settled)
        return [int(row) for row in settled]

    def _accumulate(self, seen: Seen, now_ms: int) -> None:
        row = seen.row
        step = seen.score / np.sqrt(self.restless[row] + 1 / seen.count)
        before = self.evidence[row]
        grown = before + np.clip(step, _STEP_MIN, _STEP_MAX) - DRIFT
        after = np.clip(grown, 0, LIMIT_MAX + _MARGIN * LIMIT)
        fresh = before == 0
        self.began_ms[row] = np.where(fresh & ~self.alarmed[row], now_ms, self.began_ms[row])
        kept = np.where(fresh, 0, _KEPT_A_LOOK)
        self.sum_s[row] = kept * self.sum_s[row] + seen.mean_s * seen.count
        self.count[row] = kept * self.count[row] + seen.count
        self.mean_s[row] = self.sum_s[row] / self.count[row]
        self.evidence[row] = after

    def _remember_peaks(self, row: Rows, slow: Flags, now_ms: int) -> None:
        """Let an ascent that goes back by itself raise the limit."""
        past_ms = np.where(self.looked_ms[row] > 0, now_ms - self.looked_ms[row], 0)
        self.looked_ms[row] = now_ms
        self.peak[row] *= 0.5 ** (past_ms / _PEAK_HALVES_MS)
        self.top[row] = np.where(slow, np.maximum(self.top[row], self.evidence[row]), self.top[row])
        over = (self.evidence[row] == 0) & ~self.alarmed[row]
        self.peak[row] = np.where(over, np.maximum(self.peak[row], self.top[row]), self.peak[row])
        self.top[row] = np.where(over, 0, self.top[row])

    def _recover(self, seen: Seen, usual_s: Doubles, felt_s: Doubles, *, now_ms: int) -> None:
        """End alarms where the mean of some seconds is as usual again."""
        row = seen.row
        self.well_sum_s[row] += seen.mean_s * seen.count
        self.well_count[row] += seen.count
        full = now_ms - self.well_ms[row] >= WELL_MS
        full &= self.well_count[row] >= WELL_VISITS
        mean_s = self.well_sum_s[row] / self.well_count[row]
        well = mean_s <= np.maximum(1.5 * usual_s, usual_s + 0.5 * felt_s)
        ended = row[self.alarmed[row] & full & well]
        was_short = ended[now_ms - self.began_ms[ended] <= SHORT_MS]
        self.peak[was_short] = np.maximum(self.peak[was_short], self.top[was_short])
        self._end(ended)
        self._begin_spell(row[full], now_ms)

    def _begin_spell(self, rows: Rows, now_ms: int) -> None:
        self.well_ms[rows] = now_ms
        self.well_sum_s[rows] = 0
        self.well_count[rows] = 0

    def _end(self, rows: Rows) -> None:
        self.alarmed[rows] = False
        self.evidence[rows] = 0
        self.top[rows] = 0

    def _learn_restlessness(self, seen: Seen, calm: Flags) -> None:
        rows = seen.row[calm]
        excess = np.clip(seen.score[calm] ** 2 - 1 / seen.count[calm], -1, _RESTLESS_MAX)
        learnt = self.restless[rows] + _RESTLESS_RATE * (excess - self.restless[rows])
        self.restless[rows] = np.clip(learnt, _RESTLESS_MIN, _RESTLESS_MAX)


def _must_last_ms(mean_s: Doubles, usual_s: Doubles) -> Doubles:
    """Return for how long each change must last: the smaller, the longer."""
    times = mean_s / np.maximum(usual_s, 1e-9)
    must_ms: Doubles = np.clip(LASTS_MS_MAX * 4 / np.maximum(times, 1), LASTS_MS_MIN, LASTS_MS_MAX)
    return must_ms
