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

_PARTS = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
    "gaugehistogram": ("_bucket",),
}
TYPES = frozenset(
    {"counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset",
     "gaugehistogram"}
)  # fmt: skip


def kind_of_name(name: str, types: Mapping[str, str]) -> Kind:
    """Return the kind of a metric name, given the declared type of each metric family.

    Without a declared type the suffix decides (Prometheus' naming conventions).
    """
    declared = types.get(name)
    if declared is not None:
        return kind_of_type(declared, name)
    for suffix in _COUNTING:
        if name.endswith(suffix):
            declared = types.get(name[: -len(suffix)], "")
            return kind_of_type(declared if suffix in _PARTS.get(declared, ()) else "", name)
    return Kind.UNKNOWN


def kind_of_type(declared: str, name: str) -> Kind:
    """Return the kind of a metric name whose family is declared to be of a type.

    A histogram's and a summary's `_count`, `_sum` and `_bucket` count up; a summary's quantiles
    are gauges. An empty, unknown or untyped declaration leaves it to the suffix.
    """
    if declared in {"", "untyped", "unknown"}:
        return Kind.COUNTER if name.endswith(_COUNTING) else Kind.UNKNOWN
    if declared == "counter":
        return Kind.COUNTER
    counts = declared != "gaugehistogram" and name.endswith(_PARTS.get(declared, ("\0",)))
    return Kind.COUNTER if counts else Kind.GAUGE
