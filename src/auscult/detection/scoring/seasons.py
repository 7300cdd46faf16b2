"""Time-of-day seasons: 24 offsets for the series old enough to have one, in a pool apart.

A season is the mean distance from the day's mean at each hour of the day (UTC), interpolated
between the hours' middles. It is recorded once a series has a quarter of a day behind it and speaks
after one recorded day; until then the pool holds no row for it, so an idle series costs nothing.

What a season says is doubted by its `blur`, the least scale a deviation is measured by: after the
first day an hour has been seen once, and its offset may be chance as a whole; after n days |offset|
/ n^2 of it may be. Later the mean deviation really seen at that time of day is what remains: work
days unlike Sundays, mornings that begin sharply or at times of their own.

Seasons learn while a finding is open, too: what comes back every day is none. They are bounded by
three scales or blurs instead, so that one incident moves them little.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import Columns, Rows
from auscult.kernel.errors import BodyMalformed

HOURS = 24
HOUR_MS = 3_600_000
HOUR_S = 3600
RECORD_AFTER_S = 6 * 3600
SPEAK_AFTER_MS = HOURS * HOUR_MS
INTERVAL_MAX_S = 2 * 3600
FINE_S = 1800.0
"""Slower series take their hour's offset as it is."""
DAYS = 4
"""A season forgets with a time constant of so many days."""
TIMES = 12
"""The deviations are kept for times of two hours."""
_BOUND = 3.0
_MEAN_TO_SD = 1.2533  # of the mean of |x|, x Gaussian
_COUNT_MAX = 65_535

Floats = NDArray[np.float32]
_POOL: dict[str, tuple[type[np.generic], int]] = {
    "offset": (np.float32, HOURS),  # mean of value - base
    "count": (np.uint16, HOURS),  # samples recorded
    "strayed": (np.float32, TIMES),  # mean of |value - expected|, bounded
    "base": (np.float32, 0),  # mean of the value over a day
    "since_ms": (np.int64, 0),
}


