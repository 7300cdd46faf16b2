"""Many more people listen at once, as after a mention on television."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.sabotage.stranger import StrangerFault

if TYPE_CHECKING:
    from soundstage.outside.world import World

MOST_LISTENERS = 300


@dataclass(frozen=True, kw_only=True)
class TrafficSurge(StrangerFault):
    """``listeners`` real players join within ``ramp_s`` seconds and stay."""

    broken = "a crowd of listeners comes to {target}"
    listener_notices = "new listeners wait longer; with a weak edge everybody does"

    listeners: int = 60
    ramp_s: float = 5.0
    tenant: str = ""

    async def act(self, world: World) -> None:
        """Join one after the other, spread over the programmes."""
        programmes = world.programmes(self.tenant)
        count = min(MOST_LISTENERS, self.listeners) if programmes else 0
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                programme = programmes[number % len(programmes)]
                group.create_task(world.listen(programme, number))
                await asyncio.sleep(self.ramp_s / count)
