"""Ogg/Opus (RFC 7845): an endless stream, page by page, or a whole file."""

from collections.abc import Sequence
from fractions import Fraction

import av

from soundstage.audio.format import FRAME_SAMPLES, SAMPLE_RATE

PAGE_US = 100_000
"""A page holds 100 ms: what a listener waits for at most, at an overhead of one per cent."""


class OggStream:
    """Wraps Opus packets into Ogg pages for ever; the head stands at the front of every copy."""

    def __init__(self) -> None:
        """Write the head: the pages OpusHead and OpusTags."""
        self._sink = _Sink()
        options = {"page_duration": str(PAGE_US), "flush_packets": "1"}
        self._container = av.open(self._sink, "w", format="ogg", options=options)
        self._stream = self._container.add_stream(
            "libopus", rate=SAMPLE_RATE, layout="stereo", format="s16"
        )
        self._container.start_encoding()
        self.head = self._sink.take()

    def feed(self, packets: Sequence[bytes], *, begin: int) -> bytes:
        """Wrap 20 ms packets, the first of which begins at frame ``begin`` of the programme.

        Returns the pages that are complete; up to 100 ms wait for the next call. The granule
        positions are those of the programme, so a gap shows in them.
        """
        for index, payload in enumerate(packets):
            packet = av.Packet(payload)
            packet.stream = self._stream
            packet.time_base = Fraction(1, SAMPLE_RATE)
            packet.pts = packet.dts = begin + index * FRAME_SAMPLES
            packet.duration = FRAME_SAMPLES
            self._container.mux(packet)
        return self._sink.take()

    def close(self) -> bytes:
        """End the stream and return its last page."""
        self._container.close()
        return self._sink.take()


def pack_ogg(packets: Sequence[bytes]) -> bytes:
    """Wrap consecutive 20 ms Opus packets into one Ogg file."""
    stream = OggStream()
    return stream.head + stream.feed(packets, begin=0) + stream.close()


class _Sink:
    """Where the muxer writes to: it only ever appends."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken
