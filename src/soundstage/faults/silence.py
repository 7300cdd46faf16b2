"""The sound is gone: what leaves the stage is digital zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class Silence(SoundFault):
    """Every sample is zero; the stream itself goes on."""

    broken = "{target} hands on silence"
    listener_notices = "nothing is heard, though everything plays"

    def make_bend(self) -> Bend:
        """Silence it."""

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            return np.zeros_like(pcm)

        return bend
