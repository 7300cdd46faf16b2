"""Ingest: where programmes enter the platform as live PCM, in real time."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from soundstage.audio.format import Pcm, to_bytes
from soundstage.delivery.tap import Tap
from soundstage.pace import CHUNK_MS, CHUNKS_PER_SEGMENT
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines
from soundstage.tracing import Context


class Sound(Protocol):
    """Anything that can give chunk number ``seq`` of a programme."""

    def render(self, seq: int) -> Pcm:
        """Return one chunk, shape (frames, 2), float32 in −1..1."""


def set_up(frame: Frame) -> None:
    """Offer PCM chunks and produce them as the clock goes on; let others tap the source."""
    lines = Lines(frame)
    lines.offer()
    taps = {programme.key: Tap(programme) for programme in frame.plan.programmes}

    def works(programme: Programme) -> Iterable:  # type: ignore[type-arg]
        yield _produce(lines, programme, open_sound(programme), tap=taps[programme.key])

    async def tap(request: web.Request) -> web.StreamResponse:
        key = f"{request.match_info['tenant']}/{request.match_info['programme']}"
        if key not in {programme.key for programme in frame.plan.share_of(frame.place)}:
            raise web.HTTPNotFound(text="no such programme here")
        return await taps[key].serve(request)

    lines.run(works)
    frame.route("/tap/{tenant}/{programme}.wav", tap)


def open_sound(programme: Programme) -> Sound:
    """Open a programme's source: a style of the synthesiser, or a file to be looped."""
    from soundstage.audio.synth import STYLES, Synth

    if programme.source in STYLES:
        return Synth(STYLES[programme.source], programme.seed)
    from soundstage.audio.folder import open_loop

    return open_loop(Path(programme.source))


async def _produce(lines: Lines, programme: Programme, sound: Sound, *, tap: Tap) -> None:
    chunk_s = CHUNK_MS / 1_000
    step_s = lines.meters.step_s.labels(lines.frame.place.name)
    while True:
        # Chunk n covers [n, n + 1) and is complete at n + 1.
        await asyncio.sleep(chunk_s - programme.live_s() % chunk_s)
        seq = max(0, int((programme.live_s() + 0.01) / chunk_s) - 1)
        started = time.perf_counter()
        _take_in(lines, programme, (seq, sound.render(seq)), tap=tap)
        step_s.observe(time.perf_counter() - started)


def _take_in(lines: Lines, programme: Programme, chunk: tuple[int, Pcm], *, tap: Tap) -> None:
    seq, pcm = chunk
    frame, number = lines.frame, seq // CHUNKS_PER_SEGMENT
    source = to_bytes(pcm)
    tap.note(seq, source)
    bent = frame.inside.bend(programme.key, seq, pcm)
    body = source if bent is pcm else to_bytes(bent)
    if not frame.tracer.on:
        lines.put(programme, seq, body)
        return
    key = f"{programme.key}@{programme.epoch_ms}"
    trace = Context.of_segment(key, number, share=frame.tracer.share)
    with frame.tracer.span("ingest", trace, kind="producer") as span:
        span.attributes |= {"tenant": programme.tenant, "programme": programme.name, "chunk": seq}
        lines.put(programme, seq, body, trace=span.context.pack())
