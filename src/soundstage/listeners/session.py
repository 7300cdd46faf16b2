"""One listener: asks for the playlist, fetches what is new, decodes a sample of it."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import numpy as np

from soundstage.audio.codec import decode
from soundstage.audio.fmp4 import pack_init
from soundstage.delivery.accounts import ACCOUNTS, password_of
from soundstage.delivery.playlist import read_media
from soundstage.errors import SoundstageError
from soundstage.listeners.cmcd import round_100, write_headers, write_query
from soundstage.listeners.ladder import Choice
from soundstage.listeners.player import START_S, Player
from soundstage.pace import SEGMENT_S
from soundstage.tracing import Context

if TYPE_CHECKING:
    from soundstage.listeners.audience import Meters
    from soundstage.listeners.events import Fact, Reporter
    from soundstage.listeners.persona import Persona
    from soundstage.plan import Programme
    from soundstage.stages.frame import Frame
    from soundstage.stages.upstream import Upstream

DECODE_EVERY = 4
POLL_S = 1.0
FAILURES = 3
"""Failed fetches in a row that a player tells about."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the sessions of one audience share."""

    frame: Frame
    upstream: Upstream
    meters: Meters
    reporter: Reporter


class Session:
    """A player and the fetching around it."""

    def __init__(
        self, programme: Programme, around: Surroundings, *, number: int, persona: Persona
    ) -> None:
        """Prepare listener ``number`` of a programme; ``listen`` joins."""
        self.player = Player(joined_s=time.monotonic())
        self._programme, self._around, self._number = programme, around, number
        self._persona = persona
        self._labels = (around.meters.stage, programme.tenant, programme.name)
        self._begin()

    def _begin(self) -> None:
        self.player = Player(joined_s=time.monotonic())
        self.active = False
        self._choice = Choice(self._around.frame.plan.settings.ladder_kbps)
        self._id = str(uuid.uuid4())
        self._fetched, self._failures, self._stall_began_s = -1, 0, 0.0
        self._starved = False
        """Whether it has stalled since the last request (CMCD ``bs``)."""

    async def listen(self) -> None:
        """Listen for ever, one step each second, in a rhythm that does not drift.

        Where a step begins a little later each time, what an edge is asked for grows older until
        the listener has fallen a whole poll behind: a lag that comes and goes with nothing wrong.
        """
        await asyncio.sleep(POLL_S * self._number / 2 % POLL_S)
        self._begin()
        self.active = True
        began_s = time.monotonic()
        try:
            await self._sign_in()
            while True:
                await self._step()
                self.tick()
                await asyncio.sleep(POLL_S - (time.monotonic() - began_s) % POLL_S)
        finally:
            self.active = False
            self._tell("end", lasted_ms=self._played_ms())

    async def _sign_in(self) -> None:
        user = f"listener-{self._number % ACCOUNTS}"
        wish = {"user": user, "password": password_of(self._programme.tenant, user)}
        path = f"/login/{self._programme.tenant}"
        await self._around.upstream.get(
            path, number=self._number, headers=self._who_headers(), wish=wish
        )

    async def _step(self) -> None:
        before_kbps = self._choice.kbps
        self._choice.follow(self._around.frame.plan.settings.ladder_kbps)
        self._tell_switch(before_kbps)
        status, body = await self._fetch(f"{self._choice.kbps}.m3u8", kind="m")
        if status != HTTPStatus.OK:
            self._fail()
            return
        wanted = [number for number in read_media(body.decode()) if number > self._fetched]
        if self._fetched < 0:  # join close to live, with enough to start
            wanted = wanted[-round(START_S / SEGMENT_S) :]
        for number in wanted:
            began_s, kbps = time.monotonic(), self._choice.kbps
            status, body = await self._fetch(f"{number}-{kbps}.m4s", kind="a")
            if status != HTTPStatus.OK:
                self._fail()
                return
            self._failures = 0
            self._choice.measure(len(body), time.monotonic() - began_s)
            self._tell_switch(kbps)
            self._take(number, body)

    async def _fetch(self, file: str, *, kind: str) -> tuple[int, bytes]:
        keys = self._cmcd(kind)
        path, headers = f"/live/{self._programme.key}/{file}", self._who_headers()
        if self._persona.carrier == "query":
            path += "?" + write_query(keys)
        else:
            headers |= write_headers(keys)
        tracer = self._around.frame.tracer
        trace = Context.of_chance(tracer.share) if tracer.on and kind == "a" else None
        status, body, _ = await self._around.upstream.get(
            path, number=self._number, trace=trace, headers=headers
        )
        self.tick()
        return status, body

    def _cmcd(self, kind: str) -> dict[str, str | int | float | bool]:
        player, choice = self.player, self._choice
        keys: dict[str, str | int | float | bool] = {
            "bl": round_100(player.buffer_s * 1_000),
            "bs": self._starved,
            "cid": self._programme.key,
            "ot": kind,
            "sf": "h",
            "sid": self._id,
            "st": "l",
            "su": not player.playing,
            "tb": choice.ladder_kbps[0],
        }
        self._starved = False
        if choice.throughput_kbps:
            keys["mtp"] = round_100(choice.throughput_kbps)
        if kind == "a":
            keys |= {"br": choice.kbps, "d": round(SEGMENT_S * 1_000)}
        if player.rate != 1.0:
            keys["pr"] = player.rate
        return keys

    def _who_headers(self) -> dict[str, str]:
        who = self._persona
        return {"User-Agent": who.user_agent, "X-Forwarded-For": who.address}

    def _fail(self) -> None:
        self._around.meters.fetch_failures.labels(*self._labels).inc()
        self._failures += 1
        if self._fetched >= 0:  # before the first segment there is no rung to leave
            before = self._choice.kbps
            self._choice.step_down()
            self._tell_switch(before)
        if self._failures == FAILURES:
            self._tell("failure")

    def _take(self, number: int, body: bytes) -> None:
        self._fetched = number
        self._around.meters.segments.labels(*self._labels).inc()
        self.player.receive(number * SEGMENT_S, (number + 1) * SEGMENT_S)
        if number % DECODE_EVERY == self._number:
            self._hear(body)

    def _hear(self, body: bytes) -> None:
        meters = self._around.meters
        try:
            sound = decode(pack_init() + body)
        except SoundstageError:
            meters.decode_failures.labels(*self._labels).inc()
            self._tell("failure")
            return
        meters.loudness.labels(*self._labels).set(float(np.sqrt(np.mean(sound * sound))))

    def tick(self) -> None:
        """Let the player's clock go on to now; also done when somebody reads the metrics."""
        player, meters = self.player, self._around.meters
        stalls, stalled_s, started = player.rebuffers, player.rebuffer_s, player.startup_s >= 0
        player.advance(time.monotonic())
        player.catch_up(self._programme.live_s())
        meters.rebuffers.labels(*self._labels).inc(player.rebuffers - stalls)
        meters.rebuffer_s.labels(*self._labels).inc(player.rebuffer_s - stalled_s)
        if player.rebuffers > stalls:
            self._stall_began_s, self._starved = time.monotonic(), True
        elif self._stall_began_s and player.playing:
            stall_s, self._stall_began_s = time.monotonic() - self._stall_began_s, 0.0
            self._tell("stall", lasted_ms=round(stall_s * 1_000))
        if player.startup_s >= 0 and not started:
            self._tell("startup", lasted_ms=round(player.startup_s * 1_000))

    def _played_ms(self) -> int:
        """How much sound was heard: the time since the first, without the stalls."""
        player = self.player
        if player.startup_s < 0:
            return 0
        since_s = time.monotonic() - player.joined_s - player.startup_s
        return max(0, round((since_s - player.rebuffer_s) * 1_000))

    def _tell_switch(self, before_kbps: int) -> None:
        if self._choice.kbps != before_kbps:
            self._tell("switch")

    def _tell(self, kind: str, **facts: Fact) -> None:
        if not self._around.reporter.on:
            return
        plan = self._around.frame.plan
        who: dict[str, Fact] = {
            "programme": self._programme.key,
            "session": self._id,
            "device": self._persona.device,
            "region": self._persona.region,
            "app_version": self._persona.app_version,
            "edge": plan.serving("edge", self._number).name,
            "bitrate_kbps": self._choice.kbps,
        }
        self._around.reporter.tell(kind, who, **facts)
