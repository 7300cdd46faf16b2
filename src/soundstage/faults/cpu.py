"""The process computes something endless, and its event loop hardly gets a turn."""

import asyncio
import hashlib
import time
from dataclasses import dataclass

from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class Cpu(Fault):
    """Real hashing on the event loop's own thread, ``burst_ms`` at a time."""

    target = "edge"
    seconds = 40.0
    broken = "{target} burns CPU and answers late"
    listener_notices = "segments come late; sound stops now and then"

    burst_ms: int = 600
    pause_ms: int = 20

    def enter(self, inside: Inside) -> None:
        """Start burning."""
        inside.spawn(self._burn())

    async def _burn(self) -> None:
        block = bytes(65536)
        while True:
            until = time.perf_counter() + self.burst_ms / 1_000
            while time.perf_counter() < until:
                hashlib.sha256(block).digest()
            await asyncio.sleep(self.pause_ms / 1_000)
