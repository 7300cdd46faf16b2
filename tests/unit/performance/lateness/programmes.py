"""Short programmes for these tests: 16 kHz mono, made by a seed."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import resample_poly

Pcm = NDArray[np.float32]
RATE_HZ = 16_000


def play(rng: Generator, length_s: float) -> Pcm:
    """Plucked notes over a beat of noise bursts."""
    since = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    beats = []
    for beat in range(int(np.ceil(length_s / 0.25))):
        pitch_hz = 110 * 2 ** (float(rng.integers(0, 25)) / 12)
        note = sum(np.sin(2 * np.pi * pitch_hz * k * since) / k for k in range(1, 8))
        burst = rng.standard_normal(since.size) * np.exp(-since * 60) * (beat % 2)
        beats.append(np.asarray(note) * np.exp(-since * 8) * 0.2 + burst * 0.1)
    return np.concatenate(beats)[: round(length_s * RATE_HZ)].astype(np.float32)


def loop(rng: Generator, length_s: float, *, bar_s: float) -> Pcm:
    """One bar, the same recording again and again."""
    bar = play(rng, bar_s)
    return np.tile(bar, int(np.ceil(length_s / bar_s)))[: round(length_s * RATE_HZ)]


def run_at(pcm: Pcm, drift: float) -> Pcm:
    """The programme at (1 + drift) times its speed."""
    dense = resample_poly(pcm, 8, 1)
    at = np.arange(int(pcm.size / (1 + drift))) * (8 * (1 + drift))
    return np.asarray(np.interp(at, np.arange(dense.size), dense), dtype=np.float32)
