"""After an outage of auscult's own: nobody could say that an alert goes on, so none has ended.

A sender says again and again that an alert goes on, and gives it a few minutes each time. Were that
time to run on while auscult is down, a restart would tell of ends that were none, page what the
ended ones inhibited, and page again as soon as the senders are heard.
"""

from typing import TYPE_CHECKING

from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.store import Work

GRANTED_MS = 30 * 60_000
"""An end that lies further ahead of what was said was meant as it was said: by a person, mostly."""

OUTAGE_MS = 5_000
"""A shorter silence of every replica is none: each says once a second that it lives."""

log = logger("engine.alerts")


def resume(work: "Work", now_ms: int) -> None:
    """Move the ends that were to come by as long as no replica lived."""
    last_ms = work.replicas.last()
    if last_ms is None or now_ms - last_ms < OUTAGE_MS:
        return
    moved = sum(
        work.of(tenant).alerts.prolong(last_ms, by_ms=now_ms - last_ms, granted_ms=GRANTED_MS)
        for tenant in work.directory.tenants()
    )
    log.info("auscult was away", for_s=(now_ms - last_ms) // 1_000, alerts_prolonged=moved)
