"""Memory is taken and never given back, up to a bound."""

import asyncio
from dataclasses import dataclass

from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault

BLOCK_BYTES = 1 << 20
MOST_MB = 300


@dataclass(frozen=True, kw_only=True)
class Leak(Fault):
    """Take ``mb_per_second`` of really touched memory until ``up_to_mb`` are held."""

    target = "enhance"
    seconds = 45.0
    broken = "{target} leaks memory"
    listener_notices = "nothing yet: this one is to be found before anybody hears it"

    mb_per_second: int = 10
    up_to_mb: int = 250

    def enter(self, inside: Inside) -> None:
        """Start leaking."""
        blocks: list[bytearray] = []
        inside.held["leak"] = blocks
        inside.spawn(self._leak(blocks))

    async def _leak(self, blocks: list[bytearray]) -> None:
        while len(blocks) < min(MOST_MB, self.up_to_mb):
            # Non-zero bytes are written, so the pages are really there.
            blocks.append(bytearray(b"\x01") * BLOCK_BYTES)
            await asyncio.sleep(1 / max(1, self.mb_per_second))
        # The list stays referenced by ``inside.held`` until the fault is left.
