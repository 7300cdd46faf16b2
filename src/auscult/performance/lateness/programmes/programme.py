"""The streams of one programme, as they are heard: the source taps, and the taps behind them."""

from dataclasses import dataclass, field

from auscult.kernel.errors import InputError
from auscult.kernel.sounds import Heard, Stream
from auscult.performance.lateness.taps import Course, Source, Tap
from auscult.performance.lateness.taps.source import HISTORY_S

BEHIND_S = 10.0
"""Of two source taps, one from which so much less came has stopped."""
FORGOTTEN_S = 600.0
TAPS_MAX = 64
SOURCES_MAX = 2
"""Two vantages of one source; a history takes about 5 MB."""


@dataclass(slots=True)
class Programme:
    """What is known of one programme.

    buffer_s: of the player that is simulated at each tap. history_s: kept of the source.
    refused: stretches that were not taken, for want of room or because they hold no sound.
    """

    name: str
    buffer_s: float = 2.0
    history_s: float = HISTORY_S
    taps: dict[str, Tap] = field(default_factory=dict)
    refused: int = 0
    _sources: dict[str, Source] = field(default_factory=dict)

    def hear(self, stream: Stream, heard: Heard) -> None:
        """Take a stretch of one of its streams, in the order in which they came."""
        place = self._source_of(stream) if stream.is_source else self._tap_of(stream)
        if place is None:
            self.refused += 1
            return
        try:
            place.hear(heard)
        except InputError:
            self.refused += 1
            place.cut()

    def due(self) -> list[Tap]:
        """Return the taps that have a probe to measure, the one that waits longest first."""
        waiting = [tap for tap in self.taps.values() if tap.is_due]
        return sorted(waiting, key=lambda tap: tap.waiting_since_s)

    def source(self) -> Source | None:
        """Return the source tap that is compared with: the first by name that still gives sound.

        Where none does any more it is the last that did: late taps still play what it gave.
        """
        newest_s = max((one.heard_at_s for one in self._sources.values()), default=0.0)
        alive = [
            name for name, one in self._sources.items() if newest_s - one.heard_at_s < BEHIND_S
        ]
        return self._sources[min(alive)] if alive else None

    @property
    def source_name(self) -> str:
        """The name under which the begin of the way is told."""
        return min(self._sources, default="source")

    @property
    def is_compared(self) -> bool:
        """Whether there is a source tap; else only what timestamps say can be told."""
        return bool(self._sources)

    def course_of(self, tap: Tap) -> Course:
        """Return the course by which a tap is judged: the sound's, else its timestamps'."""
        return tap.delivery if self.is_compared else tap.stated

    def forget(self, now_s: float) -> bool:
        """Forget streams that were silent for ten minutes; return whether none is left."""
        for tap in self.taps.values():
            for course in (tap.delivery, tap.ear, tap.stated):
                course.forget_stale(round(now_s * 1e3))
        self.taps = {k: v for k, v in self.taps.items() if now_s - v.heard_at_s < FORGOTTEN_S}
        self._sources = {
            k: v for k, v in self._sources.items() if now_s - v.heard_at_s < FORGOTTEN_S
        }
        return not self.taps and not self._sources

    def _source_of(self, stream: Stream) -> Source | None:
        if stream.name not in self._sources and len(self._sources) < SOURCES_MAX:
            self._sources[stream.name] = Source(history_s=self.history_s)
        return self._sources.get(stream.name)

    def _tap_of(self, stream: Stream) -> Tap | None:
        if stream.name not in self.taps and len(self.taps) < TAPS_MAX:
            self.taps[stream.name] = Tap(stream, self.buffer_s)
        return self.taps.get(stream.name)
