"""The newest chunks of a programme, by sequence number, and how they travel."""

import struct
import time
from collections import OrderedDict

HEADER = struct.Struct(">QI")
MARGIN_S = 0.06
"""A reader comes this much after the next payload is due, so that it seldom comes in vain."""

KEEP = 32
"""Chunks kept: half a minute, so that a stage that stood still can catch up."""


class Ring:
    """The newest ``KEEP`` payloads of one programme, oldest dropped first."""

    def __init__(self, *, period_s: float, keep: int = KEEP) -> None:
        """Expect a new payload every ``period_s`` seconds."""
        self.period_s = period_s
        self._keep = keep
        self._payloads: OrderedDict[int, bytes] = OrderedDict()
        self._added_s = 0.0

    @property
    def newest(self) -> int:
        """The highest sequence number so far, −1 when empty."""
        return next(reversed(self._payloads), -1)

    def add(self, seq: int, payload: bytes) -> None:
        """Keep a payload; one that is not newer than the newest is ignored."""
        if seq <= self.newest:
            return
        self._payloads[seq] = payload
        self._added_s = time.monotonic()
        while len(self._payloads) > self._keep:
            self._payloads.popitem(last=False)

    def get(self, seq: int) -> bytes | None:
        """Return one payload, or nothing when it is gone or not there yet."""
        return self._payloads.get(seq)

    def after(self, seq: int, *, limit: int) -> list[tuple[int, bytes]]:
        """Return up to ``limit`` payloads newer than ``seq``; the newest ones for −1."""
        newer = [item for item in self._payloads.items() if item[0] > seq]
        return newer[-limit:] if seq < 0 else newer[:limit]

    def next_in_s(self) -> float:
        """When a reader should ask again: the next payload's due time, at least 100 ms."""
        return max(0.1, self._added_s + self.period_s + MARGIN_S - time.monotonic())


def pack_chunks(chunks: list[tuple[int, bytes]]) -> bytes:
    """Join (sequence number, payload) pairs into one body."""
    return b"".join(HEADER.pack(seq, len(payload)) + payload for seq, payload in chunks)


def unpack_chunks(body: bytes) -> list[tuple[int, bytes]]:
    """Split a body of ``pack_chunks``; a cut one raises ``ValueError``."""
    chunks: list[tuple[int, bytes]] = []
    at = 0
    while at < len(body):
        if at + HEADER.size > len(body):
            raise ValueError("chunk header is cut")
        seq, length = HEADER.unpack_from(body, at)
        at += HEADER.size
        if at + length > len(body):
            raise ValueError("chunk payload is cut")
        chunks.append((seq, body[at : at + length]))
        at += length
    return chunks


def pack_packets(packets: list[bytes]) -> bytes:
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
