"""The source tap of one programme: its history, and when each of its seconds was made."""

from dataclasses import dataclass, field, replace

from auscult.kernel.sounds import Heard
from auscult.performance.lateness.sighting import Locked, Reason, Sighting, Unknown, locate
from auscult.performance.lateness.tape import Tape
from auscult.performance.lateness.taps.clock import SourceClock
from auscult.performance.lateness.trace import STRETCH_MAX_S, Floats, trace_of

HISTORY_S = 120.0
BELIEVED = 0.5
"""The latest that is believed, as a share of the history, which must tell a repeat from that."""
REELS = 2
"""The stretch that goes on, and the one before the last break: late taps still play from it."""
EARLIEST_S = -0.5
UNSTEADY_S = 1.5
"""Sound that waited so much longer than what came before it (or one and a half times its own
length) may have lost some on the way, and its clock is made anew: were it joined, all that is heard
later would seem late by what was lost."""


@dataclass(slots=True)
class _Reel:
    """One unbroken stretch: the tape runs on `begin_s` + place, the clock corrects that."""

    tape: Tape
    begin_s: float
    clock: SourceClock = field(default_factory=SourceClock)
    length_s: float = 0.0

    def take(self, heard: Heard, at_s: float) -> None:
        self.tape.append(heard.samples, self.begin_s + self.length_s)
        begin_s, self.length_s = self.length_s, self.length_s + heard.duration_s
        made_s = None if heard.media_ms is None else heard.media_ms / 1e3
        self.clock.note(begin_s, self.length_s, at_s=at_s, made_s=made_s)

    def may_go_on(self, heard: Heard, at_s: float) -> bool:
        waited_s = at_s - self.ended_s - heard.duration_s
        return waited_s <= max(UNSTEADY_S, 1.5 * heard.duration_s)

    @property
    def ended_s(self) -> float:
        return self.clock.had_s + self.length_s

    def find(self, samples: Floats, rate_hz: int, *, end_s: float, latest_s: float) -> Sighting:
        length_s = len(samples) / rate_hz
        early_s = self.clock.offset_s - self.begin_s  # the tape says so much too little
        probe = trace_of(samples, rate_hz=rate_hz, begin_s=end_s - length_s - early_s)
        return locate(self.tape.trace(), probe, window_s=(EARLIEST_S, latest_s))


class Source:
    """What the source tap gave lately: at most two unbroken stretches of `history_s` each.

    history_s: 10 to 600; sound that is later than half of it is not found.
    """

    def __init__(self, *, history_s: float = HISTORY_S) -> None:
        """Begin without a second of sound."""
        self._history_s = min(history_s, STRETCH_MAX_S)
        self._latest_s = self._history_s * BELIEVED
        self._reels: list[_Reel] = []
        self._is_cut = False
        self.heard_at_s = float("-inf")
        """When something last arrived."""

    def hear(self, heard: Heard) -> None:
        """Take what follows; raises `InputError` for sound that no one can make a trace of."""
        at_s = heard.arrived_ms / 1e3
        last = self._reels[-1] if self._reels else None
        goes_on = heard.follows and not self._is_cut
        goes_on &= last is not None and last.tape.rate_hz == heard.rate_hz
        if last is not None and goes_on and last.may_go_on(heard, at_s):
            last.take(heard, at_s)
        else:
            last = _Reel(
                Tape(heard.rate_hz, keep_s=self._history_s), begin_s=at_s - heard.duration_s
            )
            last.take(heard, at_s)
            self._reels = [*self._reels, last][-REELS:]
        self._is_cut, self.heard_at_s = False, max(self.heard_at_s, at_s)
        if self._reels[0].ended_s < at_s - self._history_s:
            self._reels = [last]

    def cut(self) -> None:
        """Something is missing here: what comes next is not joined to what came."""
        self._is_cut = True

    def find(self, samples: Floats, rate_hz: int, *, end_s: float) -> Sighting:
        """Return how late `samples`, float32 (n,), of which the last is of `end_s`, are here.

        What locks in the newest stretch is believed, else what locks in the one before the break.
        """
        at_s = end_s - len(samples) / rate_hz / 2
        best = Unknown(at_s, Reason.SHORT)
        for reel in reversed(self._reels):
            found = reel.find(samples, rate_hz, end_s=end_s, latest_s=self._latest_s)
            if isinstance(found, Locked):
                return replace(found, at_s=at_s)
            if found.confidence >= best.confidence:
                best = found
        return replace(best, at_s=at_s)
