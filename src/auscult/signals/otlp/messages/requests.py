"""The three export requests: read whole by protobuf, or made from JSON, or refused with a place.

Protobuf's own parser judges every body, down to the last attribute, before anything is taken from
it; JSON becomes the same message first (`plain`).
"""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.signals.otlp.limits import JSON_BYTES_MAX, RESOURCES_MAX
from auscult.signals.otlp.messages.cuts import RequestCut, cut_request
from auscult.signals.otlp.messages.places import find_break
from auscult.signals.otlp.messages.plain import make_message
from auscult.signals.plain_json import read_json

PROTOBUF, JSON = "application/x-protobuf", "application/json"
M = TypeVar("M", bound=Message)


def parse_request(kind: type[M], body: bytes) -> M:
    """Return the message; raises `BodyMalformed` with the byte at which it stops making sense."""
    try:
        return kind.FromString(body)
    except DecodeError:
        place = find_break(body, kind)
        raise BodyMalformed(f"not an {kind.DESCRIPTOR.name}", position=place) from None


def cut_bounded(kind: type[Message], body: bytes, *, items_max: int) -> RequestCut:
    """Return a body cut into its items, before anything is made of each of them.

    A message takes up to forty times its bytes in memory, and an empty one none on the wire: so
    they are counted first. Raises `BodyMalformed`, and `BodyTooLarge` for more than `items_max`
    spans (metrics, log records), `RESOURCES_MAX` resources or as many scopes.
    """
    try:
        cut = cut_request(body)
    except DecodeError:
        place = find_break(body, kind)
        raise BodyMalformed(f"not an {kind.DESCRIPTOR.name}", position=place) from None
    if len(cut.resources) > RESOURCES_MAX:
        raise BodyTooLarge(f"more than {RESOURCES_MAX} resources")
    if sum(len(resource.scopes) for resource in cut.resources) > RESOURCES_MAX:
        raise BodyTooLarge(f"more than {RESOURCES_MAX} scopes")
    count = sum(len(scope.items) for resource in cut.resources for scope in resource.scopes)
    if count > items_max:
        raise BodyTooLarge(f"{count} items in one request; the limit is {items_max}")
    return cut


def pack_json(kind: type[M], body: bytes) -> bytes:
    """Return a JSON request as protobuf bytes; raises `BodyMalformed`, `BodyTooLarge`."""
    tree = read_json(body, most_bytes=JSON_BYTES_MAX)
    return bytes(make_message(kind, tree).SerializeToString())
