"""One line of exposition text, read in full.

Grammar: Prometheus' `exposition_formats.md` (0.0.4) and the OpenMetrics 1.0 ABNF. A line is
`name{label="value",…} value [timestamp] [# exemplar]`; in the label values backslash, quote and
line feed are escaped by a backslash. Timestamps are whole milliseconds in 0.0.4, seconds with
decimals in OpenMetrics.
"""

import math
import re
from dataclasses import dataclass

LINE_BYTES_MAX = 262_144
_TIME_MS_MAX = 1 << 53
_MS_PER_S = 1000

_NAME = re.compile(r"[ \t]*([A-Za-z_:][A-Za-z0-9_:]*)[ \t]*")
_LABEL = re.compile(
    r'[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*(,?)[ \t]*'
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "\\": "\\", '"': '"'}


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """The part of a line that names the series; `end` is where it ends in the text."""

    name: str
    labels: tuple[tuple[str, str], ...]
    end: int


def parse_series(text: str) -> SeriesPart:
    """Read the series part of a line; raises `ValueError` with what is wrong."""
    found = _NAME.match(text)
    if found is None:
        raise ValueError("a metric name is expected")
    name, at = found[1], found.end()
    if not text.startswith("{", at):
        if at == found.end(1):
            raise ValueError("a blank is expected after the metric name")
        return SeriesPart(name, (), found.end(1))
    at += 1
    labels, comma = [], True
    while not text.startswith("}", at):
        label = _LABEL.match(text, at)
        if label is None or not comma:
            raise ValueError('a label of the form name="value" is expected')
        value = label[2]
        labels.append((label[1], _ESCAPE.sub(_unescape, value) if "\\" in value else value))
        comma, at = bool(label[3]), label.end()
        if not comma and not text.startswith("}", at):
            raise ValueError("a comma or } is expected after a label")
    return SeriesPart(name, tuple(labels), at + 1)


def _unescape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[0])


def parse_value(token: bytes) -> float:
    """Read a sample value; raises `ValueError`."""
    if b"_" in token:
        raise ValueError("a number has no underscores")
    return float(token)


def parse_time_ms(token: bytes, *, open_metrics: bool) -> int:
    """Read a timestamp as Unix milliseconds; raises `ValueError`."""
    if b"_" in token:
        raise ValueError("a number has no underscores")
    if open_metrics:
        seconds = float(token)
        at_ms = round(seconds * _MS_PER_S) if math.isfinite(seconds) else _TIME_MS_MAX
    else:
        at_ms = int(token)
    if abs(at_ms) >= _TIME_MS_MAX:
        raise ValueError("the timestamp is out of range")
    return at_ms
