import numpy as np

from auscult.signals import RING_POINTS, Rings
from tests.unit.signals.sink import NOW_MS, columns


def test_a_window_holds_the_last_points_oldest_first() -> None:
    rings = Rings(4)
    for n in range(RING_POINTS + 30):
        rings.write(*columns([(2, NOW_MS + 15_000 * n, n / 4)]))
    at_ms, value = rings.window(2)
    kept = range(30, RING_POINTS + 30)
    assert at_ms.tolist() == [NOW_MS + 15_000 * n for n in kept]
    assert value.tolist() == [n / 4 for n in kept]
    assert [len(part) for part in rings.window(1)] == [0, 0]


def test_long_gaps_are_kept_within_a_quarter_of_a_second_and_never_add_up() -> None:
    rings = Rings(1)
    rng = np.random.default_rng(7)
    times = NOW_MS + np.cumsum(rng.integers(1, 400_000, RING_POINTS))
    for at_ms in times.tolist():
        rings.write(*columns([(0, at_ms, 1.0)]))
    late = times - rings.window(0)[0]
    assert late.min() >= 0
    assert 0 < late.max() < 250


def test_after_a_very_long_silence_the_ring_begins_anew() -> None:
    rings = Rings(1)
    rings.write(*columns([(0, NOW_MS, 1.0)]))
    rings.write(*columns([(0, NOW_MS + 8_000_000, 2.0)]))
    assert rings.window(0)[0].tolist() == [NOW_MS, NOW_MS + 8_000_000]
    rings.write(*columns([(0, NOW_MS + 17_000_000, 3.0)]))
    assert rings.window(0)[0].tolist() == [NOW_MS + 17_000_000]
    assert rings.window(0)[1].tolist() == [3.0]


def test_a_cleared_slot_is_empty_and_its_neighbours_are_not() -> None:
    rings = Rings(2)
    rings.write(*columns([(0, NOW_MS, 1.0), (1, NOW_MS, 2.0)]))
    rings.clear(np.array([0], dtype=np.int32))
    assert len(rings.window(0)[0]) == 0
    assert rings.window(1)[1].tolist() == [2.0]
