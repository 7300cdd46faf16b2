"""One metrics request, decoded into samples of series."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from auscult.kernel.errors import BodyTooLarge
from auscult.signals.otlp.limits import METRIC_BYTES_MAX, POINTS_MAX
from auscult.signals.otlp.messages.requests import cut_bounded, parse_request
from auscult.signals.otlp.metrics.naming import resource_pairs, scope_pairs
from auscult.signals.otlp.metrics.points import Gathering, open_family
from auscult.signals.otlp.metrics.streams import MetricStreams
from auscult.signals.remote_write.decoded import Decoded
from auscult.signals.series.book import SeriesBook


@dataclass(frozen=True, slots=True)
class DecodedPoints:
    """The samples of one request, and what became of its data points.

    A histogram's point is several samples; it is taken whole or not at all. no_time: points
    without a time.
    """

    decoded: Decoded
    points: int
    no_time: int

    @property
    def rejected(self) -> int:
        """How many points were not taken, before their order in time was looked at."""
        return self.no_time + self.decoded.refused_labels + self.decoded.refused_cap


def decode_metrics(
    body: bytes, *, book: SeriesBook, streams: MetricStreams, now_ms: int
) -> DecodedPoints:
    """Return the samples of an unpacked `ExportMetricsServiceRequest` (protobuf).

    Names and labels by `naming`; series go to the same book as those of remote_write. `job` and
    `instance` come from the resource, whose other attributes are not kept. Raises `BodyMalformed`
    with the place of the fault, `BodyTooLarge`.
    """
    cut = cut_bounded(ExportMetricsServiceRequest, body, items_max=POINTS_MAX)
    for resource_cut in cut.resources:
        for one in chain.from_iterable(scope.items for scope in resource_cut.scopes):
            if len(one) > METRIC_BYTES_MAX:
                raise BodyTooLarge(f"a metric of {len(one)} bytes; the limit is {METRIC_BYTES_MAX}")
    request = parse_request(ExportMetricsServiceRequest, body)
    gathering = Gathering(book, streams, now_ms)
    points = 0
    for resource in request.resource_metrics:
        shared = resource_pairs(resource.resource)
        for scope in resource.scope_metrics:
            pairs = {**shared, **scope_pairs(scope.scope)}
            place = tuple(pairs.values())
            for metric in scope.metrics:
                family, found = open_family(place, metric, pairs)
                points += len(found)
                if points > POINTS_MAX:
                    raise BodyTooLarge(f"more than {POINTS_MAX} data points")
                for point in found:
                    gathering.take(family, point)
    return DecodedPoints(_columns(gathering), points, gathering.no_time)


def _columns(gathering: Gathering) -> Decoded:
    return Decoded(
        np.array(gathering.slots, dtype=np.int32),
        np.array(gathering.at_ms, dtype=np.int64),
        np.array(gathering.value, dtype=np.float64),
        refused_labels=gathering.refused_labels,
        refused_cap=gathering.refused_cap,
    )
