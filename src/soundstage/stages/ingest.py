"""Ingest: where programmes enter the platform as live PCM, in real time."""

import asyncio
import time
from pathlib import Path
from typing import Protocol

from soundstage.audio.format import Pcm, to_bytes
from soundstage.pace import CHUNK_MS
from soundstage.plan import Programme
from soundstage.stages.frame import Frame
from soundstage.stages.line import Lines


class Sound(Protocol):
    """Anything that can give chunk number ``seq`` of a programme."""

    def render(self, seq: int) -> Pcm:
        """Return one chunk (float32, −1..1)."""


def set_up(frame: Frame) -> None:
    """Offer PCM chunks and produce them as the clock goes on."""
    lines = Lines(frame)
    lines.offer()
    for programme in frame.plan.programmes:
        frame.work.append(_produce(lines, programme, open_sound(programme)))


def open_sound(programme: Programme) -> Sound:
    """Open a programme's source: a style of the synthesiser, or a file to be looped."""
    from soundstage.audio.synth import STYLES, Synth

    if programme.source in STYLES:
        return Synth(STYLES[programme.source], programme.seed)
    from soundstage.audio.folder import open_loop

    return open_loop(Path(programme.source))


async def _produce(lines: Lines, programme: Programme, sound: Sound) -> None:
    chunk_s = CHUNK_MS / 1_000
    step_s = lines.meters.step_s.labels(lines.frame.place.name)
    while True:
        # Chunk n covers [n, n + 1) and is complete at n + 1.
        await asyncio.sleep(chunk_s - programme.live_s() % chunk_s)
        seq = int((programme.live_s() + 0.01) / chunk_s) - 1
        started = time.perf_counter()
        lines.put(programme, max(0, seq), to_bytes(sound.render(max(0, seq))))
        step_s.observe(time.perf_counter() - started)
