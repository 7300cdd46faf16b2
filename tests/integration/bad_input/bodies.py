"""remote_write bodies with any labels, written by hand."""

import struct

import cramjam

from tests.integration.remote_write import now_ms

DAY_MS = 86_400_000
Series = list[tuple[str, str]]


def labelled(**labels: str) -> Series:
    """Return the labels of a series with a name."""
    return [("__name__", "odd"), *sorted(labels.items())]


def body_of(*series: Series, at_ms: int = 0) -> bytes:
    """Return a body with one sample of each series."""
    sample = b"\x09" + struct.pack("<d", 0.1) + b"\x10" + _varint(at_ms)
    text = b"".join(
        _part(1, b"".join(_label(*pair) for pair in labels) + _part(2, sample)) for labels in series
    )
    return bytes(cramjam.snappy.compress_raw(text))


def malformed_utf8() -> bytes:
    """Return a body whose label is no text."""
    label = _part(1, _part(1, b"__name__") + _part(2, b"\xff\xfe\xfd"))
    return bytes(cramjam.snappy.compress_raw(_part(1, label + _part(2, _sample(now_ms())))))


def _sample(at_ms: int) -> bytes:
    return b"\x09" + struct.pack("<d", 0.1) + b"\x10" + _varint(at_ms)


def _label(name: str, value: str) -> bytes:
    return _part(1, _part(1, name.encode()) + _part(2, value.encode()))


def _part(number: int, inner: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(inner)) + inner


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
