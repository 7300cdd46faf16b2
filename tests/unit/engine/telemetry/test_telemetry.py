"""Spans, metrics and logs through the engine: kept, told as series, linked, and bounded."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.engine.telemetry import telling
from auscult.engine.telemetry.ledgers import LOG_RECORDS, Ledgers, LogMeter
from auscult.engine.telemetry.path import Telemetry
from auscult.kernel.errors import BodyMalformed, ObjectMissing, QueueFull
from auscult.kernel.words import TenantId
from auscult.runtime.settings import parse_settings
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.otlp.logs import decode_logs
from auscult.signals.otlp.spans import decode_spans
from auscult.signals.traces import TraceQuery
from auscult.signals.traces.meter import CALLS, DURATION, FAILURES
from tests.unit.engine.bench import ACME
from tests.unit.engine.samples.stream import Stream
from tests.unit.signals.otlp.bodies import Call, trace_body, trace_id
from tests.unit.signals.otlp.test_logs import body as logs_body
from tests.unit.signals.otlp.test_logs import record
from tests.unit.signals.sink import MemorySink

BOLT = TenantId("bolt")
PROTOBUF = "application/x-protobuf"


class Place:
    """A sample path and the telemetry that pours into it."""

    def __init__(self, folder: Path, *, more: str = "") -> None:
        self.stream = Stream(folder)
        settings = parse_settings(f"data_dir: {folder}\ntenants: {{acme: {{}}}}\n{more}")
        self.telemetry = Telemetry(
            self.stream.path,
            settings,
            clock=self.stream.clock,
            metrics=self.stream.metrics,
            pseudonym=lambda tenant, name: f"p_{len(tenant + name):016x}{0:016x}",
        )

    async def send(self, calls: dict[str, list[Call]], tenant: TenantId = ACME) -> Rejected:
        export = Export(trace_body(calls), PROTOBUF, "")
        return await self.telemetry.receive_traces(tenant, export)

    async def tell(self) -> None:
        """Let some seconds pass, and tell everybody's series."""
        self.stream.clock.advance(s=20)
        for tenant, ledger in self.telemetry._ledgers.all():
            await self.stream.scoring.ingest(partial(self.telemetry.telling.tell, tenant, ledger))

    def series(self, tenant: TenantId = ACME) -> dict[tuple[str, ...], float]:
        """Return the newest raw value of each series, by its labels' values."""
        scoring = self.stream.scoring
        slots = scoring.registry.slots_of(tenant).tolist()
        return {
            tuple(value for _, value in scoring.registry.labels_of(slot)): float(
                scoring.intake.last_raw[slot]
            )
            for slot in slots
        }

    def count(self, name: str, **labels: str) -> float:
        return self.stream.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    yield place
    place.telemetry.stop()
    await place.stream.scoring.stop()


async def test_spans_become_traces_and_series(place: Place) -> None:
    slow = Call(span=2, lasts_ms=30, failed=True, name="play")
    await place.send({"edge": [Call(span=1, lasts_ms=10, name="play"), slow]})
    (summary,) = await place.telemetry.search(ACME, TraceQuery(failed=True))
    assert (summary.trace_id, summary.spans) == (trace_id(1).hex(), 2)
    trace = await place.telemetry.trace(ACME, trace_id(1))
    assert [view.name for view in trace.spans] == ["play", "play"]
    await place.tell()
    assert place.series() == {
        (CALLS, "edge", "server", "play"): 2.0,
        (FAILURES, "edge", "server", "play"): 1.0,
        (DURATION, "edge", "server", "play"): pytest.approx(0.02),
    }
    assert place.count("auscult_spans_accepted_total") == 2
    assert place.count("auscult_bodies_total", protocol="otlp_traces", result="taken") == 1


