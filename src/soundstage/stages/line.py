"""A production line per programme: pull from the stage before, queue, work, offer.

``ingest`` has no stage before it and fills its rings itself; ``enhance``, ``encode`` and
``package`` are the same line with different work.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

from aiohttp import web

from soundstage.errors import SoundstageError
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import LineInstruments
from soundstage.stages.lag import Lag
from soundstage.stages.ring import Ring, pack_chunks, unpack_chunks
from soundstage.stages.upstream import Upstream

QUEUE_CHUNKS = 16
BATCH_CHUNKS = 4
RETRY_S = 0.5
Work = Callable[[int, bytes], Iterable[tuple[int, bytes]]]
"""(sequence number, payload) in; finished ones out. Raises ``SoundstageError`` when it fails."""


class Lines:
    """All programmes' lines of one stage, with their metrics and the route that offers them."""

    def __init__(self, frame: Frame, *, seqs_per_item: int = 1) -> None:
        """Make one empty ring per programme; an item covers ``seqs_per_item`` chunks."""
        self.frame = frame
        self.meters = LineInstruments(frame.instruments)
        self._seqs_per_item = seqs_per_item
        period_s = seqs_per_item * CHUNK_MS / 1_000
        self.rings = {p.key: Ring(period_s=period_s) for p in frame.plan.programmes}
        self.lags = {p.key: Lag(p, period_s=period_s) for p in frame.plan.programmes}
        for programme in frame.plan.programmes:
            self._meter(programme)

    def offer(self) -> None:
        """Serve ``/chunks/{tenant}/{programme}?after=N``."""
        self.frame.route("/chunks/{tenant}/{programme}", self._serve)

    def pull(self, make_work: Callable[[Programme], Work]) -> None:
        """Start a puller and a worker for each programme."""
        plan, place = self.frame.plan, self.frame.place
        upstream = Upstream(plan.process(place.upstream), self.frame.instruments)
        self.meters.capacity.labels(place.name).set(QUEUE_CHUNKS)
        for programme in plan.programmes:
            queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(QUEUE_CHUNKS)
            depth = self.meters.depth.labels(place.name, programme.tenant, programme.name)
            depth.set_function(queue.qsize)
            self.frame.work.append(self._fill(programme, upstream, queue))
            self.frame.work.append(self._drain(programme, queue, make_work(programme)))

    def put(self, programme: Programme, seq: int, payload: bytes) -> None:
        """Offer a finished item to the next stage."""
        labels = (self.frame.place.name, programme.tenant, programme.name)
        ring = self.rings[programme.key]
        if 0 <= ring.newest < seq - 1:
            self.meters.missing.labels(*labels).inc(seq - 1 - ring.newest)
        ring.add(seq, payload)
        self.lags[programme.key].note(seq)
        self.meters.chunks.labels(*labels, "ok").inc()

    def count_bytes(self, tenant: str, amount: int) -> None:
        """Count audio bytes handed to whoever asked."""
        self.meters.bytes_out.labels(self.frame.place.name, tenant).inc(amount)

    async def _fill(
        self, programme: Programme, upstream: Upstream, queue: asyncio.Queue[tuple[int, bytes]]
    ) -> None:
        after = -1
        try:
            while True:
                body, wait_s = await ask(upstream, f"/chunks/{programme.key}?after={after}")
                for seq, payload in unpack_chunks(body):
                    await queue.put((seq, payload))
                    after = seq
                await asyncio.sleep(wait_s)
        finally:
            await upstream.close()

    async def _drain(
        self, programme: Programme, queue: asyncio.Queue[tuple[int, bytes]], work: Work
    ) -> None:
        stage = self.frame.place.name
        failed = self.meters.chunks.labels(stage, programme.tenant, programme.name, "failed")
        while True:
            seq, payload = await queue.get()
            started = time.perf_counter()
            try:
                for item, result in work(seq, payload):
                    self.put(programme, item, result)
            except SoundstageError:
                failed.inc()
            self.meters.step_s.labels(stage).observe(time.perf_counter() - started)
            await asyncio.sleep(0)

    def _meter(self, programme: Programme) -> None:
        lag = self.lags[programme.key]
        self.meters.tell_programme(programme.tenant, programme.name, lag.seconds)

    async def _serve(self, request: web.Request) -> web.Response:
        tenant, name = request.match_info["tenant"], request.match_info["programme"]
        ring = self.rings.get(f"{tenant}/{name}")
        after = request.query.get("after", "-1")
        if ring is None or not after.lstrip("-").isdecimal():
            raise web.HTTPNotFound(text="no such programme")
        chunks = ring.after(int(after), limit=BATCH_CHUNKS)
        headers = {"X-Next-In-S": f"{ring.next_in_s() if len(chunks) < BATCH_CHUNKS else 0:.3f}"}
        if not chunks:
            return web.Response(status=204, headers=headers)
        body = pack_chunks(chunks)
        self.count_bytes(tenant, len(body))
        return web.Response(body=body, headers=headers)


async def ask(upstream: Upstream, path: str) -> tuple[bytes, float]:
    """Ask once: the body (empty when there is nothing) and in how many seconds to ask again."""
    status, body, headers = await upstream.get(path)
    if status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        return b"", RETRY_S
    return body, min(5.0, float(headers.get("X-Next-In-S", RETRY_S)))
