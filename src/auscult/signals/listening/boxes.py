"""The boxes of an MP4 (ISO/IEC 14496-12), as far as it takes to see that its sound is encrypted."""

from collections.abc import Iterator

SCRAMBLED_ENTRY = b"enca"
"""The sample entry of encrypted audio (ISO/IEC 23001-7, Common Encryption), whatever it holds."""

_WAY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_STSD_HEAD_BYTES = 8
_BOXES_MAX = 1_000

Box = tuple[bytes, memoryview]


def is_scrambled(body: bytes) -> bool:
    """Say whether an MP4, or the beginning of one, declares encrypted audio. False of all else."""
    if body[4:8] not in {b"ftyp", b"styp", b"moov", b"moof"}:
        return False
    return any(kind == SCRAMBLED_ENTRY for kind, _ in _entries(memoryview(body), _WAY))


def _entries(inside: memoryview, way: tuple[bytes, ...]) -> Iterator[Box]:
    """Yield the sample entries that lie at the end of the way."""
    if not way:
        yield from _boxes(inside[_STSD_HEAD_BYTES:])
        return
    for kind, content in _boxes(inside):
        if kind == way[0]:
            yield from _entries(content, way[1:])


def _boxes(inside: memoryview) -> Iterator[Box]:
    """Yield kind and content of each box, as far as they are whole enough to be read."""
    at = 0
    for _ in range(_BOXES_MAX):
        head = inside[at : at + 16]
        size, begins = int.from_bytes(head[:4], "big"), 8
        if size == 1:  # a size of 64 bits follows
            size, begins = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:  # up to the end
            size = len(inside) - at
        if len(head) < begins or size < begins:
            return
        yield bytes(head[4:8]), inside[at + begins : at + size]
        at += size
