"""Evidence in words: a metric's name, its unit, numbers and durations as a person says them."""

import re

_SUFFIXES = re.compile(r"_(total|seconds|milliseconds|ms|bytes|ratio|percent|count|sum)$")
_GROUPED_FROM = 1e3
_EXACT_TO = 1e15
_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
    "B/s": ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")),
}


def unit_of(metric: str, kind: str) -> str:
    """Return the unit a metric's name speaks of (OpenMetrics naming), per second for counters.

    >>> unit_of("http_request_duration_seconds", "gauge")
    's'
    >>> unit_of("sent_bytes_total", "counter")
    'B/s'
    """
    counted = kind == "counter"
    name = metric.removesuffix("_total").removesuffix("_sum") if counted else metric
    if name.endswith("_seconds"):
        return "s/s" if counted else "s"
    if name.endswith(("_milliseconds", "_ms")):
        return "ms/s" if counted else "ms"
    if name.endswith("_bytes"):
        return "B/s" if counted else "B"
    if name.endswith(("_ratio", "_fraction")):
        return "ratio"
    if name.endswith("_percent"):
        return "%"
    return "/s" if counted else ""


def words_of(metric: str) -> str:
    """Return a metric's name as words, without its unit.

    >>> words_of("http_request_duration_seconds")
    'http request duration'
    """
    short = metric
    while (cut := _SUFFIXES.sub("", short)) != short and cut:
        short = cut
    return short.replace("_", " ").replace(":", " ")


def say(value: float, unit: str, *, beside: float = 0.0) -> str:
    """Return a number with its unit in three significant digits; a zero in the unit of `beside`.

    >>> say(0.4123, "s"), say(0.95, "ratio"), say(52_400_000, "B"), say(12, "/s")
    ('412 ms', '95 %', '52.4 MB', '12/s')
    >>> say(0.0, "B/s", beside=14_600.0)
    '0 kB/s'
    """
    scale, name = _scale_of(value or beside, unit)
    return _joined(_digits(value / scale), name)


def say_range(low: float, high: float, unit: str) -> str:
    """Return a range in the unit of its upper end.

    >>> say_range(0.008, 0.015, "s")
    '8–15 ms'
    """
    scale, name = _scale_of(max(abs(low), abs(high)), unit)
    first, last = _digits(low / scale), _digits(high / scale)
    return _joined(last if first == last else f"{first}–{last}", name)


def say_duration(duration_ms: int) -> str:
    """Return a duration in the largest fitting unit.

    >>> say_duration(9_400), say_duration(150_000), say_duration(7_300_000)
    ('9 s', '2 min', '2 h')
    """
    seconds = max(duration_ms, 0) // 1000
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _scale_of(value: float, unit: str) -> tuple[float, str]:
    if unit == "ratio":
        return 0.01, "%"
    scales = _SCALES.get(unit)
    if scales is None:
        return 1.0, unit
    for scale, name in scales:
        if abs(value) >= scale:
            return scale, name
    return scales[-1] if value else (1.0, unit)


def _digits(value: float) -> str:
    if abs(value) >= _GROUPED_FROM or value == int(value):
        return f"{value:,.0f}" if abs(value) < _EXACT_TO else f"{value:.3g}"
    return f"{value:.3g}"


def _joined(number: str, unit: str) -> str:
    return f"{number}{unit}" if unit.startswith("/") or not unit else f"{number} {unit}"
