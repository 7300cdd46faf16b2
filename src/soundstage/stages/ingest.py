"""Ingest: where programmes enter the platform as live PCM, in real time."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from soundstage.audio.format import Pcm, to_bytes
from soundstage.delivery.tap import Tap, offer_taps
from soundstage.pace import CHUNK_MS, CHUNKS_PER_SEGMENT
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines
from soundstage.tracing import Context


class Sound(Protocol):
    """Anything that can give chunk number ``seq`` of a programme."""

    def render(self, seq: int) -> Pcm:
        """Return one chunk, shape (frames, 2), float32 in −1..1."""


class Taps(NamedTuple):
    """Where one programme can be tapped: as it came in, and as it leaves."""

    source: Tap
    output: Tap


def set_up(frame: Frame) -> None:
    """Offer PCM chunks and produce them as the clock goes on; let others tap both ends."""
    lines = Lines(frame)
    lines.offer()
    sources = {programme.key: Tap(programme) for programme in frame.plan.programmes}
    outputs = {programme.key: Tap(programme) for programme in frame.plan.programmes}

    def works(programme: Programme) -> Iterable:  # type: ignore[type-arg]
        taps = Taps(sources[programme.key], outputs[programme.key])
        yield _produce(lines, programme, open_sound(programme), taps=taps)

    lines.run(works)
    offer_taps(frame, "/tap/{tenant}/{programme}.wav", sources)
    offer_taps(frame, "/output/{tenant}/{programme}.wav", outputs)


def open_sound(programme: Programme) -> Sound:
    """Open a programme's source: a style of the synthesiser, or a file to be looped."""
    from soundstage.audio.synth import STYLES, Synth

    if programme.source in STYLES:
        return Synth(STYLES[programme.source], programme.seed)
    from soundstage.audio.folder import open_loop

    return open_loop(Path(programme.source))


async def _produce(lines: Lines, programme: Programme, sound: Sound, *, taps: Taps) -> None:
    chunk_s = CHUNK_MS / 1_000
    step_s = lines.meters.step_s.labels(lines.frame.place.name)
    while True:
        # Chunk n covers [n, n + 1) and is complete at n + 1.
        await asyncio.sleep(chunk_s - programme.live_s() % chunk_s)
        seq = max(0, int((programme.live_s() + 0.01) / chunk_s) - 1)
        started = time.perf_counter()
        _take_in(lines, programme, (seq, sound.render(seq)), taps=taps)
        step_s.observe(time.perf_counter() - started)


def _take_in(lines: Lines, programme: Programme, chunk: tuple[int, Pcm], *, taps: Taps) -> None:
    seq, pcm = chunk
    frame, number = lines.frame, seq // CHUNKS_PER_SEGMENT
    source = to_bytes(pcm)
    taps.source.note(seq, source)
    bent = frame.inside.bend(programme.key, seq, pcm)
    body = source if bent is pcm else to_bytes(bent)
    taps.output.note(seq, body)
    if not frame.tracer.on:
        lines.put(programme, seq, body)
        return
    key = f"{programme.key}@{programme.epoch_ms}"
    trace = Context.of_segment(key, number, share=frame.tracer.share)
    with frame.tracer.span("ingest", trace, kind="producer") as span:
        span.attributes |= {"tenant": programme.tenant, "programme": programme.name, "chunk": seq}
        lines.put(programme, seq, body, trace=span.context.pack())
