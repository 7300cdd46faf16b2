"""Faults by people: strangers at the edge who do what real ones do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.errors import BadTarget
from soundstage.sabotage.port import Fault

if TYPE_CHECKING:
    from soundstage.outside.world import World
    from soundstage.sabotage.handle import Handle
    from soundstage.sabotage.inside import Inside

TICK_S = 0.1


@dataclass(frozen=True, kw_only=True)
class StrangerFault(Fault):
    """The face of faults that come from outside; ``act`` runs in the process ``outside``."""

    target = "edge"
    seconds = 40.0
    targets = ("edge",)

    def begin(self, handle: Handle, *, seconds: float) -> None:
        """Wake the outside and let it act."""
        handle.ask_outside(self.parameters(), seconds=seconds)

    def end(self, handle: Handle) -> None:
        """Let it be still again."""
        handle.leave_outside()

    def enter(self, inside: Inside) -> None:
        """Act; only the process ``outside`` can."""
        if inside.world is None:
            raise BadTarget("strangers act from outside the platform")
        inside.spawn(self.act(inside.world))

    async def act(self, world: World) -> None:
        """Do it until cancelled."""
        raise NotImplementedError


async def at_rate(rate_per_s: float) -> int:
    """Sleep a tick and return how many requests are due in it."""
    await asyncio.sleep(TICK_S)
    return max(1, round(rate_per_s * TICK_S))
