"""Snappy's block format, with the size checked before anything is unpacked."""

from auscult.kernel.errors import BodyMalformed, BodyTooLarge

_SIZE_BYTES_MAX = 5
_MORE = 0x80


def unpack(body: bytes, *, max_bytes: int) -> bytes:
    """Return the unpacked body.

    The first varint states the unpacked size (google/snappy `format_description.txt`); beyond
    `max_bytes` nothing is unpacked. Raises `BodyTooLarge`, `BodyMalformed`.
    """
    import cramjam

    size = _stated_size(body)
    if size > max_bytes:
        raise BodyTooLarge(f"{size} bytes unpacked, more than {max_bytes}")
    try:
        unpacked = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as why:
        raise BodyMalformed(f"snappy: {why}", position=0) from None
    if len(unpacked) != size:
        raise BodyMalformed("snappy: the unpacked size is not the stated one", position=0)
    return unpacked


def _stated_size(body: bytes) -> int:
    size = 0
    for index, byte in enumerate(body[:_SIZE_BYTES_MAX]):
        size |= (byte & (_MORE - 1)) << (7 * index)
        if byte < _MORE:
            return size
    raise BodyMalformed("snappy: no size at the beginning", position=0)
