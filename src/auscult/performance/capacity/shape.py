"""The shape of a load: how it goes through the day and the week, its peak, and what may come."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
DAY_HOURS = 24
EPOCH_HOURS = 72
"""The epoch was a Thursday; a week begins with Monday's first hour."""

DAYS_MIN = 3
"""Fewer whole days say nothing about the next one."""

WEEK_DAYS = 7
COVERED_MIN = 0.8
"""Share of a day's hours that must have samples for it to count."""

PEAK_QUANTILE = 0.99
MARGIN_MIN = 0.10
MARGIN_WITHOUT_WEEK = 0.15
"""Added where no whole week was seen: its busiest day may be still to come."""

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """A load through its day or week, in its own unit.

    `profile` is the peak of each hour: of the day, or of the week where two weeks were seen; NaN
    for an hour without samples. Hours are those of UTC.

    `peak` is the highest that was measured (quantile 0.99 of the samples, or of the busiest day),
    `usual_peak` that of a median day, `needed` what may come within the horizon.
    """

    period: str
    profile: Column
    peak: float
    usual_peak: float
    needed: float
    days: int
    growth_per_day: float


def shape_of(at_ms: NDArray[np.int64], load: Column, *, horizon_days: float = 7.0) -> Shape | None:
    """Return the shape of a load, int64[n] Unix milliseconds and float64[n]; a gap is NaN.

    None where fewer than `DAYS_MIN` days were covered. Growth is Theil and Sen's slope of the daily
    peaks, which single days do not bend, and counts only where it rises.
    """
    known = np.isfinite(load)
    times, values = at_ms[known], load[known]
    peaks = _daily_peaks(times, values)
    if len(peaks) < DAYS_MIN:
        return None
    days = np.array(sorted(peaks), dtype=np.float64)
    heights = np.array([peaks[int(day)] for day in days])
    slope = _slope(days, heights)
    residuals = heights - (np.median(heights) + slope * (days - np.median(days)))
    peak = float(max(np.quantile(values, PEAK_QUANTILE), heights.max()))
    ahead = max(0.0, slope) * horizon_days
    spread = float(np.std(residuals, ddof=1)) / max(float(np.median(heights)), 1e-12)
    margin = max(MARGIN_MIN, 2.0 * spread)
    margin += MARGIN_WITHOUT_WEEK if len(peaks) < WEEK_DAYS else 0.0
    weekly = len(peaks) >= 2 * WEEK_DAYS
    return Shape(
        period="week" if weekly else "day",
        profile=_profile(times, values, hours=(WEEK_DAYS if weekly else 1) * DAY_HOURS),
        peak=peak,
        usual_peak=float(np.median(heights)),
        needed=(peak + ahead) * (1.0 + margin),
        days=len(peaks),
        growth_per_day=slope,
    )


def _daily_peaks(times: NDArray[np.int64], values: Column) -> dict[int, float]:
    """Return the peak of each day of which enough hours have samples."""
    found = {}
    for day in np.unique(times // DAY_MS):
        today = times // DAY_MS == day
        hours = len(np.unique(times[today] // HOUR_MS))
        if hours >= COVERED_MIN * DAY_HOURS:
            found[int(day)] = float(np.quantile(values[today], PEAK_QUANTILE))
    return found


def _slope(days: Column, heights: Column) -> float:
    """Return the median of the slopes between all pairs (Theil 1950, Sen 1968)."""
    first, second = np.triu_indices(len(days), k=1)
    return float(np.median((heights[second] - heights[first]) / (days[second] - days[first])))


def _profile(times: NDArray[np.int64], values: Column, *, hours: int) -> Column:
    since_monday = EPOCH_HOURS if hours > DAY_HOURS else 0
    place = (times // HOUR_MS + since_monday) % hours
    profile = np.full(hours, np.nan)
    for hour in np.unique(place):
        profile[hour] = np.quantile(values[place == hour], PEAK_QUANTILE)
    return profile
