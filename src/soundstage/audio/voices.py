"""Instruments: each renders one note or syllable as a function of time since its start."""

import numpy as np
from numpy.typing import NDArray

from soundstage.audio.format import SAMPLE_RATE, Pcm

Seconds = NDArray[np.float64]

VOWELS = ((730.0, 1090.0, 2440.0), (530.0, 1840.0, 2480.0), (270.0, 2290.0, 3010.0),
          (570.0, 840.0, 2410.0), (300.0, 870.0, 2240.0))  # fmt: skip
"""First three formants in Hz of a, e, i, o, u (Peterson and Barney 1952, men)."""

AUDIBLE = 0.03
"""Harmonics weaker than this are not worth their cosines."""


def pluck(since: Seconds, pitch_hz: float, length_s: float) -> Pcm:
    """A string: four harmonics, a 5 ms attack and an exponential decay."""
    envelope = np.clip(since / 0.005, 0.0, 1.0) * np.exp(-3.0 * since / length_s)
    phase = (2 * np.pi * pitch_hz) * since
    tone = np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase)
    return (0.28 * envelope * tone).astype(np.float32)


def pad(since: Seconds, pitches_hz: tuple[float, ...], length_s: float) -> Pcm:
    """A soft chord that swells and fades so that neighbouring chords do not click."""
    envelope = np.sin(np.pi * np.clip(since / length_s, 0.0, 1.0))
    tone = sum(np.sin((2 * np.pi * pitch) * since) for pitch in pitches_hz)
    return (0.10 * envelope * tone).astype(np.float32)


def kick(since: Seconds) -> Pcm:
    """A drum whose pitch falls from 150 to 45 Hz."""
    phase = 2 * np.pi * (45.0 * since + 105.0 * 0.03 * (1 - np.exp(-since / 0.03)))
    return (0.5 * np.exp(-since / 0.09) * np.sin(phase)).astype(np.float32)


def hat(since: Seconds, rng: np.random.Generator) -> Pcm:
    """A short burst of noise with its lows removed."""
    noise = np.diff(rng.standard_normal(since.size + 1))
    return (0.06 * np.exp(-since / 0.02) * noise).astype(np.float32)


def syllable(
    since: Seconds, pitch_hz: float, formants: tuple[float, ...], *, length_s: float
) -> Pcm:
    """A voiced vowel: harmonics of the glottis weighted by the vowel's formants."""
    harmonics = np.arange(1, min(24, int(SAMPLE_RATE / 2 / pitch_hz)))
    tones_hz = harmonics * pitch_hz
    weights = sum(np.exp(-(((tones_hz - formant) / 140.0) ** 2)) for formant in formants)
    weights = (weights + 0.08) / np.sqrt(harmonics)
    loud = weights > AUDIBLE
    phase = (2 * np.pi * pitch_hz) * since + 0.3 * np.sin(2 * np.pi * 5.0 * since)
    tone: Seconds = np.sin(phase[:, None] * harmonics[loud]) @ weights[loud]
    envelope = np.sin(np.pi * np.clip(since / length_s, 0.0, 1.0)) ** 0.6
    return np.asarray(0.22 * envelope * tone, dtype=np.float32)
