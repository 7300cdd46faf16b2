"""OpenTelemetry's own Python exporters, over HTTP, against the running product."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from tests.integration.settings.scene import until
from tests.product import Product
from tests.unit.signals.otlp.bodies import Call, trace_body

pytestmark = pytest.mark.timeout(180)

JSON = "application/json"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("otlp"), {"acme": {}, "bolt": {}})
    with product:
        yield product


@pytest.fixture(scope="module")
def key(product: Product) -> str:
    return product.key("acme")


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def resource(service: str) -> Resource:
    return Resource({"service.name": service, "service.instance.id": f"{service}-1"})


def tracer(product: Product, key: str, service: str, how: Compression) -> TracerProvider:
    exporter = OTLPSpanExporter(f"{product.url}/v1/traces", headers=headers(key), compression=how)
    provider = TracerProvider(resource=resource(service), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def series(product: Product, key: str, name: str) -> list[dict[str, Any]]:
    """Return the windows of all series of a name."""
    _, page = product.ask(f"/api/v1/series?match[]=__name__%3D%22{name}%22", key)
    return [product.ask(f"/api/v1/series/{row['slot']}", key)[1] for row in page["series"]]


@pytest.mark.parametrize("how", [Compression.NoCompression, Compression.Gzip])
def test_spans_of_two_services_become_one_trace(
    product: Product, key: str, how: Compression
) -> None:
    edge, encode = (tracer(product, key, service, how) for service in ("edge", "encode"))
    with edge.get_tracer("t").start_as_current_span("GET /live", kind=SpanKind.CLIENT) as top:
        top.set_attribute("codec", "opus")
        with encode.get_tracer("t").start_as_current_span("encode", kind=SpanKind.SERVER) as inner:
            inner.set_status(Status(StatusCode.ERROR, "no bits left"))
            inner.add_event("retry", {"n": 2})
            time.sleep(0.02)
    trace_id = trace.format_trace_id(top.get_span_context().trace_id)
    for provider in (encode, edge):
        assert provider.force_flush()
        provider.shutdown()
    status, told = product.ask(f"/api/v1/traces/{trace_id}", key)
    assert status == 200
    outer, called = told["spans"]
    assert (outer["service"], outer["name"], outer["kind"]) == ("edge", "GET /live", "client")
    assert outer["attributes"]["codec"] == "opus"
    assert (called["service"], called["depth"], called["failed"]) == ("encode", 1, True)
    assert (called["status"], called["events"][0]["name"]) == ("no bits left", "retry")
    assert outer["duration_ms"] >= called["duration_ms"] >= 20
    for query in ("service=encode&failed=true", "attribute=codec=opus&min_ms=20", "name=encode"):
        found = product.ask(f"/api/v1/traces?{query}", key)[1]["traces"]
        assert trace_id in {one["trace_id"] for one in found}
    stranger = product.key("bolt")
    assert product.ask(f"/api/v1/traces/{trace_id}", stranger)[0] == 404
    assert product.ask("/api/v1/traces", stranger)[1] == {"traces": []}


def test_span_metrics_are_watched(product: Product, key: str) -> None:
    body = trace_body({"app": [Call(trace=5, name="seek")], "cdn": [Call(trace=5, span=2)]})
    given = {"Content-Type": "application/x-protobuf"}
    assert product.ask("/v1/traces", key, body=body, headers=given)[0] == 200
    wanted = {("app", "seek", "server"), ("cdn", "GET /segment", "server")}

    def told() -> set[tuple[str, str, str]]:
        labels = [one["labels"] for one in series(product, key, "traces_spanmetrics_calls_total")]
        return {(one["service_name"], one["span_name"], one["span_kind"]) for one in labels}

    until(lambda: told() >= wanted, "calls as series")


def test_metrics_of_the_sdk_become_series(product: Product, key: str) -> None:
    exporter = OTLPMetricExporter(f"{product.url}/v1/metrics", headers=headers(key))
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
    provider = MeterProvider([reader], resource=resource("encode"), shutdown_on_exit=False)
    meter = provider.get_meter("sound", "1.0")
    plays = meter.create_counter("plays", unit="{play}")
    fill = meter.create_gauge("buffer.fill", unit="1")
    wait = meter.create_histogram("wait", unit="s")
    for _ in range(3):
        plays.add(5, {"codec": "opus"})
        fill.set(0.25)
        wait.record(0.3)
        assert provider.force_flush()
        time.sleep(0.05)
    provider.shutdown()
    until(lambda: series(product, key, "plays_total"), "the counter")
    (counter,) = series(product, key, "plays_total")
    assert counter["labels"] == {
        "__name__": "plays_total",
        "codec": "opus",
        "instance": "encode-1",
        "job": "encode",
        "otel_scope_name": "sound",
        "otel_scope_version": "1.0",
    }
    assert counter["kind"] == "counter"
    assert len(counter["value"]) >= 2
    assert all(rate > 0 for rate in counter["value"][:2]), "the last export adds nothing"
    until(lambda: series(product, key, "buffer_fill_ratio"), "the gauge")
    (gauge,) = series(product, key, "buffer_fill_ratio")
    assert set(gauge["value"]) == {0.25}
    assert len(series(product, key, "wait_seconds_bucket")) > 5
    assert series(product, key, "wait_seconds_count")


def test_log_records_of_the_sdk_are_counted(product: Product, key: str) -> None:
    exporter = OTLPLogExporter(f"{product.url}/v1/logs", headers=headers(key))
    provider = LoggerProvider(resource=resource("edge"), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    for _ in range(3):
        provider.get_logger("t").emit(
            LogRecord(
                timestamp=time.time_ns(), severity_number=SeverityNumber.ERROR, body="it broke"
            )
        )
    provider.shutdown()
    until(lambda: series(product, key, "otel_log_records_total"), "records as a series")
    (one,) = series(product, key, "otel_log_records_total")
    assert one["labels"] == {
        "__name__": "otel_log_records_total",
        "service_name": "edge",
        "severity": "error",
    }


def test_what_cannot_be_read_is_refused_and_what_follows_is_taken(
    product: Product, key: str
) -> None:
    good = trace_body({"edge": [Call(trace=77)]})

    def post(body: bytes, media: str = "application/x-protobuf", **more: str) -> tuple[int, Any]:
        given = {"Content-Type": media, **{k.replace("_", "-"): v for k, v in more.items()}}
        return product.ask("/v1/traces", key, body=body, headers=given)

    status, told = post(b'{"resourceSpans": [}', JSON)
    assert (status, told["error"]["code"], told["error"]["position"]) == (
        400,
        "input.malformed",
        19,
    )
    status, text = post(good[:-1])
    assert status == 400
    assert "input.malformed" in text
    assert post(good, content_encoding="br")[0] == 415
    assert post(good, "text/plain")[0] == 415
    assert post(gzip.compress(bytes(80 << 20)), content_encoding="gzip")[0] == 413
    assert post(b"[" * 1_000_000, JSON)[0] == 400
    status, told = post(
        json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "00"}]}]}]}).encode(),
        JSON,
    )
    assert (status, told["partialSuccess"]["rejectedSpans"]) == (200, "1")
    assert post(good)[0] == 200
    assert product.ask(f"/api/v1/traces/{77:032x}", key)[0] == 200


def test_a_million_spans_of_one_trace_are_bounded(product: Product, key: str) -> None:
    """Twenty bodies of 50,000 spans: taken, kept within the bound, and the trace shown in part."""
    body = trace_body({"edge": [Call(trace=88, span=n + 1, parent=n) for n in range(50_000)]})
    packed = gzip.compress(body, 1)
    given = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    for _ in range(20):
        assert product.ask("/v1/traces", key, body=packed, headers=given)[0] == 200
    status, told = product.ask(f"/api/v1/traces/{88:032x}", key)
    assert status == 200
    assert told["spans_total"] <= 200_000
    assert told["spans_shown"] <= 2_000
    assert product.ask("/api/v1/traces?limit=200", key)[0] == 200
    assert product.ask("/readyz")[1]["ready"]


def test_the_exporter_comes_again_when_it_is_told_to(tmp_path: Path) -> None:
    """Monitoring is switched off: 503 with Retry-After, as OTLP's clients want it."""
    product = Product(tmp_path, {"acme": {}}, environ={"MONITORING_ENABLED": "false"})
    key = product.key("acme")
    with product:
        body = trace_body({"edge": [Call()]})
        given = {"Content-Type": "application/x-protobuf"}
        status, text = product.ask("/v1/traces", key, body=body, headers=given)
        assert status == 503
        assert "capacity.queue_full" in text
