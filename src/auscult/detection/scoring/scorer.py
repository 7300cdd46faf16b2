"""The always-on scorer: one vectorised pass that turns samples into evidence, series by series.

Per sample, in this order (z and c have no unit, everything else has the series' own):

1. expected = level + trend (+ season); level and trend are a damped Holt filter whose innovation is
   clipped (Gelper, Fried, Croux 2010, "Robust forecasting with exponential and Holt-Winters
   smoothing"), so that an outlier moves them little and a fault hardly at all.
2. z = (value - expected) / scale. The scale is a mean absolute deviation of its own for each side
   (latencies are skewed), never less than the resolution of the series or a small share of its
   level, and wider while it has shown itself few times.
3. c = z / sqrt(1 + (z / 4)^2), bounded by 4, so that one outlier is one look and not a fault;
   smooth = an asymmetric moving average of c that rises slowly and falls twice as fast: only what
   persists stays in it. One sample of a slow series may count more, and by its step (see `slow`).
4. t = |smooth| / its own spread, and the nominal evidence -log10 p = huber(t) / ln 10: a Gaussian
   tail to t = 4, exponential beyond. `calibrator` corrects it by the tail that is really seen.
5. level, trend, scale and spread learn, the less the stronger the evidence is, and almost nothing
   while a finding is open (`gate`); the level of a series that wanders follows it faster.

Time constants are counted in samples, so that a series of hours learns like one of seconds; only
`rise` depends on the interval, and what `slow` derives from it: one sample of an hour already is an
average of much.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import (
    ENDED,
    READY,
    Columns,
    Rows,
)
from auscult.detection.scoring.learning import learn
from auscult.detection.scoring.measure import SHARE_AT_FIRST, score
from auscult.detection.scoring.seasons import Seasons
from auscult.detection.scoring.slow import calm_of
from auscult.detection.scoring.state import CHUNK, READY_AFTER, Floats, State, constant
from auscult.kernel.samples import Slots, Times, Values

MAGNITUDE_MAX = 1e18  # the product of two deviations stays a float32
SWEEPS = 2
"""Memory lies by column once so many samples a series have come in the order of slots."""
SCATTERED_MAX = 0.05
"""The share of samples that may come otherwise before they cost more than they save."""
_AFTER_GAP = 25.0
_SHIFT_AS_SPREAD = 0.25
_ANEW = 4.0
"""Evidence against what has been learnt so far, before a series is heard, that says: too soon."""
_IN_DOUBT = 2.0
"""Nor is a series heard yet while there is so much."""
_FAR = 8.0
"""So many mean distances, or shares of the level, no calm series throws its values."""
_GAP_INTERVALS = 3.5
_LATE_MS = constant(1000 * _GAP_INTERVALS)  # for each second of the interval
_S_PER_MS = constant(1e-3)


class Scorer:
    """Takes samples, keeps `columns` and `seasons`; `columns.evidence` is what comes out."""

    def __init__(self, columns: Columns, seasons: Seasons) -> None:
        self.columns = columns
        self.seasons = seasons
        self._state = State()
        self._heard = self._scattered = 0

    def update(self, slots: Slots, at_ms: Times, value: Values) -> None:
        """Score n samples; several of one series must stand in time order. Non-finite are skipped.

        slots: int32 (n,), at_ms: int64 (n,), value: float64 (n,).
        """
        if slots.size == 0:
            return
        if not (value.min() >= -MAGNITUDE_MAX and value.max() <= MAGNITUDE_MAX):  # or NaN
            finite = np.isfinite(value)
            slots, at_ms, value = slots[finite], at_ms[finite], value[finite]
            value = np.clip(value, -MAGNITUDE_MAX, MAGNITUDE_MAX)
            if slots.size == 0:
                return
        rows = slots.astype(np.int64)
        if bool((slots[1:] > slots[:-1]).all()):
            self._round(rows, at_ms, value, ordered=True)
            return
        in_order = np.sort(slots)
        if bool((in_order[1:] > in_order[:-1]).all()):
            self._round(rows, at_ms, value, ordered=False)
            return
        for pick in split_rounds(rows):
            self._round(rows[pick], at_ms[pick], value[pick], ordered=True)

    def _round(self, rows: Rows, at_ms: Times, value: Values, *, ordered: bool) -> None:
        """Score samples of as many series, in passes of about the same size."""
        self._lay()
        passes = -(-rows.size // CHUNK)
        size = -(-rows.size // passes)
        for start in range(0, rows.size, size):
            part = slice(start, start + size)
            chunk = rows[part]
            first, last = int(chunk[0]), int(chunk[-1])
            run = ordered and last - first == chunk.size - 1
            where = slice(first, last + 1) if run else chunk
            self._heard += chunk.size
            self._scattered += 0 if run else chunk.size
            self._pass(where, chunk, at_ms=at_ms[part], value=value[part])

    def _lay(self) -> None:
        """Let memory lie as suits the order in which samples have come of late."""
        enough = SWEEPS * self.columns.capacity
        scattered = self._scattered > SCATTERED_MAX * enough
        if scattered or self._heard > enough:
            self.columns.lay(by_column=not scattered)
            self._heard = self._scattered = 0

    def _pass(self, where: slice | Rows, rows: Rows, *, at_ms: Times, value: Values) -> None:
        columns, state = self.columns, self._state
        state.take(columns, where, rows.size)
        np.copyto(state.x, value)
        odd = self._keep_time(at_ms)
        if odd.size:
            self._learn_interval(odd, rows=rows[odd], elapsed_s=state.a[odd] * _S_PER_MS)
        season = self.seasons.offsets(columns, rows, at_ms)
        offset, blur = None, None
        if season is not None:
            offset, slack, blur = season
            rest = state.x - offset - state.level - state.trend
            offset += np.clip(rest, np.minimum(slack, 0), np.maximum(slack, 0))
            state.x -= offset
            state.last -= offset
        score(state, blur=blur)
        learn(state)
        if offset is not None:
            state.x += offset
        np.copyto(state.last, state.x)
        state.give()
        self.seasons.learn(columns, rows, at_ms=at_ms, residual=state.r, clip=state.clip)

    def _keep_time(self, at_ms: Times) -> Rows:
        """Return which of n series are young or late; `a` is the ms since they were seen."""
        state = self._state
        elapsed, late_ms, odd = state.a, state.b, state.sign
        np.copyto(elapsed, np.subtract(at_ms, state.last_ms, out=state.last_ms))
        np.copyto(state.last_ms, at_ms)
        np.multiply(state.interval_s, _LATE_MS, out=late_ms)
        np.greater(elapsed, late_ms, out=odd)
        if state.is_young:
            odd |= state.seen < READY_AFTER
        return np.flatnonzero(odd)

    def _learn_interval(self, odd: Rows, *, rows: Rows, elapsed_s: Floats) -> None:
        """Learn the interval of young series, and widen the band of those that come after a gap."""
        flags, state = self.columns.flags, self._state
        seen, learnt_s = state.seen[odd], state.interval_s[odd]
        known_s = np.where(learnt_s > 0, learnt_s, elapsed_s)
        rate = np.maximum(1 / np.maximum(seen, 1), np.float32(0.05))
        step_s = np.clip(elapsed_s - known_s, -known_s * 0.5, known_s * 0.5)
        interval_s = np.where(seen >= 1, known_s + rate * step_s, learnt_s)
        late = (elapsed_s > _GAP_INTERVALS * known_s) & (seen > 1) | ((flags[rows] & ENDED) > 0)
        late &= state.gate[odd] == 1  # an open fault stays what it was
        fresh = odd[seen == 0]
        state.level[fresh] = state.last[fresh] = state.x[fresh]
        state.interval_s[odd] = interval_s
        state.rise[odd] = rise = rise_of(interval_s)
        second = seen == 1
        state.spread[odd[second]] = calm_of(rise[second]) ** 2
        state.seen[odd] = np.where(late, np.minimum(seen, _AFTER_GAP), seen)
        state.is_young = True
        state.smooth[odd] *= np.where(late, np.float32(0.5), np.float32(1))
        flags[rows[late]] &= ~ENDED
        unheard = (flags[rows] & READY) == 0
        self._hear(odd[unheard], rows=rows[unheard])

    def _hear(self, young: Rows, *, rows: Rows) -> None:
        """Let series be heard that were seen often enough, unless they belie what they taught."""
        state = self._state
        evidence = self.columns.evidence[rows]  # a pass only writes it: `state` holds others' here
        self._widen(young)
        self._begin_anew(young[evidence >= _ANEW])
        is_known = state.seen[young] >= READY_AFTER - 1
        in_doubt = evidence >= _IN_DOUBT
        self.columns.flags[rows[is_known & ~in_doubt]] |= READY
        state.seen[young[is_known & in_doubt]] = READY_AFTER - 2

    def _widen(self, young: Rows) -> None:
        """Let what lies far out count in full in the spread of young series, and not as an outlier.

        What stood still at first and then comes in bursts is never far from its level for long: as
        outliers they would leave it the spread of what stands still, and an even flow be a fault.
        """
        state = self._state
        away = np.abs(state.x[young] - state.level[young])
        step = np.abs(state.quantum[young])
        step[np.isinf(step)] = 0  # none was seen yet
        least = np.maximum(step, SHARE_AT_FIRST * np.abs(state.level[young]))
        near = np.maximum(state.above[young], state.below[young])
        far = young[away > _FAR * np.maximum(near, least)]
        away = state.x[far] - state.level[far]
        for column, distance in ((state.above, away), (state.below, -away)):
            more = np.maximum(distance - column[far], 0)
            column[far] += more / np.maximum(state.seen[far], np.float32(1))

    def _begin_anew(self, young: Rows) -> None:
        """Take the present values of young series as their usual ones: the first were not.

        A counter stands at 0 until the first request comes, a cache fills, a stage waits for what
        lies before it: what it did before it was ever heard must not make a fault of the rest.
        """
        state = self._state
        shift = np.abs(state.x[young] - state.level[young]) * np.float32(_SHIFT_AS_SPREAD)
        for column in (state.above, state.below):
            column[young] = np.maximum(column[young], shift)
        state.level[young] = state.x[young]
        state.seen[young] = np.minimum(state.seen[young], _AFTER_GAP)
        state.trend[young] = state.smooth[young] = 0


def split_rounds(rows: Rows) -> list[Rows]:
    """Split a batch so that no round holds a series twice; each is in the order of the rows."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, rows.size])
    turn = np.arange(rows.size) - np.repeat(starts, lengths)
    by_turn = order[np.argsort(turn, kind="stable")]
    return list(np.split(by_turn, np.cumsum(np.bincount(turn))[:-1]))


