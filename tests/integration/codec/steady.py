"""A programme that is the same at every moment: whatever is promised of it holds a minute later.

Live speech differs from minute to minute, so that a trial of it may be reverted rightly; a test of
what is done with a verdict wants one that does not change.
"""

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 48_000
LOOP_S = 2
"""Whole seconds: the platform renders second after second of the loop."""


def write_programme(folder: Path) -> Path:
    """Write the loop into a folder of its own and return that: stereo, notes over a soft hiss."""
    rng = np.random.default_rng(17)
    t = np.arange(LOOP_S * RATE_HZ) / RATE_HZ
    stereo = np.zeros((t.size, 2))
    for number, note_hz in enumerate((220.0, 277.0, 330.0, 440.0, 554.0, 660.0, 880.0, 1108.0)):
        since_s = (t - number * 0.25) % LOOP_S
        note = np.exp(-since_s / 0.4) * np.minimum(since_s / 0.004, 1.0)
        rich = sum(np.sin(2 * np.pi * note_hz * k * since_s) / k for k in range(1, 12))
        pan = number / 7
        stereo += (note * rich)[:, None] * np.array([1 - 0.7 * pan, 0.3 + 0.7 * pan])
    stereo = 0.12 * stereo + 0.004 * rng.standard_normal(stereo.shape)
    folder.mkdir()
    with wave.open(str(folder / "steady.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.rint(np.clip(stereo, -1, 1) * 32_767).astype("<i2").tobytes())
    return folder
