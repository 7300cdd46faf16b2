"""Waiting in front of equal servers: Erlang's formulas, and how far a real queue is from them.

Erlang C is exact for Poisson arrivals and exponential service (M/M/c). Real arrivals and services
are burstier or steadier, and by Allen and Cunneen's approximation that changes the mean wait by one
factor, (Ca² + Cs²) / 2, whatever the load: so the factor is measured where waits were measured, and
taken to where they were not (A. O. Allen, Probability, Statistics and Queueing Theory, 1990).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SERVERS_MAX = 10_000
CALIBRATION_SAMPLES_MIN = 30
FACTOR_WIDEST = 8.0
"""A queue that waits so many times longer (or shorter) than Erlang's is of another kind."""


def chance_to_wait(servers: int, demand_erlang: float) -> float:
    """Return Erlang C: the share of requests that find every server busy; 1 where it overflows.

    `demand_erlang` is arrival rate times service time: how many servers are busy on average.
    By the recursion of Erlang B, which does not overflow. Raises `ValueError` for no server, more
    than `SERVERS_MAX`, or a demand that is no number from 0 on.
    """
    if not 1 <= servers <= SERVERS_MAX:
        raise ValueError(f"servers: 1 to {SERVERS_MAX}, not {servers}")
    if not 0 <= demand_erlang < np.inf:
        raise ValueError(f"a demand is 0 or more, not {demand_erlang}")
    if demand_erlang >= servers:
        return 1.0
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = demand_erlang * blocked / (busy + demand_erlang * blocked)
    return blocked / (1.0 - demand_erlang / servers * (1.0 - blocked))


def mean_wait_s(servers: int, demand_erlang: float, *, service_s: float) -> float:
    """Return the mean wait in the queue of M/M/c, in seconds; infinite where it overflows."""
    chance = chance_to_wait(servers, demand_erlang)
    if demand_erlang >= servers:
        return float("inf")
    return chance * service_s / (servers - demand_erlang)


@dataclass(frozen=True, slots=True)
class Factor:
    """How many times longer than M/M/c a queue waits, and the range this is known within."""

    likely: float = 1.0
    low: float = 0.5
    high: float = 2.0
    samples: int = 0
    """Of how many measured waits it was made; of none it is the assumption that stands here."""


def calibrate(
    wait_s: NDArray[np.float64],
    expected_s: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> Factor:
    """Return the factor between measured mean waits and those of M/M/c, float64[n] each.

    `weights` says how many requests a measured mean is of. Where M/M/c expects no wait to speak of
    a ratio says nothing, so the factor is the ratio of the sums, over the half of the samples with
    the longest expected waits; its range comes from eight blocks in the order of time.
    """
    known = np.isfinite(wait_s) & np.isfinite(expected_s) & (expected_s > 0) & (weights > 0)
    if int(known.sum()) < CALIBRATION_SAMPLES_MIN:
        return Factor()
    measured, expected, heavy = wait_s[known], expected_s[known], weights[known]
    busy = expected >= np.median(expected)
    measured, expected, heavy = measured[busy], expected[busy], heavy[busy]
    likely = _ratio(measured, expected, heavy)
    parts = [part for part in np.array_split(np.arange(len(measured)), 8) if len(part)]
    ratios = np.array([_ratio(measured[p], expected[p], heavy[p]) for p in parts])
    spread = 2.0 * float(np.std(ratios, ddof=1)) / np.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    relative = max(0.1, spread / max(likely, 1e-9))
    clip = (1 / FACTOR_WIDEST, FACTOR_WIDEST)
    low, middle, high = np.clip([likely / (1 + relative), likely, likely * (1 + relative)], *clip)
    return Factor(float(middle), float(low), float(high), int(known.sum()))


def _ratio(
    measured: NDArray[np.float64], expected: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    return float((measured * weights).sum() / (expected * weights).sum())
