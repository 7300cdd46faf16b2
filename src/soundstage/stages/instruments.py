"""What a process tells about itself on ``/metrics``: only what it really saw."""

import contextlib
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

BUCKETS_S = (0.01, 0.05, 0.25, 1.0)
LAG = "Behind live: delay of the newest chunk, plus how long the next one is overdue."
OUTCOMES = ("ok", "empty", "error", "timeout", "unreachable")


class Instruments:
    """The metrics of one process; ``stage`` labels them all."""

    def __init__(self, stage: str) -> None:
        """Create an own registry with the process collector (CPU, memory, descriptors)."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.stage = stage
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self.counter("requests", "Requests answered.", "route", "code", "tenant")
        self.request_s = self.histogram("request_seconds", "Time to answer a request.", "route")
        self.upstream = self.counter(
            "upstream_requests", "Requests made to the stage before.", "upstream", "outcome"
        )
        self.upstream_s = self.histogram(
            "upstream_seconds", "Time the stage before took to answer.", "upstream"
        )
        self.loop_lag_s = self.gauge(
            "event_loop_lag_seconds", "Mean lateness of the event loop in the last 5 s."
        )
        self.loop_lag_s.labels(stage).set(0)

    def counter(self, name: str, about: str, *labels: str) -> Counter:
        """Make a counter ``soundstage_<name>_total`` with ``stage`` as its first label."""
        return Counter(f"soundstage_{name}", about, ("stage", *labels), registry=self.registry)

    def gauge(self, name: str, about: str, *labels: str) -> Gauge:
        """Make a gauge ``soundstage_<name>`` with ``stage`` as its first label."""
        return Gauge(f"soundstage_{name}", about, ("stage", *labels), registry=self.registry)

    def histogram(self, name: str, about: str, *labels: str) -> Histogram:
        """Make a histogram of seconds with few buckets."""
        return Histogram(
            f"soundstage_{name}",
            about,
            ("stage", *labels),
            registry=self.registry,
            buckets=BUCKETS_S,
        )

    def tell_release(self, release: str) -> None:
        """Say which release of the code this process runs."""
        self.gauge("release_info", "The running release.", "release").labels(
            self.stage, release
        ).set(1)

    def tell_upstream(self, upstream: str) -> None:
        """Create the series of an upstream at zero, so that the first error is a step."""
        for outcome in OUTCOMES:
            self.upstream.labels(self.stage, upstream, outcome)

    def render(self) -> bytes:
        """Render the text exposition format."""
        return generate_latest(self.registry)


class LineInstruments:
    """The metrics of a stage that handles chunks, per tenant and programme."""

    def __init__(self, own: Instruments) -> None:
        """Register them beside the metrics every process has."""
        self.own = own
        self.chunks = own.counter("chunks", "Chunks handled.", "tenant", "programme", "outcome")
        self.missing = own.counter("chunks_missing", "Chunks never seen.", "tenant", "programme")
        self.bytes_out = own.counter("bytes_out", "Bytes of audio handed on.", "tenant")
        self.lag_s = own.gauge("lag_seconds", LAG, "tenant", "programme")
        self.depth = own.gauge("queue_depth", "Chunks waiting.", "tenant", "programme")
        self.capacity = own.gauge("queue_capacity", "Chunks a queue can hold.")
        self.step_s = own.histogram("step_seconds", "Time one chunk's own work took.")

    def tell_programme(self, tenant: str, programme: str, lag_s: Callable[[], float]) -> None:
        """Create a programme's series at zero and let its lag be read at scrape time."""
        stage = self.own.stage
        for outcome in ("ok", "failed"):
            self.chunks.labels(stage, tenant, programme, outcome)
        self.missing.labels(stage, tenant, programme)
        self.lag_s.labels(stage, tenant, programme).set_function(lag_s)

    def forget_programme(self, tenant: str, programme: str) -> None:
        """Remove what would go on telling of a programme that another replica took over."""
        for gauge in (self.lag_s, self.depth):
            with contextlib.suppress(KeyError):
                gauge.remove(self.own.stage, tenant, programme)
