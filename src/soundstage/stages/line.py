"""A production line per programme: pull from the stage before, queue, work, offer.

``ingest`` has no stage before it and fills its rings itself; ``enhance``, ``encode`` and
``package`` are the same line with different work.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from soundstage.errors import SoundstageError
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import LineInstruments
from soundstage.stages.lag import Lag
from soundstage.stages.ring import UNTRACED, Chunk, Ring, pack_chunks, unpack_chunks
from soundstage.stages.share import Share
from soundstage.stages.upstream import Upstream
from soundstage.tracing import Context

QUEUE_CHUNKS = 16
BATCH_CHUNKS = 4
RETRY_S = 0.5
LONGEST = 20
"""Digits of a sequence number; Python refuses to read thousands of them."""

Work = Callable[[int, bytes], Iterable[tuple[int, bytes]]]
"""(sequence number, payload) in; finished ones out. Raises ``SoundstageError`` when it fails."""

Store = Callable[[str, int, bytes], Awaitable[None]]
"""Is awaited with (programme, number, payload) before a finished item is offered."""

Waiting = tuple[Chunk, int]
"""A chunk and when it came (Unix nanoseconds)."""


class Lines:
    """The lines of all programmes that are this process's share, and the route offering them."""

    def __init__(self, frame: Frame, *, seqs_per_item: int = 1, store: Store | None = None) -> None:
        """Make one empty ring per programme; an item covers ``seqs_per_item`` chunks."""
        self.frame = frame
        self.meters = LineInstruments(frame.instruments)
        self._store = store
        period_s = seqs_per_item * CHUNK_MS / 1_000
        self.rings = {p.key: Ring(period_s=period_s) for p in frame.plan.programmes}
        self.lags = {p.key: Lag(p, period_s=period_s) for p in frame.plan.programmes}

    def offer(self, rings: dict[str, Ring] | None = None) -> None:
        """Serve ``/chunks/{tenant}/{programme}?after=N`` from these rings or the finished items."""
        offered = self.rings if rings is None else rings

        async def serve(request: web.Request) -> web.Response:
            return self._serve(request, offered)

        self.frame.route("/chunks/{tenant}/{programme}", serve)

    def run(self, works: Callable[[Programme], Iterable[Coroutine[Any, Any, None]]]) -> None:
        """Let ``works`` go on for each programme that is this process's share."""

        def begin(programme: Programme) -> Iterable[Coroutine[Any, Any, None]]:
            lag = self.lags[programme.key]
            lag.begin()
            self.meters.tell_programme(programme.tenant, programme.name, lag.seconds)
            return works(programme)

        def end(programme: Programme) -> None:
            self.meters.forget_programme(programme.tenant, programme.name)

        self.frame.shares.append(Share(begin, end))

    def pull(self, make_work: Callable[[Programme], Work]) -> None:
        """Start a puller and a worker for each programme."""
        place = self.frame.place
        upstream = Upstream(self.frame, place.upstream)
        self.meters.capacity.labels(place.name).set(QUEUE_CHUNKS)

        def works(programme: Programme) -> Iterable[Coroutine[Any, Any, None]]:
            queue: asyncio.Queue[Waiting] = asyncio.Queue(QUEUE_CHUNKS)
            depth = self.meters.depth.labels(place.name, programme.tenant, programme.name)
            depth.set_function(queue.qsize)
            yield self._fill(programme, upstream, queue)
            yield self._drain(programme, queue, make_work(programme))

        self.run(works)
        self.frame.work.append(upstream.close_at_end())

    def put(
        self, programme: Programme, seq: int, payload: bytes, *, trace: bytes = UNTRACED
    ) -> None:
        """Offer a finished item to the next stage."""
        labels = (self.frame.place.name, programme.tenant, programme.name)
        ring = self.rings[programme.key]
        if 0 <= ring.newest < seq - 1:
            self.meters.missing.labels(*labels).inc(seq - 1 - ring.newest)
        ring.add(seq, payload, trace)
        self.lags[programme.key].note(seq)
        self.meters.chunks.labels(*labels, "ok").inc()

    def count_bytes(self, tenant: str, amount: int) -> None:
        """Count audio bytes handed to whoever asked."""
        self.meters.bytes_out.labels(self.frame.place.name, tenant).inc(amount)

    async def _fill(
        self, programme: Programme, upstream: Upstream, queue: asyncio.Queue[Waiting]
    ) -> None:
        after, number = -1, self.frame.plan.number_of(programme.key)
        while True:
            path = f"/chunks/{programme.key}?after={after}"
            body, wait_s = await ask(upstream, path, number=number)
            for chunk in unpack_chunks(body):
                await queue.put((chunk, time.time_ns()))
                after = chunk.seq
            await asyncio.sleep(wait_s)

    async def _drain(self, programme: Programme, queue: asyncio.Queue[Waiting], work: Work) -> None:
        stage = self.frame.place.name
        failed = self.meters.chunks.labels(stage, programme.tenant, programme.name, "failed")
        while True:
            chunk, came_ns = await queue.get()
            started = time.perf_counter()
            try:
                await self._work(programme, chunk, work, came_ns=came_ns)
            except SoundstageError:
                failed.inc()
            self.meters.step_s.labels(stage).observe(time.perf_counter() - started)
            await asyncio.sleep(0)

    async def _work(self, programme: Programme, chunk: Chunk, work: Work, *, came_ns: int) -> None:
        """Work on one chunk, inside a span from its arrival to its being offered."""
        parent = Context.unpack(chunk.trace) if self.frame.tracer.on else None
        if parent is None or not parent.sampled:
            for item, result in work(chunk.seq, chunk.payload):
                await self._finish(programme, Chunk(item, result, chunk.trace))
            return
        with self.frame.tracer.span(self.frame.place.stage, parent, kind="consumer") as span:
            waited_ms = (span.times_ns[0] - came_ns) / 1e6
            span.times_ns[0] = came_ns
            span.attributes |= {
                "tenant": programme.tenant,
                "programme": programme.name,
                "chunk": chunk.seq,
                "queue_ms": waited_ms,
            }
            for item, result in work(chunk.seq, chunk.payload):
                await self._finish(programme, Chunk(item, result, span.context.pack()))

    async def _finish(self, programme: Programme, made: Chunk) -> None:
        if self._store:
            await self._store(programme.key, made.seq, made.payload)
        self.put(programme, made.seq, made.payload, trace=made.trace)

    def _serve(self, request: web.Request, rings: dict[str, Ring]) -> web.Response:
        tenant, name = request.match_info["tenant"], request.match_info["programme"]
        ring = rings.get(f"{tenant}/{name}")
        after = request.query.get("after", "-1")
        if ring is None or len(after) > LONGEST or not after.removeprefix("-").isdecimal():
            raise web.HTTPNotFound(text="no such programme")
        chunks = ring.after(int(after), limit=BATCH_CHUNKS)
        headers = {"X-Next-In-S": f"{ring.next_in_s() if len(chunks) < BATCH_CHUNKS else 0:.3f}"}
        if not chunks:
            return web.Response(status=204, headers=headers)
        body = pack_chunks(chunks)
        self.count_bytes(tenant, len(body))
        return web.Response(body=body, headers=headers)


async def ask(upstream: Upstream, path: str, *, number: int) -> tuple[bytes, float]:
    """Ask once: the body (empty when there is nothing) and in how many seconds to ask again."""
    status, body, headers = await upstream.get(path, number=number)
    if status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        return b"", RETRY_S
    return body, min(5.0, float(headers.get("X-Next-In-S", RETRY_S)))