async def test_an_end_of_the_telling_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def break_down(_self: object, _is_waiting: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(telling.Telling, "run", break_down)
    place.telemetry.start()
    await asyncio.sleep(0.05)
    assert "no series are made of spans" in capsys.readouterr().err


async def test_no_tenant_sees_anothers_traces(place: Place) -> None:
    await place.send({"edge": [Call()]})
    assert await place.telemetry.search(BOLT, TraceQuery()) == []
    with pytest.raises(ObjectMissing):
        await place.telemetry.trace(BOLT, trace_id(1))
    await place.send({"edge": [Call(trace=2)]}, BOLT)
    with pytest.raises(ObjectMissing):
        await place.telemetry.trace(BOLT, trace_id(1))
    await place.tell()
    assert {labels[0] for labels in place.series(BOLT)} == {CALLS, FAILURES, DURATION}


async def test_who_calls_whom_is_learnt_from_spans(place: Place) -> None:
    """The called side reports first: the parent comes in with a later request."""
    await place.send({"encode": [Call(span=2, parent=1)]})
    place.stream.clock.advance(s=4)
    await place.send({"edge": [Call(span=1, kind=Span.SPAN_KIND_CLIENT)]})
    await place.tell()
    topology = place.stream.scoring.topology[ACME]
    assert topology.calls("edge") == ("encode",)
    assert place.stream.scoring.neighbours(ACME)("encode") == ("edge",)
    await place.tell()
    assert len(topology) == 1


async def test_refused_spans_are_said_and_counted(place: Place) -> None:
    rejected = await place.send({"edge": [Call(span=0), Call(span=1)]})
    assert rejected == Rejected(1, "1 with an id that is none")
    assert place.count("auscult_spans_refused_total", reason="bad_ids") == 1
    with pytest.raises(BodyMalformed):
        await place.telemetry.receive_traces(ACME, Export(b"\x0a\x05x", PROTOBUF, ""))
    assert (
        place.count("auscult_bodies_total", protocol="otlp_traces", result="input.malformed") == 1
    )


async def test_metrics_go_to_the_series_of_the_tenant(place: Place) -> None:
    now_ns = place.stream.clock.now_ms() * 1_000_000
    points = [{"asDouble": 0.5, "timeUnixNano": now_ns}, {"asDouble": 0.5}]
    text = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "fill", "gauge": {"dataPoints": points}}]}]}]}  # fmt: skip
    import json

    export = Export(json.dumps(text).encode(), "application/json", "")
    rejected = await place.telemetry.receive_metrics(ACME, export)
    assert rejected == Rejected(1, "1 without a time")
    assert place.series() == {("fill", "unknown_service"): 0.5}
    assert place.count("auscult_samples_accepted_total", source="otlp") == 1


async def test_log_records_are_counted_by_severity(place: Place) -> None:
    export = Export(logs_body(edge=[record(17), record(17), record(9)]), PROTOBUF, "")
    assert await place.telemetry.receive_logs(ACME, export) == Rejected()
    await place.tell()
    assert place.series() == {
        (LOG_RECORDS, "edge", "error"): 2.0,
        (LOG_RECORDS, "edge", "info"): 1.0,
    }
    await place.telemetry.receive_logs(ACME, export)
    await place.tell()
    assert place.series()[LOG_RECORDS, "edge", "error"] == 4.0


async def test_player_events_are_counted_and_kept_without_their_ids(place: Place) -> None:
    body = b'{"events": [{"event": "stall", "lasted_ms": 3000, "listener": "ann"}, {"event": 1}]}'
    read = await place.telemetry.receive_players(ACME, body)
    assert (len(read.events), read.rejected) == (1, 1)
    await place.tell()
    assert place.series()["player_stalled_seconds_total",] == 3.0
    assert place.series()["player_listeners",] == 1.0
    (kept,) = place.telemetry.recent_plays(ACME)
    assert kept.listener.tolist() == [len("acmeann")]
    assert place.telemetry.recent_plays(BOLT) == ()


def test_a_log_meter_tells_nothing_of_nothing() -> None:
    meter = LogMeter()
    meter.count(decode_logs(b"", now_ms=1), now_ms=1)
    assert not len(meter.tell(MemorySink().slot, now_ms=1).slots)


async def test_nothing_is_taken_while_monitoring_is_off(tmp_path: Path) -> None:
    place = Place(tmp_path, more="monitoring_enabled: false")
    with pytest.raises(QueueFull, match="switched off"):
        await place.send({"edge": [Call()]})
    await place.stream.scoring.stop()


async def test_series_are_told_by_themselves(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "TELL_EVERY_S", 0.01)
    await place.send({"edge": [Call()]})
    place.telemetry.start()
    async with asyncio.timeout(5):
        while not place.series():
            await asyncio.sleep(0.01)
    assert {labels[0] for labels in place.series()} == {CALLS, FAILURES, DURATION}


def test_all_tenants_together_are_bounded_at_the_cost_of_the_largest() -> None:
    ledgers = Ledgers(kept_bytes=6_000)
    for tenant, requests in ((BOLT, 1), (ACME, 40)):
        ledger = ledgers.of(tenant)
        for n in range(requests):
            spans = decode_spans(trace_body({"edge": [Call(span=n + 1)]}), ledger.names).spans
            ledger.book.add(spans, now_ms=n)
    ledgers.bound()
    sizes = {tenant: ledger.book.size_bytes for tenant, ledger in ledgers.all()}
    assert sum(sizes.values()) <= 6_000
    assert ledgers.of(BOLT).book.span_count == 1
    assert ledgers.of(ACME).book.forgotten > 0
    assert ledgers.find(TenantId("nobody")) is None
    assert np.all([size > 0 for size in sizes.values()])
