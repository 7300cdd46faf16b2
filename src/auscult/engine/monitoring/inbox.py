"""Sound that waits for the next look: bounded for each stream, the oldest let go first."""

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId

if TYPE_CHECKING:
    from auscult.runtime.metrics import Metrics

WAITING_MAX_S = 20.0
"""Sound of one stream that waits at most; more means that listening is slower than the stream."""

STREAMS_MAX = 400
"""Streams of one tenant that are listened to; those that come later are counted and let go."""

UNHEARD_S = 0.1
"""What a word without sound takes of the room."""

Found = Heard | Unheard


class Inbox:
    """What has come for each tenant since it was last taken. Used from the event loop's thread."""

    def __init__(self, metrics: "Metrics") -> None:
        """Begin empty."""
        self._metrics = metrics
        self._waiting: dict[TenantId, dict[str, deque[tuple[Stream, Found]]]] = {}
        self._known: dict[TenantId, set[str]] = {}

    def put(self, tenant: TenantId, stream: Stream, found: Found) -> None:
        """Take what was found in a stream of a tenant."""
        known = self._known.setdefault(tenant, set())
        if stream.name not in known and len(known) >= STREAMS_MAX:
            self._metrics.sounds_dropped.labels(reason="too many streams").inc()
            return
        known.add(stream.name)
        waiting = self._waiting.setdefault(tenant, {}).setdefault(stream.name, deque())
        waiting.append((stream, found))
        while len(waiting) > 1 and sum(map(_length_s, waiting)) > WAITING_MAX_S:
            waiting.popleft()
            self._metrics.sounds_dropped.labels(reason="too slow").inc()
            next_stream, first = waiting[0]
            if isinstance(first, Heard):
                waiting[0] = next_stream, replace(first, follows=False)

    def take(self, tenant: TenantId) -> list[tuple[Stream, Found]]:
        """Return what waits for a tenant, stream by stream, in the order in which it came."""
        return [one for waiting in self._waiting.pop(tenant, {}).values() for one in waiting]

    @property
    def tenants(self) -> set[TenantId]:
        """Those for whom something waits."""
        return set(self._waiting)


def _length_s(one: tuple[Stream, Found]) -> float:
    found = one[1]
    return found.duration_s if isinstance(found, Heard) else UNHEARD_S
