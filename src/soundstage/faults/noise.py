"""White noise lies over the sound, as from a broken converter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class Noise(SoundFault):
    """Noise of ``level_dbfs`` (RMS) is added to both channels."""

    broken = "{target} adds noise"
    listener_notices = "it hisses"

    level_dbfs: float = -40.0
    seed: int = 1

    def make_bend(self) -> Bend:
        """Add noise, other in each chunk and channel."""
        level = np.float32(10 ** (self.level_dbfs / 20))

        def bend(_programme: str, seq: int, pcm: Pcm) -> Pcm:
            rng = np.random.default_rng((abs(self.seed), seq))
            return pcm + level * rng.standard_normal(pcm.shape, dtype=np.float32)

        return bend
