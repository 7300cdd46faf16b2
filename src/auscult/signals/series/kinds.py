"""Whether a series is a counter: by its declared type, else by the suffix of its name."""

from collections.abc import Mapping
from enum import IntEnum


class Kind(IntEnum):
    """What a series' values are; small integers, because they are kept in an array."""

    UNKNOWN = 0
    GAUGE = 1
    COUNTER = 2


_COUNTING = ("_total", "_count", "_sum", "_bucket")
FAMILY_SUFFIXES = ("", *_COUNTING)
"""What a sample's name may add to the name of its metric family."""

_PARTS = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}
TYPES = frozenset(
    {"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset",
     "gaugehistogram"}
)  # fmt: skip


def kind_of_name(name: str, types: Mapping[str, str]) -> Kind:
    """Return the kind of a metric name, given the declared type of each metric family.

    A histogram's and a summary's `_count`, `_sum` and `_bucket` count up; a summary's quantiles
    are gauges. Without a declared type the suffix decides (Prometheus' naming conventions).
    """
    declared = types.get(name)
    if declared is not None:
        return _kind_of_type(declared, name)
    for suffix in _COUNTING:
        if name.endswith(suffix):
            declared = types.get(name[: -len(suffix)])
            if declared is not None and declared not in {"untyped", "unknown"}:
                return _kind_of_part(declared, suffix)
            return Kind.COUNTER
    return Kind.UNKNOWN


def _kind_of_type(declared: str, name: str) -> Kind:
    if declared == "counter":
        return Kind.COUNTER
    if declared in {"untyped", "unknown"}:
        return Kind.COUNTER if name.endswith(_COUNTING) else Kind.UNKNOWN
    return Kind.GAUGE


def _kind_of_part(declared: str, suffix: str) -> Kind:
    if declared == "counter":
        return Kind.COUNTER if suffix == "_total" else Kind.GAUGE
    return Kind.COUNTER if suffix in _PARTS.get(declared, ()) else Kind.GAUGE
