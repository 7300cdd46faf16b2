"""What must be remembered of a tenant's metric streams between two requests."""

from dataclasses import dataclass, field

from auscult.kernel.errors import SampleRefused
from auscult.signals.otlp.metrics.naming import Pairs
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.kinds import Kind
from auscult.signals.series.labels import settle_labels

STREAMS_MAX = 400_000
"""Streams remembered; beyond, all are forgotten and learnt anew (delta sums begin at 0 again)."""


@dataclass(slots=True)
class Stream:
    """One series that comes by OTLP: where it is kept, and how far it has come.

    total: of delta values, what they add up to. start_ns: since when its values count. last_ms: the
    time of its newest point.
    """

    slot: int
    region: bytes
    total: float = 0.0
    start_ns: int = 0
    last_ms: int = 0


@dataclass(slots=True)
class MetricStreams:
    """One tenant's streams, by what the sender calls them: any value that can be a key."""

    known: dict[object, Stream] = field(default_factory=dict)

    def find(self, key: object, book: SeriesBook, *, now_ms: int) -> Stream | None:
        """Return a stream whose series is still there."""
        stream = self.known.get(key)
        if stream is None or book.known.get(stream.region) != stream.slot:
            return None
        book.touch(stream.slot, now_ms=now_ms)
        return stream

    def open(
        self, key: object, pairs: Pairs, book: SeriesBook, *, kind: Kind, now_ms: int
    ) -> Stream:
        """Make the stream of a new key; raises `SampleRefused`, `SeriesCapReached`."""
        try:
            labels = settle_labels(pairs.items(), book.limits)
        except SampleRefused:
            book.refusals.by_labels += 1
            raise
        slot = book.admit(labels, now_ms=now_ms, kind=kind)
        if len(self.known) >= STREAMS_MAX:
            self.known.clear()
        stream = self.known[key] = Stream(slot, book.region_of(slot))
        return stream
