"""One channel is turned upside down, as behind a crossed cable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class Polarity(SoundFault):
    """The right channel has the opposite sign."""

    broken = "{target} turns the polarity of one channel"
    listener_notices = "voices are hollow, and gone where both channels are added"

    def make_bend(self) -> Bend:
        """Turn the right channel."""

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            return pcm * np.array([1.0, -1.0], dtype=np.float32)

        return bend
