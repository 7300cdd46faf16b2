"""Alarms keep to their false-alarm rate at every size of audience and every number of looks."""

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from auscult.kernel.errors import BodyMalformed, CapacityError, InputError
from auscult.performance.experience import Vigil, chance_of, limit_for, rate_at_most
from auscult.performance.experience.chance import check_counts

AUDIENCES = 2_000
ALPHA = 0.05
Counts = NDArray[np.int64]


def counts(*values: int) -> Counts:
    return np.array(values, dtype=np.int64)


def history(
    rng: Generator, rate: float, plays: int, *, size: int = AUDIENCES
) -> tuple[Counts, Counts]:
    before = np.full(size, plays, dtype=np.int64)
    return rng.binomial(before, rate), before


def ever_alarmed(vigil: Vigil, rng: Generator, *, rate: float, plays: int, looks: int) -> float:
    """The share of audiences alarmed at any of the looks, over which the plays are spread."""
    share = np.diff(np.round(np.linspace(0, plays, looks + 1)).astype(np.int64))
    ever = np.zeros(vigil.usual.size, dtype=np.bool_)
    for due in share:
        seen = np.full(vigil.usual.size, due)
        ever |= vigil.look(rng.binomial(seen, rate), seen)
    return float(ever.mean())


@pytest.mark.parametrize("rate", [0.01, 0.2])
@pytest.mark.parametrize("before", [40, 5_000])
@pytest.mark.parametrize("plays", [3, 10, 25, 1_000])
def test_false_alarms_keep_to_their_rate_however_many_plays(
    plays: int, before: int, rate: float
) -> None:
    rng = np.random.default_rng(plays)
    bad, total = history(rng, rate, before)
    vigil = Vigil(bad, total, limit=np.full(AUDIENCES, plays / ALPHA))
    false = ever_alarmed(vigil, rng, rate=rate, plays=plays, looks=min(plays, 100))
    # What the promise allows: alpha, one history in a hundred that misleads, and chance.
    assert false <= ALPHA + 0.01 + 3 * np.sqrt(ALPHA / AUDIENCES)


def test_looking_again_and_again_at_a_p_value_does_not_keep_to_it() -> None:
    rng = np.random.default_rng(2)
    bad, total = history(rng, 0.2, 5_000, size=200)
    ever = np.zeros(200, dtype=np.bool_)
    seen, wrong = np.zeros(200, dtype=np.int64), np.zeros(200, dtype=np.int64)
    for _ in range(50):
        seen += 20
        wrong += rng.binomial(20, 0.2, 200)
        ever |= chance_of(wrong, seen, bad_before=bad, plays_before=total) < ALPHA
    assert ever.mean() > 3 * ALPHA


@pytest.mark.parametrize(
    ("plays", "rate", "power"),
    [(3, 0.95, 0.95), (10, 0.5, 0.9), (25, 0.3, 0.9), (1_000, 0.07, 0.95)],
)
def test_a_fault_is_found_at_any_size(plays: int, rate: float, power: float) -> None:
    rng = np.random.default_rng(plays)
    bad, total = history(rng, 0.02, 1_000)
    vigil = Vigil(bad, total, limit=np.full(AUDIENCES, plays / ALPHA))
    assert ever_alarmed(vigil, rng, rate=rate, plays=plays, looks=min(plays, 100)) >= power


def test_a_fault_after_long_health_is_found_as_quickly() -> None:
    vigil = Vigil(counts(20), counts(1_000), limit=np.array([3_000.0]))
    for _ in range(5_000):
        assert not vigil.look(counts(0), counts(1))[0]
    looks = 0
    while not vigil.look(counts(1), counts(1))[0]:
        looks += 1
    assert looks <= 4


def test_an_alarm_ends_when_plays_go_well_again_and_not_before() -> None:
    vigil = Vigil(counts(20), counts(1_000), limit=np.array([100.0]))
    for _ in range(5):
        vigil.look(counts(1), counts(1))
    assert vigil.alarmed[0]
    for _ in range(20):
        assert vigil.look(counts(2), counts(4))[0]
    looks = 0
    while vigil.look(counts(0), counts(1))[0]:
        looks += 1
    assert 1 <= looks <= 20
    assert vigil.evidence[0] == 0.0 or vigil.evidence[0] < 100


