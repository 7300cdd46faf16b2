"""How schemathesis writes bodies that it has no words for: as the bytes they are."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-protobuf", "application/vnd.auscult.sound")
def as_bytes(_context: Any, value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()
