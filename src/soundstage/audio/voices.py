"""Instruments: each renders one note or syllable as a function of time since its start.

Phases are reduced to one turn in double precision and then taken in single, which is several times
cheaper and, at 24 bits, far below what is heard.
"""

import numpy as np
from numpy.typing import NDArray

from soundstage.audio.format import SAMPLE_RATE, Mono

Seconds = NDArray[np.float64]
TURN = np.float32(2 * np.pi)

VOWELS = ((730.0, 1090.0, 2440.0), (530.0, 1840.0, 2480.0), (270.0, 2290.0, 3010.0),
          (570.0, 840.0, 2410.0), (300.0, 870.0, 2240.0))  # fmt: skip
"""First three formants in Hz of a, e, i, o, u (Peterson and Barney 1952, men)."""

HARMONICS = 24
"""Harmonics of a voice: for a deep one that is up to 3 kHz, where the third formant lies."""


def pluck(since: Seconds, pitch_hz: float, length_s: float) -> Mono:
    """A string: three harmonics, a 5 ms attack and an exponential decay."""
    age = since.astype(np.float32)
    envelope = np.minimum(age * 200.0, 1.0) * np.exp(age * np.float32(-3.0 / length_s))
    tone = add_harmonics(_phase(since, pitch_hz), (1.0, 0.5, 0.25))
    note: Mono = np.float32(0.28) * envelope * tone
    return note


def pad(since: Seconds, pitch_hz: float, length_s: float) -> Mono:
    """One tone of a soft chord that swells and fades so that neighbours do not click."""
    swell = np.clip(since / length_s, 0.0, 1.0).astype(np.float32)
    tone: Mono = np.float32(0.10) * np.sin(TURN / 2 * swell) * np.sin(_phase(since, pitch_hz))
    return tone


def kick(since: Seconds) -> Mono:
    """A drum whose pitch falls from 150 to 45 Hz."""
    age = since.astype(np.float32)
    phase = TURN * (45.0 * age + np.float32(105.0 * 0.03) * (1 - np.exp(age / np.float32(-0.03))))
    drum: Mono = np.float32(0.5) * np.exp(age / np.float32(-0.09)) * np.sin(phase)
    return drum


def hiss(since: Seconds, rng: np.random.Generator, *, gain: float, decay_s: float) -> Mono:
    """A short burst of noise without its lows: a hi-hat, or the s of a voice."""
    noise = np.diff(rng.standard_normal(since.size + 1, dtype=np.float32))
    age = since.astype(np.float32)
    burst: Mono = np.float32(gain) * np.exp(age / np.float32(-decay_s)) * noise
    return burst


def syllable(
    since: Seconds, pitch_hz: float, formants: tuple[float, ...], *, length_s: float
) -> Mono:
    """A voiced vowel: harmonics of the glottis weighted by the vowel's formants."""
    numbers = np.arange(1, min(HARMONICS, int(SAMPLE_RATE / 2 / pitch_hz)))
    tones_hz = numbers * pitch_hz
    weights = sum(np.exp(-(((tones_hz - formant) / 140.0) ** 2)) for formant in formants)
    weights = (weights + 0.08) / np.sqrt(numbers)
    vibrato = np.float32(0.3) * np.sin(_phase(since, 5.0))
    tone = add_harmonics(_phase(since, pitch_hz) + vibrato, weights)
    swell = np.sin(TURN / 2 * np.clip(since / length_s, 0.0, 1.0).astype(np.float32))
    envelope = np.maximum(swell, 0.0) ** np.float32(0.6)
    note: Mono = np.float32(0.22) * envelope * tone
    return note


def add_harmonics(phase: Mono, weights: NDArray[np.float64] | tuple[float, ...]) -> Mono:
    """Sum ``weights[k − 1] · sin(k · phase)`` with one cosine (Clenshaw 1955)."""
    twice, one, two = 2 * np.cos(phase), np.zeros_like(phase), np.zeros_like(phase)
    for weight in reversed(list(weights)):
        # b(k) is weight and 2cos b(k+1) less b(k+2); in place, for arrays cost more than sums.
        np.subtract(np.float32(weight), two, out=two)
        two += twice * one
        one, two = two, one
    one *= np.sin(phase)
    return one


def _phase(since: Seconds, pitch_hz: float) -> Mono:
    turns = since * pitch_hz
    return TURN * (turns - np.floor(turns)).astype(np.float32)
