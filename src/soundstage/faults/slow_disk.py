"""The disk has become slow: every segment is written and read late."""

import asyncio
from dataclasses import dataclass

from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class SlowDisk(Fault):
    """Each access to the disk takes ``delay_ms`` longer."""

    target = "package"
    seconds = 40.0
    targets = ("package",)
    broken = "the disk of {target} is slow"
    listener_notices = "segments come late; sound may stop; what is on demand starts late"

    delay_ms: int = 1_500

    def enter(self, inside: Inside) -> None:
        """Hold each access up."""
        inside.before_disk(self._hold)

    async def _hold(self) -> None:
        await asyncio.sleep(self.delay_ms / 1_000)
