"""Every answer is held back, as behind a congested link or a slow disk."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class Delay(Fault):
    """Each data response waits ``delay_ms`` first."""

    target = "package"
    seconds = 40.0
    broken = "{target} holds every answer back"
    listener_notices = "buffers shrink; new listeners wait longer for the first sound"

    delay_ms: int = 900

    def enter(self, inside: Inside) -> None:
        """Hold back every data response."""
        inside.before_reply(self._hold)

    async def _hold(self, _request: web.Request) -> None:
        await asyncio.sleep(self.delay_ms / 1_000)
