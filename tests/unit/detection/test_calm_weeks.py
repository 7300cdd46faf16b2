"""Calm series sampled by the minute and slower: pages are counted against the budget's bound."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray

from auscult.detection import Watch
from auscult.detection.budget import PAGES_ALLOWED, PAGES_FREE
from auscult.kernel.findings import Phase
from auscult.kernel.words import Labels, TenantId
from tests.unit.detection.rehearsal import NONE, START_MS

DAY_S = 86_400
TENANT = TenantId("t")
PAGES_PER_WEEK = 2.0
SEEDS = range(2)
NOISY = 3
"""So many of the families have tails or days that no model here fits: they run into the limit."""
LEARNING = 2
"""Pages that each of them makes beyond its free ones until it is quiet enough."""

Times = NDArray[np.float64]


def day_curve(at_s: Times, rng: Generator) -> Times:
    """Load by the hour of the day, with noise of a tenth."""
    phase = rng.uniform(0, 2 * np.pi)
    usual = 100 * (1 + 0.6 * np.sin(2 * np.pi * at_s / DAY_S + phase))
    return np.asarray(usual * rng.normal(1, 0.1, at_s.size))


def office_hours(at_s: Times, rng: Generator) -> Times:
    """Twice as much for eight hours, which begin within a quarter of an hour of eight."""
    late_s = rng.normal(0, 600, int(at_s.max() // DAY_S) + 2)[(at_s // DAY_S).astype(int)]
    hour = (at_s - late_s) % DAY_S / 3600
    return np.where((hour > 8) & (hour < 16), 80.0, 40.0) + rng.normal(0, 3, at_s.size)


def rare_counts(at_s: Times, rng: Generator) -> Times:
    return rng.poisson(1.5, at_s.size).astype(float)


def heavy_tail(at_s: Times, rng: Generator) -> Times:
    return np.asarray(20 * rng.lognormal(0, 0.5, at_s.size))


def mostly_zero(at_s: Times, rng: Generator) -> Times:
    often = rng.random(at_s.size) < 0.03
    return np.where(often, rng.pareto(3, at_s.size) + 1, 0)


def wandering(at_s: Times, rng: Generator) -> Times:
    out, now = np.empty(at_s.size), 0.0
    for place, step in enumerate(rng.normal(0, 0.3, at_s.size)):
        now = 0.97 * now + step
        out[place] = now
    return 50 + 5 * out


CALM: tuple[Callable[[Times, Generator], Times], ...] = (
    day_curve, office_hours, rare_counts, heavy_tail, mostly_zero, wandering,
)  # fmt: skip


def count_pages(interval_s: int, days: int, seed: int) -> dict[str, int]:
    """Return how often each family's series was paged."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(0, days * DAY_S, interval_s, dtype=np.float64)
    values = np.stack([family(at_s, rng) for family in CALM], axis=1)
    labels: list[Labels] = [(("__name__", "x"), ("service", family.__name__)) for family in CALM]
    watch = Watch(
        labels_of=labels.__getitem__, history=lambda _: (np.zeros(0, np.int64), np.zeros(0))
    )
    watch.configure(TENANT, {}, false_pages_per_week=PAGES_PER_WEEK)
    for slot, label in enumerate(labels):
        watch.learn(slot, TENANT, labels=label, kind="gauge")
    slots, pages = (
        np.arange(len(CALM), dtype=np.int32),
        dict.fromkeys((family.__name__ for family in CALM), 0),
    )
    for second, row in zip(at_s.tolist(), values, strict=True):
        now_ms = START_MS + int(second) * 1000
        at_ms = np.full(slots.size, now_ms)
        watch.update(slots, at_ms, values=row, stale_slots=NONE, now_ms=now_ms)
        for finding in watch.tick(now_ms):
            pages[finding.subject.service] += finding.phase is Phase.FIRING
    return pages


@pytest.mark.slow
@pytest.mark.parametrize(("interval_s", "days"), [(60, 7), (300, 28), (3600, 84)])
def test_calm_weeks_cost_no_more_pages_than_the_budget_bounds(interval_s: int, days: int) -> None:
    told = [count_pages(interval_s, days, seed) for seed in SEEDS]
    pages = sum(sum(of.values()) for of in told)
    steady = PAGES_ALLOWED * PAGES_PER_WEEK * days / 7
    allowed = len(SEEDS) * (steady + NOISY * (PAGES_FREE + LEARNING))
    assert pages <= allowed, told
