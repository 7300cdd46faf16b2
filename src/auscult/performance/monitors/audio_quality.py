"""Hears the streams themselves: what is wrong with the sound, and where on its way it begins."""

from collections.abc import Iterable

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.performance.port import Lookout, Monitor, View

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

    def begin(self) -> Lookout:
        """Return ears for a tenant of whom nothing was heard yet."""
        return Ears()


class Ears:
    """The programmes of one tenant."""

    def __init__(self) -> None:
        # SciPy comes with the ear: only those who listen load it.
        from auscult.performance.quality import Programme

        self._make = Programme
        self._programmes: dict[str, Programme] = {}
        self._tidied_ms = 0
        self._looked_ms = 0
        self._late_ms = 0.0

    def look(self, view: View) -> Iterable[Remark]:
        """Take in what was heard, as it came, the source before what is held against it."""
        for stream, found in sorted(view.sounds, key=_in_turn):
            programme = self._programmes.get(stream.programme)
            if programme is None:
                if len(self._programmes) >= PROGRAMMES_MAX:
                    continue
                programme = self._make(stream.programme)
                self._programmes[stream.programme] = programme
            programme.take(stream, found, view.now_ms)
        self._tidy(view.now_ms)
        self._notice_lateness(view.now_ms)
        for programme in self._programmes.values():
            yield from programme.remarks(view.now_ms, late_ms=self._late_ms)

    def _notice_lateness(self, now_ms: int) -> None:
        """Remember how late looks are: what a busy machine has not taken yet is not missing."""
        gap_ms = now_ms - self._looked_ms if self._looked_ms else 0
        self._looked_ms = now_ms
        self._late_ms = max(gap_ms - LOOK_GAP_MS, LATE_FADES * self._late_ms)

    def _tidy(self, now_ms: int) -> None:
        if now_ms - self._tidied_ms < FORGET_EVERY_MS:
            return
        self._tidied_ms = now_ms
        for name, programme in list(self._programmes.items()):
            programme.forget(now_ms)
            if not programme.taps:
                del self._programmes[name]


def _in_turn(one: tuple[Stream, Heard | Unheard]) -> tuple[int, bool]:
    stream, found = one
    at_ms = found.arrived_ms if isinstance(found, Heard) else found.at_ms
    return at_ms, not stream.is_source
