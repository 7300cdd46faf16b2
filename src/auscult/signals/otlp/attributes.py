"""Attributes as plain text: of a resource, a data point, a span that somebody looks at."""

from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

UNKNOWN_SERVICE = "unknown_service"
"""What OpenTelemetry calls a service without a name (semantic conventions, "Service")."""

DEPTH_SHOWN_MAX = 4
ITEMS_SHOWN_MAX = 64


def find_text(attributes: Iterable[KeyValue], key: str) -> str:
    """Return the text of the attribute with this key, empty where there is none."""
    return next((value_text(one.value) for one in attributes if one.key == key), "")


def value_text(value: AnyValue, depth: int = DEPTH_SHOWN_MAX) -> str:
    """Return a value as text: truth values in lower case, bytes as hexadecimal, lists in brackets.

    Lists and maps are followed `depth` deep and `ITEMS_SHOWN_MAX` long.
    """
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "bytes_value":
        return value.bytes_value.hex()
    if kind == "array_value":
        items = value.array_value.values[:ITEMS_SHOWN_MAX] if depth else ()
        return "[" + ", ".join(value_text(one, depth - 1) for one in items) + "]"
    if kind == "kvlist_value":
        pairs = value.kvlist_value.values[:ITEMS_SHOWN_MAX] if depth else ()
        texts = (f"{one.key}: {value_text(one.value, depth - 1)}" for one in pairs)
        return "{" + ", ".join(texts) + "}"
    return str(getattr(value, kind))
