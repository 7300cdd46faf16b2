"""OTLP logs as counts, and how a request body is opened."""

import gzip
import json

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, MediaUnsupported
from auscult.kernel.telemetry.logs import SEVERITIES
from auscult.signals.otlp.logs import decode_logs
from auscult.signals.otlp.messages import JSON, PROTOBUF, media_of, open_body
from tests.unit.signals.otlp.bodies import attribute

NOW_MS = 1_700_000_000_000


def body(**services: list[LogRecord]) -> bytes:
    request = ExportLogsServiceRequest()
    for service, records in services.items():
        into = request.resource_logs.add()
        into.resource.attributes.append(attribute("service.name", service))
        into.scope_logs.add().log_records.extend(records)
    return request.SerializeToString()


def record(severity: int, at_ms: int = 5) -> LogRecord:
    return LogRecord(severity_number=severity, time_unix_nano=at_ms * 1_000_000)  # type: ignore[arg-type]


def test_records_are_counted_by_service_and_severity() -> None:
    logs = decode_logs(
        body(edge=[record(9), record(17), record(24)], app=[record(0)]), now_ms=NOW_MS
    )
    assert [SEVERITIES[one] for one in logs.severity] == ["info", "error", "fatal", "unspecified"]
    assert [logs.services[one] for one in logs.service] == ["edge", "edge", "edge", "app"]
    assert logs.at_ms.tolist() == [5, 5, 5, 5]
    assert len(logs) == 4


def test_severities_fall_into_their_ranges() -> None:
    logs = decode_logs(
        body(edge=[record(n) for n in (1, 4, 5, 8, 12, 13, 16, 20, 21, 99)]), now_ms=1
    )
    words = [SEVERITIES[one] for one in logs.severity]
    assert words == [
        *("trace", "trace", "debug", "debug", "info"),
        *("warn", "warn", "error", "fatal", "fatal"),
    ]


def test_a_record_without_a_time_is_of_now_or_when_it_was_seen() -> None:
    seen = LogRecord(observed_time_unix_nano=7_000_000)
    logs = decode_logs(body(edge=[LogRecord(), seen]), now_ms=NOW_MS)
    assert logs.at_ms.tolist() == [NOW_MS, 7]
    assert len(decode_logs(b"", now_ms=NOW_MS)) == 0


def test_too_much_or_broken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = body(edge=[record(9), record(9)])
    with pytest.raises(BodyMalformed) as refused:
        decode_logs(whole[:-1], now_ms=NOW_MS)
    assert refused.value.position is not None
    monkeypatch.setattr("auscult.signals.otlp.logs.RECORDS_MAX", 1)
    with pytest.raises(BodyTooLarge):
        decode_logs(whole, now_ms=NOW_MS)


def test_a_body_is_opened_by_media_and_encoding() -> None:
    text = json.dumps(
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityNumber": 17}]}]}]}
    ).encode()
    packed = open_body(
        ExportLogsServiceRequest, gzip.compress(text), media=JSON, encoding="gzip", max_bytes=10_000
    )
    assert decode_logs(packed, now_ms=NOW_MS).severity.tolist() == [SEVERITIES.index("error")]
    whole = body(edge=[record(9)])
    kept = open_body(ExportLogsServiceRequest, whole, media=PROTOBUF, encoding="", max_bytes=1)
    assert kept == whole
    assert media_of("Application/JSON; charset=utf-8") == JSON
    with pytest.raises(MediaUnsupported, match="text/plain"):
        media_of("text/plain")
