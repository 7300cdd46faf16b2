"""How many listen at which hour of the week: two peaks a day, later ones at the weekend. Pure.

The shape is that of online radio: nearly nobody at four, a morning peak at work, a higher one in
the evening; Saturday and Sunday begin later and are flatter. No published curve is copied.
"""

import math

HOUR_S = 3_600
DAY_HOURS, WEEK_HOURS = 24, 168
WEEKDAYS = 5
NIGHT = 0.08
MONDAY_S = 4 * 86_400
"""Unix time began on a Thursday; four days later it was Monday."""


def share_of_peak(at_s: float) -> float:
    """Return the share (0.08..1) of the week's peak that listens at Unix time ``at_s`` (UTC)."""
    hour = ((at_s - MONDAY_S) / HOUR_S) % WEEK_HOURS
    weekend = hour >= WEEKDAYS * DAY_HOURS
    hour %= DAY_HOURS
    if weekend:
        rise = 0.7 * _hump(hour, peak=13.0, width=4.5) + 0.5 * _hump(hour, peak=21.0, width=2.5)
    else:
        rise = 0.75 * _hump(hour, peak=8.5, width=2.2) + 0.92 * _hump(hour, peak=19.5, width=2.8)
    return min(1.0, NIGHT + rise)


def simulated_s(epoch_s: float, now_s: float, speedup: float) -> float:
    """Return the time of the listeners' week, ``speedup`` times faster since the epoch."""
    return epoch_s + (now_s - epoch_s) * speedup


def wanted_listeners(most: int, share: float) -> int:
    """Return how many of ``most`` listen: at least one while anybody does."""
    return max(1, round(most * share))


def _hump(hour: float, *, peak: float, width: float) -> float:
    apart = (hour - peak + DAY_HOURS / 2) % DAY_HOURS - DAY_HOURS / 2
    return math.exp(-0.5 * (apart / width) ** 2)
