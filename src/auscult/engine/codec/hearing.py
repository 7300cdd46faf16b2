"""Listening to live streams in a worker process: heard and scored there, told here as figures.

Whoever waits is not held up, however long a score takes, and a decoder that dies takes nobody
along.
"""

import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auscult.engine.codec.plan import ChangePlan
from auscult.engine.codec.sounding import EXTRA_S, Place, record_source, sound_streams
from auscult.engine.codec.trying import choose_measure
from auscult.engine.jobs import Beat, Budget, Done, Task, Workshop, run_tasks
from auscult.engine.jobs.budget import Words
from auscult.kernel.errors import StreamUnheard
from auscult.performance.codec import OWN, Quality
from auscult.performance.codec.verdict import Sounding
from auscult.runtime.clock import SystemClock

HEAR, RECORD = (f"auscult.engine.codec.hearing:{name}" for name in ("hear", "record"))
SCORING_S = 120.0
"""For each stream, beside the listening itself: its renditions are scored one after the other."""

NICE = 10


async def listen(plan: ChangePlan, measure: str, workshop: Workshop) -> list[Sounding]:
    """Return every rendition of the plan's streams as it is heard now, scored by a measure."""
    words = {
        "places": [[one.name, str(one.url), str(one.source)] for one in plan.streams],
        "listen_s": plan.listen_s,
        "own": measure == OWN.name,
    }
    task_s = plan.listen_s + EXTRA_S + SCORING_S * len(plan.streams)
    budget = Budget(workers=1, task_s=task_s, nice=NICE, tries=1)

    def work(beat: Beat) -> list[Sounding]:
        (end,) = run_tasks([Task("listening", HEAR, words)], budget, beat=beat)
        if isinstance(end, Done):
            return [read_sounding(one) for one in end.answer["heard"]]
        return [Sounding(one.name, 0.0, None, end.reason) for one in plan.streams]

    return await workshop.do(work)


def hear(words: Words) -> Words:
    """Take {places, listen_s, own}; return {heard}, a row for each rendition."""
    heard = asyncio.run(
        sound_streams(
            [Place(*one) for one in words["places"]],
            listen_s=words["listen_s"],
            measure=choose_measure(own=words["own"]),
            now_ms=SystemClock().now_ms,
        )
    )
    return {"heard": write_soundings(heard)}


def record(words: Words) -> Words:
    """Take {url, seconds, path}; write a WAV file of the source, and return {seconds}."""
    sound = asyncio.run(record_source(words["url"], words["seconds"], SystemClock().now_ms))
    if sound is None:
        raise StreamUnheard(f"nothing was heard of {words['url']}")
    samples, rate_hz = sound
    whole = np.clip(np.rint(samples * 32_767.0), -32_768, 32_767).astype("<i2")
    with wave.open(str(Path(words["path"])), "wb") as file:
        file.setnchannels(whole.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(whole.tobytes())
    return {"seconds": len(whole) / rate_hz}


def write_soundings(heard: Sequence[Sounding]) -> list[Words]:
    """Return soundings as JSON objects."""
    return [
        {
            "stream": one.stream,
            "kbps": round(one.kbps, 2),
            "why": one.why[:300],
            "measure": one.quality.measure if one.quality else "",
            "score": round(one.quality.mean, 4) if one.quality else None,
            "worst_channel": round(one.quality.worst, 4) if one.quality else None,
            "width_loss_db": round(one.quality.width_loss_db, 2) if one.quality else None,
        }
        for one in heard
    ]


def read_sounding(row: Words) -> Sounding:
    """Return one of `write_soundings`."""
    quality = None
    if row["score"] is not None:
        quality = Quality(row["measure"], row["score"], row["worst_channel"], row["width_loss_db"])
    return Sounding(row["stream"], row["kbps"], quality, row["why"])
