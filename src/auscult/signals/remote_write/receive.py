"""One remote_write request: from its body and content type to columns."""

from auscult.kernel.errors import MediaUnsupported
from auscult.signals.remote_write.decoded import Decoded
from auscult.signals.remote_write.snappy import unpack
from auscult.signals.remote_write.version1 import decode_version1
from auscult.signals.remote_write.version2 import decode_version2
from auscult.signals.series.book import SeriesBook

MEDIA = "application/x-protobuf"
_READERS = {
    "prometheus.WriteRequest": decode_version1,
    "io.prometheus.write.v2.Request": decode_version2,
}


def decode_write(
    body: bytes, content_type: str, *, book: SeriesBook, now_ms: int, max_bytes: int
) -> Decoded:
    """Return the samples of a snappy-packed body; the content type alone chooses the version.

    max_bytes bounds the *unpacked* body. Raises `MediaUnsupported`, `BodyTooLarge`,
    `BodyMalformed`.
    """
    media, _, rest = content_type.partition(";")
    settings = dict(part.strip().partition("=")[::2] for part in rest.split(";"))
    proto = settings.get("proto", "prometheus.WriteRequest").strip('"')
    if media.strip().lower() != MEDIA or proto not in _READERS:
        raise MediaUnsupported(f"{content_type[:100]!r}; send {MEDIA}, snappy block format")
    return _READERS[proto](unpack(body, max_bytes=max_bytes), book=book, now_ms=now_ms)
