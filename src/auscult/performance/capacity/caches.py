"""How large a cache should be: the hit ratio at sizes it never had, from what was asked for.

By Che's approximation for LRU: an object is in the cache where it was asked for within the cache's
characteristic time, which is the one at which the expected contents just fit (H. Che, Y. Tung,
Z. Wang, Hierarchical Web Caching Systems, 2002; why it is so good: C. Fricker and others, 2012).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.performance.capacity.promises import Move, Range

OBJECTS_MAX = 1_000_000
REQUESTS_MIN = 2_000
"""Fewer requests do not tell how popular things are."""

DISAGREES = 0.05
"""Hit ratio by which the present cache may differ from what is expected of it at its size."""

WORTH = 0.01
"""Hit ratio a doubling must bring, and a halving may cost."""

_STEPS = 60

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """What a cache was asked for over one window.

    `requests` and `size_bytes` are float64[n], by object; `hit_ratio` is what was measured. Raises
    `ValueError` for columns that do not fit.
    """

    service: str
    requests: Column
    size_bytes: Column
    capacity_bytes: float
    hit_ratio: float

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together."""
        if len(self.requests) != len(self.size_bytes) or len(self.requests) > OBJECTS_MAX:
            raise ValueError(f"objects: as many requests as sizes, at most {OBJECTS_MAX}")
        if bool((self.requests < 0).any()) or bool((self.size_bytes <= 0).any()):
            raise ValueError("requests are 0 or more, sizes above 0")
        if self.capacity_bytes <= 0:
            raise ValueError("a cache has room for something")


@dataclass(frozen=True, slots=True)
class CacheAdvice:
    """How large a cache should be, its hit ratio then, and what is asked of the stage behind it.

    `misses` is the share of today's misses that will be left; 1 is no change.
    """

    service: str
    move: Move
    present_bytes: float
    proposed_bytes: float
    reason: str
    hit_ratio: Range | None = None
    misses: Range | None = None


def expected_hit_ratio(requests: Column, size_bytes: Column, capacity_bytes: float) -> float:
    """Return the hit ratio of an LRU cache, float64[n] requests of one window by object.

    Requests of an object come at random at their mean rate. A first request in the window hits only
    where the window goes on as it was.
    """
    total = float(requests.sum())
    if not total or float(size_bytes[requests > 0].sum()) <= capacity_bytes:
        return 1.0 if total else 0.0
    low, high = 0.0, 1.0
    while _held_bytes(requests, size_bytes, high) < capacity_bytes:
        low, high = high, high * 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _held_bytes(requests, size_bytes, middle) < capacity_bytes:
            low = middle
        else:
            high = middle
    return float((requests * -np.expm1(-requests * low)).sum()) / total


def advise_cache(usage: CacheUsage, *, capacity_max_bytes: float) -> CacheAdvice:
    """Return a cache's better size: doubled while that pays, halved while that costs nothing.

    The range of an expected ratio is how far the method is off at the present size. It refuses,
    as unknown, where that is more than `DISAGREES`: then the cache is no LRU, or things expire.
    """
    present = usage.capacity_bytes
    if float(usage.requests.sum()) < REQUESTS_MIN:
        return _unknown(usage, f"fewer than {REQUESTS_MIN} requests were seen")
    at_present = expected_hit_ratio(usage.requests, usage.size_bytes, present)
    off = abs(at_present - usage.hit_ratio)
    if off > DISAGREES:
        return _unknown(
            usage,
            f"hits {usage.hit_ratio:.0%} where {at_present:.0%} is expected of its size: "
            "it does not forget the least recently used, or things expire",
        )
    size, ratio = _climb(usage, at_present, capacity_max_bytes)
    if size == present:
        size, ratio = _descend(usage, at_present)
    move = Move.KEEP if size == present else Move.ADD if size > present else Move.REMOVE
    missed = max(1.0 - at_present, 1e-9)
    hit_ratio = Range(ratio, max(0.0, ratio - off - WORTH), min(1.0, ratio + off + WORTH))
    left = [(1.0 - one) / missed for one in (hit_ratio.likely, hit_ratio.high, hit_ratio.low)]
    return CacheAdvice(
        service=usage.service,
        move=move,
        present_bytes=present,
        proposed_bytes=size,
        reason=f"hits {usage.hit_ratio:.1%}; {ratio:.1%} expected of {size / present:g}× the size",
        hit_ratio=hit_ratio,
        misses=Range(*left),
    )


def _climb(usage: CacheUsage, ratio: float, most_bytes: float) -> tuple[float, float]:
    size = usage.capacity_bytes
    while size * 2 <= most_bytes:
        more = expected_hit_ratio(usage.requests, usage.size_bytes, size * 2)
        if more - ratio < WORTH:
            break
        size, ratio = size * 2, more
    return size, ratio


def _descend(usage: CacheUsage, ratio: float) -> tuple[float, float]:
    size, least = usage.capacity_bytes, ratio - WORTH
    biggest = float(usage.size_bytes.max())
    while size / 2 >= biggest:
        fewer = expected_hit_ratio(usage.requests, usage.size_bytes, size / 2)
        if fewer < least:
            break
        size, ratio = size / 2, fewer
    return size, ratio


def _held_bytes(requests: Column, size_bytes: Column, time: float) -> float:
    return float((size_bytes * -np.expm1(-requests * time)).sum())


def _unknown(usage: CacheUsage, reason: str) -> CacheAdvice:
    size = usage.capacity_bytes
    return CacheAdvice(usage.service, Move.UNKNOWN, size, size, reason)
