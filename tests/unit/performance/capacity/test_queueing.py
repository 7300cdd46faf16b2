"""Erlang's formulas against known figures and a simulated queue."""

import numpy as np
import pytest

from auscult.performance.capacity import chance_to_wait, mean_wait_s
from auscult.performance.capacity.queueing import FACTOR_WIDEST, calibrate
from tests.unit.performance.capacity.queue import exponential, serve


@pytest.mark.parametrize(
    ("servers", "demand", "chance"),
    [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (10, 8.0, 0.4092), (100, 90.0, 0.2170)],
)
def test_erlang_c_gives_the_figures_of_the_tables(
    servers: int, demand: float, chance: float
) -> None:
    assert chance_to_wait(servers, demand) == pytest.approx(chance, abs=5e-4)


def test_what_overflows_waits_for_ever_and_nonsense_is_refused() -> None:
    assert chance_to_wait(3, 3.0) == 1.0
    assert mean_wait_s(3, 3.5, service_s=1.0) == float("inf")
    assert mean_wait_s(3, 0.0, service_s=1.0) == 0.0
    for servers, demand in ((0, 1.0), (10**6, 1.0), (2, -1.0), (2, float("nan"))):
        with pytest.raises(ValueError, match=r"servers|demand"):
            chance_to_wait(servers, demand)


@pytest.mark.parametrize(("servers", "demand"), [(1, 0.7), (4, 3.2), (12, 10.0)])
def test_the_mean_wait_is_that_of_a_simulated_queue(servers: int, demand: float) -> None:
    chance = np.random.default_rng(servers)
    at_s = np.cumsum(chance.exponential(1.0 / demand, 200_000))
    waited_s = (serve(at_s, exponential(chance, len(at_s)), servers) - at_s)[5_000:]
    assert mean_wait_s(servers, demand, service_s=1.0) == pytest.approx(waited_s.mean(), rel=0.1)


def test_the_factor_is_found_again_within_its_range() -> None:
    chance = np.random.default_rng(3)
    expected = chance.gamma(1.0, 2.0, 400)
    measured = 2.5 * expected * chance.lognormal(-0.02, 0.2, 400)
    factor = calibrate(measured, expected, np.ones(400))
    assert factor.low <= 2.5 <= factor.high
    assert factor.high / factor.low < 1.5
    wild = calibrate(measured * 1_000, expected, np.ones(400))
    assert wild.likely == FACTOR_WIDEST


def test_too_few_waits_leave_the_assumption_and_its_wide_range() -> None:
    factor = calibrate(np.ones(10), np.ones(10), np.ones(10))
    assert (factor.low, factor.likely, factor.high, factor.samples) == (0.5, 1.0, 2.0, 0)
