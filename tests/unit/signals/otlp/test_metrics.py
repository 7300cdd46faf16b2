"""OTLP metrics as series: names, labels, temporalities, histograms, and what is not taken."""

import math
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb

from auscult.kernel.errors import BodyTooLarge
from auscult.kernel.samples import STALE_NAN_BITS, SampleBatch
from auscult.signals import Intake, Kind, Registry, Rings, SeriesLimits
from auscult.signals.otlp.metrics import DecodedPoints, MetricStreams, decode_metrics
from auscult.signals.otlp.metrics.naming import (
    label_name_of,
    label_pairs,
    metric_name_of,
    resource_pairs,
    scope_pairs,
    unit_words,
)
from auscult.signals.otlp.metrics.points import bound_text, parts_of
from tests.unit.signals.otlp.bodies import attribute
from tests.unit.signals.sink import NOW_MS, ONE, SMALL

CUMULATIVE, DELTA = 2, 1
SECOND = 1_000_000_000
NOW_NS = NOW_MS * 1_000_000


class Receiver:
    """A tenant's series behind the decoder, with what came of each body."""

    def __init__(self, limits: SeriesLimits = SMALL) -> None:
        self.registry = Registry(limits)
        self.rings = Rings(self.registry.capacity)
        self.intake = Intake(self.registry, self.rings)
        self.streams = MetricStreams()
        self.values: dict[tuple[str, ...], list[tuple[int, float]]] = {}

    def take(self, *metrics: pb.Metric, **resource: str) -> DecodedPoints:
        request = ExportMetricsServiceRequest()
        into = request.resource_metrics.add()
        given = {"service.name": "encode", **{k.replace("_", "."): v for k, v in resource.items()}}
        into.resource.attributes.extend(attribute(key, value) for key, value in given.items())
        into.scope_metrics.add().metrics.extend(metrics)
        read = decode_metrics(
            request.SerializeToString(),
            book=self.registry.book(ONE),
            streams=self.streams,
            now_ms=NOW_MS,
        )
        one = read.decoded
        self.intake.accept(SampleBatch(ONE, one.slots, one.at_ms, one.value), now_ms=NOW_MS)
        for slot, at_ms, value in zip(one.slots, one.at_ms, one.value, strict=True):
            labels = tuple(f"{k}={v}" for k, v in self.registry.labels_of(int(slot)))
            self.values.setdefault(labels, []).append((int(at_ms) - NOW_MS, float(value)))
        return read

    def kinds(self) -> dict[str, Kind]:
        slots = self.registry.slots_of(ONE).tolist()
        return {
            dict(self.registry.labels_of(slot))["__name__"]: self.registry.kind_of(slot)
            for slot in slots
        }

    def rates(self, name: str) -> list[float]:
        for slot in self.registry.slots_of(ONE).tolist():
            if dict(self.registry.labels_of(slot))["__name__"] == name:
                rates: list[float] = self.rings.window(slot)[1].tolist()
                return rates
        raise KeyError(name)


def number(at_s: float, value: float, *, start_s: float = -100, **more: Any) -> pb.NumberDataPoint:
    point = pb.NumberDataPoint(
        time_unix_nano=NOW_NS + round(at_s * SECOND),
        start_time_unix_nano=NOW_NS + round(start_s * SECOND),
        attributes=[attribute(key, value) for key, value in more.get("attributes", {}).items()],
        flags=more.get("flags", 0),
    )
    if isinstance(value, int):
        point.as_int = value
    else:
        point.as_double = value
    return point


def gauge(name: str, *points: pb.NumberDataPoint, unit: str = "") -> pb.Metric:
    return pb.Metric(name=name, unit=unit, gauge=pb.Gauge(data_points=points))


def total(
    name: str,
    *points: pb.NumberDataPoint,
    how: int = CUMULATIVE,
    rises: bool = True,
    unit: str = "",
) -> pb.Metric:
    data = pb.Sum(data_points=points, aggregation_temporality=how, is_monotonic=rises)  # type: ignore[arg-type]
    return pb.Metric(name=name, unit=unit, sum=data)


