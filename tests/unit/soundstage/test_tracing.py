"""Where a span stands, which are recorded, and how they are written."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from soundstage.tracing.context import PACKED_BYTES, Context, choose
from soundstage.tracing.otlp import write_otlp
from soundstage.tracing.tracer import MOST_WAITING, Tracer

PARENT = Context(bytes(range(16)), bytes(range(1, 9)), sampled=True)


def test_a_context_travels_as_header_and_as_bytes() -> None:
    header = "00-000102030405060708090a0b0c0d0e0f-0102030405060708-01"
    assert PARENT.header() == header
    assert Context.read(header) == PARENT
    assert Context.unpack(PARENT.pack()) == PARENT
    assert len(PARENT.pack()) == PACKED_BYTES
    assert Context.unpack(bytes(PACKED_BYTES)) is None
    root = Context.of_segment("acme/x", 7, share=1.0)
    assert Context.unpack(root.pack()) == root


@pytest.mark.parametrize(
    "header",
    ["", "00-x", "00-" + "0" * 32 + "-0102030405060708-01", "01" + PARENT.header()[2:] + "0"],
)
def test_what_is_no_traceparent_is_ignored(header: str) -> None:
    assert Context.read(header) is None


def test_all_chunks_of_a_segment_belong_to_one_trace_and_a_share_is_recorded() -> None:
    assert Context.of_segment("a/x", 3, share=0.5) == Context.of_segment("a/x", 3, share=0.5)
    picked = [Context.of_segment("a/x", n, share=0.25).sampled for n in range(1_000)]
    assert 200 < sum(picked) < 300
    assert not Context.of_chance(0.0).sampled
    assert choose(b"\xff" * 16, 1.0)


def spans_of(tracer: Tracer) -> list[Any]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(write_otlp({"service.name": "x"}, list(tracer._waiting)))
    (whole,) = request.resource_spans
    assert whole.resource.attributes[0].value.string_value == "x"
    return list(whole.scope_spans[0].spans)


def test_a_span_is_written_with_its_parent_its_attributes_and_its_failure() -> None:
    tracer = Tracer({"service.name": "x"}, endpoint="http://h", share=1.0)
    with tracer.span("work", PARENT, kind="consumer") as span:
        span.attributes |= {"tenant": "acme", "chunk": 2**40, "queue_ms": 1.5}
    with pytest.raises(KeyError), tracer.span("fails", span.context):
        raise KeyError("gone")
    first, second = spans_of(tracer)
    assert (first.trace_id, first.parent_span_id) == (PARENT.trace_id, PARENT.span_id)
    assert second.parent_span_id == first.span_id
    assert (second.status.code, second.status.message) == (2, "KeyError: 'gone'")
    assert first.status.code == 0
    assert first.kind == 5
    values = {pair.key: pair.value for pair in first.attributes}
    assert values["chunk"].int_value == 2**40
    assert values["queue_ms"].double_value == 1.5
    assert values["tenant"].string_value == "acme"
    assert first.end_time_unix_nano >= first.start_time_unix_nano > 0


def test_what_nobody_records_costs_nothing_and_too_much_is_dropped_and_counted() -> None:
    off = Tracer({}, endpoint="", share=1.0)
    with off.span("work", PARENT):
        pass
    assert not off.on
    assert spans_of(off) == []
    tracer = Tracer({}, endpoint="http://h", share=1.0)
    with tracer.span("work", PARENT._replace(sampled=False)):
        pass
    assert spans_of(tracer) == []
    for _ in range(MOST_WAITING + 3):
        with tracer.span("work", PARENT):
            pass
    assert tracer.dropped == 3


def test_spans_are_sent_in_batches_and_a_refusal_is_counted() -> None:
    codes = [200, 503]
    seen: list[int] = []

    async def take(request: web.Request) -> web.Response:
        body = ExportTraceServiceRequest.FromString(await request.read())
        seen.append(len(body.resource_spans[0].scope_spans[0].spans))
        return web.Response(status=codes[len(seen) - 1])

    async def live() -> int:
        app = web.Application()
        app.router.add_post("/v1/traces", take)
        async with TestServer(app) as server:
            tracer = Tracer({}, endpoint=str(server.make_url("/")), share=1.0)
            for _ in range(600):
                with tracer.span("work", PARENT):
                    pass
            task = asyncio.create_task(tracer.export())
            async with asyncio.timeout(5):
                while len(seen) < 2:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.1)
            task.cancel()
            return tracer.dropped

    assert asyncio.run(live()) == 88
    assert seen == [512, 88]
