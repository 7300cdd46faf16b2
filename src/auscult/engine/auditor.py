"""The auditor: counts what is overdue. A page that was wished and not sent is its business.

What is owed counts from the time it was first due: an effect whose attempts fail gets new turns,
and is overdue none the less.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auscult.kernel.errors import QueueFull, StoreRaced, StoreUnavailable
from auscult.kernel.facts import Timer
from auscult.kernel.words import PLATFORM
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.events.desk import Desk
    from auscult.runtime.clock import Clock
    from auscult.runtime.metrics import Metrics
    from auscult.store import Work

EVERY_S = 1.0
TIMERS_GRACE_MS = 5_000
EFFECTS_GRACE_MS = 30_000
"""How long an effect may be owed: three attempts that a receiver leaves without an answer, say."""

PROBE = "auditor:probe"

log = logger("engine.auditor")


@dataclass(slots=True)
class Health:
    """What the auditor saw last."""

    store: bool = False
    effects_overdue: int = 0
    timers_overdue: int = 0
    loop_lag_s: float = 0.0


class Auditor:
    """Looks every `EVERY_S` whether the store takes writes and whether anything is overdue."""

    def __init__(self, desk: "Desk", *, clock: "Clock", metrics: "Metrics") -> None:
        """Take the desk through which to look."""
        self.health = Health()
        self._desk = desk
        self._clock = clock
        self._metrics = metrics

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            before_s = self._clock.monotonic_s()
            await asyncio.sleep(EVERY_S)
            self.health.loop_lag_s = max(0.0, self._clock.monotonic_s() - before_s - EVERY_S)
            self._metrics.loop_lag_seconds.observe(self.health.loop_lag_s)

    async def look(self) -> Health:
        """Look once."""
        if self._desk.has_failed and self.health.store:
            log.error("the store does not take writes")
            self.health.store = False
        try:
            effects, timers = await self._desk.write(self._probe)
        except StoreRaced:
            return self.health  # it writes; another replica was quicker
        except (StoreUnavailable, QueueFull) as why:
            if self.health.store:
                log.error("the store does not take writes", why=str(why))
            self.health.store = False
            return self.health
        if not self.health.store:
            log.info("the store takes writes")
            self._desk.has_failed = False
        self.health.store = True
        self.health.effects_overdue, self.health.timers_overdue = effects, timers
        self._metrics.effects_overdue.set(effects)
        self._metrics.timers_overdue.set(timers)
        return self.health

    def _probe(self, work: "Work") -> tuple[int, int]:
        """Write a little, so that a full disk is seen even when nothing else happens."""
        now_ms = self._clock.now_ms()
        if not self.health.store:
            timers = work.of(PLATFORM).timers
            timers.set(
                Timer(key=PROBE, tenant=PLATFORM, name=PROBE, about=PROBE, due_ms=now_ms * 2)
            )
            timers.cancel(PROBE)
        effects = work.queue.overdue("effect", now_ms=now_ms, grace_ms=EFFECTS_GRACE_MS)
        rings = work.queue.overdue("timer", now_ms=now_ms, grace_ms=TIMERS_GRACE_MS)
        rings += work.queue.overdue("group", now_ms=now_ms, grace_ms=TIMERS_GRACE_MS)
        return effects, rings
