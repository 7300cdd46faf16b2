"""What happens to players, posted as JSON to whoever wants to know; off when nobody does."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from soundstage.bearer import read_bearer
from soundstage.stages.instruments import Instruments

MOST_WAITING, BATCH = 2_000, 200
EVERY_S, TIMEOUT_S = 1.0, 3.0
KINDS = ("startup", "stall", "switch", "failure", "end")
Fact = str | int | float


class Reporter:
    """Collects events and posts ``{"events": […]}`` once a second; counts what became of them."""

    def __init__(self, url: str, own: Instruments, *, key_file: str = "") -> None:
        """Post to ``url``; the empty one keeps nothing and adds no metric."""
        self._url, self._key_file = url, key_file
        self._waiting: deque[dict[str, Fact]] = deque()
        self._stage = own.stage
        self._outcomes = (
            own.counter("player_events", "Events of players.", "outcome") if url else None
        )
        for outcome in ("sent", "refused", "dropped") if url else ():
            self._count(outcome, 0)

    @property
    def on(self) -> bool:
        """Whether anybody wants to know."""
        return bool(self._url)

    def tell(self, kind: str, who: dict[str, Fact], **facts: Fact) -> None:
        """Keep one event of ``KINDS``, if there is room."""
        if not self._url:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._count("dropped", 1)
            return
        self._waiting.append({"event": kind, "at_ms": time.time_ns() // 1_000_000, **who, **facts})

    async def post(self) -> None:
        """Post what waits, for ever."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                await asyncio.sleep(EVERY_S)
                bearer = read_bearer(self._key_file)
                while self._waiting and bearer is not None:
                    count = min(BATCH, len(self._waiting))
                    batch = [self._waiting.popleft() for _ in range(count)]
                    self._count(await self._send(session, batch, bearer), count)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        batch: list[dict[str, Fact]],
        bearer: Mapping[str, str],
    ) -> str:
        body = {"events": batch}
        try:
            async with session.post(self._url, json=body, headers=bearer) as answer:
                return "sent" if answer.status < HTTPStatus.MULTIPLE_CHOICES else "refused"
        except (aiohttp.ClientError, TimeoutError):
            return "dropped"

    def _count(self, outcome: str, amount: int) -> None:
        if self._outcomes:
            self._outcomes.labels(self._stage, outcome).inc(amount)
