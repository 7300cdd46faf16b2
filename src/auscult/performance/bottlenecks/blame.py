"""Which of the places that became slow is the cause, and which only wait for it.

A slow stage makes others look slow: callers wait, pools and queues before it fill. So of several
places the one is blamed that lies below the others on the way, where what it adds explains a good
part of what they add. One exception: a caller that is itself too busy reads its answers late, and
so its calls look slow as well; a slow way is laid to the caller where that works slowly too, or
where its event loop says that it runs late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auscult.performance.bottlenecks.journeys.graph import CallGraph
from auscult.performance.bottlenecks.journeys.places import PlaceKind
from auscult.performance.bottlenecks.load.queues import Queue

_EXPLAINS = 0.1
"""Of what one stage's work adds another place must add so much, to be why.

For what waits it is any part: a queue before a stage that is held up grows without an end.
"""

_BUSY_CALLER = 0.5
_RANK = {
    PlaceKind.WORK: 3,
    PlaceKind.CALL: 2,
    PlaceKind.SILENCE: 1,
    PlaceKind.LINK: 0,
    PlaceKind.WAIT: 0,
}
"""Of places at one service, what says the most of why."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A place that takes longer than it did. service, about: as in `Place`, as texts.

    mean_s is what it takes now, usual_s what it took; evidence is that of `changes`. lag_s: of a
    way that is laid to its caller, by how much that one's event loop is late; about is then whom
    it asks.
    """

    row: int
    kind: PlaceKind
    service: str
    about: str
    mean_s: float
    usual_s: float
    since_ms: int
    evidence: float
    lag_s: float = 0.0

    @property
    def added_s(self) -> float:
        """How much longer it takes."""
        return max(self.mean_s - self.usual_s, 0.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One service that is to blame. place: its worst; None where only its queue shows it.

    waiting: services that are slow because of it, in their order.
    """

    service: str
    place: Raised | None
    queue: Queue | None
    waiting: tuple[str, ...] = ()


def lay_blame(
    raised: Sequence[Raised],
    limiting: Sequence[Queue],
    graph: CallGraph,
    *,
    lag_s: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """Return who is to blame, the one that adds the most first.

    lag_s: by how much each service's event loop is later than usual, as far as its metrics say.
    """
    raised = [_lay_to_caller(one, lag_s or {}) for one in raised]
    below = {one: graph.below(one) for one in {*(r.service for r in raised), *_names(limiting)}}
    full = {queue.service: queue for queue in limiting}
    last = {name for name in full if not full.keys() & below[name]}
    causes = [one for one in raised if not any(_explains(other, one, below) for other in raised)]
    blamed: dict[str, Raised] = {}
    for cause in causes:
        known = blamed.get(cause.service)
        held_up = last & below[cause.service]
        if not held_up and (known is None or _weight(cause) > _weight(known)):
            blamed[cause.service] = cause
    verdicts = [
        Verdict(name, cause, full.get(name), _waiting(cause, raised, below))
        for name, cause in blamed.items()
    ]
    verdicts.sort(key=lambda one: -one.place.added_s if one.place else 0.0)
    lone = sorted(last - {name for name in last if blamed.keys() & ({name} | below[name])})
    slow = {
        name: tuple(sorted({r.service for r in raised if name in below[r.service]} - {name}))
        for name in lone
    }
    return [*verdicts, *(Verdict(name, None, full[name], slow[name]) for name in lone)]


def find_explained(
    raised: Sequence[Raised], others: Sequence[Raised], graph: CallGraph
) -> list[Raised]:
    """Return which of `raised` would be explained, were all of `others` slow as well."""
    below = {one.service: graph.below(one.service) for one in (*raised, *others)}
    return [one for one in raised if any(_explains(other, one, below) for other in others)]


def _lay_to_caller(one: Raised, lag_s: Mapping[str, float]) -> Raised:
    """Return a slow way as work of its caller, where that one's event loop explains it."""
    if one.kind is not PlaceKind.LINK:
        return one
    own_s, theirs_s = lag_s.get(one.about, 0.0), lag_s.get(one.service, 0.0)
    if own_s < _BUSY_CALLER * one.added_s or own_s <= theirs_s:
        return one
    return replace(one, kind=PlaceKind.WORK, service=one.about, about=one.service, lag_s=own_s)


def _explains(other: Raised, one: Raised, below: dict[str, set[str]]) -> bool:
    """Say whether `other` is why `one` is slow."""
    if other is one:
        return False
    if one.kind is PlaceKind.LINK and _is_busy_caller(other, one):
        return True
    if other.kind is PlaceKind.LINK and _is_busy_caller(one, other):
        return False
    if one.kind is PlaceKind.WORK and other.added_s < _EXPLAINS * one.added_s:
        return False
    if other.service == one.service:
        return _RANK[other.kind] > _RANK[one.kind]
    is_below = other.service in below[one.service]
    is_above = one.service in below[other.service]
    return is_below and (not is_above or other.added_s > one.added_s)


def _is_busy_caller(work: Raised, link: Raised) -> bool:
    return (
        work.kind is PlaceKind.WORK
        and work.service == link.about
        and work.added_s >= _BUSY_CALLER * link.added_s
    )


def _weight(one: Raised) -> tuple[int, float]:
    return (_RANK[one.kind], one.added_s)


def _waiting(
    cause: Raised, raised: Sequence[Raised], below: dict[str, set[str]]
) -> tuple[str, ...]:
    """Return the other services that were slow because of this one."""
    own = {cause.service}
    slow = {one.service for one in raised if cause.service in below[one.service]}
    asks = {cause.about} if cause.kind in {PlaceKind.LINK, PlaceKind.SILENCE} else set()
    return tuple(sorted((slow | asks) - own))


def _names(limiting: Sequence[Queue]) -> list[str]:
    return [queue.service for queue in limiting]
