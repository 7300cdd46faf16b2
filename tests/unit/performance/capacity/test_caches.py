"""The hit ratio that is expected of a size is the one a real LRU cache has; worth is weighed."""

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest

from auscult.performance.capacity import CacheUsage, Move, advise_cache, expected_hit_ratio

OBJECTS = 2_000


def ask(
    count: int, *, skew: float = 0.9, seed: int = 1
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    chance = np.random.default_rng(seed)
    popular = 1.0 / np.arange(1, OBJECTS + 1) ** skew
    return chance.choice(OBJECTS, count, p=popular / popular.sum())


def hit_ratio(asked: list[int], capacity: int) -> float:
    """A real LRU cache of so many objects, counted once it is full."""
    held: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for place, one in enumerate(asked):
        if one in held:
            held.move_to_end(one)
            hits += place >= len(asked) // 2
        else:
            held[one] = None
            if len(held) > capacity:
                held.popitem(last=False)
    return hits / (len(asked) - len(asked) // 2)


def usage(capacity: int, *, skew: float = 0.9) -> CacheUsage:
    asked = ask(100_000, skew=skew)
    return CacheUsage(
        service="edge",
        requests=np.bincount(asked, minlength=OBJECTS).astype(float),
        size_bytes=np.ones(OBJECTS),
        capacity_bytes=float(capacity),
        hit_ratio=hit_ratio(asked.tolist(), capacity),
    )


@pytest.mark.parametrize("capacity", [20, 100, 500, 1_500])
def test_the_expected_hit_ratio_is_that_of_a_simulated_cache(capacity: int) -> None:
    one = usage(capacity)
    expected = expected_hit_ratio(one.requests, one.size_bytes, capacity)
    assert expected == pytest.approx(one.hit_ratio, abs=0.02)


def test_a_small_cache_grows_while_it_pays_and_then_hits_as_expected() -> None:
    advice = advise_cache(usage(50), capacity_max_bytes=800)
    assert (advice.move, advice.proposed_bytes) == (Move.ADD, 800)
    assert advice.hit_ratio
    assert advice.misses
    assert hit_ratio(ask(100_000, seed=9).tolist(), 800) in advice.hit_ratio
    assert advice.misses.likely < 0.7


def test_a_cache_larger_than_what_is_asked_for_shrinks_at_no_loss() -> None:
    narrow = usage(1_800, skew=2.5)
    advice = advise_cache(narrow, capacity_max_bytes=1_800)
    assert advice.move is Move.REMOVE
    after = hit_ratio(ask(100_000, skew=2.5, seed=9).tolist(), int(advice.proposed_bytes))
    assert after >= narrow.hit_ratio - 0.02


def test_a_cache_that_behaves_otherwise_is_not_advised_on() -> None:
    one = usage(200)
    assert advise_cache(replace(one, hit_ratio=0.1), capacity_max_bytes=1e6).move is Move.UNKNOWN
    few = replace(one, requests=one.requests / 1_000)
    assert advise_cache(few, capacity_max_bytes=1e6).move is Move.UNKNOWN


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="sizes"):
        CacheUsage("x", np.ones(2), np.zeros(2), 1.0, 0.5)
    with pytest.raises(ValueError, match="room"):
        CacheUsage("x", np.ones(2), np.ones(2), 0.0, 0.5)
    assert expected_hit_ratio(np.zeros(2), np.ones(2), 1.0) == 0.0
