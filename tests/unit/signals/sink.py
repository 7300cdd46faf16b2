"""A sink for tests: registry, rings and intake behind the port, with a clock that is told."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from auscult.kernel.samples import SampleBatch, Slots, Times, Values
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Labels, TenantId
from auscult.signals import Accepted, Columns, Intake, Kind, Registry, Rings, SeriesLimits
from auscult.signals.port import SourceHealth

T = TypeVar("T")
ONE = TenantId("one")
NOW_MS = 1_700_000_000_000
SMALL = SeriesLimits(per_process=5_000, per_tenant=3_000)


class MemorySink:
    """Everything that a source poured in, to be asked by labels."""

    def __init__(self, *, now_ms: Callable[[], int] | None = None) -> None:
        self.tenant = ONE
        self.registry = Registry(SMALL)
        self.rings = Rings(self.registry.capacity)
        self.intake = Intake(self.registry, self.rings)
        self.notes: list[SourceHealth] = []
        self.sounds: list[tuple[Stream, Heard | Unheard]] = []
        self.total = Accepted()
        self._now_ms = now_ms or (lambda: NOW_MS)

    def now_ms(self) -> int:
        return self._now_ms()

    def slot(self, labels: Labels, kind: Kind = Kind.UNKNOWN) -> int:
        return self.registry.slot(ONE, labels, kind=kind, now_ms=self.now_ms())

    async def ingest(self, work: Callable[[], T]) -> T:
        return work()

    def take(self, slots: Slots, at_ms: Times, values: Values) -> Accepted:
        batch = SampleBatch(ONE, slots, at_ms, values)
        accepted = self.intake.accept(batch, now_ms=self.now_ms())
        self.total += accepted
        return accepted

    def hear(self, stream: Stream, found: Heard | Unheard) -> None:
        self.sounds.append((stream, found))

    def last_ms(self, slot: int) -> int | None:
        return int(self.intake.last_ms[slot]) or None

    def note(self, health: SourceHealth) -> None:
        self.notes.append(health)

    def window(self, **labels: str) -> tuple[list[int], list[float]]:
        """Return the ring of the one series with exactly these labels (`name` for __name__)."""
        wanted = tuple(sorted({**labels, "__name__": labels["name"]}.items()))
        wanted = tuple(pair for pair in wanted if pair[0] != "name")
        for slot in self.registry.slots_of(ONE).tolist():
            if self.registry.labels_of(slot) == wanted:
                at_ms, value = self.rings.window(slot)
                return at_ms.tolist(), value.tolist()
        raise KeyError(wanted)

    def drain(self) -> Columns:
        return self.intake.drain()


def columns(
    rows: list[tuple[int, int, float]],
) -> tuple[Slots, Times, Values]:
    """Return (slot, at_ms, value) rows as columns."""
    return (
        np.array([row[0] for row in rows], dtype=np.int32),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
    )
