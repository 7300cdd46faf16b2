"""The sound is driven beyond full scale and cut off there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class Clipping(SoundFault):
    """Amplify by ``gain_db`` and cut at ``ceiling``."""

    broken = "{target} drives the sound into clipping"
    listener_notices = "it is loud, harsh and crackles"

    gain_db: float = 12.0
    ceiling: float = 0.99

    def make_bend(self) -> Bend:
        """Amplify and cut."""
        gain, ceiling = np.float32(10 ** (self.gain_db / 20)), np.float32(self.ceiling)

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            bent: Pcm = np.clip(pcm * gain, -ceiling, ceiling)
            return bent

        return bend
