"""Encode: PCM to Opus, one continuous encoder per programme and rung of the ladder."""

from soundstage.audio.codec import OpusEncoder
from soundstage.audio.format import from_bytes
from soundstage.delivery.encoded_tap import EncodedTap
from soundstage.delivery.tap import offer_taps
from soundstage.pace import CHUNKS_PER_SEGMENT
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines, Work
from soundstage.stages.ring import pack_packets, pack_rungs

ONE_KBPS = 1_000


def set_up(frame: Frame) -> None:
    """Encode every chunk as it comes and offer its Opus packets, best rung first."""
    lines = Lines(frame)
    lines.offer()
    taps = {programme.key: EncodedTap(programme) for programme in frame.plan.programmes}
    lines.pull(lambda programme: make_encoder(frame, programme, tap=taps[programme.key]))
    offer_taps(frame, "/tap/{tenant}/{programme}.ogg", taps)


def make_encoder(frame: Frame, programme: Programme, *, tap: EncodedTap) -> Work:
    """Return the work that encodes a chunk once per rung; a changed rate opens a new encoder.

    Another ladder begins with a segment, so that both of its chunks have the same rungs.
    """
    encoders: dict[int, OpusEncoder] = {}
    ladder = frame.plan.settings.ladder_kbps

    def work(seq: int, payload: bytes) -> list[tuple[int, bytes]]:
        nonlocal ladder
        if seq % CHUNKS_PER_SEGMENT == 0:
            ladder = frame.plan.settings.ladder_kbps
        pcm = frame.inside.bend(programme.key, seq, from_bytes(payload))
        rates = {rung: frame.inside.rate_kbps or rung for rung in ladder}
        for stale in encoders.keys() - set(rates.values()):
            del encoders[stale]
        packed = {}
        for kbps in rates.values():
            if kbps not in encoders:
                encoders[kbps] = OpusEncoder(bit_rate=kbps * ONE_KBPS)
            if kbps not in packed:
                packets = encoders[kbps].encode(pcm)
                packed[kbps] = pack_packets(packets)
                if kbps == next(iter(rates.values())):
                    tap.note(seq, packets)
        return [(seq, pack_rungs({rung: packed[kbps] for rung, kbps in rates.items()}))]

    return work
