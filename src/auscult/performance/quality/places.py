"""The taps of one programme as they come and go: who holds a name, who left it, who fell silent.

Nothing here heals anything. A tap of which nothing is heard stays, without its sound, so that what
was wrong there stays wrong; it goes when its listener says so, when a person ends it, when its
place is needed, or after a day, and whoever tells of it then learns why.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from auscult.kernel.errors import InputError
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.performance.quality.faults import UNHEARD
from auscult.performance.quality.tap import Tap

TAPS_MAX = 64
SILENT_MS = 600_000
"""Of a tap of which nothing was heard for so long, not even why, only its name is kept."""

GIVEN_UP_MS = 86_400_000
"""Nobody waits longer than a day for a tap to come back."""

NAME_CLASH = "name_clash"
"""The signal of two streams that go by one name, of which one is heard."""

CLASH_HELD_MS = 60_000

LEAVES = {
    Why.COMPLETE: "the recording is complete",
    Why.LEFT: "nobody listens there any more",
}
"""The words by which a tap goes as it should: what it leaves behind is no fault."""

_BREAKS = (InputError, ValueError, ArithmeticError, LookupError)
"""What sound that nobody thought of raises, from the ear or from NumPy."""


@dataclass(slots=True)
class Places:
    """The taps of one programme by the name of their stream; `left` is why others went."""

    taps: dict[str, Tap] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    clashes: dict[str, int] = field(default_factory=dict)
    """Names that two streams go by, and when that was noticed last."""

    def take(self, stream: Stream, found: Heard | Unheard, now_ms: int) -> None:
        """Take in what was found at one tap; the source's sound goes to every other one as well.

        Sound that breaks the ear of a stream is told as that stream's trouble; the others hear on.
        """
        if isinstance(found, Unheard) and found.why in LEAVES:
            known = self.taps.get(stream.name)
            if known is not None and known.stream.lasting == stream.lasting:
                self.leave(stream.name, LEAVES[found.why])
            return
        tap = self._tap(stream, _at_ms(found), now_ms)
        if tap is None:
            return
        source = self.source
        took = self._guard(tap, lambda: tap.take(found, now_ms), found=found, now_ms=now_ms)
        if not took or not isinstance(found, Heard):
            return
        if not stream.is_source:
            if source is not None:
                self._guard(tap, lambda: tap.accompany(source.form), found=found, now_ms=now_ms)
        elif tap is self.source:  # of several the first is held against: two would be mixed
            for one in [one for one in self.taps.values() if not one.stream.is_source]:
                share = partial(one.hear_source, found, tap.heard_ms)
                self._guard(one, share, found=found, now_ms=now_ms)

    def resume(self, stream: Stream, *, met_ms: int, seen_ms: int) -> None:
        """Wait for a stream that was known before a restart, as one not heard since `met_ms`."""
        if len(self.taps) < TAPS_MAX:
            self.taps[stream.name] = Tap(stream, met_ms=met_ms, seen_ms=seen_ms)

    @property
    def source(self) -> Tap | None:
        """The source tap that the others are held against: the first of those that were heard."""
        sources = [tap for tap in self.taps.values() if tap.stream.is_source]
        return next((tap for tap in sources if tap.form is not None), next(iter(sources), None))

    def forget(self, now_ms: int) -> None:
        """Let go of the sound of silent taps, and of those that nobody waits for any more."""
        self.clashes = {n: at for n, at in self.clashes.items() if now_ms - at <= CLASH_HELD_MS}
        for name, tap in list(self.taps.items()):
            if now_ms - tap.seen_ms > GIVEN_UP_MS:
                self.leave(name, "nothing has come from there for a day")
            elif tap.form is not None and self.is_silent_at(tap, now_ms):
                self.taps[name] = Tap(tap.stream, met_ms=tap.seen_ms, seen_ms=tap.seen_ms)

    def is_silent(self, now_ms: int) -> bool:
        """Whether nothing has come from any tap for long."""
        return all(self.is_silent_at(tap, now_ms) for tap in self.taps.values())

    def let_go(self, now_ms: int, why: str) -> None:
        """Let every silent tap go."""
        for name, tap in list(self.taps.items()):
            if self.is_silent_at(tap, now_ms):
                self.leave(name, why)

    def leave(self, name: str, why: str) -> None:
        """Let a tap go, and remember why until it was told."""
        if self.taps.pop(name, None) is not None:
            self.left[name] = why

    def is_silent_at(self, tap: Tap, now_ms: int) -> bool:
        """Whether nothing has come from one tap for long."""
        return now_ms - tap.seen_ms > SILENT_MS

    def _tap(self, stream: Stream, at_ms: int, now_ms: int) -> Tap | None:
        """Return the tap of a stream, begun where it is new; None where it is not taken.

        Two streams of one name would be mixed: the first holds it for as long as it is heard.
        """
        tap = self.taps.get(stream.name)
        if tap is not None:
            if tap.stream.lasting == stream.lasting:
                tap.stream = stream
                return tap
            if UNHEARD not in tap.faults(at_ms):
                self.clashes[stream.name] = now_ms
                return None
        elif len(self.taps) >= TAPS_MAX:
            self._make_room(now_ms)
            if len(self.taps) >= TAPS_MAX:
                return None
        tap = self.taps[stream.name] = Tap(stream, met_ms=now_ms, seen_ms=now_ms)
        return tap

    def _make_room(self, now_ms: int) -> None:
        silent = [name for name, tap in self.taps.items() if self.is_silent_at(tap, now_ms)]
        if silent:
            longest = min(silent, key=lambda name: self.taps[name].seen_ms)
            self.leave(longest, "its place was needed for another stream")

    def _guard(
        self, tap: Tap, work: Callable[[], object], *, found: Heard | Unheard, now_ms: int
    ) -> bool:
        """Do some work at a tap; where it breaks the tap begins anew, and says what was wrong."""
        met_ms = tap.met_ms if tap.form is None else now_ms
        try:
            work()
        except _BREAKS as why:
            told = why.detail if isinstance(why, InputError) else f"{type(why).__name__}: {why}"
            fresh = self.taps[tap.stream.name] = Tap(tap.stream, met_ms=met_ms)
            fresh.take(Unheard(Why.MALFORMED, _at_ms(found), told), now_ms)
            return False
        return True


def _at_ms(found: Heard | Unheard) -> int:
    return found.arrived_ms if isinstance(found, Heard) else found.at_ms
