"""remote_write bodies written by hand: tests of the receiver share no code with it."""

import struct
import time
from collections.abc import Mapping

import cramjam

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def now_ms() -> int:
    """Return Unix milliseconds."""
    return time.time_ns() // 1_000_000


def write_body(name: str, values: Mapping[str, float], at_ms: int) -> bytes:
    """Return a remote_write 1.0 body: one sample of one metric for each service."""
    series = (
        _label("__name__", name)
        + _label("service", service)
        + _message(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at_ms))
        for service, value in sorted(values.items())
    )
    return bytes(cramjam.snappy.compress_raw(b"".join(_message(1, one) for one in series)))


def _message(number: int, inner: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(inner)) + inner


def _label(name: str, value: str) -> bytes:
    return _message(1, _message(1, name.encode()) + _message(2, value.encode()))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
