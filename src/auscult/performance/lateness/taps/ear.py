"""The listener behind a tap: a player's clock, one stretch at a time.

It starts once `buffer_s` are there, plays one second a second, stops where the next stretch has not
come, and goes on once `buffer_s` are there again. What a server sent first in one burst stands in
its buffer for as long as it listens: that, and no network, is most of the latency that is heard.
"""

from dataclasses import dataclass

_EXACT_S = 1e-9


@dataclass(slots=True)
class Ear:
    """The clock of one simulated player. Places are seconds since the stretch of sound began.

    offset_s: when place 0 is (or would have been) heard; None while nothing is heard.
    stalls: how often it stood still since it joined.
    """

    buffer_s: float = 2.0
    offset_s: float | None = None
    stalls: int = 0
    _waits_at_s: float = 0.0

    def receive(self, begin_s: float, end_s: float, *, at_s: float) -> None:
        """Take the sound between two places that was complete at `at_s`, in order."""
        if self.offset_s is not None and at_s > self.offset_s + begin_s + _EXACT_S:
            self.offset_s, self._waits_at_s = None, begin_s
            self.stalls += 1
        if self.offset_s is None and end_s - self._waits_at_s >= self.buffer_s - _EXACT_S:
            self.offset_s = at_s - self._waits_at_s

    def join(self, place_s: float) -> None:
        """Start anew with the sound from `place_s` on, as one who presses play."""
        self.offset_s, self._waits_at_s, self.stalls = None, place_s, 0
