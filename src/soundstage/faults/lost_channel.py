"""One of the two channels is gone, as behind a broken cable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.audio.format import CHANNELS
from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class LostChannel(SoundFault):
    """``channel`` 0 (left) or 1 (right) is silent."""

    broken = "{target} loses one of the two channels"
    listener_notices = "sound comes from one side only"

    channel: int = 1

    def make_bend(self) -> Bend:
        """Silence one channel."""
        lost = self.channel % CHANNELS

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            bent = pcm.copy()
            bent[:, lost] = 0.0
            return bent

        return bend
