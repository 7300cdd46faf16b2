"""The always-on scorer: one vectorised pass that turns samples into evidence, series by series.

Per sample, in this order (z and c have no unit, everything else has the series' own):

1. expected = level + trend (+ season); level and trend are a damped Holt filter whose innovation is
   clipped (Gelper, Fried, Croux 2010, "Robust forecasting with exponential and Holt-Winters
   smoothing"), so that an outlier moves them little and a fault hardly at all.
2. z = (value - expected) / scale. The scale is a mean absolute deviation of its own for each side
   (latencies are skewed), never less than half the resolution of the series or a small share of
   its level, and wider while few samples have been seen.
3. c = z / (1 + |z| / 4), bounded by 4, so that one outlier is one look and not a fault;
   smooth = an asymmetric moving average of c that rises slowly and falls twice as fast: only what
   persists stays in it.
4. t = |smooth| / its own spread, and the nominal evidence -log10 p = huber(t) / ln 10: a Gaussian
   tail to t = 4, exponential beyond. `calibrator` corrects it by the tail that is really seen.
5. level, trend, scale and spread learn, the less the stronger the evidence is, and almost nothing
   while a finding is open (`gate`).

Time constants are counted in samples, so that a series of hours learns like one of seconds; only
`rise` depends on the interval, because one sample of an hour already is an average of much.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.columns import ENDED, READY, SPREAD_OF_SMOOTHED, Columns, Rows
from auscult.detection.seasons import Seasons
from auscult.kernel.samples import Slots, Times, Values

READY_AFTER = 60
"""Samples before a series is heard."""
MEMORY = 240
"""Samples over which level and scale are averaged."""
BOUND = 4.0
GAUSSIAN_TO = 4.0
BAND = 3.0
"""What is usual reaches so many scales to each side."""
MAGNITUDE_MAX = 1e30
CHUNK = 16_384
"""Samples per pass: the scratch columns of one pass stay in the second-level cache."""
_LN10 = float(np.log(10.0))
_MAD_TO_SD = 1.2533
_OTHER_SIDE = 0.4
_SEEN_MAX = 1e6
_AFTER_GAP = 25.0
_GAP_INTERVALS = 3.5

Floats = NDArray[np.float32]


class Scorer:
    """Takes samples, keeps `columns` and `seasons`; `columns.evidence` is what comes out."""

    def __init__(self, columns: Columns, seasons: Seasons) -> None:
        self.columns = columns
        self.seasons = seasons
        self._scratch = {
            name: np.empty(CHUNK, dtype=np.float32)
            for name in ("x", "r", "scale", "a", "b", "c", "w", "rate", "season", *_GATHERED)
        }
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
        if rows.size == 1 or bool((rows[1:] > rows[:-1]).all()):
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
        n = rows.size
        contiguous = int(rows[-1]) - int(rows[0]) == n - 1
        where = slice(int(rows[0]), int(rows[-1]) + 1) if contiguous else rows
        x = self._scratch["x"][:n]
        np.clip(value, -MAGNITUDE_MAX, MAGNITUDE_MAX, out=x, casting="unsafe")
        self._keep_time(rows, where, at_ms)
        state = self._gather(where, n)
        offset = self.seasons.offsets(self.columns.season[where], at_ms)
        if offset is not None:
            x -= offset
        self._score(state, x)
        self._learn(state, x)
        self._scatter(where, state)
        if offset is not None:
            x += offset
        self.columns.last[where] = x
        self.seasons.learn(self.columns, rows, at_ms=at_ms, residual=state["r"], clip=state["clip"])

    def _gather(self, where: slice | Rows, n: int) -> dict[str, Floats]:
        state: dict[str, Floats] = {}
        for name in _GATHERED:
            column = getattr(self.columns, name)
            if isinstance(where, slice):
                state[name] = column[where]
            else:
                state[name] = np.take(column, where, out=self._scratch[name][:n], mode="clip")
        for name in ("r", "scale", "a", "b", "c", "w", "rate"):
            state[name] = self._scratch[name][:n]
        return state

    def _scatter(self, where: slice | Rows, state: dict[str, Floats]) -> None:
        if isinstance(where, slice):
            return  # the state was the columns themselves
        for name in _WRITTEN:
            getattr(self.columns, name)[where] = state[name]

    def _keep_time(self, rows: Rows, where: slice | Rows, at_ms: Times) -> None:
        columns = self.columns
        elapsed_s = (at_ms - columns.last_ms[where]).astype(np.float32)
        elapsed_s *= np.float32(1e-3)
        columns.last_ms[where] = at_ms
        interval_s = columns.interval_s[where]
        odd = np.flatnonzero(
            (elapsed_s > _GAP_INTERVALS * interval_s) | (columns.seen[where] < READY_AFTER)
        )
        if odd.size:
            self._learn_interval(rows[odd], elapsed_s[odd])

    def _learn_interval(self, rows: Rows, elapsed_s: Floats) -> None:
        """Learn the interval of young series, and widen the band of those that come after a gap."""
        columns = self.columns
        seen, known_s = columns.seen[rows], columns.interval_s[rows]
        known_s = np.where(known_s > 0, known_s, elapsed_s)
        rate = np.maximum(1 / np.maximum(seen, 1), np.float32(0.05))
        step_s = np.clip(elapsed_s - known_s, -known_s * 0.5, known_s * 0.5)
        columns.interval_s[rows] = np.where(
            seen >= 1, known_s + rate * step_s, columns.interval_s[rows]
        )
        columns.rise[rows] = rise_of(columns.interval_s[rows])
        columns.flags[rows[seen >= READY_AFTER - 1]] |= READY
        late = (elapsed_s > _GAP_INTERVALS * known_s) & (seen > 1) | (
            (columns.flags[rows] & ENDED) > 0
        )
        gone = rows[late]
        columns.seen[gone] = np.minimum(columns.seen[gone], _AFTER_GAP)
        columns.smooth[gone] *= 0.5
        columns.flags[gone] &= ~ENDED

    def _score(self, state: dict[str, Floats], x: Floats) -> None:
        r, scale, a, b, c = state["r"], state["scale"], state["a"], state["b"], state["c"]
        n = x.size
        seen, level, smooth = state["seen"], state["level"], state["smooth"]
        fresh = seen == 0
        if fresh.any():
            np.copyto(level, x, where=fresh)
            np.copyto(state["last"], x, where=fresh)
        np.subtract(x, level, out=r)
        r -= state["trend"]
        # resolution: the smallest step seen, or one event per interval for a counter of events
        np.subtract(x, state["last"], out=a)
        np.abs(a, out=a)
        np.copyto(a, np.inf, where=np.equal(a, 0, out=self._sign[:n]))
        np.minimum(state["quantum"], a, out=state["quantum"])
        above = np.greater(r, 0, out=self._sign[:n])
        np.maximum(state["above"], state["below"], out=a)
        a *= _OTHER_SIDE
        np.copyto(scale, state["below"])
        np.copyto(scale, state["above"], where=above)
        np.maximum(scale, a, out=scale)
        scale *= _MAD_TO_SD
        # floors: half a quantum, and a share of the level that shrinks as evidence grows
        np.add(seen, 1, out=b)
        np.reciprocal(b, out=b)
        np.sqrt(b, out=a)
        a *= 0.3
        a += 0.01
        a *= np.abs(level, out=c)
        np.maximum(scale, a, out=scale)
        np.abs(state["quantum"], out=a)
        a *= 0.5
        np.maximum(scale, a, out=scale)
        np.maximum(scale, 1e-30, out=scale)
        # z, widened by 1 + 30 / seen
        b *= 30
        b += 1
        b *= scale
        np.divide(r, b, out=c)
        np.abs(c, out=a)
        a *= 1 / BOUND
        a += 1
        c /= a
        # the asymmetric average
        c -= smooth
        np.multiply(c, smooth, out=a)
        falling = np.less(a, 0, out=self._sign[:n])
        c *= state["rise"]
        np.add(c, c, out=c, where=falling)
        smooth += c
        self._weigh(state)

    def _weigh(self, state: dict[str, Floats]) -> None:
        """Turn the smoothed deviation into nominal evidence, -log10 p."""
        a, b, evidence = state["a"], state["b"], state["evidence"]
        np.maximum(state["spread"], SPREAD_OF_SMOOTHED**2, out=a)
        np.sqrt(a, out=a)
        np.abs(state["smooth"], out=b)
        b /= a
        np.minimum(b, GAUSSIAN_TO, out=a)
        np.multiply(a, -0.5, out=evidence)
        evidence += b
        evidence *= a
        evidence *= 1 / _LN10

    def _learn(self, state: dict[str, Floats], x: Floats) -> None:
        a, b, w, rate, r = state["a"], state["b"], state["w"], state["rate"], state["r"]
        scale, evidence, seen = state["scale"], state["evidence"], state["seen"]
        n = x.size
        # how much is learnt: less the more evidence there is, hardly anything behind the gate
        np.multiply(evidence, -0.5, out=w)
        w += 1.5
        np.clip(w, 0.1, 1, out=w)
        w *= state["gate"]
        np.add(seen, 1, out=rate)
        np.reciprocal(rate, out=rate)
        # the clip is wide for the first samples: 1.5 + 20 / seen
        clip = state["clip"] = state["c"]
        np.multiply(rate, 20, out=clip)
        clip += 1.5
        clip *= scale
        young = np.less(seen, 8, out=self._sign[:n])
        np.copyto(clip, np.inf, where=young)
        np.maximum(rate, 1 / MEMORY, out=rate)
        np.minimum(rate, 1 / 60, out=a)
        a *= w
        np.multiply(state["smooth"], state["smooth"], out=b)
        b -= state["spread"]
        b *= a
        state["spread"] += b
        np.subtract(evidence, 1, out=b)
        np.clip(b, 0, 5, out=b)
        b -= state["tail"]
        b *= a
        b *= 0.25
        state["tail"] += b
        # rate of everything that follows
        np.copyto(a, w)
        a *= rate
        self._learn_scale(state, a)
        np.clip(r, np.negative(clip, out=b), clip, out=b)
        state["level"] += state["trend"]
        np.multiply(a, b, out=scale)
        state["level"] += scale
        np.minimum(rate, 1 / 30, out=rate)
        rate *= 0.25
        scale *= rate
        state["trend"] *= 0.998
        state["trend"] += scale
        seen += state["gate"]
        np.minimum(seen, _SEEN_MAX, out=seen)

    def _learn_scale(self, state: dict[str, Floats], rate: Floats) -> None:
        b, r, scale = state["b"], state["r"], state["scale"]
        scale *= 4
        for name, sign in (("above", 1.0), ("below", -1.0)):
            np.multiply(r, 2 * sign, out=b)
            np.maximum(b, 0, out=b)
            np.minimum(b, scale, out=b)
            b -= state[name]
            b *= rate
            state[name] += b


_GATHERED = (
    "level",
    "trend",
    "above",
    "below",
    "smooth",
    "spread",
    "tail",
    "quantum",
    "gate",
    "rise",
    "seen",
    "last",
    "evidence",
)
_WRITTEN = tuple(name for name in _GATHERED if name not in {"gate", "rise", "last"})


def rise_of(interval_s: NDArray[np.floating]) -> Floats:
    """Return how fast the smoothed deviation rises: 0.2 at 1 s, 0.4 at 1 min, 0.8 at 1 h."""
    rise: Floats = np.clip(0.2 * np.maximum(interval_s, 1.0) ** (1 / 6), 0.2, 0.8).astype(
        np.float32
    )
    return rise


def usual_band(columns: Columns, seasons: Seasons, rows: Rows) -> tuple[Values, Values, Values]:
    """Return level, low and high of what is usual for n series now, as float64 (n,).

    The band is three scales wide on each side, with the same floors and widening as z.
    """
    level = (columns.level[rows] + columns.trend[rows]).astype(np.float64)
    offset = seasons.offsets(columns.season[rows], columns.last_ms[rows])
    few = 1 / (columns.seen[rows] + 1.0)
    floor = (0.3 * np.sqrt(few) + 0.01) * np.abs(level)
    quantum = np.abs(columns.quantum[rows].astype(np.float64))
    floor = np.maximum(floor, np.where(np.isfinite(quantum), quantum / 2, 0))
    above, below = columns.above[rows], columns.below[rows]
    other = np.maximum(above, below) * _OTHER_SIDE
    wide = BAND * (1 + 30 * few)
    high = level + wide * np.maximum(_MAD_TO_SD * np.maximum(above, other), floor)
    low = level - wide * np.maximum(_MAD_TO_SD * np.maximum(below, other), floor)
    if offset is not None:
        return level + offset, low + offset, high + offset
    return level, low, high


def release(columns: Columns, slot: int) -> None:
    """Take the present value of a series as its usual level, with a wide band again."""
    columns.level[slot] = columns.last[slot]
    columns.trend[slot] = 0
    columns.smooth[slot] = 0
    columns.evidence[slot] = 0
    columns.seen[slot] = _AFTER_GAP
