"""One tenant's part of the registry: its series, its limits, its metrics' declared types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import SeriesCapReached
from auscult.kernel.samples import Slots
from auscult.kernel.words import Labels, TenantId
from auscult.signals.series.kinds import FAMILY_SUFFIXES, Kind, kind_of_name
from auscult.signals.series.labels import encode_labels, metric_name, name_of_region
from auscult.signals.series.limits import SeriesLimits
from auscult.signals.series.pages import Pages
from auscult.signals.series.spellings import Spellings

_MINUTE_MS = 60_000
_FAMILIES_MAX = 20_000
CAPPED_MAX = 100_000


class Shelving(Protocol):
    """What a book needs of the registry it belongs to."""

    limits: SeriesLimits
    kinds: NDArray[np.int8]
    touched_ms: NDArray[np.int64]
    stood: NDArray[np.int64]

    @property
    def is_full(self) -> bool:
        """Whether the process can hold no further series."""
        ...

    def make_room(self, tenant: TenantId, *, now_ms: int) -> int:
        """Free the tenant's idle series; return how many."""
        ...

    def open_slot(self, number: int, region: bytes) -> int:
        """Return a slot for a new series of the book with this number."""
        ...

    def region_of(self, slot: int) -> bytes | None:
        """Return the region of a slot, None for a free one."""
        ...


@dataclass(slots=True)
class Refusals:
    """Series that were not made, by reason; they only ever grow."""

    by_cap: int = 0
    by_rate: int = 0
    by_labels: int = 0

    @property
    def total(self) -> int:
        """How many in all."""
        return self.by_cap + self.by_rate + self.by_labels


class SeriesBook:
    """One tenant's series.

    known: the slot of each region (`series.labels`); read it, only. pages: their order of coming.
    spellings: their labels as numbers.
    """

    def __init__(self, registry: Shelving, tenant: TenantId, number: int) -> None:
        self.tenant = tenant
        self.known: dict[bytes, int] = {}
        self.refusals = Refusals()
        self.pages = Pages(registry.stood)
        self.limits = registry.limits
        self.spellings = Spellings(max(registry.limits.name_bytes, registry.limits.value_bytes))
        self.number = number
        self._registry = registry
        self._types: dict[str, str] = {}
        self._minute = 0
        self._new = 0
        self._evicted_ms = 0
        self._capped: set[int] = set()

    def admit(
        self, labels: Labels, *, now_ms: int, kind: Kind = Kind.UNKNOWN, returns: bool = False
    ) -> int:
        """Return the slot of a settled label set, made when it is new.

        One that `returns` after a restart is new to this process only: the limit per minute is not
        for it. Raises `SeriesCapReached` where the tenant, the process or this minute is full.
        """
        region = encode_labels(labels)
        slot = self.known.get(region)
        if slot is None:
            self._check_room(region, now_ms)
            if not returns:
                self._check_rate(now_ms)
            self._capped.discard(hash(region))
            slot = self._registry.open_slot(self.number, region)
            self._registry.kinds[slot] = kind or kind_of_name(metric_name(labels), self._types)
            self.known[region] = slot
        self._registry.touched_ms[slot] = now_ms
        return slot

    def region_of(self, slot: int) -> bytes:
        """Return the region of a slot of this book, the very object; empty where there is none."""
        return (self._registry.region_of(slot) if slot >= 0 else None) or b""

    def drop(self, region: bytes) -> None:
        """Forget a series whose slot is given up, and all else that names slots."""
        del self.known[region]
        self.pages.clear()
        self.spellings.clear()

    def learn(self, types: Mapping[str, str]) -> Slots:
        """Take the declared type of metric families; return the slots whose kind changed by it.

        The first word about a family stands. Only a family whose type says something else than
        its name did costs a walk over the series.
        """
        room = max(_FAMILIES_MAX - len(self._types), 0)
        news = [(family, kind) for family, kind in types.items() if family not in self._types]
        names = [family + suffix for family, _ in news[:room] for suffix in FAMILY_SUFFIXES]
        before = {name: kind_of_name(name, self._types) for name in names}
        self._types.update(news[:room])
        kinds = {name: kind_of_name(name, self._types) for name in names}
        changed = {name: kind for name, kind in kinds.items() if kind != before[name]}
        found = [
            slot
            for region, slot in (self.known.items() if changed else ())
            if self._relearn(slot, changed.get(name_of_region(region)))
        ]
        return np.array(found, dtype=np.int32)

    def _relearn(self, slot: int, kind: Kind | None) -> bool:
        """Set a kind; say whether its ring's values now mean something else."""
        kinds = self._registry.kinds
        if kind is None or kind == kinds[slot]:
            return False
        counts = Kind.COUNTER in {kind, Kind(kinds[slot])}
        kinds[slot] = kind
        return counts

    def touch(self, slots: Slots | int, *, now_ms: int) -> None:
        """Note that the series are in use, so that none is evicted before its samples are taken."""
        self._registry.touched_ms[slots] = now_ms

    @property
    def _is_full(self) -> bool:
        return len(self.known) >= self.limits.per_tenant or self._registry.is_full

    @property
    def capped(self) -> int:
        """How many series were refused because there is no room, each counted once.

        `CAPPED_MAX` means that many or more.
        """
        return len(self._capped)

    def _check_room(self, region: bytes, now_ms: int) -> None:
        if self._is_full and abs(now_ms - self._evicted_ms) >= _MINUTE_MS:
            self._evicted_ms = now_ms
            self._registry.make_room(self.tenant, now_ms=now_ms)
        if self._is_full:
            self.refusals.by_cap += 1
            if len(self._capped) < CAPPED_MAX:
                self._capped.add(hash(region))
            raise SeriesCapReached(f"{len(self.known)} series of {self.tenant}")

    def _check_rate(self, now_ms: int) -> None:
        minute = now_ms // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._new = minute, 0
        if self._new >= self.limits.new_per_minute:
            self.refusals.by_rate += 1
            raise SeriesCapReached(f"{self._new} new series of {self.tenant} in this minute")
        self._new += 1
