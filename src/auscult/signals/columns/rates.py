"""Counters become rates per second.

The increase since the newest sample before is divided by the time between the two, as
Prometheus' `irate` does. A negative increase is a reset of the counter: how much it counted in
between is unknown, so it gives nothing (NaN).
"""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Values
from auscult.signals.columns.verdict import Verdict

VALUE_MAX = 3e38
"""Derived values are bounded by this, so that float32 can hold every one."""

_MS_PER_S = 1000.0


def derive_values(verdict: Verdict, counting: NDArray[np.bool_]) -> Values:
    """Return float64[n]: the rate where `counting`, else the raw value; NaN where there is none."""
    value = verdict.samples.value
    if not counting.any():
        return _bound(value)
    known = verdict.in_order & (verdict.last_ms > 0)
    with np.errstate(invalid="ignore", over="ignore"):
        increase = value - verdict.last_raw
        usable = known & np.isfinite(verdict.last_raw) & (increase >= 0)
        lasted_ms = verdict.samples.at_ms - verdict.last_ms
        if not usable.all():
            increase[~usable] = np.nan
            lasted_ms[~usable] = 1
        rate = increase / (lasted_ms / _MS_PER_S)
    return _bound(np.where(counting, rate, value))


def _bound(value: Values) -> Values:
    return np.minimum(np.maximum(value, -VALUE_MAX), VALUE_MAX)
