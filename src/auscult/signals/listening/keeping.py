"""Keeping a stretch of sound as a person can play it: FLAC, so that nothing is lost or hidden."""

from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np

from auscult.kernel.sounds import Pcm

CHANNELS_KEPT = 2
_STEP = 1_152
_FULL = 32_767.0


def encode_flac(samples: Pcm, rate_hz: int) -> bytes:
    """Return samples of shape (n, channels), -1..1, as FLAC of 16 bits; two channels at most."""
    import av

    channels = min(CHANNELS_KEPT, samples.shape[1])
    whole = (np.clip(samples[:, :channels], -1, 1) * _FULL).round().astype(np.int16)
    buffer = BytesIO()
    layout = "stereo" if channels == CHANNELS_KEPT else "mono"
    with av.open(buffer, "w", format="flac") as container:
        stream: Any = container.add_stream("flac", rate=rate_hz)
        stream.layout, stream.format = layout, "s16"
        stream.time_base = Fraction(1, rate_hz)
        for begin in range(0, len(whole), _STEP):
            part = whole[begin : begin + _STEP].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, begin
            frame.time_base = Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
