"""Another ladder while the platform is on air: the new rungs come before the old ones go.

Encoders make both for a while, players are told of the new ones once there are segments of them,
and only then the old ones end: nobody is left without a rung.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from soundstage.pace import SEGMENT_S
from soundstage.plan import Plan, load_plan, save_plan
from soundstage.supervision.replicas import alone, tell

FILLED_S = 3 * SEGMENT_S
"""So long until a playlist of a new rung holds enough for a player to join."""

LEFT_S = 2 * SEGMENT_S
"""So long until players have left the old rungs."""


def change_ladder(state: Path, ladder_kbps: Sequence[int]) -> tuple[int, ...]:
    """Let programmes be encoded at other rates, best first; return those they were encoded at.

    Raises ``BadSetting`` for a ladder that cannot be, ``NotRunning`` where the platform, or a
    process that has to know, does not answer.
    """
    with alone(state):
        plan = load_plan(state)
        before = plan.settings.ladder_kbps
        new = _with_ladder(plan, ladder_kbps)
        if new == plan:
            return before
        both = _with_ladder(plan, sorted({*before, *ladder_kbps}, reverse=True))
        save_plan(both, state)
        tell(both.replicas("encode"))
        time.sleep(FILLED_S)
        save_plan(new, state)
        tell(place for place in new.processes if place.stage != "encode")
        time.sleep(LEFT_S)
        tell(new.replicas("encode"))
    return before


def _with_ladder(plan: Plan, ladder_kbps: Sequence[int]) -> Plan:
    return replace(plan, settings=replace(plan.settings, ladder_kbps=tuple(ladder_kbps)))
