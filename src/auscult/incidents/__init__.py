"""Findings become one story per problem: grouped, led through its life, and told in a headline."""

from auscult.incidents.grouping import choose
from auscult.incidents.lifecycle import (
    QUIET_HOLD_MS,
    SETTLE_HOLD_MS,
    Advance,
    advance,
    after_effects,
)

__all__ = ["QUIET_HOLD_MS", "SETTLE_HOLD_MS", "Advance", "advance", "after_effects", "choose"]
