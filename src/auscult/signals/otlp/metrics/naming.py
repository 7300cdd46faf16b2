"""OpenTelemetry's names as Prometheus': metric names with units, labels, and what a resource gives.

By "Prometheus and OpenMetrics Compatibility" of the OpenTelemetry specification, the classic
(escaping) scheme: what is not `[A-Za-z0-9_:]` becomes `_`, several of them one; the unit is added
in words, `_total` to what only rises, `_ratio` to a gauge without a unit.
"""

import re
from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from auscult.signals.otlp.attributes import UNKNOWN_SERVICE, find_text, value_text

Pairs = dict[str, str]

_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes",
    "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tebibytes", "KBy": "kilobytes",
    "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "V": "volts", "A": "amperes",
    "J": "joules", "W": "watts", "g": "grams", "m": "meters", "Cel": "celsius", "Hz": "hertz",
    "%": "percent", "1": "",
}  # fmt: skip
_PER = {
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
}  # fmt: skip
_NOTE = re.compile(r"\{[^}]*\}")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9:]+")
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9_]")


def metric_name_of(name: str, unit: str, *, is_counter: bool, is_gauge: bool) -> str:
    """Return the name of a series, without what a histogram's parts add; empty for an empty one."""
    said = _NOT_IN_NAME.sub("_", name).strip("_")
    if not said:
        return ""
    if is_counter:
        said = said.removesuffix("_total")
    words = unit_words(unit)
    if words and f"_{words}_" not in f"_{said}_":
        said = f"{said}_{words}"
    if is_gauge and unit == "1" and not said.endswith("_ratio"):
        said += "_ratio"
    said += "_total" if is_counter else ""
    return f"_{said}" if said[0].isdigit() else said


def unit_words(unit: str) -> str:
    """Return a unit (UCUM) in words: `By/s` is bytes_per_second; notes in braces say nothing."""
    amount, _, per = _NOTE.sub("", unit).strip().partition("/")
    words = _UNITS.get(amount, _NOT_IN_NAME.sub("_", amount).strip("_"))
    below = _PER.get(per, _NOT_IN_NAME.sub("_", per).strip("_"))
    return "_".join(part for part in (words, f"per_{below}" if below else "") if part)


def label_name_of(key: str) -> str:
    """Return an attribute's key as a label name."""
    said = _NOT_IN_LABEL.sub("_", key)
    return f"key_{said}" if said[:1].isdigit() else said


def label_pairs(attributes: Iterable[KeyValue]) -> Pairs:
    """Return attributes as labels; the values of keys that become one name stand side by side."""
    pairs: Pairs = {}
    for one in sorted(attributes, key=lambda one: one.key):
        name, value = label_name_of(one.key), value_text(one.value)
        pairs[name] = f"{pairs[name]};{value}" if name in pairs else value
    return pairs


def resource_pairs(resource: Resource) -> Pairs:
    """Return the labels that a resource gives to all its series: `job` and `instance`."""
    name = find_text(resource.attributes, "service.name") or UNKNOWN_SERVICE
    space = find_text(resource.attributes, "service.namespace")
    instance = find_text(resource.attributes, "service.instance.id")
    return {"job": f"{space}/{name}" if space else name, "instance": instance}


def scope_pairs(scope: InstrumentationScope) -> Pairs:
    """Return the labels that a scope gives to its series."""
    return {"otel_scope_name": scope.name, "otel_scope_version": scope.version}