def test_names_are_those_of_the_compatibility_specification() -> None:
    def name(text: str, unit: str = "", *, counter: bool = False, gauge: bool = False) -> str:
        return metric_name_of(text, unit, is_counter=counter, is_gauge=gauge)

    assert name("http.server.request.duration", "s") == "http_server_request_duration_seconds"
    assert name("process.memory", "By", gauge=True) == "process_memory_bytes"
    assert name("requests", "{request}", counter=True) == "requests_total"
    assert name("requests_total", "1", counter=True) == "requests_total"
    assert name("sent", "By", counter=True) == "sent_bytes_total"
    assert name("buffer.fill", "1", gauge=True) == "buffer_fill_ratio"
    assert name("wait_seconds", "s") == "wait_seconds"
    assert name("a..b--c") == "a_b_c"
    assert name("2xx") == "_2xx"
    assert name("…") == ""
    assert unit_words("By/s") == "bytes_per_second"
    assert unit_words("{frame}/s") == "per_second"
    assert unit_words("furlong") == "furlong"
    assert (label_name_of("http.route"), label_name_of("2nd")) == ("http_route", "key_2nd")
    twins = [attribute("a.b", 1), attribute("a_b", "two")]
    assert label_pairs(twins) == {"a_b": "1;two"}


def test_gauges_and_sums_become_series_of_the_right_kind() -> None:
    receiver = Receiver()
    receiver.take(
        gauge("depth", number(-1, 3, attributes={"queue.name": "live"})),
        total("plays", number(-1, 7)),
        total("listeners", number(-1, 5), rises=False),
        service_namespace="audio",
        service_instance_id="host-1",
    )
    shared = ("instance=host-1", "job=audio/encode")
    assert receiver.values == {
        ("__name__=depth", *shared, "queue_name=live"): [(-1_000, 3.0)],
        ("__name__=plays_total", *shared): [(-1_000, 7.0)],
        ("__name__=listeners", *shared): [(-1_000, 5.0)],
    }
    assert receiver.kinds() == {
        "depth": Kind.GAUGE,
        "plays_total": Kind.COUNTER,
        "listeners": Kind.GAUGE,
    }


def test_a_scope_and_a_resource_name_their_series() -> None:
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

    scope = InstrumentationScope(name="player", version="1.2")
    assert scope_pairs(scope) == {"otel_scope_name": "player", "otel_scope_version": "1.2"}
    assert resource_pairs(Resource()) == {"job": "unknown_service", "instance": ""}


def test_delta_sums_are_added_up() -> None:
    receiver = Receiver()
    for at_s, value in ((-30, 5), (-20, 0), (-10, 7)):
        receiver.take(total("plays", number(at_s, value), how=DELTA))
    receiver.take(total("level", number(-5, -2), number(-4, 9), how=DELTA, rises=False))
    assert receiver.values["__name__=plays_total", "job=encode"] == [
        (-30_000, 5.0),
        (-20_000, 5.0),
        (-10_000, 12.0),
    ]
    assert receiver.rates("plays_total") == pytest.approx([0.0, 0.7])
    assert receiver.values["__name__=level", "job=encode"] == [(-5_000, -2.0), (-4_000, 7.0)]


def test_a_counter_that_began_anew_is_known_by_its_start() -> None:
    """It has risen beyond where it was: without the start the fall to 0 would not be seen."""
    receiver = Receiver()
    receiver.take(total("plays", number(-40, 100)))
    receiver.take(total("plays", number(-30, 110)))
    receiver.take(total("plays", number(-10, 500, start_s=-20)))
    assert receiver.rates("plays_total") == pytest.approx([1.0, 50.0])


def test_a_histogram_is_its_count_sum_and_buckets() -> None:
    receiver = Receiver()
    point = pb.HistogramDataPoint(
        time_unix_nano=NOW_NS,
        count=6,
        sum=2.5,
        explicit_bounds=[0.1, 1.0],
        bucket_counts=[1, 3, 2],
    )
    data = pb.Histogram(data_points=[point], aggregation_temporality=CUMULATIVE)  # type: ignore[arg-type]
    receiver.take(pb.Metric(name="wait", unit="s", histogram=data))
    assert {
        labels[0][9:]: values for labels, values in receiver.values.items() if len(labels) == 2
    } == {
        "wait_seconds_count": [(0, 6.0)],
        "wait_seconds_sum": [(0, 2.5)],
    }
    buckets = {
        labels[2]: values[0][1] for labels, values in receiver.values.items() if len(labels) == 3
    }
    assert buckets == {"le=0.1": 1.0, "le=1": 4.0, "le=+Inf": 6.0}
    assert set(receiver.kinds().values()) == {Kind.COUNTER}


