"""A queue in front of equal servers, simulated request by request; its usage in columns."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from auscult.performance.capacity import Usage

DAY_S = 86_400
MONDAY_MS = 1_699_833_600_000  # 2023-11-13, midnight UTC
Column = NDArray[np.float64]
Draw = Callable[[Generator, int], Column]
"""(generator, how many) → service times with mean 1."""


def exponential(chance: Generator, count: int) -> Column:
    return chance.exponential(1.0, count)


def bursty(chance: Generator, count: int) -> Column:
    """Two kinds of work: squared coefficient of variation 4."""
    long = chance.random(count) < 0.1127
    return np.asarray(chance.exponential(np.where(long, 4.436, 0.5635)))


def daily(rate_per_s: float, *, depth: float = 0.6) -> Callable[[Column], Column]:
    """A rate that is highest at 18 h, and lowest at 6 h."""
    return lambda at_s: (
        rate_per_s * (1 - depth / 2 * (1 + np.cos(2 * np.pi * (at_s / DAY_S - 0.25))))
    )


@dataclass(frozen=True)
class Queue:
    """`days` of requests at a rate over time; first come, first served."""

    rate: Callable[[Column], Column]
    days: int
    service_s: float = 10.0
    draw: Draw = exponential
    seed: int = 1

    def run(self, servers: int, *, every_s: int = 60) -> Usage:
        chance = np.random.default_rng(self.seed)
        length_s = self.days * DAY_S
        highest = float(self.rate(np.arange(0.0, length_s, 60)).max())
        count = chance.poisson(highest * length_s)
        at_s = np.sort(chance.uniform(0, length_s, count))
        at_s = at_s[chance.random(count) < self.rate(at_s) / highest]
        lasts_s = self.service_s * self.draw(chance, len(at_s))
        begins_s = serve(at_s, lasts_s, servers)
        return columns_of(
            at_s, begins_s, lasts_s, servers=servers, length_s=length_s, every_s=every_s
        )


def serve(at_s: Column, lasts_s: Column, servers: int) -> Column:
    """Return when each request began to be served."""
    free = [0.0] * servers
    begins = np.empty(len(at_s))
    for index, (came, lasts) in enumerate(zip(at_s.tolist(), lasts_s.tolist(), strict=True)):
        begin = max(came, free[0])
        heapq.heapreplace(free, begin + lasts)
        begins[index] = begin
    return begins


def columns_of(
    at_s: Column, begins_s: Column, lasts_s: Column, *, servers: int, length_s: int, every_s: int
) -> Usage:
    size = length_s // every_s
    edges = np.arange(size + 1, dtype=np.float64) * every_s
    place = np.minimum((at_s // every_s).astype(int), size - 1)
    arrivals = np.bincount(place, minlength=size)
    waits = np.bincount(place, begins_s - at_s, minlength=size)
    with np.errstate(invalid="ignore"):
        wait_s = waits / arrivals
    return Usage(
        service="enhance",
        at_ms=(MONDAY_MS + np.arange(size) * every_s * 1_000).astype(np.int64),
        busy=np.diff(_worked_by(begins_s, begins_s + lasts_s, edges)) / every_s,
        servers=np.full(size, float(servers)),
        arrivals_per_s=arrivals / every_s,
        wait_s=wait_s,
    )


def _worked_by(begins_s: Column, ends_s: Column, edges: Column) -> Column:
    """Seconds of work done by all servers until each edge."""
    return _time_since(np.sort(begins_s), edges) - _time_since(np.sort(ends_s), edges)


def _time_since(moments: Column, edges: Column) -> Column:
    """Sum over moments of how long ago each was at each edge, 0 for those still to come."""
    before = np.searchsorted(moments, edges)
    total = np.concatenate([[0.0], np.cumsum(moments)])
    return np.asarray(before * edges - total[before], dtype=np.float64)
