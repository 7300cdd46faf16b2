"""The one sample format of the platform, so that no stage has to negotiate."""

import numpy as np
from numpy.typing import NDArray

from soundstage.pace import CHUNK_MS

SAMPLE_RATE = 48_000
"""Frames per second: the clock of Opus (RFC 6716 §2), so nothing is ever resampled."""

CHANNELS = 2
"""Left and right: a lost channel, a mono collapse or a turned polarity needs two."""

CHUNK_SAMPLES = SAMPLE_RATE * CHUNK_MS // 1_000
"""Frames in a chunk; each holds one sample per channel."""

FRAME_SAMPLES = SAMPLE_RATE * 20 // 1_000
"""An Opus frame of 20 ms (RFC 6716 §2.1.4)."""

Pcm = NDArray[np.float32]
"""Sound of shape (frames, 2), samples in −1..1."""

Mono = NDArray[np.float32]
"""Sound of one channel, shape (frames,)."""


def to_bytes(pcm: Pcm) -> bytes:
    """Quantise samples in −1..1 to little-endian 16-bit interleaved PCM, clipping beyond."""
    scaled = np.clip(pcm, -1.0, 1.0) * np.float32(32767.0)
    return scaled.astype("<i2").tobytes()


def from_bytes(body: bytes) -> Pcm:
    """Read interleaved 16-bit PCM to (frames, 2); half a frame at the end raises ``ValueError``."""
    samples = np.frombuffer(body, dtype="<i2").astype(np.float32) / np.float32(32767.0)
    return samples.reshape(-1, CHANNELS)
