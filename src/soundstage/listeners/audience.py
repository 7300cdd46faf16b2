"""The audience of one tenant: a process with a few sessions per programme."""

import asyncio
import time

from soundstage.listeners.events import Reporter
from soundstage.listeners.load import share_of_peak, simulated_s, wanted_listeners
from soundstage.listeners.persona import choose_persona
from soundstage.listeners.player import Player
from soundstage.listeners.session import Session, Surroundings
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import Instruments
from soundstage.stages.upstream import Upstream

RECKON_S = 1.0
"""How often it is reckoned how many shall listen."""


class Meters:
    """What the players of one audience report."""

    def __init__(self, own: Instruments) -> None:
        """Register the metrics; their labels are tenant and programme."""
        both = ("tenant", "programme")
        self.stage = own.stage
        self.sessions = own.gauge("active_sessions", "Sessions that play.", *both)
        self.buffer_s = own.gauge("buffer_seconds", "Least buffered of all sessions.", *both)
        self.latency_s = own.gauge("latency_seconds", "Most behind live of all.", *both)
        self.startup_s = own.gauge("startup_seconds", "Slowest newest start.", *both)
        self.rebuffers = own.counter("rebuffers", "Stalls.", *both)
        self.rebuffer_s = own.counter("rebuffer_seconds", "Time spent stalled.", *both)
        self.fetch_failures = own.counter("fetch_failures", "Fetches that failed.", *both)
        self.decode_failures = own.counter("decode_failures", "Undecodable segments.", *both)
        self.segments = own.counter("segments", "Segments downloaded.", *both)
        self.loudness = own.gauge("decoded_rms", "RMS of the newest decoded segment.", *both)


class Audience:
    """All sessions of one programme, summed up at scrape time."""

    def __init__(self, programme: Programme, around: Surroundings) -> None:
        """Prepare the sessions and let the meters read them."""
        self.programme, self._around = programme, around
        settings, meters = around.frame.plan.settings, around.meters
        self.sessions = [
            Session(
                programme,
                around,
                number=number,
                persona=choose_persona(programme.seed, programme.key, number),
            )
            for number in range(settings.listeners)
        ]
        labels = (meters.stage, programme.tenant, programme.name)
        for counter in (meters.rebuffers, meters.rebuffer_s, meters.fetch_failures):
            counter.labels(*labels)
        meters.decode_failures.labels(*labels)
        meters.sessions.labels(*labels).set_function(self._playing)
        meters.buffer_s.labels(*labels).set_function(self._buffer_s)
        meters.startup_s.labels(*labels).set_function(self._startup_s)
        meters.latency_s.labels(*labels).set_function(self._latency_s)

    async def gather(self) -> None:
        """Let as many listen as the hour wants, for ever; a flat load wants all of them."""
        settings = self._around.frame.plan.settings
        tasks: list[asyncio.Task[None]] = []
        try:
            while True:
                wanted = len(self.sessions)
                if settings.speedup:
                    epoch_s = self.programme.epoch_ms / 1_000
                    at_s = simulated_s(epoch_s, time.time(), settings.speedup)
                    wanted = wanted_listeners(wanted, share_of_peak(at_s))
                while len(tasks) > wanted:
                    tasks.pop().cancel()
                joining = self.sessions[len(tasks) : wanted]
                tasks += [asyncio.create_task(session.listen()) for session in joining]
                for task in tasks:
                    if task.done():
                        task.result()  # an error must not stay unseen
                await asyncio.sleep(RECKON_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _now(self) -> list[Player]:
        active = [session for session in self.sessions if session.active]
        for session in active:
            session.tick()
        return [session.player for session in active]

    def _playing(self) -> float:
        return sum(player.playing for player in self._now())

    def _buffer_s(self) -> float:
        return min((player.buffer_s for player in self._now()), default=0.0)

    def _startup_s(self) -> float:
        return max(0.0, *(player.startup_s for player in self._now()), 0.0)

    def _latency_s(self) -> float:
        live_s, now_s = self.programme.live_s(), time.monotonic()
        return max((player.behind_s(live_s, now_s) for player in self._now()), default=0.0)


def set_up(frame: Frame) -> None:
    """Let the audience of the frame's tenant listen."""
    around = surround(frame)
    for programme in frame.plan.programmes_of(frame.place.tenant):
        frame.work.append(Audience(programme, around).gather())


def surround(frame: Frame) -> Surroundings:
    """Prepare what all sessions of a process share."""
    settings = frame.plan.settings
    reporter = Reporter(settings.events_url, frame.instruments, key_file=settings.key_file)
    upstream = Upstream(frame, frame.place.upstream)
    if reporter.on:
        frame.work.append(reporter.post())
    frame.work.append(upstream.close_at_end())
    return Surroundings(frame, upstream, Meters(frame.instruments), reporter)
