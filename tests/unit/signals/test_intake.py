import numpy as np
import pytest

from auscult.kernel.samples import SampleBatch
from auscult.signals import (
    Accepted,
    Decoded,
    Intake,
    Kind,
    Registry,
    Rings,
    SeriesLimits,
    decode_write,
)
from tests.unit.signals.sink import NOW_MS, ONE, SMALL, columns
from tests.unit.signals.wire import MEDIA_1, STALE, label_set, one_each, pack

NAN, INF = float("nan"), float("inf")


class Bench:
    """An intake with two gauges (slots 0, 1) and two counters (slots 2, 3)."""

    def __init__(self) -> None:
        self.registry = Registry(SMALL)
        self.rings = Rings(self.registry.capacity)
        self.intake = Intake(self.registry, self.rings)
        for name in ("a", "b", "c_total", "d_total"):
            self.registry.slot(ONE, label_set(name), now_ms=NOW_MS)

    def give(self, *rows: tuple[int, int, float], now_ms: int = NOW_MS) -> Accepted:
        """Give rows of slot, seconds after now, value."""
        found = columns([(slot, now_ms + 1_000 * after, value) for slot, after, value in rows])
        return self.intake.accept(SampleBatch(ONE, *found), now_ms=now_ms)

    def drained(self) -> list[tuple[int, int, float]]:
        out = self.intake.drain()
        after = ((out.at_ms - NOW_MS) // 1_000).tolist()
        return list(zip(out.slots.tolist(), after, out.value.tolist(), strict=True))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_gauges_pass_and_come_out_by_slot_and_time(bench: Bench) -> None:
    assert bench.give((1, 0, 5.0), (0, 0, 1.0)).accepted == 2
    assert bench.give((0, 1, 2.0)).accepted == 1
    assert bench.drained() == [(0, 0, 1.0), (0, 1, 2.0), (1, 0, 5.0)]
    assert bench.drained() == []


def test_counters_become_rates_and_a_reset_or_first_sample_gives_nothing(bench: Bench) -> None:
    bench.give((2, 0, 100.0))
    bench.give((2, 10, 150.0))
    bench.give((2, 20, 30.0))
    bench.give((2, 22, 40.0))
    assert bench.drained() == [(2, 10, 5.0), (2, 22, 5.0)]
    assert bench.rings.window(2)[1].tolist() == [5.0, 5.0]


def test_several_samples_of_a_series_in_one_batch_are_taken_in_their_order(bench: Bench) -> None:
    got = bench.give((2, 0, 1.0), (0, 0, 7.0), (2, 1, 3.0), (2, 2, 2.0), (2, 4, 8.0), (0, -1, 0.0))
    assert got == Accepted(accepted=5, out_of_order=1)
    assert bench.drained() == [(0, 0, 7.0), (2, 1, 2.0), (2, 4, 3.0)]


def test_older_is_out_of_order_and_the_same_time_is_a_duplicate_unless_it_says_the_same(
    bench: Bench,
) -> None:
    bench.give((0, 10, 1.0))
    assert bench.give((0, 9, 1.0)) == Accepted(out_of_order=1)
    assert bench.give((0, 10, 1.0)) == Accepted(accepted=1)
    assert bench.give((0, 10, 2.0)) == Accepted(duplicate=1)
    again = bench.give((0, 11, 3.0), (0, 11, 3.0), (0, 11, 4.0), (0, 10, 1.0))
    assert again == Accepted(accepted=2, duplicate=1, out_of_order=1)
    assert again.refused == 2
    assert bench.drained() == [(0, 10, 1.0), (0, 11, 3.0)]


def test_a_sample_far_ahead_is_refused_and_does_not_lock_its_series_out(bench: Bench) -> None:
    assert bench.give((0, 601, 1.0)) == Accepted(too_far_ahead=1)
    assert bench.give((0, 600, 1.0)) == Accepted(accepted=1)
    assert bench.give((1, 10_000_000, 1.0), (1, 0, 2.0)) == Accepted(too_far_ahead=1, accepted=1)
    assert bench.drained() == [(0, 600, 1.0), (1, 0, 2.0)]


def test_a_sender_whose_clock_jumped_back_stays_refused_until_it_catches_up(bench: Bench) -> None:
    bench.give((0, 500, 1.0))
    for after in range(0, 500, 100):
        assert bench.give((0, after, 2.0)) == Accepted(out_of_order=1)
    assert bench.give((0, 501, 2.0)) == Accepted(accepted=1)


def test_times_before_1970_and_at_the_edges_of_an_integer_are_refused(bench: Bench) -> None:
    edges = np.iinfo(np.int64)
    batch = SampleBatch(ONE, *columns([(0, 0, 1.0), (0, edges.min, 1.0), (0, edges.max, 1.0)]))
    got = bench.intake.accept(batch, now_ms=NOW_MS)
    assert got == Accepted(out_of_order=2, too_far_ahead=1)
    assert bench.give((0, 0, 1.0)).accepted == 1


def test_a_stale_marker_ends_a_series_and_its_return_is_a_first_sample(bench: Bench) -> None:
    bench.give((2, 0, 1.0), (1, 0, 1.0))
    assert bench.give((2, 1, STALE), (1, 1, STALE)) == Accepted(stale=2)
    assert bench.give((1, 2, 3.0)).accepted == 1
    out = bench.intake.drain()
    assert out.stale_slots.tolist() == [2]
    assert np.isfinite(out.value).all()
    bench.give((2, 5, 100.0), (2, 6, 101.0))
    assert bench.drained() == [(2, 6, 1.0)]


def test_nan_and_infinity_are_counted_and_reach_nobody(bench: Bench) -> None:
    got = bench.give((0, 0, NAN), (1, 0, INF), (2, 0, -INF), (3, 0, 1.0))
    assert got == Accepted(non_finite=3, accepted=1)
    bench.give((2, 1, 5.0), (3, 1, NAN))
    bench.give((2, 2, 6.0), (3, 2, 9.0))
    assert bench.drained() == [(2, 2, 1.0)]
    assert len(bench.rings.window(0)[0]) == 0


def test_huge_values_stay_finite_in_columns_and_rings(bench: Bench) -> None:
    bench.give((0, 0, 1.7e308), (2, 0, 0.0))
    bench.give((0, 1, -1.7e308), (2, 1, 1.7e308))
    assert [abs(value) for _, _, value in bench.drained()] == [3e38] * 3
    assert np.isfinite(bench.rings.window(0)[1]).all()


def test_more_samples_of_a_series_than_a_ring_holds_leave_the_last_ones(bench: Bench) -> None:
    bench.give(*((0, n - 400, float(n)) for n in range(300)), (1, 0, 1.0))
    assert bench.rings.window(0)[1].tolist() == [float(n) for n in range(180, 300)]
    assert len(bench.intake.drain()) == 301


def test_an_idle_series_is_evicted_and_its_slot_comes_back_as_reset(bench: Bench) -> None:
    hour_ms = SMALL.idle_ms
    bench.give((0, 0, 1.0), (1, 0, 1.0))
    bench.give((1, 0, 2.0), now_ms=NOW_MS + hour_ms)
    bench.intake.drain()
    assert bench.intake.evict_idle(ONE, now_ms=NOW_MS + hour_ms + 1) == 3
    assert bench.intake.drain().reset_slots.tolist() == [0, 2, 3]
    assert len(bench.rings.window(0)[0]) == 0
    assert bench.registry.count(ONE) == 1
    assert bench.registry.slot(ONE, label_set("new"), now_ms=NOW_MS) in {0, 2, 3}


def test_a_full_tenant_makes_room_by_itself_and_loses_no_series_that_is_in_the_body() -> None:
    registry = Registry(SeriesLimits(per_tenant=3, per_process=9))
    intake = Intake(registry, Rings(9))
    later_ms = NOW_MS + registry.limits.idle_ms + 1

    def write(body: bytes, now_ms: int) -> Decoded:
        book = registry.book(ONE)
        return decode_write(pack(body), MEDIA_1, book=book, now_ms=now_ms, max_bytes=1 << 20)

    write(one_each("abc", NOW_MS, 1.0).version1(), NOW_MS)
    full = write(one_each("d", NOW_MS, 1.0).version1(), NOW_MS + 1)
    assert full.refused_cap == 1
    again = write(one_each("ade", later_ms, 1.0).version1(), later_ms)
    assert [registry.labels_of(slot)[0][1] for slot in again.slots.tolist()] == ["a", "d", "e"]
    assert again.slots[0] == 0
    assert intake.drain().reset_slots.tolist() == [1, 2]


def test_a_series_found_to_be_a_counter_begins_anew(bench: Bench) -> None:
    bench.give((0, 0, 100.0))
    changed = bench.registry.book(ONE).learn({"a": "counter"})
    bench.intake.reset(changed)
    assert bench.registry.kind_of(0) is Kind.COUNTER
    bench.intake.drain()
    bench.give((0, 1, 101.0), (0, 2, 103.0))
    assert bench.drained() == [(0, 2, 2.0)]


def test_a_batch_of_nothing_is_legal(bench: Bench) -> None:
    assert bench.give() == Accepted()
    assert len(bench.intake.drain()) == 0
