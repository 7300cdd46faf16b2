"""Sound that waits for the next look: bounded for each stream, each tenant and all of them.

What there is no room for is let go, the oldest first, counted, and said once a minute; the stream
it belonged to then does not follow.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.runtime.metrics import Metrics

WAITING_MAX_S = 20.0
"""Sound of one stream that waits at most; more means that listening is slower than the stream."""

STREAMS_MAX = 400
"""Streams of one tenant that are listened to; those that come later are counted and let go."""

NAME_IDLE_MS = 600_000
"""A stream of which nothing came for so long gives its place up, where another one needs it."""

TENANT_BYTES_MAX = 256 << 20
"""Some 700 s of stereo at 48 kHz."""

TOTAL_BYTES_MAX = 1 << 30
"""Of all tenants; beyond, whoever has the most loses the oldest."""

UNHEARD_S = 0.1
"""What a word without sound takes of the room."""

BEHIND_MAX_MS = 600_000
"""An agent's word for when it heard something is taken so far, and no farther."""

TOLD_EVERY_MS = 60_000

Found = Heard | Unheard


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was found in a stream; place: in the order in which things came, of all streams."""

    place: int
    stream: Stream
    found: Found

    def broken_off(self) -> "Waiting":
        """Return the same, not following what came before."""
        if not isinstance(self.found, Heard):
            return self
        return replace(self, found=replace(self.found, follows=False))


log = logger("engine.monitoring")


@dataclass(slots=True)
class _Box:
    """One tenant's.

    known: its streams' names and when each came last, the longest ago first. cut: those of which
    something was let go after which nothing waits.
    """

    waiting: dict[str, deque[Waiting]] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    came: int = 0
    size_bytes: int = 0
    told_ms: dict[str, int] = field(default_factory=dict)

    def admit(self, name: str, now_ms: int) -> bool:
        """Say whether a stream of this name is listened to, and remember that it came."""
        if name not in self.known:
            while len(self.known) >= STREAMS_MAX:
                longest = next(iter(self.known))
                if now_ms - self.known[longest] <= NAME_IDLE_MS:
                    return False
                del self.known[longest]
                self.cut.discard(longest)
        self.known.pop(name, None)
        self.known[name] = now_ms
        return True

    def append(self, stream: Stream, found: Found) -> None:
        one = Waiting(self.came, stream, found)
        self.came += 1
        if stream.name in self.cut and isinstance(found, Heard):
            self.cut.discard(stream.name)
            one = one.broken_off()
        self.waiting.setdefault(stream.name, deque()).append(one)
        self.size_bytes += _size_bytes(found)

    def pop(self, name: str) -> Waiting:
        """Take the oldest of one stream out."""
        waiting = self.waiting[name]
        one = waiting.popleft()
        if not waiting:
            del self.waiting[name]
        self.size_bytes -= _size_bytes(one.found)
        return one

    def drop(self, name: str) -> None:
        """Let the oldest of one stream go; what comes next does not follow."""
        self.pop(name)
        waiting = self.waiting.get(name)
        if waiting is None:
            self.cut.add(name)
        else:
            waiting[0] = waiting[0].broken_off()

    def length_s(self, name: str) -> float:
        """How much of one stream waits."""
        return sum(_length_s(one.found) for one in self.waiting[name])

    def drop_of_largest(self) -> None:
        """Let the oldest of the stream go that has the most waiting."""
        self.drop(max(self.waiting, key=self.length_s))

    def take(self, most_s: float) -> list[tuple[Stream, Found]]:
        """Take what came first, whatever stream it is of, until it is so much sound."""
        heads = [(waiting[0].place, name) for name, waiting in self.waiting.items()]
        heapify(heads)
        taken: list[tuple[Stream, Found]] = []
        length_s = 0.0
        while heads and (not taken or length_s < most_s):
            _, name = heappop(heads)
            one = self.pop(name)
            taken.append((one.stream, one.found))
            length_s += _length_s(one.found)
            if name in self.waiting:
                heappush(heads, (self.waiting[name][0].place, name))
        return taken


class Inbox:
    """What has come for each tenant since it was last taken. Used from the event loop's thread."""

    def __init__(self, metrics: "Metrics") -> None:
        """Begin empty."""
        self._metrics = metrics
        self._boxes: dict[TenantId, _Box] = {}
        self._total_bytes = 0

    def put(self, tenant: TenantId, stream: Stream, found: Found, *, now_ms: int) -> None:
        """Take what was found in a stream of a tenant."""
        box = self._boxes.setdefault(tenant, _Box())
        if not box.admit(stream.name, now_ms):
            self._tell(tenant, "too many streams", now_ms)
            return
        before_bytes = box.size_bytes
        box.append(stream, found)
        while len(box.waiting[stream.name]) > 1 and box.length_s(stream.name) > WAITING_MAX_S:
            box.drop(stream.name)
            self._tell(tenant, "too slow", now_ms)
        while box.size_bytes > TENANT_BYTES_MAX:
            box.drop_of_largest()
            self._tell(tenant, "too many bytes", now_ms)
        self._total_bytes += box.size_bytes - before_bytes
        while self._total_bytes > TOTAL_BYTES_MAX:
            self._drop_of_largest(now_ms)

    def take(self, tenant: TenantId, *, most_s: float) -> list[tuple[Stream, Found]]:
        """Return what waits for a tenant in the order in which it came, at most so much sound.

        It is one stretch at least; what is beyond waits for the next time.
        """
        box = self._boxes.get(tenant)
        if box is None:
            return []
        before_bytes = box.size_bytes
        taken = box.take(most_s)
        self._total_bytes += box.size_bytes - before_bytes
        return taken

    def behind_ms(self, tenant: TenantId, now_ms: int) -> int:
        """Return how old the oldest is that waits now, by its own time; 0 where nothing does."""
        box = self._boxes.get(tenant)
        oldest = [_at_ms(waiting[0].found) for waiting in box.waiting.values()] if box else []
        return min(max(0, now_ms - min(oldest, default=now_ms)), BEHIND_MAX_MS)

    def is_waiting(self, tenant: TenantId) -> bool:
        """Whether something waits for a tenant."""
        box = self._boxes.get(tenant)
        return box is not None and bool(box.waiting)

    def release(self, tenant: TenantId) -> None:
        """Let everything go that is remembered of a tenant."""
        if (box := self._boxes.pop(tenant, None)) is not None:
            self._total_bytes -= box.size_bytes

    @property
    def tenants(self) -> set[TenantId]:
        """Those for whom something waits."""
        return {tenant for tenant, box in self._boxes.items() if box.waiting}

    def _drop_of_largest(self, now_ms: int) -> None:
        largest = max(self._boxes, key=lambda name: self._boxes[name].size_bytes)
        box = self._boxes[largest]
        before_bytes = box.size_bytes
        box.drop_of_largest()
        self._total_bytes += box.size_bytes - before_bytes
        self._tell(largest, "too many bytes", now_ms)

    def _tell(self, tenant: TenantId, reason: str, now_ms: int) -> None:
        """Count that something was let go, and say so where that was not said lately."""
        self._metrics.sounds_dropped.labels(reason=reason).inc()
        told_ms = self._boxes[tenant].told_ms
        if now_ms - told_ms.get(reason, now_ms - TOLD_EVERY_MS) >= TOLD_EVERY_MS:
            told_ms[reason] = now_ms
            log.warning("sound is let go that nobody listened to", tenant=tenant, why=reason)


def _at_ms(found: Found) -> int:
    return found.arrived_ms if isinstance(found, Heard) else found.at_ms


def _length_s(found: Found) -> float:
    return found.duration_s if isinstance(found, Heard) else UNHEARD_S


def _size_bytes(found: Found) -> int:
    return found.samples.nbytes if isinstance(found, Heard) else 0
