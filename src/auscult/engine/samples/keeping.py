"""Keeping what the detectors know: saved every 30 s and at a stop, taken back at a start."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from auscult.engine.samples.snapshots import SeriesKeys, read_snapshot, write_snapshot
from auscult.kernel.errors import AuscultError
from auscult.kernel.words import Labels, TenantId
from auscult.runtime.logging import logger
from auscult.runtime.memory import give_back
from auscult.signals import Kind
from auscult.signals.series.labels import decode_labels

if TYPE_CHECKING:
    from auscult.engine.samples.scoring import Scoring
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.signals import Registry

EVERY_S = 30.0
"""The documented loss window of raw samples: what came in since the last snapshot may be lost."""

log = logger("engine.keeping")


class Keeping:
    """Saves and restores one process' detector state under its data folder."""

    def __init__(
        self, folder: Path, scoring: "Scoring", *, clock: "Clock", metrics: "Metrics"
    ) -> None:
        """Take the folder to keep state in."""
        self._folder = folder
        self._scoring = scoring
        self._clock = clock
        self._metrics = metrics
        self._saved_ms = clock.now_ms()

    async def run(self) -> None:
        """Save until cancelled; a failure is logged and tried again at the next turn."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self.save)
            age_s = (self._clock.now_ms() - self._saved_ms) / 1_000
            self._metrics.snapshot_age_seconds.set(age_s)

    def save(self) -> None:
        """Save once; raises nothing, a disk that is full is logged."""
        arrays, series = self._scoring.ask(lambda watch: (watch.snapshot(), self._series()))
        arrays |= {name: column[: len(series)] for name, column in self._scoring.newest().items()}
        try:
            write_snapshot(self._folder, arrays, series, at_ms=self._clock.now_ms())
        except OSError as why:
            log.error("the detector snapshot cannot be written", why=str(why))
            return
        self._saved_ms = self._clock.now_ms()
        del arrays, series
        give_back()

    def restore(self, tenants: frozenset[TenantId]) -> int:
        """Take the last snapshot back; return how many series it brought (0 for none)."""
        found = read_snapshot(self._folder)
        if found is None:
            return 0
        arrays, series, at_ms = found
        slots = np.full(len(series), -1, dtype=np.int64)
        for old, key in enumerate(series):
            tenant, labels, kind = _unpack(key)
            if tenant in tenants:
                slots[old] = self._scoring.adopt(tenant, labels, kind)
        try:
            self._scoring.ask(lambda watch: watch.restore(arrays, slots))
        except AuscultError as why:
            log.error("the detector snapshot does not fit; learning afresh", why=str(why))
            return 0
        self._scoring.resume(arrays, slots)
        self._saved_ms = at_ms
        return int(np.count_nonzero(slots >= 0))

    def _series(self) -> SeriesKeys:
        registry = self._scoring.registry
        return SeriesKeys.join(_pack(registry, slot) for slot in range(registry.high))


def _pack(registry: "Registry", slot: int) -> bytes:
    region = registry.region_of(slot)
    if region is None:
        return b""
    return b"%b\0%d\0%b" % (registry.tenant_of(slot).encode(), registry.kind_of(slot), region)


def _unpack(key: bytes) -> tuple[TenantId, Labels, Kind]:
    """Read a key back; the tenant is checked against the configured ones by the caller."""
    if not key:
        return TenantId(""), (), Kind.UNKNOWN
    tenant, kind, region = key.split(b"\0", 2)
    return TenantId(tenant.decode()), decode_labels(region), Kind(int(kind))
