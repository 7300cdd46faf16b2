"""Signals that an earlier start left firing and nobody holds any more: they are let go.

A process killed between a finding and its end comes back with a snapshot that may be up to
30 s old. What neither the restored detectors nor the monitors hold after `GRACE_S` is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from auscult.kernel.alerts import SEEN_BY
from auscult.kernel.facts import Found
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Incident, Signal
from auscult.kernel.words import TenantId

if TYPE_CHECKING:
    from auscult.engine.events.courier import Courier
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.store import Work

GRACE_S = 60.0
LOOKED_AT_MAX = 500

Firing = Callable[[], Awaitable[frozenset[str]]]
Read = Callable[[Callable[["Work"], list[Incident]]], Awaitable[list[Incident]]]


async def read_firing(read: Read, tenant: TenantId) -> frozenset[str]:
    """Return the fingerprints of everything that fires at a tenant by the store."""
    incidents = await read(partial(_recent, tenant=tenant))
    signals = (signal for incident in incidents for signal in incident.signals)
    return frozenset(one.fingerprint for one in signals if one.phase is Phase.FIRING)


async def release_orphans(
    read: Read, plans: "Plans", firing: Firing, *, courier: "Courier", clock: "Clock"
) -> None:
    """Wait `GRACE_S`, then clear every firing signal of an earlier start that nothing holds."""
    started_ms = clock.now_ms()
    await asyncio.sleep(GRACE_S)
    held = await firing()
    for plan in plans.all():
        incidents = await read(partial(_recent, tenant=plan.tenant))
        for incident in incidents:
            for signal in incident.signals:
                if _is_orphan(signal, held, started_ms):
                    courier.hand(Found(finding=_end_of(incident, signal, clock.now_ms())))


def _recent(work: "Work", tenant: TenantId) -> list[Incident]:
    return work.of(tenant).incidents.recent(LOOKED_AT_MAX)


def _is_orphan(signal: Signal, held: frozenset[str], started_ms: int) -> bool:
    # Alerts of others are in the database, and end by themselves.
    is_old = signal.last_ms < started_ms and signal.seen_by != SEEN_BY
    return is_old and signal.phase is Phase.FIRING and signal.fingerprint not in held


def _end_of(incident: Incident, signal: Signal, now_ms: int) -> Finding:
    sentence = f"{signal.signal} was not seen wrong again after a restart"
    return Finding(
        tenant=incident.tenant,
        fingerprint=signal.fingerprint,
        subject=signal.subject,
        signal=signal.signal,
        seen_by=signal.seen_by,
        at_ms=now_ms,
        phase=Phase.CLEARED,
        severity=signal.severity,
        evidence=Evidence(sentence=sentence),
    )
