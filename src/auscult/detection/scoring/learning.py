"""What is learnt from n scored samples: the less, the less usual they are.

Each function works in place on the columns of one pass (see `state`): float32 (n,) each.
"""

import numpy as np

from auscult.detection.scoring.state import State, constant

MEMORY = 240
"""Samples over which level and scale are averaged."""
MEMORY_MIN = 12
"""Samples over which the level of a series is averaged that wanders."""
_TAIL_MEMORY = 2000

_ZERO = constant(0)
_ONE = constant(1)
_TWO = constant(2)
_QUARTER = constant(0.25)
_LEARNT_AT_MOST = constant(1.3)
_LEARNT_PER_EVIDENCE = constant(-0.6)
_LEARNT_AT_LEAST = constant(0.25)
_CLIP_FEW = constant(20)
_CLIP = constant(1.5)
_CLIP_SCALE = constant(3)
_SLOWEST = constant(1 / MEMORY)
_FASTEST = constant(1 / 20)
_NO_SIDE_SQUARED = constant(0.1**2)
_SPREAD_GROWS = constant(5)
_EXCESS_MAX = constant(5)
_TAIL_RATE = constant(1 / _TAIL_MEMORY)
_QUICK_PER_LASTING = constant(1 / (16 * MEMORY))
_QUICKEST = constant(1 / MEMORY_MIN)
_TREND_AFTER = constant(20)  # samples
_TREND_KEPT = constant(0.968)  # of the trend, a sample; 0.998 where all is learnt
_TREND_KEPT_MORE = constant(0.03)


def learn(s: State) -> None:
    """Let level, trend, scale, spread and tail learn from n scored samples."""
    # how much is learnt: less the more evidence there is, hardly anything behind the gate
    np.multiply(s.evidence, _LEARNT_PER_EVIDENCE, out=s.w)
    s.w += _LEARNT_AT_MOST
    s.w.clip(_LEARNT_AT_LEAST, _ONE, out=s.w)
    if s.is_shut:
        s.w *= s.gate
    # the clip is wide for the first samples: 1.5 + 20 / seen
    np.multiply(s.few, _CLIP_FEW, out=s.clip)
    s.clip += _CLIP
    s.clip *= s.scale
    np.multiply(s.few, _TWO, out=s.rate)
    np.maximum(s.rate, _SLOWEST, out=s.rate)
    learn_tail(s)
    learn_spread(s)
    learn_scale(s)
    learn_level(s)


def learn_tail(s: State) -> None:
    """Learn the mean excess of evidence over 1; see `calibrator`."""
    a = s.a
    np.subtract(s.evidence, _ONE, out=a)
    a.clip(_ZERO, _EXCESS_MAX, out=a)
    a -= s.tail
    if s.is_shut:
        a *= s.gate
    a *= _TAIL_RATE
    s.tail += a


def learn_spread(s: State) -> None:
    """Learn sway and spread; leave in `slow` how fast a scale may learn.

    Young spreads learn by w squared: an outbreak must not hide behind itself.
    """
    a, b, c, w, slow = s.a, s.b, s.c, s.w, s.slow
    np.subtract(s.last, s.level, out=b)
    b *= s.r
    # what rests beside its level, nearer than its values can lie, says nothing of sides
    np.multiply(s.quantum, s.quantum, out=a)
    a *= _NO_SIDE_SQUARED
    np.less_equal(b, a, out=a, casting="unsafe")
    np.less_equal(b, _ZERO, out=b, casting="unsafe")
    a -= b
    np.subtract(_ONE, a, out=a)
    b -= s.sway
    b *= a
    np.multiply(s.rate, w, out=slow)
    a = np.minimum(slow, np.multiply(w, _FASTEST, out=a), out=a) if s.is_young else slow
    b *= a
    s.sway += b
    for rate in (a, slow) if s.is_young else (slow,):
        np.maximum(rate, _SLOWEST, out=rate)
        np.multiply(rate, w, out=rate)
    np.square(s.smooth, out=b)
    np.multiply(s.spread, _SPREAD_GROWS, out=c)
    np.minimum(b, c, out=b)
    b -= s.spread
    b *= a
    s.spread += b


def learn_scale(s: State) -> None:
    """Learn the mean distance on each side."""
    a, b, slow = s.a, s.b, s.slow
    s.scale *= _CLIP_SCALE
    np.maximum(s.r, _ZERO, out=a)
    np.subtract(a, s.r, out=b)
    np.minimum(a, s.scale, out=a)
    np.minimum(b, s.scale, out=b)
    a -= s.above
    a *= slow
    s.above += a
    b -= s.below
    b *= slow
    s.below += b


def learn_level(s: State) -> None:
    """Follow the values, the faster the longer they stay on one side of the level."""
    a, b, quick = s.a, s.b, s.c
    np.multiply(s.lasting, _QUICK_PER_LASTING, out=quick)
    np.minimum(quick, _QUICKEST, out=quick)
    np.maximum(quick, s.rate, out=quick)
    np.maximum(s.r, np.negative(s.clip, out=b), out=b)
    np.minimum(b, s.clip, out=b)
    b *= s.w
    b *= quick
    s.level += s.trend
    s.level += b
    quick *= _QUARTER
    b *= quick
    if s.is_young:
        np.copyto(b, 0, where=np.less_equal(s.seen, _TREND_AFTER, out=s.sign))
    np.multiply(s.w, _TREND_KEPT_MORE, out=a)
    a += _TREND_KEPT
    s.trend *= a
    s.trend += b
