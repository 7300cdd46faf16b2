"""Gauges about the whole process: how many incidents are open, how many series are watched."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from auscult.kernel.errors import StoreUnavailable
from auscult.kernel.incidents import Status
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.engine import Engine
    from auscult.store import Work

EVERY_S = 15.0
SERIES_STATES = ("watched", "learning", "abnormal", "silent", "muted", "capped")

log = logger("engine.gauges")


async def keep_gauges(engine: "Engine") -> None:
    """Set the gauges every `EVERY_S` until cancelled; while the store is away they stand still."""
    while True:
        try:
            await _set_gauges(engine)
        except StoreUnavailable as why:
            log.warning("gauges wait for the store", why=str(why))
        await asyncio.sleep(EVERY_S)


async def _set_gauges(engine: "Engine") -> None:
    metrics = engine.metrics
    tenants = tuple(engine.settings.tenants)
    totals, pending = await engine.read(lambda work: _count(work, tenants))
    for status, total in totals.items():
        metrics.incidents_open.labels(status=status).set(total)
    metrics.effects_pending.set(pending)
    metrics.live_clients.set(engine.hub.clients)
    covered = await asyncio.to_thread(lambda: [engine.coverage(tenant) for tenant in tenants])
    for state in SERIES_STATES:
        metrics.series.labels(state=state).set(sum(one[state] for one in covered))


def _count(work: "Work", tenants: Iterable[TenantId]) -> tuple[Counter[str], int]:
    totals: Counter[str] = Counter({Status.OPEN.value: 0, Status.ACKNOWLEDGED.value: 0})
    pending = 0
    for tenant in tenants:
        rows = work.of(tenant)
        counts = rows.incidents.counts()
        totals.update({status: counts.get(status, 0) for status in list(totals)})
        pending += rows.effects.unsent_count()
    return totals, pending
