"""The streams of one programme, as they are heard: the source taps, and the taps behind them."""

from dataclasses import dataclass, field, replace

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

    Two streams of one name (of two instances, or heard from two places) are two taps: the second is
    named with its instance or its vantage.

    buffer_s: of the player that is simulated at each tap. history_s: kept of the source.
    refused: stretches that were not taken, for want of room or because they hold no sound.
    """

    name: str
    buffer_s: float = 2.0
    history_s: float = HISTORY_S
    taps: dict[str, Tap] = field(default_factory=dict)
    refused: int = 0
    _sources: dict[str, Source] = field(default_factory=dict)
    _names: dict[Stream, str] = field(default_factory=dict)

    def hear(self, stream: Stream, heard: Heard) -> None:
        """Take a stretch of one of its streams, in the order in which they came."""
        place = self._source_of(stream) if stream.is_source else self._tap_of(stream)
        if place is None or not len(heard.samples):
            self.refused += 1
            return
        try:
            place.hear(heard)
        except InputError:
            self.refused += 1
            place.cut()

    def leave(self, stream: Stream) -> None:
        """Forget a stream that nobody listens to any more; its name is free."""
        name = self._names.pop(stream.lasting, "")
        self.taps.pop(name, None)
        self._sources.pop(name, None)

    def streams(self) -> list[tuple[Stream, Tap]]:
        """Return the streams behind the source as they were heard, and their taps."""
        known = ((stream, self.taps.get(name)) for stream, name in self._names.items())
        return [(stream, tap) for stream, tap in known if tap is not None]

    def resume(self, stream: Stream, name: str) -> Tap:
        """Return the tap, under its name of before, of a stream that was known before a restart."""
        self._names[stream.lasting] = name
        self.taps[name] = Tap(replace(stream, name=name), self.buffer_s)
        return self.taps[name]

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
        kept = {*self.taps, *self._sources}
        self._names = {stream: name for stream, name in self._names.items() if name in kept}
        return not kept

    def _source_of(self, stream: Stream) -> Source | None:
        name = self._names.get(stream.lasting)
        if name is None and len(self._sources) < SOURCES_MAX:
            name = self._name(stream)
            self._sources[name] = Source(history_s=self.history_s)
        return None if name is None else self._sources[name]

    def _tap_of(self, stream: Stream) -> Tap | None:
        name = self._names.get(stream.lasting)
        if name is None and len(self.taps) < TAPS_MAX:
            name = self._name(stream)
            self.taps[name] = Tap(replace(stream, name=name), self.buffer_s)
        return None if name is None else self.taps[name]

    def _name(self, stream: Stream) -> str:
        """Give a new stream its name, or one like it where that is taken."""
        more = (stream.subject.instance, stream.vantage, *map(str, range(2, 2 + len(self._names))))
        like = (f"{stream.name} ({one})" for one in more if one)
        taken = set(self._names.values())
        name = next(name for name in (stream.name, *like) if name not in taken)
        self._names[stream.lasting] = name
        return name
