"""OTLP's three doors, and the traces' two, as a client sees them."""

import json

import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from auscult.kernel.errors import BodyMalformed, QueryUnknown, QueueFull
from auscult.kernel.words import TenantId
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.traces import SpanView, Trace
from auscult.surface.api.telemetry.otlp import (
    code_of,
    refuse,
    told_points,
    told_records,
    told_spans,
)
from auscult.surface.api.telemetry.traces import id_of, span_json, summary_json, trace_json
from tests.unit.signals.otlp.bodies import Call, trace_id
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_telemetry import a_summary

PROTOBUF, JSON = "application/x-protobuf", "application/json"
ACME = TenantId("acme")


async def post(app: FastAPI, path: str, *, media: str = PROTOBUF, **headers: str) -> Answer:
    given = {"content-type": media, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await ask(app, path, method="POST", key="acme-writer", headers=given, body=b"{}")


def a_trace() -> Trace:
    message = Call(attributes={"codec": "opus"}).message().SerializeToString()
    view = SpanView(
        span_id="01",
        parent_id="02",
        service="edge",
        name="play",
        kind="server",
        start_ns=3_000_000,
        duration_ns=2_500_000,
        failed=True,
        message=message,
        depth=1,
        shift_ns=-1_000_000,
        is_lost=True,
    )
    return Trace(trace_id(1).hex(), [view], total=9, lost=1, moved=1, twice=0)


async def test_a_body_is_taken_as_it_came(app: FastAPI, engine: FakeEngine) -> None:
    for path in ("traces", "metrics", "logs"):
        answer = await post(
            app, f"/v1/{path}", media=f"{JSON}; charset=utf-8", content_encoding="GZIP"
        )
        assert (answer.status, answer.headers["content-type"]) == (200, JSON)
        assert answer.data == {}
        assert engine.telemetry.taken.pop() == (path, ACME, Export(b"{}", JSON, "gzip"))


async def test_what_is_not_taken_is_said_in_the_senders_own_words(
    app: FastAPI, engine: FakeEngine
) -> None:
    engine.telemetry.rejected = Rejected(3, "3 too large")
    answer = await post(app, "/v1/traces")
    assert (answer.status, answer.headers["content-type"]) == (200, PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert (told.rejected_spans, told.error_message) == (3, "3 too large")
    answer = await post(app, "/v1/metrics")
    points = ExportMetricsServiceResponse.FromString(answer.body).partial_success
    assert (points.rejected_data_points, points.error_message) == (3, "3 too large")
    answer = await post(app, "/v1/logs", media=JSON)
    assert answer.data == {
        "partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "3 too large"}
    }


def test_each_answer_has_its_own_word_for_what_was_rejected() -> None:
    rejected = Rejected(2, "why")
    assert told_spans(rejected).partial_success.rejected_spans == 2
    assert told_points(rejected).partial_success.rejected_data_points == 2
    assert told_records(rejected).partial_success.rejected_log_records == 2
    for tell in (told_spans, told_points, told_records):
        assert tell(Rejected()).SerializeToString() == b""
    assert ExportLogsServiceResponse.FromString(b"") == told_records(Rejected())


async def test_a_broken_body_is_refused_as_a_status(app: FastAPI, engine: FakeEngine) -> None:
    engine.telemetry.failure = BodyMalformed("not an export", position=17)
    answer = await post(app, "/v1/traces", media=JSON)
    assert answer.status == 400
    assert answer.data["code"] == 3
    assert answer.data["error"]["code"] == "input.malformed"
    assert answer.data["error"]["position"] == 17
    assert "at 17" in answer.data["message"]
    answer = await post(app, "/v1/traces")
    assert (answer.status, answer.headers["content-type"]) == (400, PROTOBUF)
    assert answer.body.startswith(b"\x08\x03\x12")
    assert b"input.malformed: " in answer.body
    assert answer.body[3] == len(answer.body) - 4


async def test_who_is_full_asks_to_come_again(app: FastAPI, engine: FakeEngine) -> None:
    engine.telemetry.failure = QueueFull("many wait", retry_after_s=7)
    for media in (PROTOBUF, JSON):
        answer = await post(app, "/v1/metrics", media=media)
        assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert (code_of(503), code_of(400)) == (14, 3)
    assert bytes(refuse(QueueFull("many wait"), PROTOBUF).body).startswith(b"\x08\x0e\x12")


async def test_other_media_and_large_bodies_are_refused(app: FastAPI, engine: FakeEngine) -> None:
    assert (await post(app, "/v1/traces", media="text/plain")).status == 415
    large = b"x" * (engine.settings.limits.body_bytes + 1)
    answer = await ask(
        app,
        "/v1/traces",
        method="POST",
        key="acme-writer",
        headers={"content-type": PROTOBUF},
        body=large,
    )
    assert answer.status == 413
    assert (await post(app, "/v1/traces?tenant=bolt")).status == 400
    assert not engine.telemetry.taken


async def test_traces_are_asked_for_by_what_their_spans_are(
    app: FastAPI, engine: FakeEngine
) -> None:
    engine.telemetry.traces[ACME] = a_trace()
    path = "/api/v1/traces?service=edge&name=play&min_ms=2.5&failed=true&attribute=a=b=c&limit=3"
    answer = await ask(app, path, key="acme-member")
    assert answer.data == {"traces": [summary_json(a_summary(trace_id(1).hex()))]}
    asked = engine.telemetry.asked
    assert asked is not None
    assert (asked.service, asked.name, asked.min_ms, asked.failed) == ("edge", "play", 2.5, True)
    assert (asked.attribute, asked.limit) == (("a", "b=c"), 3)
    assert (await ask(app, "/api/v1/traces", key="bolt-member")).data == {"traces": []}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "min_ms=-1", "min_ms=nan", "attribute=x", "who=me", "failed=so"],
)
async def test_a_search_that_cannot_be_is_refused(app: FastAPI, query: str) -> None:
    assert (await ask(app, f"/api/v1/traces?{query}", key="acme-member")).status == 400


async def test_one_trace_is_told_whole(app: FastAPI, engine: FakeEngine) -> None:
    engine.telemetry.traces[ACME] = trace = a_trace()
    answer = await ask(app, f"/api/v1/traces/{trace.trace_id}", key="acme-member")
    assert answer.data == json.loads(json.dumps(trace_json(trace)))
    assert (answer.data["spans_total"], answer.data["parents_missing"]) == (9, 1)
    span = answer.data["spans"][0]
    assert span == span_json(trace.spans[0])
    assert (span["duration_ms"], span["shift_ms"], span["parent_missing"]) == (2.5, -1.0, True)
    assert span["attributes"] == {"codec": "opus"}
    assert (await ask(app, f"/api/v1/traces/{trace.trace_id}", key="bolt-member")).status == 404
    assert (await ask(app, "/api/v1/traces/abc", key="acme-member")).status == 400
    assert (await ask(app, f"/api/v1/traces/{trace.trace_id}", key="acme-writer")).status == 403


def test_a_trace_id_is_32_digits() -> None:
    assert id_of(trace_id(5).hex()) == trace_id(5)
    for wrong in ("", "0" * 31, "g" * 32, "0 " * 16, "0x" + "0" * 30):
        with pytest.raises(QueryUnknown):
            id_of(wrong)
