"""One stream behind the source: what it gave lately, its probes, and how late they say it is."""

from dataclasses import dataclass, field, replace

import numpy as np

from auscult.kernel.sounds import Heard, Stream
from auscult.performance.lateness.sighting import Reason, Sighting, Unknown
from auscult.performance.lateness.taps.course import Course
from auscult.performance.lateness.taps.ear import Ear
from auscult.performance.lateness.taps.source import Source
from auscult.performance.lateness.trace import Floats, check_samples, mix_down
from auscult.performance.lateness.tracking import Track, advance

PROBE_S = 4.0
EVERY_S = 2.0
HELD_BACK_S = 1.0
"""A probe is taken so far from the end: the source's history must have reached as far."""
REJOINS_AFTER_MS = 120_000
"""Who hears it late for so long, while it arrives in time, reloads."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one probe says: when, and how late the sound arrived and is heard, in seconds.

    None where it is not known. stated_s: how late it arrived by the stream's own timestamps.
    """

    at_ms: int
    sighting: Sighting | None = None
    delivery_s: float | None = None
    ear_s: float | None = None
    stated_s: float | None = None


@dataclass(slots=True)
class _Run:
    """One unbroken stretch of the stream, on a clock of its own: `base_s` + place."""

    rate_hz: int
    base_s: float
    ear: Ear
    length_s: float = 0.0
    kept: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    new_s: float = 0.0
    least_s: float = float("inf")
    """Of what came since the last probe: arrival less the run's clock, where least was waited."""

    def take(self, heard: Heard, at_s: float) -> None:
        mono = mix_down(check_samples(heard.samples, self.rate_hz))
        most = round((PROBE_S + HELD_BACK_S) * self.rate_hz)
        self.kept = np.concatenate([self.kept, mono])[-most:]
        begin_s, self.length_s = self.length_s, self.length_s + heard.duration_s
        self.new_s += heard.duration_s
        self.least_s = min(self.least_s, at_s - self.base_s - self.length_s)
        self.ear.receive(begin_s, self.length_s, at_s=at_s)

    @property
    def is_due(self) -> bool:
        whole = self.kept.size >= round((PROBE_S + HELD_BACK_S) * self.rate_hz)
        return whole and self.new_s >= EVERY_S


@dataclass(slots=True)
class Tap:
    """One stream: its track against the source, and the course of its latency.

    delivery, ear: latency behind the source tap, as it arrives and as it is heard. stated: by its
    own timestamps, told where there is no source to compare with.
    """

    stream: Stream
    buffer_s: float = 2.0
    track: Track = field(default_factory=Track)
    delivery: Course = field(default_factory=Course)
    ear: Course = field(default_factory=Course)
    stated: Course = field(default_factory=Course)
    last: Figure | None = None
    heard_at_s: float = float("-inf")
    waiting_since_s: float = float("inf")
    """Since when a probe is due; infinite where none is."""
    _run: _Run | None = None
    _stated_s: float = float("inf")
    _piece_s: float = 0.0

    def hear(self, heard: Heard) -> None:
        """Take what follows; raises `InputError` for sound that no one can make a trace of."""
        at_s = max(heard.arrived_ms / 1e3, self.heard_at_s)
        run = self._run
        if run is None or not heard.follows or run.rate_hz != heard.rate_hz:
            run = _Run(heard.rate_hz, at_s - heard.duration_s, Ear(self.buffer_s))
            self._run, self._stated_s = run, float("inf")
        run.take(heard, at_s)
        self.heard_at_s, self._piece_s = at_s, heard.duration_s
        if heard.media_ms is not None:
            ended_s = heard.media_ms / 1e3 + heard.duration_s
            self._stated_s = min(self._stated_s, at_s - ended_s)
        self.waiting_since_s = min(self.waiting_since_s, at_s) if run.is_due else float("inf")

    @property
    def is_due(self) -> bool:
        """Whether there is a probe to measure."""
        return self.waiting_since_s < float("inf")

    def cut(self) -> None:
        """Something is missing here: what comes next is not joined to what came."""
        self._run, self.waiting_since_s = None, float("inf")

    def measure(self, source: Source | None) -> None:
        """Probe what is due; `hear` made it so."""
        run = self._run
        assert run is not None
        stated_s = self._stated_s if np.isfinite(self._stated_s) else None
        figure = Figure(round(self.heard_at_s * 1e3), stated_s=stated_s)
        if source is not None:
            figure = self._locate(run, source, figure)
        self._judge(run, figure)
        self.last, self.waiting_since_s = figure, float("inf")
        run.new_s, run.least_s, self._stated_s = 0.0, float("inf"), float("inf")

    def _locate(self, run: _Run, source: Source, figure: Figure) -> Figure:
        probe = run.kept[: round(PROBE_S * run.rate_hz)]
        end_s = run.base_s + run.length_s - (run.kept.size - probe.size) / run.rate_hz
        sighting = source.find(probe, run.rate_hz, end_s=end_s)
        # The run's clock begins anew with each run; that of arrivals never goes back.
        timed = replace(sighting, at_s=self.heard_at_s)
        self.track, _ = advance(self.track, timed)
        lag_s = self.track.delay_s
        if lag_s is None or self.track.spoken_at_s < self.heard_at_s:
            return replace(figure, sighting=sighting)
        offset_s = run.ear.offset_s
        ear_s = None if offset_s is None else offset_s - run.base_s + lag_s
        return replace(figure, sighting=sighting, delivery_s=run.least_s + lag_s, ear_s=ear_s)

    def _judge(self, run: _Run, figure: Figure) -> None:
        at_ms = figure.at_ms
        for course, latency_s in (
            (self.delivery, figure.delivery_s),
            (self.ear, figure.ear_s),  # which stands still a little at every later poll
            (self.stated, figure.stated_s),
        ):
            if latency_s is not None:
                course.note(at_ms, latency_s, piece_s=self._piece_s)
        ear_since_ms = self.ear.late_since_ms
        in_time = self.delivery.late_since_ms is None
        if ear_since_ms is not None and in_time and at_ms - ear_since_ms > REJOINS_AFTER_MS:
            run.ear.join(run.length_s)

    @property
    def unknown(self) -> Reason | None:
        """Why the last probe gave no latency; None where it did, or where there was none."""
        sighting = self.last.sighting if self.last else None
        return sighting.reason if isinstance(sighting, Unknown) else None
