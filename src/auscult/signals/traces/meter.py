"""Span metrics: calls, failures and durations of each (service, span name, kind), as series.

The series are called as those of Grafana Tempo's metrics generator and OpenTelemetry's
`spanmetrics` connector, where these have them; durations are a mean over what came in, because a
mean is what a detector can judge as it stands.
"""

from collections.abc import Hashable

import numpy as np

from auscult.kernel.telemetry import SpanColumns, SpanKind
from auscult.kernel.words import Labels
from auscult.signals.tallies import Measure, SlotOf, Tally, Told
from auscult.signals.traces.names import OTHER, Names

CALLS = "traces_spanmetrics_calls_total"
FAILURES = "traces_spanmetrics_failures_total"
DURATION = "traces_spanmetrics_duration_mean_seconds"
_MEASURES = (Measure(CALLS), Measure(FAILURES), Measure(DURATION, is_mean=True))
_CALLS, _FAILURES, _DURATION = range(3)
_NS = 1e-9
_NAME_BITS, _KIND_BITS = 24, 4


class SpanMeter:
    """What one tenant's spans add up to."""

    def __init__(self, names: Names) -> None:
        """Take the texts behind the spans' numbers."""
        self._names = names
        self._tally = Tally(_MEASURES, other=_labels(OTHER, OTHER, SpanKind.UNSPECIFIED))

    def __len__(self) -> int:
        """Return how many operations are measured apart."""
        return len(self._tally)

    def count(self, spans: SpanColumns, *, now_ms: int) -> None:
        """Add spans that came in."""
        if not len(spans):
            return
        keys = spans.service.astype(np.int64) << (_NAME_BITS + _KIND_BITS)
        keys |= spans.name.astype(np.int64) << _KIND_BITS
        keys |= spans.kind.astype(np.int64)
        distinct, which = np.unique(keys, return_inverse=True)
        rows = self._tally.rows(distinct.tolist(), self._name, now_ms=now_ms)
        calls = np.bincount(which).astype(np.float64)
        seconds = np.bincount(which, spans.duration_ns * _NS).astype(np.float64)
        self._tally.add(_CALLS, rows, calls)
        self._tally.add(_FAILURES, rows, np.bincount(which, spans.failed).astype(np.float64))
        self._tally.add(_DURATION, rows, seconds, weights=calls)

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> Told:
        """Return what the spans add up to now, one sample of each series."""
        return self._tally.tell(slot_of, now_ms=now_ms)

    def _name(self, key: Hashable) -> Labels:
        assert isinstance(key, int)
        service = self._names.text(key >> (_NAME_BITS + _KIND_BITS))
        name = self._names.text((key >> _KIND_BITS) & ((1 << _NAME_BITS) - 1))
        return _labels(service, name, SpanKind(key & ((1 << _KIND_BITS) - 1)))


def _labels(service: str, name: str, kind: SpanKind) -> Labels:
    return (("service_name", service), ("span_kind", kind.name.lower()), ("span_name", name))
