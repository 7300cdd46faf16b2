"""One line of an access log: Apache's and nginx's combined format, or a JSON object."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from auscult.signals.access_logs.cmcd import query_cmcd

LINE_BYTES_MAX = 64 << 10
PATH_CHARS_MAX = 2_000
ROUTE_CHARS_MAX = 120
SEGMENTS_MAX = 6
_STATUS_MIN, _STATUS_MAX = 100, 599
_MS_PER_S = 1_000.0

_COMBINED = re.compile(
    rb"(?P<host>\S+) \S+ [^\[]{0,256}\[[^\]]{1,64}\] "
    rb'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d{1,18}|-)'
    rb'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(?P<rest>.*)',
    re.DOTALL,
)
_SECONDS = re.compile(rb'(?:^|[\s"])(?:rt=|request_time=)?(\d{1,7}\.\d{1,6})(?=$|[\s"])')
_CMCD_TEXT = re.compile(rb'"(CMCD[^"]{0,4096}|[a-z]{1,4}=[^"]{0,4096})"')

FIELDS: Mapping[str, tuple[str, ...]] = {
    "status": ("status", "status_code", "http_status", "code"),
    "sent_bytes": ("bytes", "bytes_sent", "body_bytes_sent", "sent_bytes", "size"),
    "duration_ms": ("duration_ms", "latency_ms", "elapsed_ms", "time_taken_ms"),
    "duration_s": ("request_time", "duration_s", "duration", "upstream_response_time"),
    "path": ("path", "request_uri", "uri", "url", "request"),
    "service": ("service", "service_name", "server_name", "stage"),
    "cmcd": ("cmcd", "CMCD", "cmcd_request", "cmcd_object", "cmcd_status", "cmcd_session"),
}
"""Where each thing stands in a JSON line, the first name that is there."""

_NUMBER = re.compile(r"[0-9]+")
_ID = re.compile(r"[A-Za-z0-9_=-]{24,}|[0-9A-Fa-f]{8,}")


class Line(NamedTuple):
    """What one line tells; numbers are NaN where it does not."""

    status: int
    sent_bytes: float
    duration_ms: float
    path: str
    service: str
    cmcd: str


def read_combined(line: bytes) -> Line | None:
    """Return what a combined line tells, None for one that is none.

    What stands behind the user agent may be the request's seconds (nginx' `$request_time`) and
    CMCD headers in quotes.
    """
    found = _COMBINED.fullmatch(line)
    if found is None:
        return None
    parts = found["request"].split(b" ")
    path = (parts[1] if len(parts) > 1 else parts[0]).decode(errors="replace")
    seconds = _SECONDS.search(found["rest"])
    duration_ms = float(seconds[1]) * _MS_PER_S if seconds else math.nan
    sent = math.nan if found["bytes"] == b"-" else float(found["bytes"])
    heard = ",".join(one.decode(errors="replace") for one in _CMCD_TEXT.findall(found["rest"]))
    return _line(int(found["status"]), sent, duration_ms, target=path, service="", cmcd=heard)


def read_json(line: bytes, fields: Mapping[str, tuple[str, ...]] = FIELDS) -> Line | None:
    """Return what a JSON line tells, None for one that is none or has no status."""
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    status = _number(_first(tree, fields["status"]))
    if math.isnan(status):
        return None
    duration_ms = _number(_first(tree, fields["duration_ms"]))
    if math.isnan(duration_ms):
        duration_ms = _number(_first(tree, fields["duration_s"])) * _MS_PER_S
    path = str(_first(tree, fields["path"]) or "")
    method, _, rest = path.partition(" ")
    target = rest.split(" ")[0] if rest and method.isupper() else path
    said = (tree.get(name) for name in fields["cmcd"])
    return _line(
        int(min(max(status, 0.0), 1e6)),
        _number(_first(tree, fields["sent_bytes"])),
        duration_ms,
        target=target,
        service=str(_first(tree, fields["service"]) or "")[:PATH_CHARS_MAX],
        cmcd=",".join(one for one in said if isinstance(one, str)),
    )


def _line(  # noqa: PLR0913  # the columns of a line
    status: int, sent: float, duration_ms: float, *, target: str, service: str, cmcd: str
) -> Line | None:
    if not _STATUS_MIN <= status <= _STATUS_MAX:
        return None
    path, _, query = target.partition("?")
    return Line(
        status,
        sent if sent >= 0 else math.nan,
        duration_ms if duration_ms >= 0 else math.nan,
        path[:PATH_CHARS_MAX],
        service,
        cmcd or query_cmcd(query),
    )


def route_of(path: str) -> str:
    """Return a path with `{}` for numbers and identifiers, so that many requests are one route.

    At most `SEGMENTS_MAX` segments and `ROUTE_CHARS_MAX` characters of it are told.
    """
    _, scheme, rest = path.partition("://")
    local = f"/{rest.partition('/')[2]}" if scheme else path
    segments = [one for one in local.split("/", SEGMENTS_MAX + 1) if one]
    named = [_ID.sub("{}", one) for one in segments[:SEGMENTS_MAX]]
    route = "/" + "/".join(_NUMBER.sub("{}", one) for one in named)
    return "".join(one if one.isprintable() else "?" for one in route[:ROUTE_CHARS_MAX])


def _first(tree: Mapping[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401
    return next((tree[name] for name in names if _is_said(tree.get(name))), None)


def _is_said(value: Any) -> bool:  # noqa: ANN401
    return value is not None and value != ""


def _number(value: Any) -> float:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan
