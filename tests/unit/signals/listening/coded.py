"""Sound as a station would send it: one encoder, its packets cut into segments."""

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
FRAME = 960
Pcm = NDArray[np.float32]


def sweep(seconds: float, *, channels: int = 2) -> Pcm:
    """A tone that glides, so that every stretch of it is another: float32 (n, channels)."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    left = 0.4 * np.sin(2 * np.pi * (300 * t + 60 * t * t))
    right = 0.3 * np.sin(2 * np.pi * (500 * t + 40 * t * t))
    return np.stack([left, right][:channels], axis=1).astype(np.float32)


def segments(sound: Pcm, *, codec: str, container: str, seconds: float = 1.0) -> list[bytes]:
    """Encode by one encoder, and cut into bodies of about so many seconds."""
    packets = list(_packets(sound, codec))
    layout = "stereo" if sound.shape[1] == 2 else "mono"
    per_body = max(1, round(seconds * RATE_HZ / (packets[0].duration or FRAME)))
    return [
        _mux(packets[begin : begin + per_body], codec, container, layout=layout)
        for begin in range(0, len(packets), per_body)
    ]


def whole(sound: Pcm, *, codec: str, container: str) -> bytes:
    """Encode into one body."""
    (body,) = segments(sound, codec=codec, container=container, seconds=1e6)
    return body


def _open(codec: str, channels: int) -> Any:
    context: Any = av.CodecContext.create(codec, "w")
    context.sample_rate, context.bit_rate = RATE_HZ, 128_000
    context.layout = "stereo" if channels == 2 else "mono"
    context.format = "s16" if codec == "flac" else "fltp" if codec != "libopus" else "flt"
    context.time_base = Fraction(1, RATE_HZ)
    context.open()
    return context


def _packets(sound: Pcm, codec: str) -> Iterator[Any]:
    context = _open(codec, sound.shape[1])
    size = context.frame_size or FRAME
    form = context.format.name
    for begin in range(0, len(sound) - size + 1, size):
        part = sound[begin : begin + size]
        if form == "s16":
            part = (part * 32_767).astype(np.int16)
        shaped = np.ascontiguousarray(part.T) if form == "fltp" else part.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(shaped, format=form, layout=context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, begin, Fraction(1, RATE_HZ)
        yield from context.encode(frame)
    yield from context.encode(None)


def _mux(packets: list[Any], codec: str, container: str, *, layout: str) -> bytes:
    buffer = BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=RATE_HZ)
        stream.layout = layout
        for packet in packets:
            packet.stream = stream
            out.mux(packet)
    return buffer.getvalue()
