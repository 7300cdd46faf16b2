"""The pages of traces: a search, and a waterfall that says where the time went."""

import pytest
from fastapi import FastAPI
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.facts import Found
from auscult.kernel.findings import Breakdown, Finding, Part
from auscult.kernel.words import TenantId
from auscult.signals.traces import SpanView, Trace, weigh
from auscult.surface.web.performance.traces import draw_waterfall
from auscult.surface.web.words import took
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding
from tests.unit.surface.fake_telemetry import AT_NS

ACME = TenantId("acme")
TRACE = "ab" * 16


def view(
    name: str, parent: str = "", *, after_ms: float, took_ms: float, **more: object
) -> SpanView:
    message = Span()
    attribute = message.attributes.add()
    attribute.key, attribute.value.string_value = "codec", f"<{name}>"
    span = SpanView(
        span_id=name,
        parent_id=parent,
        service=f"{name}-service",
        name=f"do {name}",
        kind="server",
        start_ns=AT_NS + round(after_ms * 1e6),
        duration_ns=round(took_ms * 1e6),
        failed=False,
        message=message.SerializeToString(),
        depth=1 if parent else 0,
    )
    for key, value in more.items():
        setattr(span, key, value)
    return span


def a_trace() -> Trace:
    spans = [
        view("edge", after_ms=0, took_ms=100),
        view("encode", "edge", after_ms=20, took_ms=70, failed=True, shift_ns=-2_000_000),
    ]
    return Trace(TRACE, spans, total=5, lost=1, moved=1, twice=0)


async def test_a_trace_is_shown_with_its_slow_span_and_what_is_wrong_with_it(
    engine: FakeEngine, app: FastAPI
) -> None:
    engine.telemetry.traces[ACME] = a_trace()
    page = (await ask(app, f"/traces/{TRACE}", key="acme-member")).text
    assert "<h1>edge-service: do edge</h1>" in page
    assert "encode-service: do encode</a>, 70 ms of its own (70 % of the whole)" in page
    assert '<rect class="bar" x="200.0" y="0" width="700.0" height="10"/>' in page
    assert "The 2 earliest spans are shown" in page
    assert "1 span names a parent that is not here" in page
    assert "1 span was moved" in page
    assert "moved by 2 ms" in page
    assert "&lt;encode&gt;" in page, "what a sender wrote is text, never markup"
    assert page.count('<strong class="failed">failed</strong>') == 1
    assert (await ask(app, f"/traces/{TRACE}", key="bolt-member")).status == 404
    assert (await ask(app, "/traces/xyz", key="acme-member")).status == 400


async def test_a_small_share_of_a_trace_is_not_called_slow(
    engine: FakeEngine, app: FastAPI
) -> None:
    spans = [view("edge", after_ms=0, took_ms=1_000)]
    spans += [view(f"e{n}", "edge", after_ms=100 * n, took_ms=100) for n in range(10)]
    engine.telemetry.traces[ACME] = Trace(TRACE, spans, total=len(spans))
    page = (await ask(app, f"/traces/{TRACE}", key="acme-member")).text
    assert "No span stands out: " in page
    assert "has the most time of its own, 100 ms (10 % of the whole)" in page
    assert "Slow here" not in page
    assert ">slow</strong>" not in page
    assert "Red:" not in page
    engine.telemetry.traces[ACME] = a_trace()
    assert "Red: " in (await ask(app, f"/traces/{TRACE}", key="acme-member")).text


def with_trace(finding: Finding, trace_id: str = TRACE) -> Finding:
    parts = (Part(name="edge", value=0.03), Part(name="encode", value=0.07))
    known = {
        "trace_id": trace_id,
        "breakdown": Breakdown(title="Where the time goes", unit="s", parts=parts),
    }
    return finding.model_copy(update={"evidence": finding.evidence.model_copy(update=known)})


def finding_of_a_place() -> Finding:
    finding = a_finding("acme", "place")
    labels = (("place", "work"), ("service", "edge"))
    return finding.model_copy(
        update={"evidence": finding.evidence.model_copy(update={"labels": labels})}
    )


