"""Spans turned into visits: so long was this trace at that place.

Each span's own time goes to one place, so that the visits of a trace add up to what it cost. What
happens between two stages (a queue, a poll) belongs to no span; it is a visit of its own.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanKind
from auscult.performance.bottlenecks.journeys.callees import Callees
from auscult.performance.bottlenecks.journeys.families import Kin, find_kin, measure_own
from auscult.performance.bottlenecks.journeys.places import PlaceKind, Places, Rows
from auscult.performance.bottlenecks.journeys.pool import Spans

_NS = 1e-9
_USUALLY = 0.9
"""A handover that is taken up so often has a taker who can be missed."""

_SHARE_PER_SPAN = 1 / 300
_BASE_MS = 150_000
"""The shortest wait of the last two of these is the difference of two clocks."""

Numbers = NDArray[np.int64]
Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Visits:
    """n visits: trace uint64[n, 2], row intp[n] of `Places`, value_s float64[n]."""

    trace: NDArray[np.uint64]
    row: Rows
    value_s: Seconds

    def __len__(self) -> int:
        """Return the number of visits."""
        return len(self.row)


def join_visits(parts: list[Visits]) -> Visits:
    """Return all of them, in order; at least one."""
    return Visits(
        *(np.concatenate([getattr(p, one.name) for p in parts]) for one in fields(Visits))
    )


@dataclass(slots=True)
class _Floor:
    """The least gap between two stages in this spell of time and in the one before."""

    since_ms: int
    least_ns: int
    before_ns: int


@dataclass(slots=True)
class Calls:
    """Whom each operation usually calls: learnt, so that an answer that is missing is noticed.

    callees, taker: by (service, operation), who answers its calls, and the service that takes up
    what it hands on, with the share of its spans for which that was so.
    """

    callees: dict[tuple[int, int], Callees] = field(default_factory=dict)
    taker: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)
    floors: dict[int, _Floor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one look made of spans: visits, and the (caller, called) services, int64[m, 2]."""

    visits: Visits
    edges: Numbers


