"""A buffer is played twice, and what should have come is skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.audio.format import SAMPLE_RATE
from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend

PLACES, MOST_MS = 7, 400


@dataclass(frozen=True, kw_only=True)
class SkipRepeat(SoundFault):
    """Once a chunk, ``piece_ms`` are repeated in place of the piece that follows."""

    broken = "{target} repeats pieces of the sound and skips others"
    listener_notices = "it stumbles, as a scratched record does"

    piece_ms: int = 120

    def make_bend(self) -> Bend:
        """Repeat a piece at a place that wanders from chunk to chunk."""
        piece = max(1, SAMPLE_RATE * min(self.piece_ms, MOST_MS) // 1_000)

        def bend(_programme: str, seq: int, pcm: Pcm) -> Pcm:
            bent = pcm.copy()
            at = piece + (len(pcm) - 2 * piece) * (seq % PLACES) // PLACES
            bent[at : at + piece] = pcm[at - piece : at]
            return bent

        return bend
