"""One client asks without end, as a broken script or an attacker does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.sabotage.stranger import StrangerFault, at_rate

if TYPE_CHECKING:
    from soundstage.outside.world import World

AGENT = "curl/7.88.1"
MOST_PER_S = 1_000.0


@dataclass(frozen=True, kw_only=True)
class RequestFlood(StrangerFault):
    """``rate_per_s`` requests for playlists, with ever new arguments, from few ``addresses``."""

    broken = "{target} is flooded with requests"
    listener_notices = "answers come late; sound may stop"

    rate_per_s: float = 200.0
    addresses: int = 1

    async def act(self, world: World) -> None:
        """Ask for the playlists of all programmes in turn."""
        numbers, programmes = itertools.count(1), world.programmes()
        while True:
            for _ in range(await at_rate(min(MOST_PER_S, self.rate_per_s))):
                number = next(numbers)
                path = f"/live/{programmes[number % len(programmes)].key}/playlist.m3u8?x={number}"
                address = f"198.51.100.{number % max(1, self.addresses) + 1}"
                headers = {"User-Agent": AGENT, "X-Forwarded-For": address}
                world.send(path, number=number, headers=headers)
