"""Where a span stands in its trace, as it travels (W3C Trace Context, ``traceparent``)."""

import os
import re
from hashlib import blake2b
from typing import NamedTuple, Self

PATTERN = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
PACKED_BYTES = 25


class Context(NamedTuple):
    """A trace, the span that is the parent of what follows, and whether anybody records it."""

    trace_id: bytes
    span_id: bytes
    sampled: bool

    @classmethod
    def of_segment(cls, key: str, number: int, *, share: float) -> Self:
        """Begin the trace of a segment: the same for every chunk of it, whoever makes it."""
        trace_id = blake2b(f"{key}:{number}".encode(), digest_size=16).digest()
        return cls(trace_id, b"", choose(trace_id, share))

    @classmethod
    def of_chance(cls, share: float) -> Self:
        """Begin a trace of its own."""
        trace_id = os.urandom(16)
        return cls(trace_id, b"", choose(trace_id, share))

    @classmethod
    def read(cls, header: str) -> Self | None:
        """Read a ``traceparent`` header; None when it is none (W3C: then restart the trace)."""
        match = PATTERN.fullmatch(header)
        if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
            return None
        return cls(bytes.fromhex(match[1]), bytes.fromhex(match[2]), bool(int(match[3], 16) & 1))

    def header(self) -> str:
        """Write the ``traceparent`` header."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-0{int(self.sampled)}"

    def pack(self) -> bytes:
        """Write it in 25 bytes, as it travels beside a chunk; no parent is eight zeros."""
        return self.trace_id + self.span_id.rjust(8, b"\0") + bytes([self.sampled])

    @classmethod
    def unpack(cls, body: bytes) -> Self | None:
        """Read what ``pack`` wrote; None for all zeros."""
        if not any(body[:16]):
            return None
        return cls(body[:16], body[16:24].lstrip(b"\0") and body[16:24], bool(body[24]))


def choose(trace_id: bytes, share: float) -> bool:
    """Whether a trace belongs to the recorded share: the same answer in every process."""
    return int.from_bytes(trace_id[:4]) < share * 2**32
