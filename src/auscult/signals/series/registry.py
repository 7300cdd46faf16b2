"""The series registry: label set → dense slot, bounded per tenant and per minute.

A slot is an index into every per-series array of the process (rings, last values, detector
state). It belongs to one tenant for as long as the series lives; after an eviction it is given
to another series and its generation grows by one.
"""

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from auscult.kernel.errors import SampleRefused
from auscult.kernel.matchers import Matcher
from auscult.kernel.samples import Slots
from auscult.kernel.words import Labels, TenantId
from auscult.signals.series.book import Refusals, SeriesBook
from auscult.signals.series.kinds import Kind
from auscult.signals.series.labels import decode_labels, settle_labels
from auscult.signals.series.limits import SeriesLimits
from auscult.signals.series.query import SeriesPage, select_series


class Evict(Protocol):
    """Frees the idle series of a tenant and whatever is kept of them."""

    def __call__(self, tenant: TenantId, *, now_ms: int) -> int:
        """Return how many series were freed."""
        ...


class Registry:
    """Every series of every tenant, and the arrays that say what stands behind a slot.

    kinds: int8[capacity] (`Kind`). touched_ms: int64[capacity], when the series was last asked
    for by its labels. stood: int64[capacity], where it stood last (`Pages`). generation:
    uint32[capacity]. The arrays are reserved whole (zero pages cost
    no memory until used), so that growing never copies and a view stays valid for ever.
    """

    def __init__(self, limits: SeriesLimits | None = None) -> None:
        self.limits = limits or SeriesLimits()
        self.capacity = self.limits.per_process
        self.high = 0
        self.kinds = np.zeros(self.capacity, dtype=np.int8)
        self.touched_ms = np.zeros(self.capacity, dtype=np.int64)
        self.stood = np.zeros(self.capacity, dtype=np.int64)
        self.generation = np.zeros(self.capacity, dtype=np.uint32)
        self._owners = np.zeros(self.capacity, dtype=np.int32)
        self._live = np.zeros(self.capacity, dtype=np.bool_)
        self._evict: Evict | None = None
        self._regions: list[bytes | None] = []
        self._free: list[int] = []
        self._books: dict[TenantId, SeriesBook] = {}
        self._numbered: list[SeriesBook] = []

    def __len__(self) -> int:
        """Return how many series there are."""
        return self.high - len(self._free)

    @property
    def is_full(self) -> bool:
        """Whether the process can hold no further series."""
        return len(self) >= self.capacity

    def book(self, tenant: TenantId) -> SeriesBook:
        """Return the tenant's book; there is one for each tenant."""
        found = self._books.get(tenant)
        if found is None:
            found = self._books[tenant] = SeriesBook(self, tenant, len(self._numbered))
            self._numbered.append(found)
        return found

    def slot(
        self,
        tenant: TenantId,
        labels: Iterable[tuple[str, str]],
        *,
        now_ms: int,
        kind: Kind = Kind.UNKNOWN,
        returns: bool = False,
    ) -> int:
        """Return the slot of a label set; raises `SampleRefused` and `SeriesCapReached`.

        One that `returns` after a restart does not count as a new series of this minute.
        """
        book = self.book(tenant)
        try:
            settled = settle_labels(labels, self.limits)
        except SampleRefused:
            book.refusals.by_labels += 1
            raise
        return book.admit(settled, now_ms=now_ms, kind=kind, returns=returns)

    def labels_of(self, slot: int) -> Labels:
        """Return the label set of a slot, `()` for one that is free."""
        region = self._regions[slot]
        return () if region is None else decode_labels(region)

    def region_of(self, slot: int) -> bytes | None:
        """Return a slot's label set as bytes (`series.labels`), None for a free slot."""
        return self._regions[slot]

    def tenant_of(self, slot: int) -> TenantId:
        """Return the tenant who owns (or, for a free slot, last owned) a slot."""
        return self._numbered[int(self._owners[slot])].tenant

    def kind_of(self, slot: int) -> Kind:
        """Return what the series' raw values are."""
        return Kind(self.kinds[slot])

    def generation_of(self, slot: int) -> int:
        """Return how often the slot was given to another series."""
        return int(self.generation[slot])

    def count(self, tenant: TenantId) -> int:
        """Return how many series a tenant has."""
        found = self._books.get(tenant)
        return 0 if found is None else len(found.known)

    def refused(self, tenant: TenantId) -> Refusals:
        """Return how many series of a tenant were not made, by reason."""
        found = self._books.get(tenant)
        return Refusals() if found is None else found.refusals

    def capped(self, tenant: TenantId) -> int:
        """Return how many series of a tenant are refused for want of room, each counted once."""
        found = self._books.get(tenant)
        return 0 if found is None else found.capped

    def slots_of(self, tenant: TenantId) -> Slots:
        """Return the tenant's slots, ascending."""
        found = self._books.get(tenant)
        if found is None:
            return np.zeros(0, dtype=np.int32)
        mine = self._live[: self.high] & (self._owners[: self.high] == found.number)
        return np.flatnonzero(mine).astype(np.int32)

    def find(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, cursor: int = 0, limit: int = 100
    ) -> SeriesPage:
        """Return up to `limit` of the tenant's series that fulfil every matcher, from `cursor` on.

        A page may be short although more follows (`next_cursor` says so): one call looks at a
        bounded number of series.
        """
        slots = self.slots_of(tenant)
        rest = slots[np.searchsorted(slots, cursor) :]
        return select_series(rest, self._regions, matchers, limit=limit)

    def open_slot(self, number: int, region: bytes) -> int:
        """Give a slot to a new series of the book with this number; the book checked the limits."""
        if self._free:
            slot = self._free.pop()
            self._regions[slot] = region
        else:
            slot = self.high
            self._regions.append(region)
            self.high += 1
        self._owners[slot] = number
        self._live[slot] = True
        return slot

    def evict_by(self, evict: Evict) -> None:
        """Take who frees idle series when a tenant has no room left (`Intake.evict_idle`)."""
        self._evict = evict

    def make_room(self, tenant: TenantId, *, now_ms: int) -> int:
        """Free the tenant's idle series; return how many. Slow: asked once a minute at most."""
        return 0 if self._evict is None else self._evict(tenant, now_ms=now_ms)

    def retire(self, slots: Iterable[int]) -> None:
        """Free slots; their series are forgotten and the slots will be given to others."""
        for slot in slots:
            region = self._regions[slot]
            if region is not None:
                self._numbered[self._owners[slot]].drop(region)
                self._regions[slot] = None
                self._live[slot] = False
                self.generation[slot] += 1
                self.stood[slot] = 0
                self.kinds[slot] = Kind.UNKNOWN
                self._free.append(slot)
