"""When sound was made, from when it arrived: the arrivals' lower envelope.

Sound comes in chunks, bursts and fits, but never before it was made. So the least of (arrival less
place in the stream) over a while is what waiting did not touch; all the rest is waiting.
"""

from collections import deque

WINDOW_S = 60.0
"""The source's own clock may drift against ours: 100 ppm are 6 ms in a window."""
NOTES_MAX = 1_000


class ArrivalClock:
    """The clock of one unbroken stretch of sound; the least offset by a monotonic queue."""

    def __init__(self, *, window_s: float = WINDOW_S) -> None:
        """Look back over so many seconds of arrivals."""
        self._window_s = window_s
        self._least: deque[tuple[float, float]] = deque(maxlen=NOTES_MAX)

    def note(self, place_s: float, at_s: float) -> None:
        """Sound up to `place_s` of the stretch had arrived at `at_s`."""
        offset_s = at_s - place_s
        while self._least and self._least[-1][1] >= offset_s:
            self._least.pop()
        self._least.append((at_s, offset_s))
        while self._least[0][0] < at_s - self._window_s:
            self._least.popleft()

    @property
    def offset_s(self) -> float:
        """When place 0 was made, as far as arrivals tell; `note` was called before."""
        return self._least[0][1]
