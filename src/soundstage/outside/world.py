"""The process that plays everything that is not the platform itself."""

import asyncio
import contextlib
from http import HTTPStatus

import aiohttp

from soundstage.listeners.audience import surround
from soundstage.listeners.persona import choose_persona
from soundstage.listeners.session import Session
from soundstage.outside.links import Links
from soundstage.plan import Programme
from soundstage.stages.frame import Frame

FIRST_NUMBER = 1_000
"""Strangers count from here, so that they are not taken for the usual listeners."""

TIMEOUT_S = 5.0
MOST_UNDER_WAY = 100


class World:
    """What faults that act from outside may use."""

    def __init__(self, frame: Frame) -> None:
        """Know the platform by its plan, as everybody outside knows its addresses."""
        self._frame = frame
        self._around = surround(frame)
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        frame.work.append(self._close_at_end())

    def programmes(self, tenant: str = "") -> tuple[Programme, ...]:
        """Return the programmes of a tenant, or all."""
        return self._frame.plan.programmes_of(tenant)

    async def listen(self, programme: Programme, number: int) -> None:
        """Be one more real listener until cancelled."""
        number += FIRST_NUMBER
        persona = choose_persona(programme.seed, programme.key, number)
        session = Session(programme, self._around, number=number, persona=persona)
        await session.listen()

    def send(
        self, path: str, *, number: int, headers: dict[str, str], wish: dict[str, str] | None = None
    ) -> bool:
        """Send a request to an edge without waiting; False when too many are under way."""
        if len(self._under_way) >= MOST_UNDER_WAY:
            return False
        task = asyncio.create_task(self._send(path, number, headers=headers, wish=wish))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return True

    async def _send(
        self, path: str, number: int, *, headers: dict[str, str], wish: dict[str, str] | None
    ) -> None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        url = self._frame.plan.serving("edge", number).url + path
        method = "POST" if wish else "GET"
        # A stranger does not care what becomes of one request.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.request(method, url, headers=headers, json=wish) as answer:
                if answer.status == HTTPStatus.OK:
                    await answer.read()

    async def _close_at_end(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for task in list(self._under_way):
                task.cancel()
            if self._session is not None:
                await self._session.close()


def set_up(frame: Frame) -> None:
    """Offer links, and let faults act as strangers."""
    Links(frame.app.router)
    frame.inside.world = World(frame)
