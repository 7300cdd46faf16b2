"""Memory is taken and never given back, up to a bound."""

import asyncio
import mmap
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
        blocks: list[mmap.mmap] = []
        inside.held["leak"] = blocks
        inside.spawn(self._leak(blocks))

    async def _leak(self, blocks: list[mmap.mmap]) -> None:
        while len(blocks) < min(MOST_MB, self.up_to_mb):
            # Mapped by itself, so that it is really given back; written to, so that it is there.
            block = mmap.mmap(-1, BLOCK_BYTES)
            block.write(b"\x01" * BLOCK_BYTES)
            blocks.append(block)
            await asyncio.sleep(1 / max(1, self.mb_per_second))
        # The list stays referenced by ``inside.held`` until the fault is left.
