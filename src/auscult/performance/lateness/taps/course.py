"""Whether a latency has stepped or crept up, against its own past.

Two probes on end above what is usual are late. What is late enters no past until it has lasted an
hour: then it is how things are, and no news any more.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from auscult.performance.lateness.taps.past import Past, Usual

CONFIRM, WELL = 2, 3
"""Probes on end that make late, and that make well again."""
ADOPTED_AFTER_MS = 3_600_000
STALE_MS = 120_000
SHOWN = 360
NOW = 3
"""The present latency is the median of so many."""


@dataclass(slots=True)
class Course:
    """The latency of one tap over time. Times come in order, latencies in seconds.

    late_since_ms: when it became later than usual; None while it is not. ended_ms: when it last
    was no longer late; 0 where it never was.
    """

    late_since_ms: int | None = None
    ended_ms: int = 0
    past: Past = field(default_factory=Past)
    _above: list[tuple[int, float]] = field(default_factory=list)
    _well: int = 0
    _shown: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=SHOWN))

    def note(self, at_ms: int, latency_s: float, *, piece_s: float = 0.0) -> None:
        """Take the latency of one probe. piece_s: how much sound arrives at once."""
        self.forget_stale(at_ms)
        self._shown.append((at_ms, latency_s))
        usual = self.past.usual
        if usual is not None and self.late_since_ms is not None:
            self._look_for_the_end(at_ms, latency_s, usual)
        elif usual is not None and latency_s > usual.high_s:
            self._suspect(at_ms, latency_s)
        else:
            self._calm()
            self.past.note(at_ms, latency_s, piece_s=piece_s)

    def forget_stale(self, now_ms: int) -> None:
        """Hold nothing to be late, nor to be suspect, that nothing was heard of for two minutes."""
        if self._shown and now_ms - self._shown[-1][0] > STALE_MS:
            self._above.clear()
            self._calm()

    @property
    def is_ending(self) -> bool:
        """Whether it is late, and the last probe was well: one or two more, and it is over."""
        return self.late_since_ms is not None and self._well > 0

    @property
    def last_ms(self) -> int:
        """When a latency was last known; 0 before the first."""
        return self._shown[-1][0] if self._shown else 0

    @property
    def now_s(self) -> float | None:
        """The latency now, as the median of the last three; the last two where it is late."""
        count = NOW if self.late_since_ms is None else CONFIRM
        last = [value for _, value in islice(reversed(self._shown), count)]
        return float(np.median(last)) if last else None

    @property
    def added_s(self) -> float:
        """By how much it is later than its usual level; 0 where there is no usual yet."""
        usual, now_s = self.past.usual, self.now_s
        return now_s - usual.level_s if usual is not None and now_s is not None else 0.0

    @property
    def bounds_s(self) -> tuple[float, float]:
        """The least and the most of the last three latencies over the usual level; 0 without."""
        usual = self.past.usual
        last = [value for _, value in islice(reversed(self._shown), NOW)]
        if usual is None or not last:
            return 0.0, 0.0
        return min(last) - usual.level_s, max(last) - usual.level_s

    def curve(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the times and latencies of the last probes, at most 360."""
        times, values = zip(*self._shown, strict=True) if self._shown else ((), ())
        return tuple(times), tuple(round(value, 3) for value in values)

    def _suspect(self, at_ms: int, latency_s: float) -> None:
        self._above.append((at_ms, latency_s))
        if len(self._above) >= CONFIRM:
            self.late_since_ms, self._well = self._above[0][0], 0
            self._above.clear()

    def _look_for_the_end(self, at_ms: int, latency_s: float, usual: Usual) -> None:
        self._well = self._well + 1 if latency_s < (usual.level_s + usual.high_s) / 2 else 0
        if self._well >= WELL:
            self._calm()
            self.ended_ms = at_ms
        elif at_ms - (self.late_since_ms or at_ms) > ADOPTED_AFTER_MS:
            self._calm()
            self.past = Past()

    def _calm(self) -> None:
        for _, latency_s in self._above:
            self.past.note_excursion(latency_s)
        self._above.clear()
        self.late_since_ms, self._well = None, 0
