"""Opus in and out through PyAV: a continuous encoder, and a decoder for whole files."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from soundstage.audio.format import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.errors import SoundstageError


class OpusEncoder:
    """One programme's encoder; it lives as long as the programme, so there are no seams."""

    def __init__(self, *, bit_rate: int = 48_000, effort: int = 5) -> None:
        """Open libopus at ``bit_rate`` bits per second with ``effort`` (complexity) 0..10."""
        context = AudioCodecContext.create("libopus", "w")
        context.sample_rate = SAMPLE_RATE
        context.layout = "mono"
        context.format = "s16"
        context.bit_rate = bit_rate
        context.time_base = Fraction(1, SAMPLE_RATE)
        context.options = {"application": "audio", "compression_level": str(effort)}
        context.open()
        self._context = context
        self._pts = 0

    def encode(self, pcm: Pcm) -> list[bytes]:
        """Encode whole 20 ms frames (float32, −1..1) to as many Opus packets."""
        samples = (np.clip(pcm, -1.0, 1.0) * 32767.0).astype(np.int16)
        packets: list[bytes] = []
        for begin in range(0, samples.size, FRAME_SAMPLES):
            frame = AudioFrame.from_ndarray(
                samples[None, begin : begin + FRAME_SAMPLES], format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE, self._pts
            frame.time_base = Fraction(1, SAMPLE_RATE)
            self._pts += FRAME_SAMPLES
            packets += [bytes(packet) for packet in self._context.encode(frame)]
        return packets


def decode(source: Path | bytes, *, rate: int = SAMPLE_RATE, at_most_s: int = 60) -> Pcm:
    """Decode the first audio stream to mono float32 at ``rate`` Hz.

    Raises ``SoundstageError`` when the bytes are no audio that FFmpeg understands.
    """
    opened = str(source) if isinstance(source, Path) else BytesIO(source)
    resampler = AudioResampler(format="flt", layout="mono", rate=rate)
    parts: list[Pcm] = []
    have = 0
    try:
        with av.open(opened, "r") as container:
            for frame in container.decode(audio=0):
                for ready in resampler.resample(frame):
                    parts.append(ready.to_ndarray().reshape(-1).astype(np.float32, copy=False))
                    have += parts[-1].size
                if have >= at_most_s * rate:
                    break
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise SoundstageError(f"not decodable as audio: {error}") from error
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
