"""What is advised is what a simulated queue then does; and nothing is advised on a guess."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.performance.capacity import Advice, Move, Policy, Usage, advise, shape_of
from tests.unit.performance.capacity.queue import (
    DAY_S,
    MONDAY_MS,
    Draw,
    Queue,
    bursty,
    daily,
    exponential,
)

HOURS_MS = np.arange(8 * 24, dtype=np.int64) * 3_600_000 + MONDAY_MS


def advise_one(usage: Usage, policy: Policy | None = None) -> Advice:
    (advice,) = advise([usage], policy)
    return advice


def at_peak(usage: Usage) -> tuple[float, float]:
    """Utilisation and mean wait in the two busiest hours of each day."""
    hour = (usage.at_ms // 3_600_000) % 24
    busiest = np.isin(hour, (17, 18))
    waits = usage.wait_s[busiest]
    weight = usage.arrivals_per_s[busiest]
    told = np.isfinite(waits)
    wait_s = float((waits[told] * weight[told]).sum() / weight[told].sum())
    return float(usage.busy[busiest].mean() / usage.servers[0]), wait_s


@pytest.mark.parametrize("draw", [exponential, bursty])
@pytest.mark.parametrize(("servers", "move"), [(24, Move.REMOVE), (7, Move.ADD)])
def test_the_expected_effect_is_what_the_changed_queue_does(
    draw: Draw, servers: int, move: Move
) -> None:
    queue = Queue(daily(0.6), days=5, draw=draw)
    before = queue.run(servers, every_s=300)
    advice = advise_one(before)
    assert advice.move is move
    after = replace(queue, seed=2).run(advice.proposed, every_s=300)
    utilisation, wait_s = at_peak(after)
    assert advice.utilisation
    assert advice.wait_s
    # The mean of the busiest hours lies a little below the highest five minutes.
    assert 0.7 * advice.utilisation.low <= utilisation <= advice.utilisation.high
    assert wait_s <= advice.wait_s.high
    assert float(np.quantile(after.busy / after.servers, 0.99)) <= 1.0


def steady(load: float, servers: int, *, days: int = 8) -> Usage:
    size = days * 24
    swing = 1 + 0.1 * np.sin(np.arange(size) * 2 * np.pi / 24)
    return Usage(
        service="encode",
        at_ms=HOURS_MS[:size],
        busy=load * swing,
        servers=np.full(size, float(servers)),
    )


def test_a_pool_that_fits_is_left_alone() -> None:
    advice = advise_one(steady(4.0, 7))
    assert (advice.move, advice.proposed) == (Move.KEEP, 7)
    assert advice.utilisation
    assert advice.utilisation.likely == pytest.approx(4.4 / 7, rel=0.01)


@pytest.mark.parametrize("days", [0, 1, 2])
def test_on_too_little_history_nothing_is_advised(days: int) -> None:
    advice = advise_one(steady(0.5, 10, days=max(1, days)) if days else empty())
    assert advice.move is Move.UNKNOWN
    assert advice.utilisation is None


def empty() -> Usage:
    return Usage("x", np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def test_days_with_holes_do_not_count_as_history() -> None:
    usage = steady(0.5, 10)
    night = (np.arange(len(usage.busy)) % 24) < 12
    assert advise_one(replace(usage, busy=np.where(night, np.nan, usage.busy))).move is Move.UNKNOWN


def test_an_overload_without_arrivals_is_unknown_and_with_them_is_measured() -> None:
    demand = 4.0 * (1 + 0.5 * np.sin(np.arange(8 * 24) * 2 * np.pi / 24))
    cut = Usage("enhance", HOURS_MS, np.minimum(demand, 4.0), np.full(8 * 24, 4.0))
    assert advise_one(cut).move is Move.UNKNOWN
    told = replace(cut, arrivals_per_s=demand / 2.0)
    advice = advise_one(told)
    assert advice.move is Move.ADD
    assert advice.service_s == pytest.approx(2.0, rel=0.01)
    assert advice.demand_erlang
    assert advice.demand_erlang.likely == pytest.approx(6.0, rel=0.01)
    assert advice.proposed >= 8


def test_a_growing_load_is_met_before_it_comes() -> None:
    usage = steady(4.0, 8)
    grown = replace(usage, busy=usage.busy * (1 + np.arange(8 * 24) // 24 * 0.05))
    flat, growing = advise_one(usage), advise_one(grown)
    assert flat.demand_erlang
    assert growing.demand_erlang
    assert growing.demand_erlang.high > 1.3 * growing.demand_erlang.likely
    assert growing.proposed > flat.proposed


def test_the_shape_of_a_week_is_seen_in_two() -> None:
    at_ms = np.arange(15 * 24, dtype=np.int64) * 3_600_000 + MONDAY_MS
    hour = np.arange(15 * 24)
    weekend = (hour // 24 % 7) >= 5
    shape = shape_of(at_ms, np.where(weekend, 9.0, 3.0) + np.sin(hour * 2 * np.pi / 24))
    assert shape
    assert shape.period == "week"
    assert np.nanmin(shape.profile[5 * 24 :]) > np.nanmax(shape.profile[: 5 * 24])
    assert shape.peak == pytest.approx(10.0, rel=0.02)
    short = shape_of(at_ms[: 4 * 24], np.where(weekend, 9.0, 3.0)[: 4 * 24])
    assert short
    assert (short.period, len(short.profile)) == ("day", 24)
    assert short.needed >= 1.25 * 3.0, "a weekend may be still to come"


def test_a_bound_on_the_wait_asks_for_more_than_the_bound_on_utilisation() -> None:
    usage = Queue(daily(0.6), days=4).run(9, every_s=300)
    loose = advise_one(usage)
    tight = advise_one(usage, Policy(wait_max_s=0.05))
    assert tight.proposed > loose.proposed
    assert tight.wait_s
    assert tight.wait_s.high <= 0.05


@settings(max_examples=150, deadline=None)
@given(
    load=st.floats(0.0, 40.0),
    servers=st.integers(1, 60),
    swing=st.floats(0.0, 1.0),
    policy=st.builds(
        Policy,
        utilisation_max=st.floats(0.3, 1.0),
        spare=st.integers(0, 3),
        step_share=st.floats(0.1, 1.0),
    ),
)
def test_no_advice_takes_away_what_the_peak_needs(
    load: float, servers: int, swing: float, policy: Policy
) -> None:
    busy = np.minimum(servers, load * (1 + swing * np.sin(np.arange(8 * 24) * 2 * np.pi / 24)))
    usage = Usage("x", HOURS_MS, busy, np.full(8 * 24, float(servers)))
    advice = advise_one(usage, policy)
    peak = float(np.quantile(busy, 0.99))
    if advice.move is Move.REMOVE:
        assert advice.proposed < servers
        assert advice.proposed - policy.spare > peak
        assert peak / advice.proposed <= policy.utilisation_max
        assert servers - advice.proposed <= max(1, servers * policy.step_share)
    else:
        assert advice.proposed >= servers
    if advice.move is Move.ADD:
        assert advice.proposed <= policy.servers_max


def test_columns_that_do_not_fit_are_refused() -> None:
    at_ms = HOURS_MS[:4]
    with pytest.raises(ValueError, match="fit"):
        Usage("x", at_ms, np.zeros(3), np.ones(4))
    with pytest.raises(ValueError, match="rise"):
        Usage("x", at_ms[::-1].copy(), np.zeros(4), np.ones(4))
    with pytest.raises(ValueError, match="shares"):
        Policy(utilisation_max=0.0)


def test_the_simulated_queue_keeps_littles_law() -> None:
    usage = Queue(daily(0.6, depth=0.0), days=1).run(40)
    assert usage.service_s() == pytest.approx(10.0, rel=0.03)
    assert usage.busy.mean() == pytest.approx(6.0, rel=0.05)
    assert len(usage.at_ms) == DAY_S // 60
