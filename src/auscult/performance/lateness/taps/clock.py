"""When sound was made, from when it arrived and from what its maker says of it.

Sound comes in chunks, bursts and fits, but never before it was made. So the least of (arrival less
place in the stream) over a while is what waiting did not touch: the arrivals' lower envelope. What
it cannot tell is what every chunk waits, the tap's own way. Where the source says when its sound
was made, that is taken off as well; it is the least of (arrival less what is said), so that neither
chunks nor jitter enter it.
"""

from collections import deque

WINDOW_S = 60.0
"""The source's own clock may drift against ours: 100 ppm are 6 ms in a window."""
NOTES_MAX = 1_000
OWN_MAX_S = 10.0
"""A source tap that is later by what it says itself has a clock that was never set: the host's, or
the packager's. What it says is not believed."""


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


class SourceClock:
    """The clock of one unbroken stretch of a source: its arrivals, less its tap's own way."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._arrivals, self._own = ArrivalClock(), ArrivalClock()
        self._made: tuple[float, float] | None = None

    def note(self, begin_s: float, end_s: float, *, at_s: float, made_s: float | None) -> None:
        """Sound between two places had arrived at `at_s`; `made_s` is when it began, if told.

        What is told once holds for a minute: a place is counted in samples, by the maker's clock.
        """
        self._arrivals.note(end_s, at_s)
        if made_s is not None:
            self._made = made_s - begin_s, at_s
        if self._made is not None and at_s - self._made[1] <= WINDOW_S:
            self._own.note(self._made[0] + end_s, at_s)

    @property
    def had_s(self) -> float:
        """When place 0 could be had at the tap, had nothing waited; `note` was called before."""
        return self._arrivals.offset_s

    @property
    def own_s(self) -> float:
        """How late the source tap itself is, in seconds; 0 where nothing that is believed says."""
        if self._made is None or not 0.0 < self._own.offset_s <= OWN_MAX_S:
            return 0.0
        return self._own.offset_s

    @property
    def offset_s(self) -> float:
        """When place 0 was made; `note` was called before."""
        return self.had_s - self.own_s