async def page_of(engine: FakeEngine, app: FastAPI, *findings: Finding) -> str:
    incidents = [await engine.submit(Found(finding=one)) for one in findings]
    assert incidents[0] is not None
    return (await ask(app, f"/incidents/{incidents[0].id}", key="acme-member")).text


async def test_an_incident_leads_to_the_trace_it_names_and_to_its_slow_span(
    engine: FakeEngine, app: FastAPI
) -> None:
    engine.telemetry.traces[ACME] = a_trace()
    page = await page_of(engine, app, with_trace(a_finding("acme")))
    assert f'<a href="/traces/{TRACE}#sencode">Trace of a slow request</a>, 100 ms' in page
    assert "<strong>encode-service: do encode</strong> took 70 ms of its own (70 %)" in page
    assert "no longer kept" not in page
    assert "Where the time goes" in page
    assert "Look at this series now" in page
    place = finding_of_a_place()
    assert "Look at this series now" not in await page_of(engine, app, place), "it is no series"
    assert '<rect class="bar" x="0" y="0" width="429" height="10"/>' in page


async def test_a_trace_that_is_gone_is_said_to_be_gone(engine: FakeEngine, app: FastAPI) -> None:
    page = await page_of(engine, app, with_trace(a_finding("acme")))
    assert f'(<span class="code">{TRACE}</span>) is no longer kept' in page
    assert f'href="/traces/{TRACE}' not in page


async def test_an_incident_without_a_trace_leads_to_those_of_its_service_and_time(
    engine: FakeEngine, app: FastAPI
) -> None:
    finding = a_finding("acme")
    page = await page_of(engine, app, finding)
    link = f"/traces?service=edge&amp;from_ms={finding.at_ms - 60_000}"
    assert f'<a href="{link}">Traces of edge since then</a>' in page
    assert "Where the time goes" not in page
    engine.telemetry.traces[ACME] = a_trace()
    found = (await ask(app, link.replace("&amp;", "&"), key="acme-member")).text
    asked = engine.telemetry.asked
    assert asked is not None
    assert (asked.from_ms, asked.to_ms) == (finding.at_ms - 60_000, 0)
    assert "Only what came in from" in found
    assert '<a href="/traces?service=edge">At any time</a>' in found
    late = await ask(app, f"/traces?from_ms={10**18}", key="acme-member")
    assert late.status == 400, "no clock shows such a time"


async def test_the_search_keeps_what_was_asked(engine: FakeEngine, app: FastAPI) -> None:
    engine.telemetry.traces[ACME] = a_trace()
    path = "/traces?service=edge&name=play&min_ms=2.5&failed=true&attribute=a%3D%22b"
    page = (await ask(app, path, key="acme-member")).text
    asked = engine.telemetry.asked
    assert asked is not None
    assert (asked.service, asked.name, asked.min_ms, asked.failed) == ("edge", "play", 2.5, True)
    assert asked.attribute == ("a", '"b')
    assert f'<a href="/traces/{TRACE}">edge: play</a>' in page
    assert 'value="2.5"' in page
    assert 'value="a=&#34;b"' in page
    empty = (await ask(app, "/traces?service=edge", key="bolt-member")).text
    assert "No recent trace fits" in empty
    assert '<a href="/traces">Show all</a>' in empty


async def test_every_page_leads_to_traces(engine: FakeEngine, app: FastAPI) -> None:
    page = (await ask(app, "/", key="acme-member")).text
    assert '<a href="/traces">Traces</a>' in page


def test_a_bar_stays_in_the_picture_and_can_be_seen() -> None:
    spans = [view("top", after_ms=0, took_ms=1_000), view("dot", "top", after_ms=1_000, took_ms=0)]
    trace = Trace(TRACE, spans, total=2)
    fall = draw_waterfall(trace, weigh(spans))
    assert (fall.bars[0].x, fall.bars[0].width) == (0.0, 1_000.0)
    assert (fall.bars[1].x, fall.bars[1].width) == (998.0, 2.0)
    assert fall.slow is fall.bars[0]


@pytest.mark.parametrize(
    ("span_ns", "said"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.5 µs"),
        (3_400_000, "3.4 ms"),
        (1_250_000_000, "1.25 s"),
    ],
)
def test_how_long_it_took_is_said_as_finely_as_it_matters(span_ns: int, said: str) -> None:
    assert took(span_ns) == said
