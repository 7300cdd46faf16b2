"""One logs request, as columns: how many lines of which severity, of which service, and when.

The lines themselves are not kept: what is watched is how many there are.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from auscult.kernel.telemetry import LogColumns
from auscult.kernel.telemetry.logs import SEVERITIES
from auscult.signals.otlp.attributes import UNKNOWN_SERVICE, find_text
from auscult.signals.otlp.limits import RECORDS_MAX
from auscult.signals.otlp.messages.requests import cut_bounded, parse_request

_NS_PER_MS = 1_000_000
_PER_RANGE = 4
"""Severity numbers of each word: 1-4 trace, 5-8 debug, ... (OpenTelemetry logs data model)."""


def decode_logs(body: bytes, *, now_ms: int) -> LogColumns:
    """Return what an unpacked `ExportLogsServiceRequest` (protobuf) tells.

    A record without a time has the time at which it was observed, else now. Raises `BodyMalformed`
    with the place of the fault, `BodyTooLarge`.
    """
    cut_bounded(ExportLogsServiceRequest, body, items_max=RECORDS_MAX)
    request = parse_request(ExportLogsServiceRequest, body)
    services: dict[str, int] = {}
    counts: list[int] = []
    numbers: list[int] = []
    rows: list[tuple[int, int]] = []
    for resource in request.resource_logs:
        service = find_text(resource.resource.attributes, "service.name") or UNKNOWN_SERVICE
        before = len(rows)
        for scope in resource.scope_logs:
            rows.extend(_read(scope.log_records, now_ms=now_ms))
        numbers.append(services.setdefault(service, len(services)))
        counts.append(len(rows) - before)
    at_ms, severity = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    words = np.minimum(
        (np.maximum(severity, 0) + _PER_RANGE - 1) // _PER_RANGE, len(SEVERITIES) - 1
    )
    return LogColumns(
        at_ms,
        words.astype(np.int8),
        np.repeat(np.array(numbers, dtype=np.int32), counts),
        tuple(services),
    )


def _read(records: Iterable[LogRecord], *, now_ms: int) -> Iterator[tuple[int, int]]:
    """Yield the time in Unix ms and the severity number of each record."""
    for one in records:
        at_ns = one.time_unix_nano or one.observed_time_unix_nano
        yield (at_ns // _NS_PER_MS if at_ns else now_ms), one.severity_number
