"""What people may see of the sample path: a tenant's series, their windows, and what is watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auscult.detection import Usual
from auscult.kernel.errors import ObjectMissing
from auscult.kernel.matchers import Matcher
from auscult.kernel.samples import Times, Values
from auscult.kernel.words import Labels, TenantId

if TYPE_CHECKING:
    from auscult.engine.samples.feeding import Feeding
    from auscult.engine.samples.scoring import Scoring
    from auscult.signals import Rings


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series in a search: who it is, and how its detector stands to it."""

    slot: int
    labels: Labels
    state: str


@dataclass(frozen=True, slots=True)
class SeriesWindow:
    """One series' recent window (columns of one length) and the range that is usual now."""

    slot: int
    labels: Labels
    state: str
    kind: str
    at_ms: list[int]
    value: list[float | None]
    usual_low: float | None
    usual_high: float | None


class Reading:
    """Reads the sample path for one tenant at a time; another tenant's slot is no slot."""

    def __init__(self, scoring: "Scoring", rings: "Rings", feeding: "Feeding") -> None:
        """Take what is read."""
        self._scoring = scoring
        self._rings = rings
        self._feeding = feeding

    def search(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, after: int, limit: int
    ) -> list[SeriesRow]:
        """Return up to `limit` of the tenant's matching series with a slot beyond `after`."""
        registry = self._scoring.registry
        rows: list[SeriesRow] = []
        cursor: int | None = after + 1
        while cursor is not None and len(rows) < limit:
            page = registry.find(tenant, matchers, cursor=cursor, limit=limit - len(rows))
            rows += [
                SeriesRow(slot, registry.labels_of(slot), self._usual(slot).state)
                for slot in page.slots
            ]
            cursor = page.next_cursor
        return rows

    def window(self, tenant: TenantId, slot: int) -> SeriesWindow:
        """Return one series' window; raises `ObjectMissing`, also for another tenant's slot."""
        registry = self._scoring.registry
        known = 0 <= slot < registry.high
        generation = registry.generation_of(slot) if known else 0
        labels = registry.labels_of(slot) if known else ()
        if not labels or registry.tenant_of(slot) != tenant:
            raise ObjectMissing(f"series {slot}")
        at_ms, value = self._rings.window(slot)
        usual = self._usual(slot)
        if registry.generation_of(slot) != generation:  # given to another series meanwhile
            raise ObjectMissing(f"series {slot}")
        return SeriesWindow(
            slot=slot,
            labels=labels,
            state=usual.state,
            kind=registry.kind_of(slot).name.lower(),
            at_ms=at_ms.tolist(),
            value=[None if np.isnan(one) else one for one in value.tolist()],
            usual_low=_finite(usual.low),
            usual_high=_finite(usual.high),
        )

    def windows(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, limit: int
    ) -> Iterator[tuple[Labels, Times, Values]]:
        """Yield labels, times and values of up to `limit` of the tenant's matching series."""
        registry = self._scoring.registry
        for slot in registry.find(tenant, matchers, cursor=0, limit=limit).slots:
            generation, labels = registry.generation_of(slot), registry.labels_of(slot)
            at_ms, value = self._rings.window(slot)
            if labels and registry.generation_of(slot) == generation:
                yield labels, at_ms, value

    def coverage(self, tenant: TenantId) -> dict[str, Any]:
        """Return how many series are in which state, how many are capped, and how sources fare."""
        seen = self._scoring.ask(lambda watch: watch.coverage(tenant))
        return {
            "watched": seen.watched,
            "learning": seen.learning,
            "abnormal": seen.abnormal,
            "silent": seen.silent,
            "muted": seen.muted,
            "capped": self._scoring.registry.capped(tenant),
            "series": self._scoring.registry.count(tenant),
            "sources": [
                {"use": feed.use, **health.model_dump(mode="json")}
                for feed in self._feeding.feeds(tenant)
                for health in feed.healths.values()
            ],
        }

    def _usual(self, slot: int) -> Usual:
        """Return what is usual for a series; one that was never scored yet is being learnt."""
        try:
            return self._scoring.ask(lambda watch: watch.usual(slot))
        except ObjectMissing:
            return Usual(level=np.nan, low=np.nan, high=np.nan, state="learning")


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
