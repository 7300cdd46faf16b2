"""Opus in fragmented MP4 (CMAF; ISO/IEC 14496-12, "Encapsulation of Opus in ISOBMFF" 1.0).

One initialisation segment serves every media segment of every programme: the format never changes.
"""

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO

import av

from soundstage.audio.format import CHANNELS, FRAME_SAMPLES, SAMPLE_RATE

INIT_BOXES = {b"ftyp", b"moov"}
MOVFLAGS = "empty_moov+default_base_moof+skip_trailer"
LAYOUT = {1: "mono", 2: "stereo"}[CHANNELS]


@cache
def pack_init() -> bytes:
    """Return the initialisation segment (``EXT-X-MAP``): the boxes ftyp and moov."""
    # The muxer writes the head when the first packet comes; which one it is does not matter.
    return b"".join(box for kind, box in _boxes(_mux([b"\xfc"])) if kind in INIT_BOXES)


def pack_segment(packets: Sequence[bytes], *, number: int, begin: int) -> bytes:
    """Return one media segment of consecutive 20 ms packets: the boxes moof and mdat.

    ``begin`` is the decode time of the first packet, counted in 48 kHz ticks since the programme's
    start; ``number`` is the fragment's sequence number.
    """
    boxes = [bytearray(box) for kind, box in _boxes(_mux(packets)) if kind not in INIT_BOXES]
    moof = boxes[0]
    # The muxer counts every file from zero; a segment of a live stream stands on one time line.
    struct.pack_into(">Q", moof, moof.index(b"tfdt") + 8, begin)
    struct.pack_into(">I", moof, moof.index(b"mfhd") + 8, number % 2**32)
    return b"".join(boxes)


def _mux(packets: Sequence[bytes]) -> bytes:
    buffer = BytesIO()
    options = {"movflags": MOVFLAGS, "use_editlist": "0"}
    with av.open(buffer, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout=LAYOUT, format="s16")
        for index, payload in enumerate(packets):
            packet = av.Packet(payload)
            packet.stream = stream
            packet.time_base = Fraction(1, SAMPLE_RATE)
            packet.pts = packet.dts = index * FRAME_SAMPLES
            packet.duration = FRAME_SAMPLES
            container.mux(packet)
    return buffer.getvalue()


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        yield kind, body[at : at + length]
        at += length
