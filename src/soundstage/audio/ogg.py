"""Ogg/Opus segments (RFC 7845): each one decodes by itself."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import av

from soundstage.audio.format import SAMPLE_RATE

OPUS_CLOCK = 48_000
FRAME_TICKS = OPUS_CLOCK * 20 // 1_000


def pack_ogg(packets: Sequence[bytes]) -> bytes:
    """Wrap consecutive 20 ms Opus packets into one Ogg file."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono", format="s16")
        for index, payload in enumerate(packets):
            packet = av.Packet(payload)
            packet.stream = stream
            packet.time_base = Fraction(1, OPUS_CLOCK)
            packet.pts = packet.dts = index * FRAME_TICKS
            packet.duration = FRAME_TICKS
            container.mux(packet)
    return buffer.getvalue()
