"""The conductor: starts both sides, lets things break one by one, and keeps the score."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Coroutine
from math import ceil
from typing import Any

from soundstage.errors import SoundstageError, StartFailed
from soundstage.folder import open_state, see_writable
from soundstage.sabotage.injection import Injection, aim
from soundstage.show import config, script
from soundstage.show.closing import closing_line, with_foreign
from soundstage.show.learning import tell_learning
from soundstage.show.ledger import Broken, summarise
from soundstage.show.observer import Observer
from soundstage.show.options import Options
from soundstage.show.patience import wait_until
from soundstage.show.receiver import Pager
from soundstage.show.stagehands import Stagehands
from soundstage.show.voice import Voice

RESOLVE_S = 180.0
"""How long, if there is time, the next fault waits until every incident is told as over."""

INTERRUPTED = 130


class Conductor:
    """One show. ``run`` returns the exit code."""

    def __init__(self, options: Options, voice: Voice) -> None:
        """Prepare a show; nothing is started yet."""
        self.options, self.voice = options, voice
        self.began_s = time.monotonic()
        self.began_ms = time.time_ns() // 1_000_000
        self.faults: list[Broken] = []
        self.pager = Pager(self._paged)
        self.observer: Observer | None = None
        self._hands: Stagehands | None = None
        self._injection: Injection | None = None

    async def run(self) -> int:
        """Play until the time is over or somebody interrupts; always clear up."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        playing = asyncio.create_task(self._play())
        waiting = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            interrupted = not playing.done()
            if not interrupted:
                playing.result()
        finally:
            waiting.cancel()
            playing.cancel()
            await asyncio.wait({playing})
            await self._finish()
        return INTERRUPTED if interrupted and self.options.for_s else 0

    async def _play(self) -> None:
        say = self.voice.say
        say(
            "start",
            "auscult + soundstage · everything stays on this machine · Ctrl-C stops it all",
            for_s=self.options.for_s,
        )
        door = config.Door.hold()
        asked = self.options
        hands = Stagehands.raise_curtain(
            asked.state, seed=asked.seed, port=door.port, codec=asked.codec
        )
        self._hands = hands
        webhook_url = await self.pager.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_on_air(hands))
            watcher = await hands.start_product(door, webhook_url)
            favourite = door.port == config.FAVOURITE_PORT
            taken = "" if favourite else f"   ({config.FAVOURITE_PORT} was taken)"
            say("page", f"  page   {hands.base}/{taken}", url=f"{hands.base}/", port=door.port)
        self.observer = Observer(watcher, self.voice, self._every_fault)
        try:
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self._follow())
                await tell_learning(
                    watcher, self.voice, for_s=min(script.WARM_UP_S, self._left_s())
                )
                await self._perform()
                following.cancel()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.observer.look(self.began_ms, link=self._link)
            await watcher.close()

    async def _tell_on_air(self, hands: Stagehands) -> None:
        await hands.on_air()
        plan, took_s = hands.plan, time.monotonic() - self.began_s
        tenants = len({programme.tenant for programme in plan.programmes})
        self.voice.say(
            "on_air",
            f"  {len(plan.processes)} processes, {tenants} tenants, {len(plan.programmes)} "
            f"programmes on air {took_s:.1f} s",
            seconds=round(took_s, 2),
        )

    async def _follow(self) -> None:
        assert self.observer
        assert self._hands
        watching = asyncio.create_task(self.observer.follow(self.began_ms, link=self._link))
        try:
            while not watching.done():
                code = self._hands.product_ended()
                if code is not None:
                    raise StartFailed(f"auscult ended by itself with code {code}")
                await asyncio.sleep(0.5)
            await watching
        finally:
            watching.cancel()

    async def _perform(self) -> None:
        endless = self.options.for_s is None
        self.voice.say("ready", self._announcement(endless=endless), faults=self.options.faults)
        if self.options.faults:
            await self._rest(at_least_s=0.0)
        for step in script.steps(endless=endless) if self.options.faults else ():
            seconds = script.shorten(step, left_s=self._left_s())
            if seconds:
                await self._break(step, seconds)
        await asyncio.sleep(self._left_s())

    def _announcement(self, *, endless: bool) -> str:
        own = f"{sys.argv[0]} fault error_burst --state {self.options.state}"
        if not self.options.faults:
            return f"  ready, nothing will be broken. Break something:   {own}"
        if not endless and not script.has_room(left_s=self._left_s()):
            return (
                f"  ready, and too short to break anything: that takes --for "
                f"{ceil(script.LEAST_S / 60)}m or more. Break something:   {own}"
            )
        how = "all faults in turn until Ctrl-C" if endless else "a few faults, one by one"
        return f"  ready. From now on soundstage really breaks itself: {how}. Or by hand:   {own}"

    def _left_s(self) -> float:
        if self.options.for_s is None:
            return float("inf")
        return max(0.0, self.options.for_s - (time.monotonic() - self.began_s))

    async def _break(self, step: script.Step, seconds: float) -> None:
        injection = aim(self.options.state, step.name, seconds=seconds)
        try:
            await asyncio.to_thread(injection.begin)
        except SoundstageError as error:
            self.voice.stamp("skipped", f"{step.name} not injected: {error}", name=step.name)
            return
        self._injection = injection
        fault = Broken(step.name, injection.target, injection.started_ms)
        self.faults.append(fault)
        truth = injection.truth()
        self.voice.stamp(
            "fault",
            f"soundstage breaks itself: {truth.broken}",
            name=step.name,
            target=truth.target,
        )
        await wait_until(lambda: step.healable and self._healed(fault), within_s=seconds)
        await self._withdraw(fault, injection)
        await self._rest(at_least_s=script.QUIET_S)

    async def _withdraw(self, fault: Broken, injection: Injection) -> None:
        try:
            await asyncio.to_thread(injection.end)
        except SoundstageError as error:
            self.voice.stamp("error", f"not withdrawn: {error}", name=fault.name)
        fault.ended_ms, self._injection = injection.ended_ms, None
        lasted_s = (fault.ended_ms - fault.started_ms) / 1_000
        self.voice.stamp(
            "withdrawn", f"{fault.name} is over after {lasted_s:.0f} s", name=fault.name
        )

    async def _rest(self, *, at_least_s: float) -> None:
        await asyncio.sleep(min(at_least_s, self._left_s()))
        # A fault during an open incident would rightly become part of it, and prove nothing.
        await wait_until(self._calm, within_s=min(RESOLVE_S, self._left_s()))

    def _calm(self) -> bool:
        found = self.observer.found.values() if self.observer else ()
        return all(incident.resolved_ms for incident in found)

    def _healed(self, fault: Broken) -> bool:
        incident = self.observer and self.observer.of(fault)
        return bool(incident and incident.healed_run())

    async def _finish(self) -> None:
        if self._injection:  # the platform goes down anyway; the truth is still worth its line
            self._injection.abandon()
            self.faults[-1].ended_ms = self._injection.ended_ms
        left = await self._hands.strike() if self._hands else 0
        await self.pager.close()
        if self._hands is None:
            return  # nothing was played, so there is no score
        faults = self._every_fault()
        found = list(self.observer.found.values()) if self.observer else []
        summary: dict[str, Any] = summarise(faults, found, self.pager.pages())
        summary |= {
            "pages_doubled": self.pager.doubled,
            "seconds": round(time.monotonic() - self.began_s, 1),
            "processes_left": left,
        }
        self.voice.say("summary", closing_line(summary), **summary)
        if self.options.summary:
            text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
            self.options.summary.write_text(text, encoding="utf-8")

    def _every_fault(self) -> list[Broken]:
        now_ms = time.time_ns() // 1_000_000
        return with_foreign(self.options.state, self.faults, since_ms=self.began_ms, now_ms=now_ms)

    def _paged(self, kind: str, incident: str, headline: str) -> None:
        if kind.endswith("opened"):
            self.voice.stamp("paged", f"  paged: {headline}", incident=incident, kind=kind)

    def _link(self, incident: str) -> str:
        return f"{self._hands.base if self._hands else ''}/incidents/{incident}"


def conduct(options: Options) -> int:
    """Run a whole show from the main thread and return the exit code."""
    open_state(options.state)
    if options.summary:
        see_writable(options.summary, option="--summary")
    main: Coroutine[Any, Any, int] = Conductor(options, Voice(as_json=options.as_json)).run()
    try:
        return asyncio.run(main)
    except BaseExceptionGroup as group:
        wrong = group.subgroup(SoundstageError)
        if wrong is None:
            raise
        first: BaseException = wrong
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise SoundstageError(str(first)) from None
