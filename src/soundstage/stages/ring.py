"""The newest chunks of a programme, by sequence number, and how they travel."""

import struct
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from soundstage.tracing.context import PACKED_BYTES

HEADER = struct.Struct(">QI25s")
RUNG = struct.Struct(">HI")
UNTRACED = bytes(PACKED_BYTES)
MARGIN_S = 0.06
"""A reader comes this much after the next payload is due, so that it seldom comes in vain."""

KEEP = 32
"""Chunks kept: half a minute, so that a stage that stood still can catch up."""


class Chunk(NamedTuple):
    """A sequence number, what it carries, and the span that made it (packed)."""

    seq: int
    payload: bytes
    trace: bytes = UNTRACED


class Ring:
    """The newest ``KEEP`` payloads of one programme, oldest dropped first."""

    def __init__(self, *, period_s: float, keep: int = KEEP) -> None:
        """Expect a new payload every ``period_s`` seconds."""
        self.period_s = period_s
        self._keep = keep
        self._chunks: OrderedDict[int, Chunk] = OrderedDict()
        self._added_s = 0.0

    @property
    def newest(self) -> int:
        """The highest sequence number so far, −1 when empty."""
        return next(reversed(self._chunks), -1)

    def add(self, seq: int, payload: bytes, trace: bytes = UNTRACED) -> None:
        """Keep a payload; one that is not newer than the newest is ignored."""
        if seq <= self.newest:
            return
        self._chunks[seq] = Chunk(seq, payload, trace)
        self._added_s = time.monotonic()
        while len(self._chunks) > self._keep:
            self._chunks.popitem(last=False)

    def get(self, seq: int) -> bytes | None:
        """Return one payload, or nothing when it is gone or not there yet."""
        chunk = self._chunks.get(seq)
        return chunk.payload if chunk else None

    def after(self, seq: int, *, limit: int) -> list[Chunk]:
        """Return up to ``limit`` payloads newer than ``seq``; the newest ones for −1."""
        newer = [chunk for chunk in self._chunks.values() if chunk.seq > seq]
        return newer[-limit:] if seq < 0 else newer[:limit]

    def next_in_s(self) -> float:
        """When a reader should ask again: the next payload's due time, at least 100 ms."""
        return max(0.1, self._added_s + self.period_s + MARGIN_S - time.monotonic())


def pack_chunks(chunks: Sequence[Chunk]) -> bytes:
    """Join chunks into one body, each behind a header of number, length and span."""
    return b"".join(
        HEADER.pack(chunk.seq, len(chunk.payload), chunk.trace) + chunk.payload for chunk in chunks
    )


def unpack_chunks(body: bytes) -> list[Chunk]:
    """Split a body of ``pack_chunks``; a cut one raises ``ValueError``."""
    chunks: list[Chunk] = []
    at = 0
    while at < len(body):
        if at + HEADER.size > len(body):
            raise ValueError("chunk header is cut")
        seq, length, trace = HEADER.unpack_from(body, at)
        at += HEADER.size
        if at + length > len(body):
            raise ValueError("chunk payload is cut")
        chunks.append(Chunk(seq, body[at : at + length], trace))
        at += length
    return chunks


def pack_packets(packets: Sequence[bytes]) -> bytes:
    """Join Opus packets, each behind its 16-bit length."""
    return b"".join(struct.pack(">H", len(packet)) + packet for packet in packets)


def unpack_packets(payload: bytes) -> list[bytes]:
    """Split what ``pack_packets`` joined."""
    packets: list[bytes] = []
    at = 0
    while at + 2 <= len(payload):
        (length,) = struct.unpack_from(">H", payload, at)
        packets.append(payload[at + 2 : at + 2 + length])
        at += 2 + length
    return packets


def pack_rungs(rungs: Mapping[int, bytes]) -> bytes:
    """Join a body for each rung of the ladder, each behind its rate in kbit/s and its length."""
    return b"".join(RUNG.pack(kbps, len(body)) + body for kbps, body in rungs.items())


def unpack_rungs(body: bytes) -> dict[int, bytes]:
    """Split what ``pack_rungs`` joined, in the same order: best rung first."""
    rungs: dict[int, bytes] = {}
    at = 0
    while at + RUNG.size <= len(body):
        kbps, length = RUNG.unpack_from(body, at)
        at += RUNG.size
        rungs[kbps] = body[at : at + length]
        at += length
    return rungs
