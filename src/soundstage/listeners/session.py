"""One listener: asks for the playlist, fetches what is new, decodes a sample of it."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import numpy as np

from soundstage.audio.codec import decode
from soundstage.errors import SoundstageError
from soundstage.listeners.player import START_S, Player
from soundstage.pace import SEGMENT_S

if TYPE_CHECKING:
    from soundstage.listeners.audience import Meters
    from soundstage.plan import Programme
    from soundstage.stages.upstream import Upstream

DECODE_EVERY = 4
POLL_S = 1.0


class Session:
    """A player and the fetching around it."""

    def __init__(
        self, programme: Programme, upstream: Upstream, meters: Meters, *, number: int
    ) -> None:
        """Join the programme now; ``number`` staggers the sessions."""
        self.player = Player(joined_s=time.monotonic())
        self._programme, self._upstream, self._meters = programme, upstream, meters
        self._labels = (meters.stage, programme.tenant, programme.name)
        self._number = number
        self._fetched = -1

    async def listen(self) -> None:
        """Listen for ever, one step each second, in a rhythm that does not drift.

        Where a step begins a little later each time, what an edge is asked for grows older until
        the listener has fallen a whole poll behind: a lag that comes and goes with nothing wrong.
        """
        await asyncio.sleep(POLL_S * self._number / 2)
        began_s = time.monotonic()
        self.player = Player(joined_s=began_s)
        try:
            while True:
                await self._step()
                self.tick()
                await asyncio.sleep(POLL_S - (time.monotonic() - began_s) % POLL_S)
        finally:
            await self._upstream.close()

    async def _step(self) -> None:
        path = f"/live/{self._programme.key}"
        status, body, _ = await self._upstream.get(f"{path}/playlist.m3u8")
        self.tick()
        if status != HTTPStatus.OK:
            self._meters.fetch_failures.labels(*self._labels).inc()
            return
        listed = [int(line[:-4]) for line in body.decode().split() if line.endswith(".ogg")]
        wanted = [number for number in listed if number > self._fetched]
        if self._fetched < 0:  # join close to live, with enough to start
            wanted = wanted[-round(START_S / SEGMENT_S) :]
        for number in wanted:
            status, body, _ = await self._upstream.get(f"{path}/{number}.ogg")
            self.tick()
            if status != HTTPStatus.OK:
                self._meters.fetch_failures.labels(*self._labels).inc()
                return
            self._take(number, body)

    def _take(self, number: int, body: bytes) -> None:
        self._fetched = number
        self._meters.segments.labels(*self._labels).inc()
        self.player.receive(number * SEGMENT_S, (number + 1) * SEGMENT_S)
        if number % DECODE_EVERY == self._number:
            self._hear(body)

    def _hear(self, body: bytes) -> None:
        try:
            sound = decode(body)
        except SoundstageError:
            self._meters.decode_failures.labels(*self._labels).inc()
            return
        self._meters.loudness.labels(*self._labels).set(float(np.sqrt(np.mean(sound * sound))))

    def tick(self) -> None:
        """Let the player's clock go on to now; also done when somebody reads the metrics."""
        player, meters = self.player, self._meters
        stalls, stalled_s = player.rebuffers, player.rebuffer_s
        player.advance(time.monotonic())
        player.catch_up(self._programme.live_s())
        meters.rebuffers.labels(*self._labels).inc(player.rebuffers - stalls)
        meters.rebuffer_s.labels(*self._labels).inc(player.rebuffer_s - stalled_s)
