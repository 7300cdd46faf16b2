"""One target over time: its samples, the series that vanish, and how it answers.

As Prometheus does, every scrape also yields `up`, `scrape_duration_seconds` and
`scrape_samples_scraped`; a series that is gone from the answer, and every series of a target that
does not answer, gets a stale marker, unless the target gives its own timestamps.
"""

import struct

import numpy as np

from auscult.kernel.errors import InputError, SampleRefused, SeriesCapReached
from auscult.kernel.samples import STALE_NAN_BITS, Slots
from auscult.signals.exposition import Scraped, ScrapeReader
from auscult.signals.port import Sink, SourceHealth
from auscult.signals.scraping.fetch import Fetched
from auscult.signals.scraping.targets import Target
from auscult.signals.series.kinds import Kind
from auscult.signals.series.labels import NAME_LABEL

STALE_NAN = struct.unpack("<d", struct.pack("<Q", STALE_NAN_BITS))[0]
_REPORTS = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
_NO_SLOTS = np.zeros(0, dtype=np.int32)


class TargetWatch:
    """Takes each answer (or failure) of one target to the sink; runs on the ingest thread."""

    def __init__(self, target: Target, sink: Sink, *, reader: ScrapeReader) -> None:
        self.target = target
        self._sink = sink
        self._reader = reader
        self._present: Slots = _NO_SLOTS
        self._last_ms: int | None = None

    def take(self, fetched: Fetched | InputError, *, at_ms: int, duration_s: float) -> None:
        """Take one scrape: what was fetched, or why nothing was."""
        if isinstance(fetched, InputError):
            self._fail(fetched, at_ms=at_ms, duration_s=duration_s)
            return
        try:
            scraped = self._reader.read(fetched.body, fetched.content_type, at_ms=at_ms)
        except InputError as why:
            self._fail(why, at_ms=at_ms, duration_s=duration_s)
            return
        self._sink.take(scraped.slots, scraped.at_ms, scraped.value)
        self._mark_vanished(np.unique(scraped.slots[~scraped.dated]), at_ms)
        self._report(at_ms, (1.0, duration_s, float(scraped.scraped)))
        self._last_ms = at_ms
        self._note(_complaint(scraped), healthy=True)

    def end(self, *, at_ms: int) -> None:
        """Mark every series as ended: the target is no longer watched."""
        self._mark_vanished(_NO_SLOTS, at_ms)
        self._report(at_ms, (STALE_NAN,) * len(_REPORTS))

    def _fail(self, why: InputError, *, at_ms: int, duration_s: float) -> None:
        self._mark_vanished(_NO_SLOTS, at_ms)
        self._report(at_ms, (0.0, duration_s, 0.0))
        self._note(why.detail or str(why), healthy=False)

    def _mark_vanished(self, present: Slots, at_ms: int) -> None:
        gone = np.setdiff1d(self._present, present, assume_unique=True)
        self._present = present
        if len(gone):
            times = np.full(len(gone), at_ms, dtype=np.int64)
            self._sink.take(gone, times, np.full(len(gone), STALE_NAN))

    def _report(self, at_ms: int, values: tuple[float, ...]) -> None:
        try:
            slots = [
                self._sink.slot(tuple(sorted({**labels, NAME_LABEL: name}.items())), Kind.GAUGE)
                for labels in [dict(self.target.labels)]
                for name in _REPORTS
            ]
        except (SampleRefused, SeriesCapReached):
            return
        times = np.full(len(slots), at_ms, dtype=np.int64)
        self._sink.take(np.array(slots, dtype=np.int32), times, np.array(values))

    def _note(self, error: str, *, healthy: bool) -> None:
        name = f"scrape {self.target.url}"[:300]
        health = SourceHealth(
            name=name, healthy=healthy, last_sample_ms=self._last_ms, error=error[:500]
        )
        self._sink.note(health)


def _complaint(scraped: Scraped) -> str:
    if scraped.refused_cap:
        return f"{scraped.refused_cap} samples of series beyond the limit were not taken"
    if scraped.refused_labels:
        return f"{scraped.refused_labels} samples with labels that are not taken"
    return ""
