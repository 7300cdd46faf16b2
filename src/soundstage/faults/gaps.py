"""Short pieces are missing and filled with zero, as after lost packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.audio.format import SAMPLE_RATE
from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend


@dataclass(frozen=True, kw_only=True)
class Gaps(SoundFault):
    """``gap_ms`` of zero in every ``every_ms``."""

    broken = "{target} loses short pieces of the sound"
    listener_notices = "it stutters"

    gap_ms: int = 40
    every_ms: int = 500

    def make_bend(self) -> Bend:
        """Cut holes."""
        gap, every = (SAMPLE_RATE * ms // 1_000 for ms in (self.gap_ms, max(1, self.every_ms)))

        def bend(_programme: str, _seq: int, pcm: Pcm) -> Pcm:
            bent = pcm.copy()
            for begin in range(every // 2, len(bent), every):
                bent[begin : begin + gap] = 0.0
            return bent

        return bend
