"""Both channels become the same, as behind a wrong downmix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class MonoCollapse(SoundFault):
    """Left and right are their mean."""

    broken = "{target} collapses stereo to mono"
    listener_notices = "the width is gone; nothing is left or right any more"

    def make_bend(self) -> Bend:
        """Play the mean on both sides."""

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            return np.repeat(pcm.mean(axis=1, keepdims=True), pcm.shape[1], axis=1)

        return bend
