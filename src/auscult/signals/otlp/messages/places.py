"""Where in a protobuf body the first thing stands that cannot be read.

Protobuf's parser only says that it could not. This walks the body again, slowly and only then: the
first field that breaks the wire format, or the innermost message that its own parser refuses.
"""

from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from auscult.kernel.errors import BodyMalformed
from auscult.signals.otlp.limits import DEPTH_MAX

_VARINT, _FIXED64, _LEN, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
FIELDS_WALKED_MAX = 100_000
READINGS_MAX = 8
_VARINT_BYTES_MAX = 10
_MORE = 0x80


class Field(NamedTuple):
    """One field of a message: its number, and where its value begins and ends."""

    number: int
    wire: int
    start: int
    end: int


def find_break(body: bytes, kind: type[Message]) -> int:
    """Return the byte offset in `body` at which a message of this kind stops making sense.

    After `FIELDS_WALKED_MAX` fields, `DEPTH_MAX` messages within each other, or `READINGS_MAX`
    times the body read again, it is the place that was reached: a body that is wrong may not cost
    much more than one that is right.
    """
    child: type[Message] | None = kind
    start, end, walked, left = 0, len(body), 0, READINGS_MAX * len(body)
    at = start
    for _ in range(DEPTH_MAX):
        kind, child, at = child or kind, None, start
        try:
            for field in walk_fields(body, start, end):
                at, walked = field.start, walked + 1
                inner = _message_of(kind, field)
                left -= 0 if inner is None else field.end - field.start
                if inner is not None and not _is_readable(inner, body[field.start : field.end]):
                    child, start, end = inner, field.start, field.end
                    break
                if walked >= FIELDS_WALKED_MAX or left < 0:
                    return at
        except BodyMalformed as why:
            return at if why.position is None else why.position
        if child is None:
            return start
    return at


def walk_fields(body: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields between two offsets; raises `BodyMalformed` with the place of a bad one."""
    at = start
    while at < end:
        began = at
        tag, at = read_varint(body, at, end)
        wire, number = tag & 7, tag >> 3
        size = _FIXED.get(wire, 0)
        if wire == _LEN:
            size, at = read_varint(body, at, end)
        if number == 0 or wire not in {_VARINT, _FIXED64, _LEN, _FIXED32}:
            raise BodyMalformed("not a field", position=began)
        stop = read_varint(body, at, end)[1] if wire == _VARINT else at + size
        if stop > end:
            raise BodyMalformed("a field ends after its message", position=began)
        yield Field(number, wire, at, stop)
        at = stop


def read_varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at an offset and the offset after it; raises `BodyMalformed`."""
    number = 0
    for index in range(min(_VARINT_BYTES_MAX, end - at)):
        byte = body[at + index]
        number |= (byte & (_MORE - 1)) << (7 * index)
        if byte < _MORE:
            return number, at + index + 1
    raise BodyMalformed("not a number", position=at)


def _message_of(kind: type[Message], field: Field) -> type[Message] | None:
    known = kind.DESCRIPTOR.fields_by_number.get(field.number)
    if known is None or known.message_type is None or field.wire != _LEN:
        return None
    found: type[Message] = GetMessageClass(known.message_type)  # type: ignore[arg-type]  # upb's own
    return found


def _is_readable(kind: type[Message], data: bytes) -> bool:
    try:
        kind.FromString(data)
    except DecodeError:
        return False
    return True
