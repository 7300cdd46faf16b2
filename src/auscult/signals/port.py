"""The shelf of sources, and the sink into which every source pours."""

from collections.abc import Callable
from typing import ClassVar, Protocol, TypeVar

from pydantic import Field

from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.samples import Slots, Times, Values
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Labels, TenantId, Word
from auscult.signals.columns.intake import Accepted
from auscult.signals.series.kinds import Kind

T = TypeVar("T")


class SourceHealth(Word):
    """How one source (or one target of it) fares; `last_sample_ms` is Unix milliseconds."""

    name: str = Field(max_length=300)
    healthy: bool
    last_sample_ms: int | None = None
    error: str = Field(default="", max_length=500)


class Sink(Protocol):
    """Where a source pours what it read; the engine implements it, once per tenant and source."""

    @property
    def tenant(self) -> TenantId:
        """The tenant to whom everything poured in belongs."""
        ...

    def now_ms(self) -> int:
        """The time in Unix milliseconds."""
        ...

    def slot(self, labels: Labels, kind: Kind = Kind.UNKNOWN) -> int:
        """Return the series' slot; raises `SampleRefused` (labels) and `SeriesCapReached`."""
        ...

    async def ingest(self, work: Callable[[], T]) -> T:
        """Run `work` on the ingest thread, the only place where `slot` and `take` may be called."""
        ...

    def take(self, slots: Slots, at_ms: Times, values: Values) -> Accepted:
        """Take samples as columns of one length; never raises for a sample, but counts."""
        ...

    def hear(self, stream: Stream, found: Heard | Unheard) -> None:
        """Take sound, or why there is none, for those who listen; on the event loop's thread."""
        ...

    def last_ms(self, slot: int) -> int | None:
        """Return the time of the newest sample of a series, None for one never seen."""
        ...

    def note(self, health: SourceHealth) -> None:
        """Tell how the source fares; shown on the coverage page."""
        ...


class Source(Plug):
    """Something that brings samples: its fields are its settings."""

    fills_the_past: ClassVar[bool] = False
    """Whether it brings what lies before the start, and ends: the tenant's other samples wait for
    it a while, because a series takes nothing that is older than its newest sample."""

    async def run(self, sink: Sink) -> None:
        """Bring samples until cancelled; a source that has an end returns."""
        raise NotImplementedError


SOURCES = Shelf("auscult.signals.sources", Source)
