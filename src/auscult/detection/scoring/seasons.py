"""Time-of-day seasons: 24 offsets for the series old enough to have one, in a pool apart.

A season is the mean residual of the level at each hour of the day (UTC), interpolated between the
hours' middles. It is recorded once a series has a quarter of a day behind it and speaks after two
whole recorded days; until then the pool holds no row for it, so an idle series costs nothing here.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auscult.detection.scoring.columns import Columns, Rows
from auscult.kernel.errors import BodyMalformed

HOURS = 24
HOUR_MS = 3_600_000
RECORD_AFTER_S = 6 * 3600
SPEAK_AFTER_MS = 2 * HOURS * HOUR_MS
INTERVAL_MAX_S = 2 * 3600
FINE_S = 1800.0
"""Slower series take their hour's offset as it is."""
DAYS = 4
"""A season forgets with a time constant of so many days."""

Floats = NDArray[np.float32]


class Seasons:
    """A pool of seasons; `Columns.season` says which row belongs to which series."""

    def __init__(self) -> None:
        self.offset = np.zeros((0, HOURS), dtype=np.float32)
        self.count = np.zeros((0, HOURS), dtype=np.float32)
        self.since_ms = np.zeros(0, dtype=np.int64)
        self.used = 0

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
        columns.season[rows] = taken
        self.used += rows.size

    def offsets(self, columns: Columns, rows: Rows, at_ms: NDArray[np.int64]) -> Floats | None:
        """Return what the season adds to each of n expected values, None where none speaks."""
        if self.used == 0:
            return None
        season = columns.season[rows]
        speaks = (season >= 0) & (at_ms - self.since_ms[season] >= SPEAK_AFTER_MS)
        if not speaks.any():
            return None
        # the hours' middles carry the offsets; between two of them the way is straight
        fine = columns.interval_s[rows] < FINE_S
        position = (at_ms - np.where(fine, HOUR_MS // 2, 0)) % (HOURS * HOUR_MS) / HOUR_MS
        hour = position.astype(np.int64)
        share = np.where(fine, position - hour, 0).astype(np.float32)
        here, there = self.offset[season, hour], self.offset[season, (hour + 1) % HOURS]
        return np.where(speaks, here + share * (there - here), np.float32(0))

    def learn(
        self, columns: Columns, rows: Rows, *, at_ms: NDArray[np.int64], residual: Floats,
        clip: Floats,
    ) -> None:  # fmt: skip
        """Take n residuals, clipped to ±clip, into the seasons of those series that have one."""
        if self.used == 0:
            return
        pick = np.flatnonzero(columns.season[rows] >= 0)
        if pick.size == 0:
            return
        rows, at_ms = rows[pick], at_ms[pick]
        season, hour = columns.season[rows], at_ms // HOUR_MS % HOURS
        bound = np.where(np.isfinite(clip[pick]), clip[pick], 0) * 2
        speaks = at_ms - self.since_ms[season] >= SPEAK_AFTER_MS
        step = np.clip(residual[pick], -bound, bound)
        step -= np.where(speaks, 0, self.offset[season, hour])
        slowest = np.minimum(columns.interval_s[rows] / (3600 * DAYS), 1 / DAYS)
        rate = np.maximum(1 / (self.count[season, hour] + 1), slowest) * columns.gate[rows]
        self.offset[season, hour] += rate * step
        self.count[season, hour] += 1

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of the rows in use."""
        used = slice(0, self.used)
        return {
            "season.offset": self.offset[used].copy(),
            "season.count": self.count[used].copy(),
            "season.since_ms": self.since_ms[used].copy(),
        }

    def restore(self, snapshot: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the pool of a snapshot; raises `BodyMalformed`."""
        since_ms = snapshot.get("season.since_ms")
        offset, count = snapshot.get("season.offset"), snapshot.get("season.count")
        if since_ms is None or offset is None or count is None:
            raise BodyMalformed("the snapshot holds no season pool")
        if offset.shape != (since_ms.size, HOURS) or count.shape != offset.shape:
            raise BodyMalformed("the snapshot's season pool has the wrong shape")
        self.offset = offset.astype(np.float32)
        self.count = count.astype(np.float32)
        self.since_ms = since_ms.astype(np.int64)
        self.used = int(since_ms.size)

    def _reserve(self, rows: int) -> None:
        if rows <= len(self.since_ms):
            return
        more = max(rows, len(self.since_ms) * 3 // 2) - len(self.since_ms)
        self.offset = np.concatenate([self.offset, np.zeros((more, HOURS), np.float32)])
        self.count = np.concatenate([self.count, np.zeros((more, HOURS), np.float32)])
        self.since_ms = np.concatenate([self.since_ms, np.zeros(more, np.int64)])
