"""What is remembered of each tenant's spans, metric streams and log records."""

from collections.abc import Iterator

import numpy as np

from auscult.kernel.telemetry import LogColumns
from auscult.kernel.telemetry.logs import SEVERITIES
from auscult.kernel.words import Labels, TenantId
from auscult.signals.otlp.metrics import MetricStreams
from auscult.signals.players import PlayBook, PlayerMeter
from auscult.signals.tallies import Measure, SlotOf, Tally, Told
from auscult.signals.traces import Names, SpanMeter, TraceBook

BYTES_KEPT_MAX = 256 << 20
"""Spans of all tenants together; beyond, whoever has the most loses the oldest."""

LOG_RECORDS = "otel_log_records_total"


class LogMeter:
    """Log records of one tenant, counted by service and severity."""

    def __init__(self) -> None:
        """Begin without a record."""
        self._tally = Tally([Measure(LOG_RECORDS)], other=_log_labels(("(other)", SEVERITIES[0])))

    def count(self, logs: LogColumns, *, now_ms: int) -> None:
        """Add records that came in."""
        if not len(logs):
            return
        keys = logs.service.astype(np.int64) * len(SEVERITIES) + logs.severity
        distinct, counts = np.unique(keys, return_counts=True)
        pairs = [
            (logs.services[key // len(SEVERITIES)], SEVERITIES[key % len(SEVERITIES)])
            for key in distinct.tolist()
        ]
        rows = self._tally.rows(pairs, _log_labels, now_ms=now_ms)
        self._tally.add(0, rows, counts.astype(np.float64))

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> Told:
        """Return what the records add up to now."""
        return self._tally.tell(slot_of, now_ms=now_ms)


class Ledger:
    """One tenant's part."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.names = Names()
        self.book = TraceBook()
        self.streams = MetricStreams()
        self.spans = SpanMeter(self.names)
        self.logs = LogMeter()
        self.players = PlayerMeter()
        self.plays = PlayBook()
        self.linked_ms = 0
        """Of requests that came up to here it is known who called whom."""

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> Iterator[Told]:
        """Yield what everything adds up to now."""
        yield self.spans.tell(slot_of, now_ms=now_ms)
        yield self.logs.tell(slot_of, now_ms=now_ms)
        yield from self.players.tell(slot_of, now_ms=now_ms)


class Ledgers:
    """Every tenant's ledger, and the bound on all of them together."""

    def __init__(self, *, kept_bytes: int = BYTES_KEPT_MAX) -> None:
        """Take how many bytes the spans of all tenants may have together."""
        self._kept_bytes = kept_bytes
        self._of: dict[TenantId, Ledger] = {}

    def find(self, tenant: TenantId) -> Ledger | None:
        """Return a tenant's ledger, if it has one; from any thread."""
        return self._of.get(tenant)

    def of(self, tenant: TenantId) -> Ledger:
        """Return a tenant's ledger, made where there is none; on the ingest thread."""
        found = self._of.get(tenant)
        if found is None:
            found = self._of[tenant] = Ledger()
        return found

    def all(self) -> list[tuple[TenantId, Ledger]]:
        """Return every tenant that has one, with it."""
        return list(self._of.items())

    def bound(self) -> None:
        """Forget the oldest spans of whoever has the most, until all fit."""
        books = [ledger.book for ledger in self._of.values()]
        total_bytes = sum(book.size_bytes for book in books)
        while total_bytes > self._kept_bytes:
            largest = max(books, key=lambda book: book.size_bytes)
            total_bytes -= largest.size_bytes
            largest.forget_oldest()
            total_bytes += largest.size_bytes


def _log_labels(key: object) -> Labels:
    assert isinstance(key, tuple)
    service, severity = key
    return (("service_name", service), ("severity", severity))
