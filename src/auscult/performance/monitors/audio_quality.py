"""Hears the streams themselves: what is wrong with the sound, and where on its way it begins."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.performance.port import Lookout, Memory, Monitor, View
from auscult.performance.turned_away import TurnedAway

if TYPE_CHECKING:
    from auscult.performance.quality import Programme

PROGRAMMES_MAX = 200
FORGET_EVERY_MS = 60_000
LOOK_GAP_MS = 1_000.0
LATE_FADES = 0.9


class AudioQuality(Monitor):
    """Listens to every stream a `probe` brings, in blocks of half a second.

    Heard are silence, gaps, clicks, clipping, loudness, a lost channel, turned polarity, collapse
    to mono, lost bandwidth, noise, repeated or skipped sound, wow and another programme; and where
    nothing can be heard, why. A stream of which there is a source tap (a probe with `hop: 0` of the
    same `programme`) is held against it, any other is judged alone. A fault is told once for each
    programme and laid to the first tap at which it is heard, with two seconds of it to listen to.
    """

    memory_version: ClassVar[int] = 2

    def begin(self) -> Lookout:
        """Return ears for a tenant of whom nothing was heard yet."""
        return Ears()

    def resume(self, memory: Memory, *, now_ms: int) -> Lookout:
        """Return ears that know from where agents reported; raises `pydantic.ValidationError`."""
        ears = Ears()
        ears.resume(memory, now_ms)
        return ears


class Ears:
    """The programmes of one tenant."""

    def __init__(self) -> None:
        # SciPy comes with the ear: only those who listen load it.
        from auscult.performance import quality

        self._room = quality
        self._programmes: dict[str, Programme] = {}
        self._tidied_ms = 0
        self._looked_ms = 0
        self._late_ms = 0.0
        self._turned_away = TurnedAway("sound is heard of", PROGRAMMES_MAX)

    def look(self, view: View) -> Iterable[Remark]:
        """Take in what was heard, as it came, the source before what is held against it."""
        for known in self._programmes.values():
            if any(known.knows(about) for about, _ in view.ended):
                known.let_go(view.now_ms)
        leaving: list[Programme] = []
        for stream, found in sorted(view.sounds, key=_in_turn):
            programme = self._programmes.get(stream.programme)
            if programme is None:
                leaving += self._make_room(view.now_ms)
                if len(self._programmes) >= PROGRAMMES_MAX:
                    self._turned_away.note(stream.programme, view.now_ms)
                    continue
                programme = self._programmes[stream.programme] = self._room.Programme(
                    stream.programme
                )
            programme.take(stream, found, view.now_ms)
        self._tidy(view.now_ms)
        self._notice_lateness(view)
        for programme in (*leaving, *self._programmes.values()):
            yield from programme.remarks(view.now_ms, late_ms=self._late_ms)
        yield from self._turned_away.remarks(view.now_ms)

    def keep(self) -> Memory:
        """Return from where agents report."""
        kept = self._room.keep_places(self._programmes.values(), self._looked_ms)
        return kept.model_dump(mode="json")

    def resume(self, memory: Memory, now_ms: int) -> None:
        """Wait for those agents again."""
        kept = self._room.KeptPlaces.model_validate(memory)
        self._programmes = self._room.resume_places(kept, now_ms)

    def _make_room(self, now_ms: int) -> "list[Programme]":
        """Where there is no room for one more, take the first programme that is silent out."""
        if len(self._programmes) < PROGRAMMES_MAX:
            return []
        for name, programme in self._programmes.items():
            if programme.is_silent(now_ms):
                programme.let_go(now_ms, why="its place was needed for another programme")
                return [self._programmes.pop(name)]
        return []

    def _notice_lateness(self, view: View) -> None:
        """Remember how late looks are: what a busy machine has not taken yet is not missing."""
        gap_ms = view.now_ms - self._looked_ms if self._looked_ms else 0
        self._looked_ms = view.now_ms
        late_ms = max(gap_ms - LOOK_GAP_MS, view.behind_ms)
        self._late_ms = max(late_ms, LATE_FADES * self._late_ms)

    def _tidy(self, now_ms: int) -> None:
        if now_ms - self._tidied_ms < FORGET_EVERY_MS:
            return
        self._tidied_ms = now_ms
        for name, programme in list(self._programmes.items()):
            programme.forget(now_ms)
            if programme.is_over:
                del self._programmes[name]


def _in_turn(one: tuple[Stream, Heard | Unheard]) -> tuple[int, bool]:
    stream, found = one
    at_ms = found.arrived_ms if isinstance(found, Heard) else found.at_ms
    return at_ms, not stream.is_source
