"""Data points as samples: cumulative as they are, delta added up, histograms as their parts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    HistogramDataPoint,
    Metric,
    SummaryDataPoint,
)

from auscult.kernel.errors import SampleRefused, SeriesCapReached
from auscult.kernel.samples import STALE_NAN_BITS
from auscult.signals.otlp.limits import BUCKETS_MAX
from auscult.signals.otlp.metrics.naming import Pairs, label_pairs, metric_name_of
from auscult.signals.otlp.metrics.streams import MetricStreams, Stream
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.kinds import Kind

STALE = float(np.array(STALE_NAN_BITS, dtype=np.uint64).view(np.float64))
_NS_PER_MS = 1_000_000
_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_NO_VALUE = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK

Part = tuple[str, Pairs, float]
"""A series of a point: what is added to the metric's name, further labels, the value."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric of one scope of one resource: what all its series share."""

    key: object
    name: str
    pairs: Pairs
    counts: bool
    is_delta: bool


@dataclass(slots=True)
class Gathering:
    """The samples of one request so far, and the points that were not taken, by reason."""

    book: SeriesBook
    streams: MetricStreams
    now_ms: int
    slots: list[int] = field(default_factory=list)
    at_ms: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    refused_labels: int = 0
    refused_cap: int = 0
    no_time: int = 0

    def take(self, family: Family, point: Any) -> None:  # noqa: ANN401  # of any kind of metric
        """Take one data point, whole or not at all."""
        if not point.time_unix_nano:
            self.no_time += 1
            return
        attributes = b"".join([one.SerializeToString() for one in point.attributes])
        try:
            streams = [
                (self._stream(family, point, part, attributes=attributes), part[2])
                for part in parts_of(point)
            ]
        except SampleRefused:
            self.refused_labels += 1
            return
        except SeriesCapReached:
            self.refused_cap += 1
            return
        for stream, value in streams:
            self._add(family, stream, point, value=value)

    def _stream(self, family: Family, point: Any, part: Part, *, attributes: bytes) -> Stream:  # noqa: ANN401
        suffix, further, _ = part
        key = (family.key, attributes, suffix, *further.values())
        found = self.streams.find(key, self.book, now_ms=self.now_ms)
        if found is not None:
            return found
        own = {"__name__": family.name + suffix}
        pairs = {**label_pairs(point.attributes), **family.pairs, **further, **own}
        counts = family.counts and (not isinstance(point, SummaryDataPoint) or suffix != "")
        kind = Kind.COUNTER if counts else Kind.GAUGE
        return self.streams.open(key, pairs, self.book, kind=kind, now_ms=self.now_ms)

    def _add(self, family: Family, stream: Stream, point: Any, *, value: float) -> None:  # noqa: ANN401
        at_ms = point.time_unix_nano // _NS_PER_MS
        if point.flags & _NO_VALUE:
            value = STALE
        elif family.is_delta:
            stream.total += value if math.isfinite(value) else 0.0
            value = stream.total
        elif family.counts:
            self._begin_anew(stream, point.start_time_unix_nano, at_ms)
        self._put(stream, at_ms, value)

    def _begin_anew(self, stream: Stream, start_ns: int, at_ms: int) -> None:
        """Say that a counter began at 0 where its start has moved: it need not have fallen."""
        start_ms = start_ns // _NS_PER_MS
        if stream.start_ns and start_ns > stream.start_ns and stream.last_ms < start_ms < at_ms:
            self._put(stream, start_ms, 0.0)
        stream.start_ns = start_ns or stream.start_ns

    def _put(self, stream: Stream, at_ms: int, value: float) -> None:
        stream.last_ms = max(stream.last_ms, at_ms)
        self.slots.append(stream.slot)
        self.at_ms.append(at_ms)
        self.value.append(value)


def open_family(place: object, metric: Metric, shared: Pairs) -> tuple[Family, Any]:
    """Return what the series of a metric share, and its data points; none for an unknown kind.

    shared: the labels of its resource and its scope; place: what stands for these two.
    """
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind) if kind else None
    rises = bool(kind == "sum" and metric.sum.is_monotonic)
    counts = rises or kind in {"histogram", "exponential_histogram", "summary"}
    name = metric_name_of(metric.name, metric.unit, is_counter=rises, is_gauge=kind == "gauge")
    is_delta = kind not in {None, "gauge", "summary"} and data.aggregation_temporality == _DELTA  # type: ignore[union-attr]
    key = (place, metric.name, metric.unit, kind, rises)
    return Family(key, name, shared, counts, is_delta), data.data_points if data else ()


def parts_of(point: Any) -> Iterator[Part]:  # noqa: ANN401  # of any kind of metric
    """Yield the series of a point: one of a number, several of a histogram or a summary.

    Buckets count up from the lowest, as in Prometheus; of exponential histograms only count and sum
    are told, as of one with more than `BUCKETS_MAX` buckets.
    """
    if not hasattr(point, "count"):
        as_int = point.WhichOneof("value") == "as_int"
        yield "", {}, float(point.as_int) if as_int else point.as_double
        return
    yield "_count", {}, float(point.count)
    if isinstance(point, SummaryDataPoint) or point.HasField("sum"):
        yield "_sum", {}, point.sum
    if isinstance(point, SummaryDataPoint):
        for one in point.quantile_values[:BUCKETS_MAX]:
            yield "", {"quantile": bound_text(one.quantile)}, one.value
    elif isinstance(point, HistogramDataPoint) and len(point.bucket_counts) <= BUCKETS_MAX:
        bounds = [*point.explicit_bounds, math.inf]
        for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=False):
            yield "_bucket", {"le": bound_text(bound)}, float(count)


def bound_text(bound: float) -> str:
    """Return a bound as it stands in a label (`le`, `quantile`)."""
    if math.isinf(bound):
        return "+Inf" if bound > 0 else "-Inf"
    return str(bound).removesuffix(".0")