class Seasons:
    """A pool of seasons; `Columns.season` says which row belongs to which series."""

    offset: Floats
    count: NDArray[np.uint16]
    strayed: Floats
    base: Floats
    since_ms: NDArray[np.int64]

    def __init__(self) -> None:
        self.used = 0
        for name, (dtype, width) in _POOL.items():
            setattr(self, name, np.zeros((0, width) if width else 0, dtype=dtype))

    def begin(self, columns: Columns, slots: int) -> None:
        """Give a row to every series among the first `slots` that has become old enough."""
        seen, interval_s = columns.seen[:slots], columns.interval_s[:slots]
        old = (seen * interval_s >= RECORD_AFTER_S) & (columns.season[:slots] < 0)
        rows = np.flatnonzero(old & (interval_s <= INTERVAL_MAX_S) & (interval_s > 0))
        if rows.size == 0:
            return
        self._reserve(self.used + rows.size)
        taken = np.arange(self.used, self.used + rows.size)
        self.since_ms[taken] = columns.last_ms[rows]
        self.base[taken] = columns.level[rows]
        columns.season[rows] = taken
        self.used += rows.size

    def offsets(
        self, columns: Columns, rows: Rows, at_ms: NDArray[np.int64]
    ) -> tuple[Floats, Floats, Floats] | None:
        """Return (offset, slack, blur), float32 (n,) each; None where no season speaks.

        The offset is what the season adds to each of n expected values; from there to offset +
        slack anything is expected, for nobody knows whether it goes up a ramp or a step from hour
        to hour. The blur is the least scale to measure by. All are 0 for a series without.
        """
        if self.used == 0:
            return None
        season = columns.season[rows]
        speaks = (season >= 0) & (at_ms - self.since_ms[season] >= SPEAK_AFTER_MS)
        if not speaks.any():
            return None
        # the hours' middles carry the offsets; between two of them the way is straight
        interval_s = columns.interval_s[rows]
        fine = interval_s < FINE_S
        position = (at_ms - np.where(fine, HOUR_MS // 2, 0)) % (HOURS * HOUR_MS) / HOUR_MS
        hour = position.astype(np.int64)
        share = np.where(fine, position - hour, 0).astype(np.float32)
        here, there = self.offset[season, hour], self.offset[season, (hour + 1) % HOURS]
        now = at_ms // HOUR_MS % HOURS
        offset = here + share * (there - here)
        slack = np.where(fine, self.offset[season, now] - offset, np.float32(0))
        blur = self._blur(season, now, interval_s=interval_s)
        mute = ~speaks
        for column in (offset, slack, blur):
            column[mute] = 0
        return offset, slack, blur

    def _blur(self, season: NDArray[np.int32], hour: Rows, *, interval_s: Floats) -> Floats:
        days = np.maximum(self.count[season, hour] * interval_s / HOUR_S, 1)
        chance = np.abs(self.offset[season, hour]) / (days * days)
        blur: Floats = np.maximum(self.strayed[season, hour * TIMES // HOURS] * _MEAN_TO_SD, chance)
        return blur.astype(np.float32)

    def learn(
        self, columns: Columns, rows: Rows, *, at_ms: NDArray[np.int64], residual: Floats,
        clip: Floats,
    ) -> None:  # fmt: skip
        """Take the last values and n residuals into the seasons of those series that have one.

        residual: value - expected, float32 (n,). clip: 1.5 scales, float32 (n,).
        """
        if self.used == 0:
            return
        pick = np.flatnonzero(columns.season[rows] >= 0)
        if pick.size == 0:
            return
        rows, at_ms = rows[pick], at_ms[pick]
        season, hour = columns.season[rows], at_ms // HOUR_MS % HOURS
        interval_s, count = columns.interval_s[rows], self.count[season, hour]
        day = interval_s / (HOURS * HOUR_S)
        rate = np.maximum(1 / (count + np.float32(1)), np.minimum(day * HOURS, 1) / DAYS)
        wide = np.where(np.isfinite(clip[pick]), clip[pick], 0) * (_BOUND / 1.5)
        bound = np.maximum(wide, _BOUND * self._blur(season, hour, interval_s=interval_s))
        time = hour * TIMES // HOURS
        strayed = np.minimum(np.abs(residual[pick]), bound) - self.strayed[season, time]
        self.strayed[season, time] += (
            np.maximum(rate / (HOURS // TIMES), day * TIMES / DAYS) * strayed
        )
        bound = np.where(count * interval_s < HOUR_S, np.float32(np.inf), bound)  # the first day
        step = columns.last[rows] - self.base[season] - self.offset[season, hour]
        step = np.clip(step, -bound, bound)
        self.base[season] += np.minimum(day, 1) * step
        self.offset[season, hour] += rate * step
        self.count[season, hour] = np.minimum(count, _COUNT_MAX - 1) + 1

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of the rows in use."""
        return {f"season.{name}": getattr(self, name)[: self.used].copy() for name in _POOL}

    def restore(self, snapshot: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the pool of a snapshot; raises `BodyMalformed`."""
        since_ms = snapshot.get("season.since_ms")
        if since_ms is None:
            raise BodyMalformed("the snapshot holds no season pool")
        pool = {name: snapshot.get(f"season.{name}") for name in _POOL}
        for name, (_, width) in _POOL.items():
            column = pool[name]
            shape = (since_ms.size, width) if width else (since_ms.size,)
            if column is None or column.shape != shape:
                raise BodyMalformed(f"the snapshot's column season.{name} is missing or wrong")
        for name, (dtype, _) in _POOL.items():
            setattr(self, name, np.array(pool[name], dtype=dtype))
        self.used = int(since_ms.size)

    def _reserve(self, rows: int) -> None:
        if rows <= len(self.since_ms):
            return
        more = max(rows, len(self.since_ms) * 3 // 2) - len(self.since_ms)
        for name, (dtype, width) in _POOL.items():
            room = np.zeros((more, width) if width else more, dtype=dtype)
            setattr(self, name, np.concatenate([getattr(self, name), room]))
