"""One stretch of sound through one codec at one rate, by FFmpeg's encoders in PyAV.

MP3 runs at an average rate (LAME's ABR), as Opus does by nature: what is easy takes fewer bytes.
FFmpeg's own AAC encoder is a weak one: what it says of AAC does not hold for better encoders.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np

from auscult.kernel.errors import InputError, MediaUnsupported
from auscult.kernel.sounds import Pcm

CHANNELS_MAX = 2
LENGTH_MAX_S = 120.0

COMPLEXITY = 10
"""Of libopus, 0 to 10. Below 7 it does not look for tones, and gives them fewer bytes: at 128k a
chord takes 130 kbit/s instead of 168, so that advice holds for an encoder as it is set."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder of FFmpeg, the container it is put into, its rates, and how it takes samples."""

    encoder: str
    container: str
    least_kbps: int
    most_kbps: int
    is_planar: bool = True
    options: dict[str, str] = field(default_factory=dict)


CODECS = {
    "opus": Codec("libopus", "ogg", 6, 510, is_planar=False),
    "aac": Codec("aac", "adts", 16, 512),
    "mp3": Codec("libmp3lame", "mp3", 32, 320, options={"abr": "1", "compression_level": "2"}),
}


@dataclass(frozen=True, slots=True)
class Coding:
    """A codec at a nominal rate, and how an encoder of it is set.

    lead_s: so much at the beginning is coded and then left out, of the bytes as well: an encoder
    that runs has spent what it had saved, one that begins has not and sounds better.
    """

    codec: str
    kbps: int
    opus_complexity: int = COMPLEXITY
    lead_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Coded:
    """size_bytes: of the packets, without their container. heard: (m, channels) after decoding."""

    size_bytes: int
    heard: Pcm


def encode(samples: Pcm, rate_hz: int, coding: Coding) -> Coded:
    """Return samples of shape (n, 1 or 2) coded, and decoded again.

    Raises `MediaUnsupported` for an unknown codec or an encoder that is not built in, `InputError`
    for a rate the codec does not know, other channels, and less or more than it takes.
    """
    import av

    kind = _find(coding)
    if not 0 < samples.shape[1] <= CHANNELS_MAX:
        raise InputError(f"{samples.shape[1]} channels; encoded are mono and stereo")
    if not 0 < len(samples) <= LENGTH_MAX_S * rate_hz:
        raise InputError(f"{len(samples) / rate_hz:.1f} s of sound; at most {LENGTH_MAX_S:g} s")
    file = BytesIO()
    try:
        size_bytes = _write(file, samples, rate_hz, kind=kind, coding=coding)
        file.seek(0)
        heard = _read(file, rate_hz, kind=kind, channels=samples.shape[1])
        return Coded(size_bytes, heard[round(coding.lead_s * rate_hz) :])
    except (av.FFmpegError, ValueError) as why:
        what = f"{coding.codec} at {coding.kbps} kbit/s"
        raise InputError(f"{what}: {str(why)[:200]}") from None


def _find(coding: Coding) -> Codec:
    from av.codec import codecs_available

    codec, kbps = coding.codec, coding.kbps
    kind = CODECS.get(codec)
    if kind is None:
        raise MediaUnsupported(f"no codec {codec!r}; there are {', '.join(CODECS)}")
    if kind.encoder not in codecs_available:
        raise MediaUnsupported(f"{codec}: this FFmpeg was built without {kind.encoder}")
    if not kind.least_kbps <= kbps <= kind.most_kbps:
        raise InputError(f"{codec} takes {kind.least_kbps} to {kind.most_kbps} kbit/s, not {kbps}")
    if codec == "opus":
        return replace(kind, options={"compression_level": str(coding.opus_complexity)})
    return kind


def _write(file: BytesIO, samples: Pcm, rate_hz: int, *, kind: Codec, coding: Coding) -> int:
    """Write the coded file; return the bytes of its packets behind the lead."""
    import av

    layout = "stereo" if samples.shape[1] == CHANNELS_MAX else "mono"
    shape = "fltp" if kind.is_planar else "flt"
    size_bytes = 0
    with av.open(file, "w", format=kind.container) as container:
        stream: Any = container.add_stream(kind.encoder, rate=rate_hz, options=dict(kind.options))
        stream.layout, stream.format, stream.bit_rate = layout, shape, coding.kbps * 1000
        stream.codec_context.open()
        step = stream.codec_context.frame_size or rate_hz // 50
        for begin in range(0, len(samples), step):
            piece = samples[begin : begin + step]
            packed = np.ascontiguousarray(piece.T if kind.is_planar else piece.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format=shape, layout=layout)
            frame.sample_rate, frame.pts = rate_hz, begin
            frame.time_base = Fraction(1, rate_hz)
            is_counted = begin >= coding.lead_s * rate_hz
            for packet in stream.encode(frame):
                size_bytes += packet.size * is_counted
                container.mux(packet)
        for packet in stream.encode(None):
            size_bytes += packet.size
            container.mux(packet)
    return size_bytes


def _read(file: BytesIO, rate_hz: int, *, kind: Codec, channels: int) -> Pcm:
    import av

    layout = "stereo" if channels == CHANNELS_MAX else "mono"
    resampler = av.AudioResampler(format="flt", layout=layout, rate=rate_hz)
    with av.open(file, "r", format=kind.container) as container:
        parts = [
            ready.to_ndarray().reshape(-1, channels)
            for frame in container.decode(audio=0)
            for ready in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)
