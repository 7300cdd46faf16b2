"""The level jumps, as when a gain is set wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class LoudnessJump(SoundFault):
    """Amplify by ``gain_db`` (negative: quieter); beyond full scale it clips."""

    broken = "{target} plays at another loudness"
    listener_notices = "it is suddenly too quiet (or too loud)"

    gain_db: float = -12.0

    def make_bend(self) -> Bend:
        """Amplify."""
        gain = np.float32(10 ** (self.gain_db / 20))

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            return pcm * gain

        return bend
