"""Opaque cursors: where a page ended, in a form that nobody needs to read."""

import base64
import binascii
import json

from auscult.kernel.errors import BodyMalformed

CURSOR_CHARS_MAX = 400
ID_CHARS_MAX = 200
_INTEGER_MAX = 2**63

Place = tuple[int, int, str]


def write_cursor(place: Place) -> str:
    """Return (rank, opened_ms, id) as a cursor that is safe in a URL."""
    raw = json.dumps(place, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """Return what `write_cursor` was given; raises `BodyMalformed` for anything else."""
    padded = cursor[:CURSOR_CHARS_MAX] + "=" * (-len(cursor) % 4)
    try:
        place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error):
        place = None
    match place:
        case [int(rank), int(opened_ms), str(last)] if (
            not isinstance(rank, bool)
            and not isinstance(opened_ms, bool)
            and max(abs(rank), abs(opened_ms)) < _INTEGER_MAX
            and len(last) <= ID_CHARS_MAX
            and "\0" not in last
        ):
            return rank, opened_ms, last
        case _:
            raise BodyMalformed("this cursor is not one of ours")
