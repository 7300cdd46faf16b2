"""Latency of platforms that are not ours: Icecast and nginx, and source taps in any chunks.

`python -m tests.benchmarks latency_servers`, or `python -m tests.benchmarks.latency_servers
[--seconds N] [--seed N]`

One programme of music is sent to a real Icecast in Ogg/Opus and written as HLS that a real nginx
serves. Three source taps give it as WAV, in chunks of 0.1 to 4 s that are late by chance (20 ms on
average), and say nothing of when it was made; what is heard behind is held against each of them.
The truth is as `latency_truth` says: t0 by the source's clock, t by nginx's access log and by a
connection of this benchmark's own. Needs the servers of `make services`.
"""

import argparse
import asyncio
import struct
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aiohttp import web
from numpy.random import Generator

from auscult.kernel.sounds import Stream
from auscult.kernel.words import Subject
from auscult.performance.monitors.latency import Latency
from auscult.signals.listening.endless import EndlessListener
from auscult.signals.listening.fetching import AGENT, Fetching
from auscult.signals.listening.hls import HlsListener
from tests.benchmarks.audio_programmes import PROGRAMMES, RATE_HZ, Pcm
from tests.benchmarks.latency_live import (
    WAYS,
    Sound,
    Told,
    listen_apart,
    look,
    tell_errors,
)
from tests.benchmarks.latency_truth import Truth, lay
from tests.benchmarks.report import missed
from tests.integration.listening.servers import MOUNT, icecast, nginx, send_to_icecast, write_hls
from tests.integration.listening.station import Handler, on_air

CHUNKS_S = (0.1, 1.0, 4.0)
JITTER_S = 0.02
BEHIND_S = 1.0
"""The servers have the programme so much later than the source."""
FRAME, SEGMENT_S = 960, 2.0
ENDLESS = b"\xff\xff\xff\xff"
"""A length of WAV that means: until the end."""


@dataclass
class Sent:
    """The programme as it is sent to a server, 20 ms at a time, as `servers.Programme` is."""

    pcm: Pcm
    at: int = 0

    def frame(self) -> np.ndarray:
        piece = self.pcm[self.at : self.at + FRAME]
        self.at += FRAME
        return np.repeat(piece[:, None], 2, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_known_args(sys.argv[1:])[0]
    rng = np.random.default_rng(options.seed)
    pcm = PROGRAMMES["music"](rng, options.seconds + 30)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ice").mkdir()
        (folder / "web").mkdir()
        with icecast(folder / "ice") as endless, nginx(folder / "web") as hls:
            run = run_platform(pcm, rng, (endless, hls), folder=folder, seconds=options.seconds)
            told, truths = asyncio.run(run)
    tell_errors("latency_servers", told, truths)


async def run_platform(
    pcm: Pcm, rng: Generator, servers: tuple[str, str], *, folder: Path, seconds: int
) -> tuple[Told, dict[str, dict[str, Truth]]]:
    """Send, listen and look for so many seconds; return what was told, and the truth."""
    endless, hls = (f"http://{servers[0]}{MOUNT}", f"http://{servers[1]}/live.m3u8")
    epoch_s, sounds, told = time.time(), list[Sound](), Told()
    truths = {
        way: Truth(1e3 * epoch_s, lambda first, until: pcm[first:until], in_parts=way == "endless")
        for way in WAYS
    }
    await asyncio.sleep(BEHIND_S)
    started_s = time.time()
    async with asyncio.TaskGroup() as group:
        working = [
            group.create_task(send_to_icecast(servers[0], Sent(pcm))),  # type: ignore[arg-type]
            group.create_task(write_hls(folder / "web" / "www", Sent(pcm))),  # type: ignore[arg-type]
        ]
        await asyncio.sleep(4 * SEGMENT_S)
        threading.Thread(
            target=listen_apart, args=(endless, truths["endless"]), daemon=True
        ).start()
        working += [group.create_task(hear(url, sounds)) for url in (endless, hls)]
        for chunk_s in CHUNKS_S:
            tap = offer_tap(pcm, epoch_s, chunk_s=chunk_s, rng=rng)
            working.append(group.create_task(hear_tap(tap, name_of(chunk_s), sounds)))
        await look_on(sounds, told, seconds)
        for task in working:
            task.cancel()
    first = told.first[f"{name_of(CHUNKS_S[0])} hls"]
    assert first.media_ms is not None
    number = round((first.media_ms / 1e3 - started_s) / SEGMENT_S)
    sound = first.samples.mean(axis=1)
    truths["hls"].behind_s = lay(sound, number * SEGMENT_S, truths["hls"].made)
    read_log(folder / "web" / "access.log", truths["hls"])
    return told, {way: {name_of(one): truths[way] for one in CHUNKS_S} for way in WAYS}


async def look_on(sounds: list[Sound], told: Told, seconds: int) -> None:
    lookout, ends_s = Latency().begin(), time.monotonic() + seconds
    while time.monotonic() < ends_s:
        await asyncio.sleep(1.0)
        taken, sounds[:] = sounds[:], []
        await asyncio.to_thread(look, lookout, taken, told)


async def hear(url: str, sounds: list[Sound]) -> None:
    """Listen to one server, and hold what is heard against each of the source taps."""
    way = "hls" if url.endswith(".m3u8") else "endless"
    async with Fetching.of(url) as fetching:
        listener = HlsListener if way == "hls" else EndlessListener
        async for one in listener(fetching, url, _now_ms).listen():
            for chunk_s in CHUNKS_S:
                key = name_of(chunk_s)
                sounds.append((Stream(f"{key} {way}", key, Subject(service=way), hop=4), one))


async def hear_tap(tap: Handler, key: str, sounds: list[Sound]) -> None:
    stream = Stream(f"{key} source", key, Subject(service="studio"), hop=0)
    async with on_air(body=tap) as station, Fetching.of(f"{station.url}/body") as fetching:
        async for one in EndlessListener(fetching, f"{station.url}/body", _now_ms).listen():
            sounds.append((stream, one))  # noqa: PERF401 - each as it comes


def offer_tap(pcm: Pcm, epoch_s: float, *, chunk_s: float, rng: Generator) -> Handler:
    """Return what answers with the programme from now on, chunk by chunk as it is made."""

    async def send(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
        await answer.write(b"RIFF" + ENDLESS + b"WAVE" + form + b"data" + ENDLESS)
        number, size = int((time.time() - epoch_s) / chunk_s), round(chunk_s * RATE_HZ)
        with suppress(ConnectionError):
            while (begin := number * size) + size <= pcm.size:
                due_s = epoch_s + (number + 1) * chunk_s + float(rng.exponential(JITTER_S))
                await asyncio.sleep(max(0.0, due_s - time.time()))
                chunk = np.clip(pcm[begin : begin + size], -1, 1) * 32_767
                await answer.write(chunk.astype("<i2").tobytes())
                number += 1
        return answer

    return send


def read_log(log: Path, truth: Truth) -> None:
    """Take from nginx's access log when it had answered auscult with each segment."""
    for line in log.read_text(encoding="utf-8").splitlines():
        at_s, path, agent = line.split(" ", 2)
        if path.endswith(".m4s") and agent == AGENT:
            number = int(path.strip("/").partition(".")[0])
            truth.note(float(at_s), (number + 1) * SEGMENT_S)


def name_of(chunk_s: float) -> str:
    return f"chunks of {chunk_s:g} s"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
    sys.exit(bool(missed))
