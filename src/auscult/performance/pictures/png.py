"""PNG (ISO/IEC 15948), as much of it as a picture of sound needs: 8-bit RGB, not interlaced."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Shape (height, width, 3), the top row first."""

SIDE_MAX = 4_096
RGB = 3
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGB = (8, 2, 0, 0, 0)


def encode_png(pixels: Pixels) -> bytes:
    """Return a picture as a PNG file; raises `ValueError` for a shape that is none."""
    height, width, depth = pixels.shape
    if depth != RGB or not 0 < height <= SIDE_MAX or not 0 < width <= SIDE_MAX:
        raise ValueError(f"no picture of shape {pixels.shape}")
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with filter 0
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">II5B", width, height, *_EIGHT_BIT_RGB)
    data = zlib.compress(rows.tobytes(), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
