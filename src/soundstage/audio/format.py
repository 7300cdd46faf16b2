"""The one sample format of the platform, so that no stage has to negotiate."""

import numpy as np
from numpy.typing import NDArray

from soundstage.pace import CHUNK_MS

SAMPLE_RATE = 24_000
"""Samples per second, mono: wide-band speech and music, cheap to compute."""

CHUNK_SAMPLES = SAMPLE_RATE * CHUNK_MS // 1_000

FRAME_SAMPLES = SAMPLE_RATE * 20 // 1_000
"""An Opus frame of 20 ms (RFC 6716 §2.1.4)."""

Pcm = NDArray[np.float32]
"""Mono samples in −1..1."""


def to_bytes(pcm: Pcm) -> bytes:
    """Quantise samples in −1..1 to little-endian 16-bit PCM, clipping what is beyond."""
    scaled = np.clip(pcm, -1.0, 1.0) * np.float32(32767.0)
    return scaled.astype("<i2").tobytes()


def from_bytes(body: bytes) -> Pcm:
    """Read little-endian 16-bit PCM; a trailing odd byte raises ``ValueError``."""
    return np.frombuffer(body, dtype="<i2").astype(np.float32) / np.float32(32767.0)
