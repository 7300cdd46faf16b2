"""Findings become one story per problem: grouped, led through its life, and told in a headline."""

from auscult.incidents.again import LOOK_AGAIN_MS, look_again, looked_at, tell_again
from auscult.incidents.grouping import choose
from auscult.incidents.lifecycle import (
    LAPSE_TIMER,
    QUIET_HOLD_MS,
    Advance,
    advance,
    after_effects,
    quiet_ms,
    settled_ms,
    still_firing,
)

__all__ = [
    "LAPSE_TIMER", "LOOK_AGAIN_MS", "QUIET_HOLD_MS", "Advance", "advance", "after_effects",
    "choose", "look_again", "looked_at", "quiet_ms", "settled_ms", "still_firing", "tell_again",
]  # fmt: skip
