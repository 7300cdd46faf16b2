"""From a request as it came over HTTP to the protobuf bytes of its message."""

from google.protobuf.message import Message

from auscult.kernel.errors import MediaUnsupported
from auscult.signals.otlp.messages.packing import unpack
from auscult.signals.otlp.messages.requests import JSON, PROTOBUF, pack_json


def media_of(content_type: str) -> str:
    """Return `PROTOBUF` or `JSON`; raises `MediaUnsupported`."""
    media = content_type.partition(";")[0].strip().lower()
    if media not in {PROTOBUF, JSON}:
        raise MediaUnsupported(f"{content_type[:80]!r}; taken here: {PROTOBUF}, {JSON}")
    return media


def open_body(
    kind: type[Message], body: bytes, *, media: str, encoding: str, max_bytes: int
) -> bytes:
    """Return the message of a request body as protobuf bytes, not yet judged where it came so.

    max_bytes bounds what is unpacked. Raises `MediaUnsupported`, `BodyTooLarge`, `BodyMalformed`.
    """
    plain = unpack(body, encoding, max_bytes=max_bytes)
    return pack_json(kind, plain) if media == JSON else plain
