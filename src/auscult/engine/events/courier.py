"""The courier: facts born inside auscult reach the desk in order, however long the store is away.

A sender outside is told "not now" and sends again; a finding or an outcome has no sender outside,
so it waits here. The wait is bounded: beyond `WAITING_MAX` the oldest finding is dropped, counted
and logged (its detector still holds it and says so again); an outcome never is, because the effect
behind it keeps its claim and would be attempted again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from auscult.kernel.errors import AuscultError, QueueFull, StoreUnavailable
from auscult.kernel.facts import Answered, Fact, Found, Rang
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.events.desk import Desk
    from auscult.runtime.metrics import Metrics

WAITING_MAX = 20_000
CHUNK = 256
PAUSE_S = 1.0

log = logger("engine.courier")


class Courier:
    """Carries facts to the desk, first in, first out, again and again until they are committed."""

    def __init__(self, desk: "Desk", *, metrics: "Metrics") -> None:
        """Take the desk to deliver to."""
        self._desk = desk
        self._metrics = metrics
        self._waiting: deque[Fact] = deque()
        self._findings = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def hand(self, fact: Fact) -> None:
        """Take one fact; call it from the event loop's thread."""
        if isinstance(fact, Found) and self._findings >= WAITING_MAX:
            self._drop_oldest_finding()
        self._keep([fact], self._waiting.extend)
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            if not self._waiting:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            again = await self._deliver(self._next_chunk())
            if again:
                self._keep(again[::-1], self._waiting.extendleft)
                await asyncio.sleep(PAUSE_S)

    async def drained(self, *, timeout_s: float) -> bool:
        """Wait until everything is delivered; False when that took too long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _keep(self, facts: list[Fact], put: Callable[[list[Fact]], None]) -> None:
        put(facts)
        self._findings += sum(isinstance(fact, Found) for fact in facts)

    def _next_chunk(self) -> list[Fact]:
        """Take what may be decided at once: at most one fact about each thing.

        Of a chunk some may be refused and others taken; a finding's end must not overtake it.
        """
        chunk: list[Fact] = []
        about: set[str] = set()
        while self._waiting and len(chunk) < CHUNK and _about(self._waiting[0]) not in about:
            about.add(_about(self._waiting[0]))
            chunk.append(self._waiting.popleft())
        self._findings -= sum(isinstance(fact, Found) for fact in chunk)
        return chunk

    def _drop_oldest_finding(self) -> None:
        oldest = next(n for n, fact in enumerate(self._waiting) if isinstance(fact, Found))
        del self._waiting[oldest]
        self._findings -= 1
        self._metrics.facts_dropped.inc()
        log.error("a finding was dropped: the store has been away too long")

    async def _deliver(self, chunk: list[Fact]) -> list[Fact]:
        """Return the facts that must be tried again, in order."""
        answers = await asyncio.gather(
            *(self._desk.submit(fact) for fact in chunk), return_exceptions=True
        )
        again: list[Fact] = []
        for fact, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, StoreUnavailable | QueueFull):
                again.append(fact)
            elif isinstance(answer, AuscultError):
                log.info("a fact came too late", fact=fact.fact, code=answer.code, why=str(answer))
            elif isinstance(answer, BaseException):
                self._metrics.facts_failed.inc()
                log.error("a fact could not be decided", fact=fact.fact, exc_info=answer)
        return again


def _about(fact: Fact) -> str:
    """Return what tells facts apart whose order matters."""
    if isinstance(fact, Found):
        return f"{fact.tenant}:{fact.finding.fingerprint}"
    if isinstance(fact, Answered):
        return fact.outcome.key
    return fact.timer.key if isinstance(fact, Rang) else fact.incident
