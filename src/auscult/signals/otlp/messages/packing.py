"""How a body is packed: gzip or not at all, opened with a bound on what comes out (RFC 1952)."""

import zlib

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, MediaUnsupported

GZIP_BITS = 31
MEMBERS_MAX = 100


def unpack(body: bytes, encoding: str, *, max_bytes: int) -> bytes:
    """Return the body as it was before its Content-Encoding.

    max_bytes bounds what is unpacked, while it is. Raises `MediaUnsupported`, `BodyTooLarge`,
    `BodyMalformed`.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise MediaUnsupported(f"Content-Encoding {encoding[:40]!r}; taken here: gzip, identity")
    parts: list[bytes] = []
    left, room = body, max_bytes
    while left:
        if len(parts) >= MEMBERS_MAX:
            raise BodyMalformed(f"gzip: more than {MEMBERS_MAX} members")
        part, left = _open_member(left, room, at=len(body) - len(left))
        room -= len(part)
        if room < 0:
            raise BodyTooLarge(f"more than {max_bytes} bytes unpacked")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _open_member(packed: bytes, room: int, *, at: int) -> tuple[bytes, bytes]:
    """Return one member unpacked, one byte more than there is room for at most, and the rest."""
    stream = zlib.decompressobj(GZIP_BITS)
    try:
        part = stream.decompress(packed, room + 1)
    except zlib.error as why:
        raise BodyMalformed(f"gzip: {why}", position=at) from None
    if not stream.eof and len(part) <= room:
        raise BodyMalformed("gzip: it ends too early", position=at + len(packed))
    return part, stream.unused_data
