"""What is learnt from n scored samples: the less, the less usual they are.

Each function works in place on the columns of one pass (see `scorer`): float32 (n,) each.
"""

import numpy as np

from auscult.detection.scoring.measure import Signs, State

MEMORY = 240
"""Samples over which level and scale are averaged."""
MEMORY_MIN = 12
"""Samples over which the level of a series is averaged that wanders."""
_LEARNT_AT_LEAST = 0.25
_TAIL_MEMORY = 2000
_EXCESS_MAX = 5.0
_CLIP_SCALE = 3.0
_TREND_AFTER = 20
_SEEN_MAX = 1e6
_NO_SIDE = 0.1


def learn(state: State, sign: Signs) -> None:
    """Let level, trend, scale, spread and tail learn from n scored samples."""
    w, rate, clip = state["w"], state["rate"], state["clip"]
    # how much is learnt: less the more evidence there is, hardly anything behind the gate
    np.multiply(state["evidence"], -0.6, out=w)
    w += 1.3
    np.clip(w, _LEARNT_AT_LEAST, 1, out=w)
    w *= state["gate"]
    # the clip is wide for the first samples: 1.5 + 20 / seen
    np.multiply(state["few"], 20, out=clip)
    clip += 1.5
    clip *= state["scale"]
    np.multiply(state["few"], 2, out=rate)
    np.maximum(rate, 1 / MEMORY, out=rate)
    learn_tail(state)
    learn_spread(state)
    learn_scale(state)
    learn_level(state, sign)
    state["seen"] += state["gate"]
    np.minimum(state["seen"], _SEEN_MAX, out=state["seen"])


def learn_tail(state: State) -> None:
    """Learn the mean excess of evidence over 1; see `calibrator`."""
    a = state["a"]
    np.subtract(state["evidence"], 1, out=a)
    np.clip(a, 0, _EXCESS_MAX, out=a)
    a -= state["tail"]
    a *= state["gate"]
    a *= 1 / _TAIL_MEMORY
    state["tail"] += a


def learn_spread(state: State) -> None:
    """Learn sway and spread; leave in `slow` how fast a scale may learn.

    Young spreads learn by w squared: an outbreak must not hide behind itself.
    """
    a, b, w, slow = state["a"], state["b"], state["w"], state["slow"]
    np.subtract(state["last"], state["level"], out=b)
    b *= state["r"]
    # what rests beside its level, nearer than its values can lie, says nothing of sides
    np.multiply(state["quantum"], state["quantum"], out=a)
    a *= _NO_SIDE**2
    np.less_equal(b, a, out=a, casting="unsafe")
    np.less_equal(b, 0, out=b, casting="unsafe")
    a -= b
    b -= state["sway"]
    np.subtract(1, a, out=a)
    b *= a
    np.minimum(state["rate"], 1 / 20, out=a)
    a *= w
    b *= a
    state["sway"] += b
    np.multiply(w, 1 / MEMORY, out=slow)
    a *= w
    np.maximum(a, slow, out=a)
    np.multiply(state["smooth"], state["smooth"], out=b)
    np.multiply(state["spread"], 5, out=state["c"])
    np.minimum(b, state["c"], out=b)
    b -= state["spread"]
    b *= a
    state["spread"] += b
    np.multiply(w, w, out=a)
    a *= state["rate"]
    np.maximum(slow, a, out=slow)


def learn_scale(state: State) -> None:
    """Learn the mean distance on each side."""
    a, b, scale, slow = state["a"], state["b"], state["scale"], state["slow"]
    scale *= _CLIP_SCALE
    np.clip(state["r"], np.negative(scale, out=b), scale, out=a)
    np.maximum(a, 0, out=b)
    np.subtract(b, a, out=a)
    b -= state["above"]
    b *= slow
    state["above"] += b
    a -= state["below"]
    a *= slow
    state["below"] += a


def learn_level(state: State, sign: Signs) -> None:
    """Follow the values, the faster the longer they stay on one side of the level."""
    a, b, quick, clip = state["a"], state["b"], state["c"], state["clip"]
    np.multiply(state["lasting"], 1 / (4 * MEMORY), out=quick)
    np.minimum(quick, 1 / MEMORY_MIN, out=quick)
    np.maximum(quick, state["rate"], out=quick)
    np.clip(state["r"], np.negative(clip, out=b), clip, out=b)
    b *= state["w"]
    b *= quick
    state["level"] += state["trend"]
    state["level"] += b
    quick *= 0.25
    b *= quick
    np.copyto(b, 0, where=np.less(state["seen"], _TREND_AFTER, out=sign))
    np.subtract(state["w"], 1, out=a)
    a *= 0.03
    a += 0.998
    state["trend"] *= a
    state["trend"] += b
