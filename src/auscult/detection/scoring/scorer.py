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
    BLOCK,
    BLOCK_WIDTH,
    ENDED,
    READY,
    Columns,
    Rows,
)
from auscult.detection.scoring.learning import learn
from auscult.detection.scoring.measure import Floats, State, score
from auscult.detection.scoring.seasons import Seasons
from auscult.detection.scoring.slow import calm_of
from auscult.kernel.samples import Slots, Times, Values

READY_AFTER = 60
"""Samples before a series is heard."""
MAGNITUDE_MAX = 1e18  # the product of two deviations stays a float32
CHUNK = 8_192
"""Samples per pass: the scratch columns of one pass stay in the second-level cache."""
_AFTER_GAP = 25.0
_SHIFT_AS_SPREAD = 0.25
_GAP_INTERVALS = 3.5
_SCRATCH = (
    "x", "r", "scale", "doubt", "few", "lasting", "clip", "w", "rate", "slow", "a", "b", "c"
)  # fmt: skip
_LINE = np.dtype(f"V{BLOCK_WIDTH * 4}")
"""One row of the block as one element, so that it is copied in one go."""


class Scorer:
    """Takes samples, keeps `columns` and `seasons`; `columns.evidence` is what comes out."""

    def __init__(self, columns: Columns, seasons: Seasons) -> None:
        self.columns = columns
        self.seasons = seasons
        self._scratch = {name: np.empty(CHUNK, dtype=np.float32) for name in _SCRATCH}
        self._lines = np.empty((CHUNK, BLOCK_WIDTH), dtype=np.float32)
        # 16 floats of padding keep the columns of one series out of one another's cache lines
        self._turned = np.empty((BLOCK_WIDTH, CHUNK + 16), dtype=np.float32)
        self._sign = np.empty(CHUNK, dtype=bool)
        self._turn = np.zeros(0, dtype=np.int32)

    def update(self, slots: Slots, at_ms: Times, value: Values) -> None:
        """Score n samples; several of one series must stand in time order. Non-finite are skipped.

        slots: int32 (n,), at_ms: int64 (n,), value: float64 (n,).
        """
        finite = np.isfinite(value)
        if not finite.all():
            slots, at_ms, value = slots[finite], at_ms[finite], value[finite]
        if slots.size == 0:
            return
        rows = slots.astype(np.int64)
        if bool((rows[1:] > rows[:-1]).all()):
            self._round(rows, at_ms, value)
            return
        for pick in self._rounds(rows):
            if pick is None:
                self._round(rows, at_ms, value)
            else:
                self._round(rows[pick], at_ms[pick], value[pick])

    def _rounds(self, rows: Rows) -> list[Rows | None]:
        """Split a batch so that no round holds a series twice; [None] when there is none."""
        if self._turn.size < self.columns.capacity:
            self._turn = np.zeros(self.columns.capacity, dtype=np.int32)
        places = np.arange(rows.size, dtype=np.int32)
        self._turn[rows] = places
        if bool((self._turn[rows] == places).all()):
            return [None]
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        lengths = np.diff(np.r_[starts, rows.size])
        turn = np.arange(rows.size) - np.repeat(starts, lengths)
        by_turn = order[np.argsort(turn, kind="stable")]
        return list(np.split(by_turn, np.cumsum(np.bincount(turn))[:-1]))

    def _round(self, rows: Rows, at_ms: Times, value: Values) -> None:
        for start in range(0, rows.size, CHUNK):
            part = slice(start, start + CHUNK)
            self._pass(rows[part], at_ms[part], value[part])

    def _pass(self, rows: Rows, at_ms: Times, value: Values) -> None:
        n, columns = rows.size, self.columns
        contiguous = int(rows[-1]) - int(rows[0]) == n - 1 and bool((rows[1:] > rows[:-1]).all())
        where = slice(int(rows[0]), int(rows[-1]) + 1) if contiguous else rows
        state = self._gather(where, n)
        x = self._scratch["x"][:n]
        np.clip(value, -MAGNITUDE_MAX, MAGNITUDE_MAX, out=x, casting="unsafe")
        self._keep_time(state, rows, elapsed_ms=at_ms - columns.last_ms[where])
        columns.last_ms[where] = at_ms
        season = self.seasons.offsets(columns, rows, at_ms)
        offset, blur = None, None
        if season is not None:
            offset, slack, blur = season
            rest = x - offset - state["level"] - state["trend"]
            offset += np.clip(rest, np.minimum(slack, 0), np.maximum(slack, 0))
            x -= offset
            state["last"] -= offset
        score(state, self._sign[:n], blur=blur)
        learn(state, self._sign[:n])
        if offset is not None:
            x += offset
        np.copyto(state["last"], x)
        self._scatter(where, n)
        self.seasons.learn(columns, rows, at_ms=at_ms, residual=state["r"], clip=state["clip"])

    def _gather(self, where: slice | Rows, n: int) -> State:
        """Return the state of n series as rows of a transposed copy, and the scratch columns."""
        if isinstance(where, slice):
            np.copyto(self._turned[:, :n], self.columns.block[where].T)
        else:
            lines = self.columns.block.view(_LINE).reshape(-1)
            np.take(lines, where, out=self._lines[:n].view(_LINE).reshape(-1), mode="clip")
            np.copyto(self._turned[:, :n], self._lines[:n].T)
        state = {name: self._turned[place, :n] for name, place in BLOCK.items()}
        state.update({name: column[:n] for name, column in self._scratch.items()})
        return state

    def _scatter(self, where: slice | Rows, n: int) -> None:
        if isinstance(where, slice):
            np.copyto(self.columns.block[where], self._turned[:, :n].T)
            return
        np.copyto(self._lines[:n], self._turned[:, :n].T)
        lines = self.columns.block.view(_LINE).reshape(-1)
        lines[where] = self._lines[:n].view(_LINE).reshape(-1)

    def _keep_time(self, state: State, rows: Rows, *, elapsed_ms: Times) -> None:
        """Learn the interval of young series, and widen the band of those that come after a gap."""
        elapsed_s, late = state["a"], state["b"]
        np.multiply(elapsed_ms, 1e-3, out=elapsed_s, casting="unsafe")
        np.multiply(state["interval_s"], _GAP_INTERVALS, out=late)
        odd = np.flatnonzero((elapsed_s > late) | (state["seen"] < READY_AFTER))
        if odd.size:
            self._learn_interval(state, odd, rows=rows[odd], elapsed_s=elapsed_s[odd])

    def _learn_interval(self, state: State, odd: Rows, *, rows: Rows, elapsed_s: Floats) -> None:
        flags = self.columns.flags
        seen, learnt_s = state["seen"][odd], state["interval_s"][odd]
        known_s = np.where(learnt_s > 0, learnt_s, elapsed_s)
        rate = np.maximum(1 / np.maximum(seen, 1), np.float32(0.05))
        step_s = np.clip(elapsed_s - known_s, -known_s * 0.5, known_s * 0.5)
        interval_s = np.where(seen >= 1, known_s + rate * step_s, learnt_s)
        late = (elapsed_s > _GAP_INTERVALS * known_s) & (seen > 1) | ((flags[rows] & ENDED) > 0)
        late &= state["gate"][odd] == 1  # an open fault stays what it was
        fresh = odd[seen == 0]
        state["level"][fresh] = state["last"][fresh] = state["x"][fresh]
        state["interval_s"][odd] = interval_s
        state["rise"][odd] = rise = rise_of(interval_s)
        second = seen == 1
        state["spread"][odd[second]] = calm_of(rise[second]) ** 2
        state["seen"][odd] = np.where(late, np.minimum(seen, _AFTER_GAP), seen)
        state["smooth"][odd] *= np.where(late, np.float32(0.5), np.float32(1))
        flags[rows[seen >= READY_AFTER - 1]] |= READY
        flags[rows[late]] &= ~ENDED


def rise_of(interval_s: NDArray[np.floating]) -> Floats:
    """Return how fast the smoothed deviation rises: 0.2 at 1 s, 0.4 at 1 min, 0.8 at 1 h."""
    rise: Floats = np.clip(0.2 * np.maximum(interval_s, 1.0) ** (1 / 6), 0.2, 0.8).astype(
        np.float32
    )
    return rise


def release(columns: Columns, slot: int) -> None:
    """Take the present value of a series as its usual level, with a wide band again.

    A quarter of the shift is believed to be spread until the samples say otherwise.
    """
    shift = abs(float(columns.last[slot] - columns.level[slot]))
    least = shift * _SHIFT_AS_SPREAD / 2
    columns.above[slot] = max(float(columns.above[slot]), least)
    columns.below[slot] = max(float(columns.below[slot]), least)
    columns.level[slot] = columns.last[slot]
    columns.trend[slot] = 0
    columns.smooth[slot] = 0
    columns.evidence[slot] = 0
    columns.seen[slot] = _AFTER_GAP
