"""The audience of one tenant: a process with a few sessions per programme."""

import time

from soundstage.listeners.player import Player
from soundstage.listeners.session import Session
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import Instruments
from soundstage.stages.upstream import Upstream

SESSIONS = 2


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

    def __init__(self, frame: Frame, meters: Meters, programme: Programme) -> None:
        """Start the sessions as work of the frame."""
        upstream = Upstream(frame.plan.process(frame.place.upstream), frame.instruments)
        labels = (meters.stage, programme.tenant, programme.name)
        self.programme = programme
        self.sessions = [Session(programme, upstream, meters, number=i) for i in range(SESSIONS)]
        frame.work += [session.listen() for session in self.sessions]
        for counter in (meters.rebuffers, meters.rebuffer_s, meters.fetch_failures):
            counter.labels(*labels)
        meters.decode_failures.labels(*labels)
        meters.sessions.labels(*labels).set_function(self._playing)
        meters.buffer_s.labels(*labels).set_function(self._buffer_s)
        meters.startup_s.labels(*labels).set_function(self._startup_s)
        meters.latency_s.labels(*labels).set_function(self._latency_s)

    def _now(self) -> list[Player]:
        for session in self.sessions:
            session.tick()
        return [session.player for session in self.sessions]

    def _playing(self) -> float:
        return sum(player.playing for player in self._now())

    def _buffer_s(self) -> float:
        return min(player.buffer_s for player in self._now())

    def _startup_s(self) -> float:
        return max(0.0, *(player.startup_s for player in self._now()))

    def _latency_s(self) -> float:
        live_s, now_s = self.programme.live_s(), time.monotonic()
        return max(player.behind_s(live_s, now_s) for player in self._now())


def set_up(frame: Frame) -> None:
    """Let the audience of the frame's tenant listen."""
    meters = Meters(frame.instruments)
    for programme in frame.plan.programmes_of(frame.place.tenant):
        Audience(frame, meters, programme)
