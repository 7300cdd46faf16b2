"""The highs are gone, as after a resampling or a transcode that nobody wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.audio.format import CHANNELS, SAMPLE_RATE
from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend

ORDER = 8


@dataclass(frozen=True, kw_only=True)
class LowPass(SoundFault):
    """A Butterworth low-pass of eighth order at ``cutoff_hz``."""

    broken = "{target} cuts off the highs"
    listener_notices = "it sounds dull, as through a wall"

    cutoff_hz: int = 3_500

    def make_bend(self) -> Bend:
        """Filter, with one memory per programme so that chunks join without a click."""
        import numpy as np
        from scipy.signal import butter, sosfilt

        highest_hz = SAMPLE_RATE // 2 - 1
        sos = butter(ORDER, max(20, min(self.cutoff_hz, highest_hz)), fs=SAMPLE_RATE, output="sos")
        memory: dict[str, np.ndarray] = {}

        def bend(programme: str, _seq: int, pcm: Pcm) -> Pcm:
            before = memory.get(programme, np.zeros((len(sos), 2, CHANNELS)))
            filtered, memory[programme] = sosfilt(sos, pcm, axis=0, zi=before)
            return np.asarray(filtered, dtype=np.float32)

        return bend
