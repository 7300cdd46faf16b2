"""The auditor: counts what is overdue, and calls the roll of the replicas.

A page that was wished and not sent is its business. A replica that has died holds claims until they
run out; the others notice within seconds that it says nothing more, and give them back.

What is owed counts from the time it was first due: an effect whose attempts fail gets new turns,
and is overdue none the less.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
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
DEAD_S = 5.0
"""How long a replica may say nothing: it says something every `EVERY_S`."""

DEAF_S = 3.0
"""Whoever was kept from looking for so long cannot tell who has died from who was kept as well."""

log = logger("engine.auditor")


@dataclass(slots=True)
class Health:
    """What the auditor saw last."""

    store: bool = False
    effects_overdue: int = 0
    effects_unclaimed: int = 0
    timers_overdue: int = 0
    loop_lag_s: float = 0.0


@dataclass(slots=True)
class Roll:
    """Remembers since when each replica has said the same, by a clock of its own."""

    _since_s: dict[str, tuple[int, float]] = field(default_factory=dict)
    _called_s: float = float("-inf")

    def call(self, heard: Mapping[str, int], now_s: float) -> list[str]:
        """Return which replicas are gone, by what each has said last; `now_s` never goes back."""
        was_deaf = now_s - self._called_s > DEAF_S
        self._called_s = now_s
        before = {} if was_deaf else self._since_s
        self._since_s = {
            owner: before[owner] if owner in before and before[owner][0] == said else (said, now_s)
            for owner, said in heard.items()
        }
        return [name for name, (_, since_s) in self._since_s.items() if now_s - since_s > DEAD_S]


class Auditor:
    """Looks every `EVERY_S` whether the store takes writes and whether anything is overdue."""

    def __init__(
        self, desk: "Desk", *, clock: "Clock", metrics: "Metrics", owner: str = ""
    ) -> None:
        """Take the desk through which to look, and the name under which this replica claims."""
        self.health = Health()
        self._owner = owner
        self._roll = Roll()
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
            effects, unclaimed, timers = await self._desk.write(self._probe)
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
        self.health.effects_unclaimed = unclaimed
        self._metrics.effects_overdue.set(effects)
        self._metrics.timers_overdue.set(timers)
        return self.health

    def _probe(self, work: "Work") -> tuple[int, int, int]:
        """Write a little, so that a full disk is seen even when nothing else happens."""
        now_ms = self._clock.now_ms()
        if self._owner:
            work.replicas.answer(self._owner, now_ms)
            heard = work.replicas.heard()
            heard.pop(self._owner, None)
            for owner in self._roll.call(heard, self._clock.monotonic_s()):
                log.warning("another replica is gone; what it held is free again", owner=owner)
                work.queue.release(owner)
                work.replicas.strike(owner)
        if not self.health.store:
            timers = work.of(PLATFORM).timers
            timers.set(
                Timer(key=PROBE, tenant=PLATFORM, name=PROBE, about=PROBE, due_ms=now_ms * 2)
            )
            timers.cancel(PROBE)
        effects = work.queue.overdue("effect", now_ms=now_ms, grace_ms=EFFECTS_GRACE_MS)
        left = work.queue.unclaimed("effect", now_ms=now_ms, grace_ms=EFFECTS_GRACE_MS)
        rings = work.queue.overdue("timer", now_ms=now_ms, grace_ms=TIMERS_GRACE_MS)
        rings += work.queue.overdue("group", now_ms=now_ms, grace_ms=TIMERS_GRACE_MS)
        return effects, left, rings
