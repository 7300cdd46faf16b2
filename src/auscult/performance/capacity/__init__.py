"""How many replicas, workers and bytes of cache: from utilisation and the shape of the load."""

from auscult.performance.capacity.advice import advise
from auscult.performance.capacity.caches import (
    CacheAdvice,
    CacheUsage,
    advise_cache,
    expected_hit_ratio,
)
from auscult.performance.capacity.promises import Advice, Move, Outcome, Policy, Range, Verdict
from auscult.performance.capacity.queueing import chance_to_wait, mean_wait_s
from auscult.performance.capacity.shape import Shape, shape_of
from auscult.performance.capacity.usage import Usage
from auscult.performance.capacity.verdict import judge, split

__all__ = [
    "Advice",
    "CacheAdvice",
    "CacheUsage",
    "Move",
    "Outcome",
    "Policy",
    "Range",
    "Shape",
    "Usage",
    "Verdict",
    "advise",
    "advise_cache",
    "chance_to_wait",
    "expected_hit_ratio",
    "judge",
    "mean_wait_s",
    "shape_of",
    "split",
]