def test_exponential_histograms_and_summaries_are_told_in_part() -> None:
    receiver = Receiver()
    grown = pb.ExponentialHistogramDataPoint(time_unix_nano=NOW_NS, count=4, sum=8.0)
    data = pb.ExponentialHistogram(data_points=[grown], aggregation_temporality=DELTA)  # type: ignore[arg-type]
    quantile = pb.SummaryDataPoint.ValueAtQuantile(quantile=0.99, value=3.0)
    summed = pb.SummaryDataPoint(
        time_unix_nano=NOW_NS, count=5, sum=9.0, quantile_values=[quantile]
    )
    receiver.take(
        pb.Metric(name="e", exponential_histogram=data),
        pb.Metric(name="s", summary=pb.Summary(data_points=[summed])),
        pb.Metric(name="of_no_kind"),
    )
    assert receiver.values == {
        ("__name__=e_count", "job=encode"): [(0, 4.0)],
        ("__name__=e_sum", "job=encode"): [(0, 8.0)],
        ("__name__=s_count", "job=encode"): [(0, 5.0)],
        ("__name__=s_sum", "job=encode"): [(0, 9.0)],
        ("__name__=s", "job=encode", "quantile=0.99"): [(0, 3.0)],
    }
    assert receiver.kinds()["s"] is Kind.GAUGE
    assert receiver.kinds()["s_count"] is Kind.COUNTER


def test_a_point_without_a_value_ends_its_series() -> None:
    receiver = Receiver()
    read = receiver.take(gauge("depth", number(0, 0.0, flags=1)))
    assert read.decoded.value.view(np.uint64).tolist() == [STALE_NAN_BITS]


def test_points_that_break_a_rule_are_left_out_and_counted() -> None:
    receiver = Receiver(SeriesLimits(per_process=10, per_tenant=2))
    timeless = number(0, 1.0)
    timeless.time_unix_nano = 0
    read = receiver.take(
        gauge("", number(0, 1.0)),
        gauge("ok", number(0, 1.0), timeless),
        *(gauge(f"more{n}", number(0, 1.0)) for n in range(3)),
    )
    assert (read.points, read.no_time, read.rejected) == (6, 1, 4)
    assert (read.decoded.refused_labels, read.decoded.refused_cap) == (1, 2)
    assert [labels[0] for labels in receiver.values] == ["__name__=ok", "__name__=more0"]


def test_a_stream_whose_series_was_given_up_is_made_anew() -> None:
    receiver = Receiver()
    receiver.take(gauge("depth", number(-10, 1.0)))
    (slot,) = receiver.registry.slots_of(ONE).tolist()
    receiver.registry.retire([slot])
    receiver.take(gauge("other", number(-5, 2.0)))
    receiver.take(gauge("depth", number(-1, 3.0)))
    assert receiver.values["__name__=depth", "job=encode"] == [(-10_000, 1.0), (-1_000, 3.0)]


def test_streams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.otlp.metrics.streams.STREAMS_MAX", 2)
    receiver = Receiver()
    receiver.take(*(gauge(f"m{n}", number(0, 1.0)) for n in range(5)))
    assert len(receiver.streams.known) <= 2
    book = receiver.registry.book(ONE)
    assert receiver.streams.find("nobody", book, now_ms=NOW_MS) is None


def test_too_many_points_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.signals.otlp.metrics.decoding.POINTS_MAX", 2)
    with pytest.raises(BodyTooLarge):
        Receiver().take(gauge("depth", *(number(at, 1.0) for at in range(3))))
    monkeypatch.setattr("auscult.signals.otlp.metrics.decoding.METRIC_BYTES_MAX", 20)
    with pytest.raises(BodyTooLarge, match="a metric of"):
        Receiver().take(gauge("depth", number(0, 1.0)))


def test_bounds_are_written_plainly() -> None:
    assert [bound_text(one) for one in (0.005, 1.0, 2.5, 1e9, math.inf, -math.inf)] == [
        "0.005",
        "1",
        "2.5",
        "1000000000",
        "+Inf",
        "-Inf",
    ]
    assert list(parts_of(number(0, 4))) == [("", {}, 4.0)]
