"""Encode: PCM to Opus, one continuous encoder per programme."""

from soundstage.audio.codec import OpusEncoder
from soundstage.audio.format import from_bytes
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines, Work
from soundstage.stages.ring import pack_packets


def set_up(frame: Frame) -> None:
    """Encode every chunk as it comes and offer its Opus packets."""

    def make_work(_programme: Programme) -> Work:
        encoder = OpusEncoder()
        return lambda seq, payload: [(seq, pack_packets(encoder.encode(from_bytes(payload))))]

    lines = Lines(frame)
    lines.offer()
    lines.pull(make_work)
