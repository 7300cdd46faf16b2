"""The recent player events of one tenant: what a judgement of sessions is made of."""

from collections import deque

from auscult.kernel.telemetry import PlayerColumns

EVENTS_KEPT_MAX = 200_000
AGE_MS_MAX = 30 * 60_000


class PlayBook:
    """Recent batches of events, the oldest forgotten beyond `EVENTS_KEPT_MAX` or `AGE_MS_MAX`.

    `add` is called by one thread; `kept` is a tuple that stays as it is, for any other.
    """

    def __init__(self, *, events_max: int = EVENTS_KEPT_MAX) -> None:
        """Take the bound."""
        self._max = events_max
        self._count = 0
        self._kept: deque[tuple[int, PlayerColumns]] = deque()

    def __len__(self) -> int:
        """Return how many events are kept."""
        return self._count

    @property
    def kept(self) -> tuple[PlayerColumns, ...]:
        """What is kept, the oldest batch first."""
        return tuple(events for _, events in self._kept.copy())

    def add(self, events: PlayerColumns, *, now_ms: int) -> None:
        """Keep a batch, and forget what there is no more room for."""
        if len(events):
            self._kept.append((now_ms, events))
            self._count += len(events)
        while self._kept and (self._count > self._max or self._kept[0][0] < now_ms - AGE_MS_MAX):
            self._count -= len(self._kept.popleft()[1])
