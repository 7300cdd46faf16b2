"""The three export requests: read whole by protobuf, or made from JSON, or refused with a place.

Protobuf's own parser judges every body, down to the last attribute, before anything is taken from
it; JSON becomes the same message first (protobuf's JSON mapping with OTLP's exceptions: ids are
hexadecimal, unknown fields are ignored; OTLP specification 1.x, "JSON Protobuf Encoding").
"""

import base64
import binascii
import json
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.signals.otlp.limits import DEPTH_MAX, JSON_BYTES_MAX, RESOURCES_MAX
from auscult.signals.otlp.messages.cuts import RequestCut, cut_request
from auscult.signals.otlp.messages.places import find_break

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_IDS = frozenset({"traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id"})
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
    if len(body) > JSON_BYTES_MAX:
        raise BodyTooLarge(f"{len(body)} bytes of JSON; the limit is {JSON_BYTES_MAX}")
    try:
        tree = json.loads(body)
    except json.JSONDecodeError as why:
        raise BodyMalformed(f"not JSON: {why.msg}", position=why.pos) from None
    except UnicodeDecodeError as why:
        raise BodyMalformed("not UTF-8", position=why.start) from None
    except (RecursionError, ValueError) as why:
        raise BodyMalformed(f"JSON that is not taken: {why}") from None
    if not isinstance(tree, dict):
        raise BodyMalformed("a JSON object is expected", position=0)
    _rewrite_ids(tree, DEPTH_MAX)
    try:
        message = json_format.ParseDict(
            tree, kind(), ignore_unknown_fields=True, max_recursion_depth=DEPTH_MAX
        )
        return bytes(message.SerializeToString())
    except (json_format.ParseError, ValueError) as why:
        raise BodyMalformed(_one_line(why)) from None


def _rewrite_ids(tree: Any, depth: int) -> None:  # noqa: ANN401  # whatever JSON can hold
    """Turn hexadecimal ids into the base64 of protobuf's JSON mapping, in place."""
    if depth < 0:
        raise BodyMalformed(f"nested deeper than {DEPTH_MAX}")
    if isinstance(tree, list):
        for inner in tree:
            _rewrite_ids(inner, depth - 1)
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if key in _IDS and isinstance(value, str):
                tree[key] = _to_base64(key, value)
            elif isinstance(value, dict | list):
                _rewrite_ids(value, depth - 1)


def _to_base64(key: str, text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except ValueError:
        raise BodyMalformed(f"{key} {text[:40]!r} is not hexadecimal") from None


def _one_line(why: Exception) -> str:
    return " ".join(str(why).split())[:300]