def rise_of(interval_s: NDArray[np.floating]) -> Floats:
    """Return how fast the smoothed deviation rises: 0.2 at 1 s, 0.4 at 1 min, 0.8 at 1 h."""
    rise: Floats = np.clip(0.2 * np.maximum(interval_s, 1.0) ** (1 / 6), 0.2, 0.8).astype(
        np.float32
    )
    return rise


def release(columns: Columns, slot: int, recent: Values | None = None) -> None:
    """Take the present value of a series as its usual level, with a wide band again.

    A quarter of the shift is believed to be spread until the samples say otherwise. Where its
    `recent` values are given, float64 (n,) without gaps, the level is their median, and the spread
    not less than theirs.
    """
    level = float(columns.last[slot])
    above = below = 0.0
    if recent is not None and recent.size:
        level = float(np.median(recent))
        above = float(np.maximum(recent - level, 0).mean())
        below = float(np.maximum(level - recent, 0).mean())
    least = abs(level - float(columns.level[slot])) * _SHIFT_AS_SPREAD / 2
    columns.above[slot] = max(float(columns.above[slot]), least, above)
    columns.below[slot] = max(float(columns.below[slot]), least, below)
    columns.level[slot] = level
    columns.trend[slot] = 0
    columns.smooth[slot] = 0
    columns.evidence[slot] = 0
    columns.seen[slot] = _AFTER_GAP