class Visitor:
    """Makes visits of one tenant's spans."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._calls = Calls()

    def visit(self, due: Spans, pool: Spans, *, now_ms: int, limits_ms: tuple[int, int]) -> Judged:
        """Return the visits of spans that are due; `pool` holds all of their children that came.

        limits_ms: how long children were waited for, and how far back the pool reaches.
        """
        hold_ms, reach_ms = limits_ms
        kin = find_kin(due, pool)
        own_s: Seconds = measure_own(due, pool, kin).astype(np.float64) * _NS
        look = _Look(due, pool, kin, now_ms=now_ms)
        called, taken = look.other_service(is_async=False), look.other_service(is_async=True)
        parts = [
            *self._clients(look, own_s, called),
            *self._works(look, own_s, reach_ms=reach_ms),
            *self._handovers(look, taken, hold_ms=hold_ms),
            *self._waits(look),
        ]
        edges = np.concatenate(
            [np.stack([due.service, to], axis=1)[to >= 0] for to in (called, taken)]
        ).astype(np.int64)
        return Judged(join_visits(parts), np.unique(edges, axis=0))

    def _clients(self, look: "_Look", own_s: Seconds, called: Numbers) -> list[Visits]:
        """Calls: the way to who answered, the silence of who did not, or what makes no spans."""
        due = look.due
        clients = due.kind == SpanKind.CLIENT
        callee = called.copy()
        answered = clients & (called >= 0)
        silent = clients & (called < 0) & ~look.has_child
        for op, rows in look.by_operation(answered | silent):
            callee[rows] = self._blame(op, called[rows], own_s[rows])
        known = clients & (callee >= 0)
        outside = clients & ~known
        return [
            self._make(look, PlaceKind.LINK, np.flatnonzero(answered), about=callee, value=own_s),
            self._make(
                look,
                PlaceKind.SILENCE,
                np.flatnonzero(known),
                about=callee,
                value=np.where(silent, own_s, 0.0),
            ),
            self._make(look, PlaceKind.CALL, np.flatnonzero(outside), value=own_s),
        ]

    def _works(self, look: "_Look", own_s: Seconds, *, reach_ms: int) -> list[Visits]:
        """Work: but not of spans that may have lost their children."""
        due = look.due
        whole = due.lasts_ns < reach_ms * 1_000_000
        works = (due.kind != SpanKind.CLIENT) & (whole | look.has_child)
        return [self._make(look, PlaceKind.WORK, np.flatnonzero(works), value=own_s)]

    def _handovers(self, look: "_Look", taken: Numbers, *, hold_ms: int) -> list[Visits]:
        """What was handed on and not taken up: silence of the stage that usually takes it."""
        due, calls = look.due, self._calls
        taker = np.full(len(due), -1, dtype=np.int64)
        for op, rows in look.by_operation(due.kind != SpanKind.CLIENT):
            took = taken[rows]
            share_now = float(np.mean(took >= 0))
            known = calls.taker.get(op)
            if known is None:
                if share_now > 0 and len(calls.taker) < self._room:
                    calls.taker[op] = (int(took[took >= 0][0]), share_now)
                continue
            if known[1] >= _USUALLY:
                taker[rows] = known[0]
            if share_now > 0:  # whom nobody answers at all teaches nothing about who usually does
                rate = 1 - (1 - _SHARE_PER_SPAN) ** len(rows)
                calls.taker[op] = (known[0], known[1] + rate * (share_now - known[1]))
        value = np.where(taken >= 0, 0.0, hold_ms / 1e3)
        return [
            self._make(
                look, PlaceKind.SILENCE, np.flatnonzero(taker >= 0), about=taker, value=value
            )
        ]

    def _waits(self, look: "_Look") -> list[Visits]:
        """Time between two stages, over the shortest of the last minutes: clocks may disagree."""
        child, parent = look.consumers()
        due, pool = look.due, look.pool
        gap_ns = pool.start_ns[child] - (due.start_ns[parent] + due.lasts_ns[parent])
        rows = self._places.rows(
            PlaceKind.WAIT,
            pool.service[child].astype(np.int64),
            due.service[parent].astype(np.int64),
            now_ms=look.now_ms,
        )
        value_s = np.zeros(len(rows))
        for row in np.unique(rows).tolist():
            chosen = rows == row
            least_ns = self._floor(row, int(gap_ns[chosen].min()), look.now_ms)
            value_s[chosen] = (gap_ns[chosen] - least_ns) * _NS
        return [Visits(due.trace[parent], rows, value_s)]

    def _floor(self, row: int, least_ns: int, now_ms: int) -> int:
        floor = self._calls.floors.get(row)
        if floor is None:
            floor = self._calls.floors[row] = _Floor(now_ms, least_ns, least_ns)
        elif now_ms - floor.since_ms > _BASE_MS:
            floor.since_ms, floor.before_ns, floor.least_ns = now_ms, floor.least_ns, least_ns
        floor.least_ns = min(floor.least_ns, least_ns)
        return min(floor.least_ns, floor.before_ns)

    def _make(
        self,
        look: "_Look",
        kind: PlaceKind,
        rows: Rows,
        *,
        value: Seconds,
        about: Numbers | None = None,
    ) -> Visits:
        """Return a visit for each of these spans: at its operation, or at whom `about` names."""
        due = look.due
        service, other = due.service[rows].astype(np.int64), due.name[rows].astype(np.int64)
        if about is not None:
            service, other = about[rows], service
        found = self._places.rows(kind, service, other, now_ms=look.now_ms)
        return Visits(due.trace[rows], found, value[rows])

    def _blame(self, op: tuple[int, int], called: Numbers, own_s: Seconds) -> Numbers:
        """Return who answered each call of an operation, or owes an answer; -1 for nobody known."""
        callees = self._calls.callees.get(op)
        if callees is None:
            if len(self._calls.callees) >= self._room:
                return called
            callees = self._calls.callees[op] = Callees()
        who, counts = np.unique(called[called >= 0], return_counts=True)
        answers = dict(zip(who.tolist(), counts.tolist(), strict=True))
        missing = np.flatnonzero(called < 0)
        missing = missing[np.argsort(-own_s[missing])]  # the longest were waited for
        found, upto = called.copy(), 0
        for service, count in callees.take(answers, len(missing)).items():
            found[missing[upto : upto + count]] = service
            upto += count
        return found

    @property
    def _room(self) -> int:
        return self._places.places_max


class _Look:
    """The spans of one look, their children, and what is asked of both."""

    def __init__(self, due: Spans, pool: Spans, kin: Kin, *, now_ms: int) -> None:
        self.due, self.pool, self.kin, self.now_ms = due, pool, kin, now_ms
        self.has_child = np.zeros(len(due), dtype=np.bool_)
        self.has_child[kin.parent] = True

    def other_service(self, *, is_async: bool) -> Numbers:
        """Return the other service that serves a child of each span, or takes it up; else -1."""
        child, parent = self.kin.child, self.kin.parent
        consumes = self.pool.kind[child] == SpanKind.CONSUMER
        across = (self.pool.service[child] != self.due.service[parent]) & (consumes == is_async)
        found = np.full(len(self.due), -1, dtype=np.int64)
        found[parent[across]] = self.pool.service[child[across]]
        return found

    def consumers(self) -> tuple[Rows, Rows]:
        """Return the rows of children that take up what their parents, elsewhere, handed on."""
        child, parent = self.kin.child, self.kin.parent
        chosen = self.pool.kind[child] == SpanKind.CONSUMER
        chosen &= self.pool.service[child] != self.due.service[parent]
        return child[chosen], parent[chosen]

    def by_operation(self, chosen: NDArray[np.bool_]) -> list[tuple[tuple[int, int], Rows]]:
        """Return each (service, operation) among the chosen spans, with its rows."""
        rows = np.flatnonzero(chosen)
        if not len(rows):
            return []
        keys = self.due.service[rows].astype(np.int64) << 32 | self.due.name[rows]
        order = np.argsort(keys, kind="stable")
        distinct, first = np.unique(keys[order], return_index=True)
        groups = np.split(rows[order], first[1:])
        return [
            ((key >> 32, key & 0xFFFFFFFF), group)
            for key, group in zip(distinct.tolist(), groups, strict=True)
        ]
