"""Simulated platforms that tell of themselves by spans: services with workers, queues and links.

Everything comes of events: a request waits for a free worker, works, calls others one after the
other or all at once, and holds its worker meanwhile (or not, where the service is asynchronous).
Handovers between stages pass through a bounded queue; a full one holds the stage before it up.
Arrivals are Poisson with a slow wave and bursts; clocks of some hosts are wrong by up to an hour;
each service exports its spans in batches of its own rhythm. Nothing here knows what is judged.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from auscult.kernel.telemetry import SpanColumns, SpanKind
from auscult.signals.traces import Names

TIMEOUT_S = 5.0
QUEUE_SIZE = 16
WAVE, BURST = 1.2, 1.6
Process = Generator[Any, None, None]
NOT_ANSWERED = float("inf")


class Span(NamedTuple):
    """One span as its host tells it; times in seconds of the simulation."""

    trace: int
    span: int
    parent: int
    service: int
    name: int
    kind: int
    start_s: float
    end_s: float
    failed: bool


@dataclass
class Stage:
    """One service: its workers, how it works, whom it calls, and how it tells of it."""

    number: int
    operations: tuple[int, ...]
    work_s: float
    spread: float
    workers: int
    is_async: bool
    span_from_arrival: bool
    fans_out: bool
    skew_s: float
    export_s: tuple[float, float]
    link_s: float
    calls: list[tuple["Stage", float]] = field(default_factory=list)
    free: int = 0
    queue: deque[Process] = field(default_factory=deque)
    room: deque[Process] = field(default_factory=deque)
    told: list[Span] = field(default_factory=list)
    extra_work_s: float = 0.0
    extra_link_s: float = 0.0
    hangs: bool = False


class Take(NamedTuple):
    """Wait for a free worker of this service."""

    service: Stage


class Together(NamedTuple):
    """Wait until all of these are done."""

    parts: list[Process]


class World:
    """The clock, the services, and what they have told. A process yields seconds, or a wait."""

    def __init__(self, rng: np.random.Generator, *, handsover: bool) -> None:
        self.rng = rng
        self.names = Names()
        self.now_s = 0.0
        self.handsover = handsover
        self._events: list[tuple[float, int, Process]] = []
        self._order = itertools.count()
        self._ids = itertools.count(int(rng.integers(1, 2**40)))
        self.services = list(self._make_services(int(rng.integers(4, 8))))
        self._connect()
        self.wholes: deque[tuple[float, float]] = deque(maxlen=5_000)
        """When each request ended, and how long it took from its beginning."""

        self.rate = self._choose_rate()
        self.wave_s, self.burst = float(rng.uniform(120, 900)), (0.0, 0.0)
        self.start(self._arrive())

    def start(self, process: Process, *, after_s: float = 0.0) -> None:
        heapq.heappush(self._events, (self.now_s + after_s, next(self._order), process))

    def run(self, until_s: float) -> None:
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, process = heapq.heappop(self._events)
            self._step(process)
        self.now_s = until_s

    def collect(self) -> list[SpanColumns]:
        """What every service has exported by now and was not collected before."""
        bodies = []
        for service in self.services:
            period_s, phase_s = service.export_s
            tick_s = self.now_s - (self.now_s - phase_s) % period_s
            ready = [span for span in service.told if span.end_s <= tick_s]
            if ready and not service.hangs:
                service.told = [span for span in service.told if span.end_s > tick_s]
                bodies.append(columns_of(ready, skew_s=service.skew_s))
        return bodies

    def _step(self, process: Process) -> None:
        try:
            wish = next(process)
        except StopIteration:
            return
        if isinstance(wish, Take):
            if wish.service.free > 0 and not wish.service.hangs:
                wish.service.free -= 1
                self.start(process)
            else:
                wish.service.queue.append(process)
        elif isinstance(wish, Together):
            left = [len(wish.parts)]
            for part in wish.parts:
                self.start(self._count_down(part, left, process))
        elif isinstance(wish, deque):
            wish.append(process)
        elif wish != NOT_ANSWERED:
            self.start(process, after_s=wish)

    def _count_down(self, part: Process, left: list[int], then: Process) -> Process:
        yield from part
        left[0] -= 1
        if not left[0]:
            self.start(then)

    def release(self, service: Stage) -> None:
        if service.queue and not service.hangs:
            self.start(service.queue.popleft())
        else:
            service.free += 1
        if service.room:
            self.start(service.room.popleft())

    def _arrive(self) -> Process:
        rng = self.rng
        while True:
            yield float(rng.exponential(1 / self._rate_now()))
            trace = next(self._ids) << 20 | int(rng.integers(1 << 20))
            if self.handsover:
                self.start(self._time(self._stage(0, trace, parent=0, came_s=self.now_s)))
            else:
                self.start(self._time(self._serve(self.services[0], trace, parent=0)))

    def _time(self, request: Process) -> Process:
        begun_s = self.now_s
        yield from request
        self.wholes.append((self.now_s, self.now_s - begun_s))

    def _rate_now(self) -> float:
        rng, (until_s, high) = self.rng, self.burst
        if self.now_s > until_s + 120 and rng.random() < 0.003:
            self.burst = until_s, high = self.now_s + rng.uniform(5, 20), rng.uniform(1.2, BURST)
        burst = high if self.now_s < until_s else 1.0
        return float(
            self.rate * burst * (1 + (WAVE - 1) * np.sin(2 * np.pi * self.now_s / self.wave_s))
        )

    def _work_s(self, service: Stage, operation: int) -> float:
        usual_s = service.work_s * (1.0 + operation) * self.rng.lognormal(0, service.spread)
        return float(usual_s + service.extra_work_s * self.rng.lognormal(0, 0.3))

    def _serve(self, service: Stage, trace: int, *, parent: int) -> Process:
        came_s, rng = self.now_s, self.rng
        yield Take(service)
        span, begun_s = next(self._ids), came_s if service.span_from_arrival else self.now_s
        operation = int(rng.random() < 0.3)
        work_s = self._work_s(service, operation)
        yield work_s / 2
        if service.is_async:
            self.release(service)
        calls = [
            self._call(service, called, trace, parent=span)
            for called, share in service.calls
            if rng.random() < share
        ]
        if service.fans_out and calls:
            yield Together(calls)
        else:
            for call in calls:
                yield from call
        if service.is_async:
            yield Take(service)
        yield work_s / 2
        self.release(service)
        self._tell(service, trace, (span, parent), operation, (SpanKind.SERVER, begun_s))

    def _call(self, caller: Stage, called: Stage, trace: int, *, parent: int) -> Process:
        """Call, and give up after the timeout where there is no answer by then."""
        begun_s, span = self.now_s, next(self._ids)
        if called.hangs:
            yield TIMEOUT_S
            self._tell(caller, trace, (span, parent), 9, (SpanKind.CLIENT, begun_s), failed=True)
            return
        way_s = called.link_s * self.rng.lognormal(0, 0.4) + called.extra_link_s
        yield way_s / 2
        yield from self._serve(called, trace, parent=span)
        yield way_s / 2
        self._tell(caller, trace, (span, parent), 9, (SpanKind.CLIENT, begun_s))

    def _stage(self, at: int, trace: int, *, parent: int, came_s: float) -> Process:
        """One stage of a handover pipeline; then the next one, through its queue."""
        service = self.services[at]
        yield Take(service)
        begun_s = came_s if service.span_from_arrival else self.now_s
        yield self._work_s(service, 0)
        after = self.services[at + 1] if at + 1 < len(self.services) else None
        if after is not None and not after.hangs and len(after.queue) >= QUEUE_SIZE:
            yield after.room
        span, kind = next(self._ids), SpanKind.CONSUMER if at else SpanKind.PRODUCER
        self.release(service)
        self._tell(service, trace, (span, parent), 0, (kind, begun_s))
        if after is not None and not (after.hangs and len(after.queue) >= QUEUE_SIZE):
            yield after.link_s * self.rng.lognormal(0, 0.4) + after.extra_link_s
            yield from self._stage(at + 1, trace, parent=span, came_s=self.now_s)

    def _tell(
        self,
        service: Stage,
        trace: int,
        ids: tuple[int, int],
        operation: int,
        at: tuple[int, float],
        *,
        failed: bool = False,
    ) -> None:
        name = service.operations[min(operation, len(service.operations) - 1)]
        kind, begun_s = at
        span, parent = ids
        service.told.append(
            Span(trace, span, parent, service.number, name, kind, begun_s, self.now_s, failed)
        )

    def _make_services(self, count: int) -> Iterator[Stage]:
        rng = self.rng
        for at in range(count):
            yield Stage(
                number=self.names.number(f"stage-{at}".encode()),
                operations=tuple(self.names.number(f"do-{at}-{one}".encode()) for one in "abc"),
                work_s=float(10 ** rng.uniform(-2.5, -0.8)),
                spread=float(rng.uniform(0.2, 0.9)),
                workers=int(rng.integers(1, 9)),
                is_async=bool(rng.random() < 0.4),
                span_from_arrival=bool(rng.random() < 0.5),
                fans_out=bool(rng.random() < 0.3),
                skew_s=float(
                    rng.uniform(-3600, 3600) if rng.random() < 0.2 else rng.normal(0, 0.003)
                ),
                export_s=(float(rng.choice([1.0, 2.0, 5.0])), float(rng.uniform(0, 5))),
                link_s=float(10 ** rng.uniform(-3.5, -2)),
            )

    def _connect(self) -> None:
        """A tree (each is called by one before it), or a chain of stages in their order."""
        for service in self.services:
            service.free = service.workers
        if self.handsover:
            return
        for at, service in enumerate(self.services[1:], start=1):
            caller = self.services[int(self.rng.integers(max(0, at - 2), at))]
            share = 1.0 if self.rng.random() < 0.6 else float(self.rng.uniform(0.3, 1))
            caller.calls.append((service, share))

    def _choose_rate(self) -> float:
        """So many requests a second that the busiest service is never overloaded by itself.

        At the top of the wave and of a burst it is busy for 40 to 95 % of its time.
        """
        visits = {self.services[0].number: 1.0}
        for service in self.services:
            for called, share in service.calls:
                visits[called.number] = visits.get(service.number, 0.0) * share
        holds = self._holding_s()
        load = max(
            visits.get(one.number, 1.0) * holds[one.number] / one.workers for one in self.services
        )
        return min(float(self.rng.uniform(0.4, 0.95)) / load / WAVE / BURST, 12.0)

    def _holding_s(self) -> dict[int, float]:
        """How long a request holds a worker of each service, at no load."""
        whole: dict[int, float] = {}
        holds: dict[int, float] = {}
        for one in reversed(self.services):
            inner = sum(share * (whole[c.number] + c.link_s) for c, share in one.calls)
            own = one.work_s * 1.3 * np.exp(one.spread**2 / 2)
            whole[one.number] = own + inner
            holds[one.number] = own if one.is_async else own + inner
        return holds


def columns_of(
    spans: Iterable[Span], *, skew_s: float = 0.0, epoch_s: int = 1_795_000_000
) -> SpanColumns:
    """Spans as a request would bring them."""
    rows = list(spans)
    column = {name: [getattr(one, name) for one in rows] for name in Span._fields}
    ids = np.array(column["trace"], dtype=np.uint64)
    times = [
        (np.array(column[name]) + skew_s) * 1e9 + epoch_s * 10**9 for name in ("start_s", "end_s")
    ]
    return SpanColumns(
        trace=np.stack([ids * np.uint64(0x9E3779B97F4A7C15), ids], axis=1),
        span=np.array(column["span"], dtype=np.uint64),
        parent=np.array(column["parent"], dtype=np.uint64),
        service=np.array(column["service"], dtype=np.int32),
        name=np.array(column["name"], dtype=np.int32),
        kind=np.array(column["kind"], dtype=np.int8),
        start_ns=times[0].astype(np.int64),
        end_ns=times[1].astype(np.int64),
        failed=np.array(column["failed"], dtype=np.bool_),
        at=np.zeros(len(rows), dtype=np.int64),
        size=np.zeros(len(rows), dtype=np.int32),
        raw=b"",
    )
