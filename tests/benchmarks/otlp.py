"""OTLP spans → decoded, kept, counted, found again: the whole product, by CPU time.

Spans per CPU-second (user and system, of the process tree) of `auscult run` in its default
configuration, over HTTP, as they are and packed by gzip. The bodies are those of a batch processor
(512 spans each) of six services: eight attributes, a parent for three of four, some failures; no
two bodies are alike. What is told as series every few seconds, and the search for calls between
services, is part of the cost. The kernel's own figure stands beside it.
"""

import gzip
import http.client
import random
import tempfile
import time
from pathlib import Path

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from auscult.kernel.samples import SampleBatch
from auscult.signals import SeriesLimits
from auscult.signals.otlp.metrics import decode_metrics
from auscult.signals.otlp.spans import decode_spans
from auscult.signals.traces import Names
from tests.benchmarks.processes import cpu_s, read_metric
from tests.benchmarks.report import report, run_alone
from tests.product import Product
from tests.unit.signals.otlp.bodies import Call, trace_body
from tests.unit.signals.otlp.test_metrics import Receiver, gauge, number
from tests.unit.signals.sink import NOW_MS, ONE

SPANS_PER_BODY = 512
BODIES, WARM_BODIES, ROUNDS, TIMES = 240, 40, 3, 4
SERVICES = ("ingest", "enhance", "encode", "package", "edge", "player")
ROUTES = 20
POINTS = 2_000
SETTLE_S = 6.0
"""At the end of each round: until all was told as series once more, and calls were looked for."""

KEYS = (
    *("http.request.method", "url.scheme", "server.address", "http.route"),
    *("network.peer.address", "user_agent.original", "codec"),
)


def make_body(number: int, chance: random.Random) -> bytes:
    """Return one service's spans of some ten milliseconds."""
    calls = []
    for place in range(SPANS_PER_BODY):
        attributes = {key: f"value-{chance.randrange(100)}" for key in KEYS}
        calls.append(
            Call(
                trace=chance.getrandbits(127) + 1,
                span=chance.getrandbits(63) + 1,
                parent=chance.getrandbits(63) + 1 if place % 4 else 0,
                name=f"GET /segment/{place % ROUTES}",
                kind=Span.SPAN_KIND_CLIENT if place % 2 else Span.SPAN_KIND_SERVER,
                start_ms=number * 10 + place / 50,
                lasts_ms=chance.random() * 100,
                failed=place % 50 == 0,
                says="upstream timed out" if place % 100 == 0 else "",
                attributes={**attributes, "http.response.status_code": 200},
            )
        )
    return trace_body({SERVICES[number % len(SERVICES)]: calls})


def send(product: Product, key: str, bodies: list[bytes], *, encoding: str = "") -> float:
    """Send bodies over one connection; return the seconds it took."""
    headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {key}"}
    if encoding:
        headers["Content-Encoding"] = encoding
    line = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
    began_s = time.monotonic()
    for body in bodies:
        line.request("POST", "/v1/traces", body, headers)
        answer = line.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        assert not text, "some spans were rejected"
    lasted_s = time.monotonic() - began_s
    line.close()
    return lasted_s


def measure(product: Product, key: str, bodies: list[bytes], *, encoding: str = "") -> float:
    """Return spans per CPU-second of the product, the best of some rounds."""
    assert product.process is not None
    pid, best = product.process.pid, 0.0
    for _ in range(ROUNDS):
        accepted = spans_of(product)
        before_s = cpu_s(pid)
        wall_s = sum(send(product, key, bodies, encoding=encoding) for _ in range(TIMES))
        time.sleep(SETTLE_S)
        used_s = cpu_s(pid) - before_s
        count = spans_of(product) - accepted
        assert count == TIMES * len(bodies) * SPANS_PER_BODY
        print(f"# {encoding or 'identity'}: {count} spans, {used_s:.2f} CPU-s, {wall_s:.2f} s")
        best = max(best, count / used_s)
    return best


def spans_of(product: Product) -> int:
    return int(read_metric(f"{product.url}/metrics", "auscult_spans_accepted_total"))


def measure_kernel(bodies: list[bytes]) -> float:
    """Return spans per CPU-second of decoding alone."""
    names, best_s = Names(), float("inf")
    for _ in range(ROUNDS):
        before_s = time.process_time()
        for body in bodies:
            decode_spans(body, names)
        best_s = min(best_s, time.process_time() - before_s)
    return len(bodies) * SPANS_PER_BODY / best_s


def measure_points() -> float:
    """Return data points per CPU-second: 2,000 gauges of a body, decoded and taken in again."""
    receiver = Receiver(SeriesLimits(per_tenant=10_000, per_process=10_000))
    best_s = float("inf")
    for turn in range(ROUNDS + 1):
        points = [number(turn - 100, 1.5, attributes={"queue": str(n)}) for n in range(POINTS)]
        request = ExportMetricsServiceRequest()
        request.resource_metrics.add().scope_metrics.add().metrics.append(gauge("depth", *points))
        body, book = request.SerializeToString(), receiver.registry.book(ONE)
        before_s = time.process_time()
        read = decode_metrics(body, book=book, streams=receiver.streams, now_ms=NOW_MS).decoded
        receiver.intake.accept(SampleBatch(ONE, read.slots, read.at_ms, read.value), now_ms=NOW_MS)
        if turn:  # the first time every series is new
            best_s = min(best_s, time.process_time() - before_s)
    return POINTS / best_s


def main() -> None:
    chance = random.Random(3)
    bodies = [make_body(number, chance) for number in range(BODIES)]
    packed = [gzip.compress(body, 6) for body in bodies]
    size = sum(map(len, bodies)) / BODIES / SPANS_PER_BODY
    print(f"# {size:.0f} bytes a span, packed {sum(map(len, packed)) / sum(map(len, bodies)):.0%}")
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as folder:
        product = Product(Path(folder), {"acme": {}})
        key = product.key("acme", role="writer")
        with product:
            send(product, key, bodies[:WARM_BODIES])
            plain = measure(product, key, bodies)
            gzipped = measure(product, key, packed, encoding="gzip")
    report("otlp_spans", plain, unit="spans_per_cpu_s", floor=50_000, goal=150_000)
    report("otlp_spans_gzip", gzipped, unit="spans_per_cpu_s", floor=50_000, goal=150_000)
    print(f"# decoding alone: {measure_kernel(bodies):.0f} spans_per_cpu_s")
    print(f"# metrics, decoded and taken in: {measure_points():.0f} points_per_cpu_s")


if __name__ == "__main__":
    run_alone(main)
