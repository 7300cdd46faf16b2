"""The endless Opus stream of a programme, as Icecast gives it, made only while somebody listens."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from aiohttp import web

from soundstage.delivery.fan import Fan, refuse_crowd
from soundstage.plan import Programme
from soundstage.stages.line import ask
from soundstage.stages.notes import SENT_BYTES
from soundstage.stages.ring import unpack_chunks, unpack_packets, unpack_rungs
from soundstage.stages.upstream import Upstream

if TYPE_CHECKING:
    from soundstage.audio.ogg import OggStream

ENDLESS = 2**62
BURST_CHUNKS = 4
"""Seconds sent at once to who joins, so that it can start: Icecast's burst-on-connect."""


class Relay:
    """Pulls one programme's packets and fans the pages out."""

    def __init__(self, programme: Programme, upstream: Upstream, *, number: int) -> None:
        """Relay programme ``number`` of the plan from ``upstream``."""
        self._programme, self._upstream, self._number = programme, upstream, number
        self.fan = Fan()
        self._stream: OggStream | None = None
        self._burst: deque[bytes] = deque(maxlen=BURST_CHUNKS)
        self._task: asyncio.Task[None] | None = None

    async def serve(self, request: web.Request, *, kbps: int) -> web.StreamResponse:
        """Answer one listener for as long as it likes: the head, the newest seconds, and on."""
        refuse_crowd(self.fan)
        headers = {
            "icy-name": self._programme.key,
            "icy-br": str(kbps),
            "Cache-Control": "no-store",
        }
        response = web.StreamResponse(headers=headers)
        response.content_type = "audio/ogg"
        await response.prepare(request)
        if self._task is None:
            self._stream = _open_stream()
            self._burst.clear()
            self._task = asyncio.create_task(self._pull(self._stream))
        first = (self._stream.head if self._stream else b"") + b"".join(self._burst)
        try:
            request[SENT_BYTES] = await self.fan.pour(response, first=first, most_bytes=ENDLESS)
        finally:
            if not len(self.fan):
                self._task.cancel()
                self._task = None
        return response

    async def _pull(self, stream: OggStream) -> None:
        from soundstage.audio.format import CHUNK_SAMPLES  # NumPy comes with it

        after = -1
        while True:
            path = f"/chunks/{self._programme.key}?after={after}"
            body, wait_s = await ask(self._upstream, path, number=self._number)
            for seq, payload, _ in unpack_chunks(body):
                packets = unpack_packets(next(iter(unpack_rungs(payload).values())))
                pages = stream.feed(packets, begin=seq * CHUNK_SAMPLES)
                self._burst.append(pages)
                self.fan.send(pages)
                after = seq
            await asyncio.sleep(wait_s)


def _open_stream() -> OggStream:
    # NumPy and FFmpeg take 40 MB, which an edge without such listeners need not have.
    from soundstage.audio.ogg import OggStream

    return OggStream()
