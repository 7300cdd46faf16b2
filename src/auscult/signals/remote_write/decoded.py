"""What a remote_write body says, as columns, and the gathering of what must be read in full."""

from dataclasses import dataclass, field

import numpy as np

from auscult.kernel.errors import BodyTooLarge, SampleRefused, SeriesCapReached
from auscult.kernel.samples import Slots, Times, Values
from auscult.signals.remote_write.schema import PartsMessage
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.kinds import Kind, kind_of_type
from auscult.signals.series.labels import metric_name, settle_labels

SERIES_MAX = 200_000
SAMPLES_MAX = 1_000_000
LARGE_BYTES = 16_384
"""A series larger than this has its parts counted before it is read."""

PARTS_MAX = 20_000
"""Parts (labels, samples, exemplars, histograms) that one series of one body may have."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The samples of one body: slots int32[n], at_ms int64[n], value float64[n], as sent.

    refused_labels, refused_cap: samples whose series has labels that are not taken, or is one
    too many. histograms, exemplars: how many came; none is kept. kind_changed: slots that a
    declared type turned into (or out of) a counter; give them to `Intake.reset`.
    """

    slots: Slots
    at_ms: Times
    value: Values
    refused_labels: int = 0
    refused_cap: int = 0
    histograms: int = 0
    exemplars: int = 0
    metadata: int = 0
    kind_changed: Slots = field(default_factory=lambda: np.zeros(0, dtype=np.int32))

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.slots)


@dataclass(slots=True)
class Gathered:
    """Samples read one by one: what the fast path could not take. `position` orders them.

    read: position and slot of each series that has one.
    """

    book: SeriesBook
    now_ms: int
    read: list[tuple[int, int]] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    at_ms: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    refused_labels: int = 0
    refused_cap: int = 0
    histograms: int = 0
    exemplars: int = 0

    def slot_of(
        self, pairs: list[tuple[bytes, bytes]], samples: int, *, declared: str = ""
    ) -> int | None:
        """Return the series' slot; None (and `samples` counted as refused) where it has none."""
        try:
            texts = [(name.decode(), value.decode()) for name, value in pairs]
            labels = settle_labels(texts, self.book.limits)
            kind = kind_of_type(declared, metric_name(labels)) if declared else Kind.UNKNOWN
            return self.book.admit(labels, now_ms=self.now_ms, kind=kind)
        except (UnicodeDecodeError, SampleRefused):
            self.refuse_labels(samples)
        except SeriesCapReached:
            self.refused_cap += samples
        return None

    def refuse_labels(self, samples: int) -> None:
        """Count a series whose labels are not taken."""
        self.book.refusals.by_labels += 1
        self.refused_labels += samples

    def add(self, position: int, slot: int, *, at_ms: int, value: float) -> None:
        """Take one sample; raises `BodyTooLarge` when the body holds too many."""
        if len(self.slots) >= SAMPLES_MAX:
            raise BodyTooLarge(f"more than {SAMPLES_MAX} samples")
        self.position.append(position)
        self.slots.append(slot)
        self.at_ms.append(at_ms)
        self.value.append(value)

    def columns(self) -> tuple[Slots, Times, Values]:
        """Return what was gathered as columns."""
        return (
            np.array(self.slots, dtype=np.int32),
            np.array(self.at_ms, dtype=np.int64),
            np.array(self.value, dtype=np.float64),
        )


def check_parts(parts: PartsMessage) -> None:
    """Refuse a series of so many parts that reading them would cost much memory."""
    for kind in ("labels", "samples", "exemplars", "histograms"):
        if len(getattr(parts, kind)) > PARTS_MAX:
            raise BodyTooLarge(f"one series with more than {PARTS_MAX} {kind}")
