"""Opus in and out through PyAV: a continuous encoder, and a decoder for whole files."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from soundstage.audio.format import CHANNELS, FRAME_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.errors import SoundstageError

BIT_RATE = 96_000
EFFORT = 2
"""Complexity of libopus, 0..10: two is half the work of five, and transparent enough."""


class OpusEncoder:
    """One programme's encoder; it lives as long as the programme, so there are no seams."""

    def __init__(self, *, bit_rate: int = BIT_RATE, effort: int = EFFORT) -> None:
        """Open libopus at ``bit_rate`` bits per second with ``effort`` (complexity) 0..10."""
        context = AudioCodecContext.create("libopus", "w")
        context.sample_rate = SAMPLE_RATE
        context.layout = "stereo"
        context.format = "s16"
        context.bit_rate = bit_rate
        context.time_base = Fraction(1, SAMPLE_RATE)
        context.options = {"application": "audio", "compression_level": str(effort)}
        context.open()
        self._context = context
        self._pts = 0

    def encode(self, pcm: Pcm) -> list[bytes]:
        """Encode whole 20 ms frames, shape (frames, 2), to as many Opus packets."""
        samples = (np.clip(pcm, -1.0, 1.0) * np.float32(32767.0)).astype(np.int16).reshape(1, -1)
        packets: list[bytes] = []
        width = FRAME_SAMPLES * CHANNELS
        for begin in range(0, samples.size, width):
            frame = AudioFrame.from_ndarray(
                samples[:, begin : begin + width], format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE, self._pts
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._pts += FRAME_SAMPLES
            packets += [bytes(packet) for packet in self._context.encode(frame)]
        return packets


def decode(source: Path | bytes, *, rate: int = SAMPLE_RATE, at_most_s: int = 60) -> Pcm:
    """Decode the first audio stream at ``rate`` Hz to float32 of shape (frames, 2).

    Mono becomes twice the same; more channels are mixed down by FFmpeg.

    Raises ``SoundstageError`` when the bytes are no audio that FFmpeg understands.
    """
    opened = str(source) if isinstance(source, Path) else BytesIO(source)
    resampler = AudioResampler(format="flt", layout="stereo", rate=rate)
    parts: list[Pcm] = []
    have = 0
    try:
        with av.open(opened, "r") as container:
            for frame in container.decode(audio=0):
                for ready in resampler.resample(frame):
                    sound = ready.to_ndarray().reshape(-1, CHANNELS)
                    parts.append(sound.astype(np.float32, copy=False))
                    have += len(parts[-1])
                if have >= at_most_s * rate:
                    break
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise SoundstageError(f"not decodable as audio: {error}") from error
    return np.concatenate(parts) if parts else np.zeros((0, CHANNELS), dtype=np.float32)
