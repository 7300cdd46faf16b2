"""What a worker has in its hands: effects that wait for a place, and attempts that hold one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest

from auscult.kernel.effects import Effect
from auscult.kernel.words import Severity, TenantId
from auscult.store.queue import Room

HELD_MAX = 256
TENANT_HELD_MAX = 64
FRESH_MS = 10_000
"""Effects held at once, in all and for one tenant, and how long one may wait for its attempt: less
than its lease leaves beside the attempt."""

IN_FLIGHT_MAX = 64
TENANT_IN_FLIGHT_MAX = 12
"""Attempts at once, in all and for one tenant: a receiver that never answers holds its place until
its time is up, and must hold none that another tenant's page needs (see `store.queue.Room`). Of a
tenant's places one receiver may hold no more than are left of them, for the same reason."""

SLOW_MS = 1_000
SLOW_KEPT = 8
"""A receiver is slow where something waits longer than this for it; so many then stay in hand."""

Receiver = tuple[str, str]
"""(kind, name): a channel, or a runbook."""

RANKS = {one.value: one.rank for one in Severity}


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """An effect that waits: the worst first, then as it came."""

    rank: int
    number: int
    effect: Effect = field(compare=False)
    since_ms: int = field(compare=False)


@dataclass(slots=True)
class _Line:
    """One receiver of a tenant."""

    waiting: list[_Waiting] = field(default_factory=list)
    flying: int = 0

    def is_slow(self, now_ms: int) -> bool:
        return any(now_ms - one.since_ms > SLOW_MS for one in self.waiting)


class Hands:
    """Holds claimed effects, and says which of them is attempted next."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lines: dict[TenantId, dict[Receiver, _Line]] = {}
        self._promised: Counter[TenantId] = Counter()
        self._taken = 0

    def room(self) -> Room:
        """Return how much more may be claimed."""
        held = Counter({tenant: self.waiting(tenant) for tenant in self._lines})
        held.update(self._flying())
        held.update(self._promised)
        return Room(HELD_MAX - held.total(), TENANT_HELD_MAX, held=held)

    @contextmanager
    def promise(self, tenant: TenantId) -> Iterator[int]:
        """Keep free what more a tenant may hold, and say how much that is."""
        most = self.room().shares([tenant])[tenant]
        self._promised[tenant] += most
        try:
            yield most
        finally:
            self._promised[tenant] -= most

    def take(self, effect: Effect, now_ms: int) -> None:
        """Take an effect, to be attempted when it has a place."""
        self._taken += 1
        rank = RANKS.get(str(effect.payload.get("severity")), 0)
        heappush(self._line(effect).waiting, _Waiting(rank, self._taken, effect, now_ms))

    def waiting(self, tenant: TenantId) -> int:
        """Return how many effects of a tenant wait for a place."""
        return sum(len(line.waiting) for line in self._lines.get(tenant, {}).values())

    def begin(self) -> Iterator[tuple[Effect, int]]:
        """Give places to what waits, tenant by tenant; with each when it was taken.

        What is told of here flies until it has landed.
        """
        flying = self._flying()
        room = Room(IN_FLIGHT_MAX - flying.total(), TENANT_IN_FLIGHT_MAX, held=flying)
        tenants = [tenant for tenant in self._lines if self.waiting(tenant)]
        for tenant, count in room.shares(tenants).items():
            for _ in range(count):
                if (line := self._next_line(tenant)) is None:
                    break
                line.flying += 1
                one = heappop(line.waiting)
                yield one.effect, one.since_ms

    def land(self, effect: Effect) -> None:
        """Free the place of an attempt that has ended."""
        line = self._line(effect)
        line.flying -= 1
        if not line.flying and not line.waiting:
            lines = self._lines[effect.tenant]
            del lines[_receiver(effect)]
            if not lines:
                del self._lines[effect.tenant]

    def let_go(self, now_ms: int) -> list[Effect]:
        """Let go of what waits for slow receivers: it would keep others' messages from being held.

        The first `SLOW_KEPT` of each stay.
        """
        gone: list[Effect] = []
        for lines in self._lines.values():
            for line in lines.values():
                if line.is_slow(now_ms):
                    kept = nsmallest(SLOW_KEPT, line.waiting)
                    left = {one.number for one in kept}
                    gone += [one.effect for one in line.waiting if one.number not in left]
                    line.waiting = kept
        return gone

    def empty(self) -> list[Effect]:
        """Let go of everything that waits."""
        gone: list[Effect] = []
        for lines in self._lines.values():
            for line in lines.values():
                gone += [one.effect for one in line.waiting]
                line.waiting.clear()
        return gone

    def _flying(self) -> Counter[TenantId]:
        found: Counter[TenantId] = Counter()
        for tenant, lines in self._lines.items():
            found[tenant] = sum(line.flying for line in lines.values())
        return found

    def _next_line(self, tenant: TenantId) -> _Line | None:
        """Return the receiver whose message is attempted next, None where none has a place."""
        lines = self._lines[tenant].values()
        left = TENANT_IN_FLIGHT_MAX - sum(line.flying for line in lines)
        free = [line for line in lines if line.waiting and line.flying < left]
        return min(free, key=lambda line: line.waiting[0], default=None)

    def _line(self, effect: Effect) -> _Line:
        lines = self._lines.setdefault(effect.tenant, {})
        return lines.setdefault(_receiver(effect), _Line())


def _receiver(effect: Effect) -> Receiver:
    return effect.kind.value, effect.to