def test_audiences_do_not_touch_each_other() -> None:
    vigil = Vigil(counts(2, 2), counts(100, 100), limit=np.array([50.0, 50.0]))
    for _ in range(6):
        vigil.look(counts(1, 0), counts(1, 1))
    assert vigil.alarmed.tolist() == [True, False]


def test_without_a_history_there_is_nothing_to_compare() -> None:
    vigil = Vigil(counts(0, 5), counts(0, 5), limit=np.array([20.0, 20.0]))
    for _ in range(100):
        assert not vigil.look(counts(9, 9), counts(9, 9)).any()


def test_a_restart_forgets_nothing() -> None:
    made = [Vigil(counts(2, 2), counts(100, 100), limit=np.array([50.0, 5e6])) for _ in range(2)]
    for _ in range(3):
        made[0].look(counts(1, 1), counts(1, 1))
    made[1].restore(made[0].snapshot())
    assert made[1].alarmed.tolist() == made[0].alarmed.tolist() == [True, False]
    assert made[1].evidence.tolist() == made[0].evidence.tolist()
    made[0].look(counts(1, 1), counts(1, 1))
    assert made[1].evidence.tolist() != made[0].evidence.tolist()


def test_a_snapshot_of_others_is_refused() -> None:
    vigil = Vigil(counts(2), counts(100), limit=np.array([50.0]))
    other = Vigil(counts(2, 2), counts(100, 100), limit=np.array([50.0, 50.0]))
    good = vigil.snapshot()
    for broken in (
        {},
        other.snapshot(),
        {**good, "fault": counts(99)},
        {**good, "log_evidence": np.full((1, 5), np.nan)},
    ):
        with pytest.raises(BodyMalformed):
            vigil.restore(broken)


def test_a_limit_is_the_plays_between_two_false_alarms() -> None:
    assert limit_for(np.array([0.1, 3.0, 1e5])).tolist() == [20, 90, 3e6]
    assert limit_for(np.array([100.0]), calm_days=7).tolist() == [700]
    with pytest.raises(InputError):
        limit_for(np.array([1.0]), calm_days=0)


def test_one_look_is_fishers_mid_p() -> None:
    found = chance_of(counts(3), counts(4), bad_before=counts(2), plays_before=counts(100))[0]
    table = [[3, 1], [2, 98]]
    whole = float(fisher_exact(table, alternative="greater").pvalue)
    more = float(fisher_exact([[4, 0], [1, 99]], alternative="greater").pvalue)
    assert found == pytest.approx((whole + more) / 2)
    nothing = chance_of(counts(0), counts(0), bad_before=counts(2), plays_before=counts(100))
    assert nothing.tolist() == [1.0]


def test_a_rate_is_bounded_as_clopper_and_pearson_have_it() -> None:
    rate = rate_at_most(counts(0, 2, 5, 0), counts(100, 100, 5, 0), sure=0.95)
    assert rate.tolist() == pytest.approx([1 - 0.05 ** (1 / 100), 0.0616, 1.0, 1.0], abs=2e-4)


def test_counts_and_limits_that_cannot_be_are_refused() -> None:
    for bad, plays in ((counts(2), counts(1)), (counts(-1), counts(1)), (counts(1), counts(1, 1))):
        with pytest.raises(InputError):
            check_counts(bad, plays)
    for limit in (19.0, np.nan, np.inf):
        with pytest.raises(InputError):
            Vigil(counts(1), counts(9), limit=np.array([limit]))
    vigil = Vigil(counts(1), counts(9), limit=np.array([50.0]))
    with pytest.raises(InputError):
        vigil.look(counts(0, 0), counts(1, 1))
    many = np.zeros(1_000_001, dtype=np.int64)
    with pytest.raises(CapacityError):
        Vigil(many, many, limit=np.full(many.size, 50.0))
