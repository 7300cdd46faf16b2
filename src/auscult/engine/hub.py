"""Live push: one ring of ready frames, a cursor per client, one write per client per 100 ms.

A queue per client drops whoever reads slowly; a cursor into a shared ring costs nothing while
nobody reads, and one that fell off the ring is told to load afresh (`resync`).
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from itertools import takewhile
from typing import Any, NamedTuple

from auscult.kernel.words import TenantId

RING_FRAMES = 4_096
COALESCE_S = 0.1


class _Frame(NamedTuple):
    number: int
    tenant: TenantId
    text: bytes


class Hub:
    """Frames of server-sent events for every tenant, kept for those who come back."""

    def __init__(self, *, boot: str) -> None:
        """Take a name of this start: a cursor of an earlier one cannot be replayed from."""
        self._boot = boot
        self._frames: deque[_Frame] = deque(maxlen=RING_FRAMES)
        self._number = 0
        self._wake = asyncio.Event()
        self._closed = False
        self.clients = 0

    def publish(self, tenant: TenantId, event: str, data: dict[str, Any]) -> None:
        """Add one frame; call it from the event loop's thread."""
        self._number += 1
        body = json.dumps(data, separators=(",", ":"))
        text = f"id: {self._boot}-{self._number}\nevent: {event}\ndata: {body}\n\n".encode()
        self._frames.append(_Frame(self._number, tenant, text))
        self._wake.set()

    def close(self) -> None:
        """End every stream, so that a stop does not wait for readers."""
        self._closed = True
        self._wake.set()

    async def subscribe(self, tenant: TenantId, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Yield what the tenant may see from the cursor on, until the hub closes.

        Without a cursor it begins now. A cursor that is unknown or fell off the ring yields
        `event: resync` first.
        """
        self.clients += 1
        try:
            cursor, missed = self._cursor(last_event_id)
            reason = "missed" if missed else "hello"
            kind = "resync" if missed else "hello"
            yield self._control(kind, reason)
            while not self._closed:
                if self._frames and self._frames[0].number > cursor + 1:
                    cursor = self._number
                    yield self._control("resync", "slow")
                mine = b"".join(
                    frame.text for frame in self._since(cursor) if frame.tenant == tenant
                )
                cursor = self._number
                if mine:
                    yield mine
                await asyncio.sleep(COALESCE_S)
                await self._more_than(cursor)
        finally:
            self.clients -= 1

    def _since(self, cursor: int) -> list[_Frame]:
        newest = list(takewhile(lambda frame: frame.number > cursor, reversed(self._frames)))
        return newest[::-1]

    def _cursor(self, last_event_id: str) -> tuple[int, bool]:
        if not last_event_id:
            return self._number, False
        boot, _, number = last_event_id.rpartition("-")
        if boot != self._boot or not number.isdigit() or int(number) > self._number:
            return self._number, True
        return int(number), False

    def _control(self, kind: str, reason: str) -> bytes:
        head = f"id: {self._boot}-{self._number}\nevent: {kind}\nretry: 1000\n"
        return f'{head}data: {{"reason":"{reason}"}}\n\n'.encode()

    async def _more_than(self, cursor: int) -> None:
        """Wait until there is more than the cursor has seen, or the hub closes."""
        while self._number <= cursor and not self._closed:
            self._wake.clear()
            await self._wake.wait()
