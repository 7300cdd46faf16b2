"""Latency of a living platform, against its own truth: `soundstage up`, and auscult's probes on it.

`python -m tests.benchmarks latency_live`, or by itself with options:
`python -m tests.benchmarks.latency_live [--seconds N] [--fault-s N] [--programmes N] [--unstated]`

The source tap, HLS and the endless stream of the programmes are listened to as the product does,
and looked at every second on a thread of its own, as the product does too. The truth is what
`latency_truth` says: a listener has a sample at the time t, the source made it at t0, and neither
is taken from what is measured here. Each latency is the one that is told, the median of a tap's
last three probes, and held against the median of the truth of the same three; where it is not plain
to which of two probes a chunk belongs, against the least and the most that this can be.

The errors are of the time before the fault. Then the packager holds every answer back by 1.5 s,
which an edge bears (at 2.5 s it gives up, and nothing is late, for nothing comes), and what is said
of it is printed, once for each stream. What is said before it may be true all the same: a platform
that gets no processor is late. A latency that is off by more than 250 ms is a false one: no
chunk, jitter or busy machine explains it.

`--unstated` hides from auscult when the source tap's sound was made, as most source taps do not say
it: then all latencies are behind the tap, and short by what the tap itself is late.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path

import numpy as np

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Subject, TenantId
from auscult.performance.lateness.programmes import TapLateness
from auscult.performance.monitors.latency import Latency, LatencyLookout
from auscult.performance.port import View
from auscult.signals.listening.endless import EndlessListener
from auscult.signals.listening.fetching import AGENT, Fetching
from auscult.signals.listening.hls import HlsListener
from soundstage.plan import Plan, Programme, load_plan
from tests.benchmarks.audio_latency import tell_share
from tests.benchmarks.latency_truth import Truth, lay, made_by, read_pages, read_served
from tests.benchmarks.report import missed, report

FAULT = ("fault", "delay", "--target", "package", "--set", "delay_ms=1500")
FALSE_MS = 250.0
WAYS = ("hls", "endless")
KINDS = {"source": 0, "hls": 4, "endless": 4}
NAME = "latency_live"
Sound = tuple[Stream, Heard | Unheard]


@dataclass
class Told:
    """What the taps told, as (tap, when, latency in s), and what was said, until it is judged."""

    figures: list[tuple[str, int, float]] = field(default_factory=list)
    said: dict[str, tuple[float, str]] = field(default_factory=dict)
    first: dict[str, Heard] = field(default_factory=dict)
    spent_s: float = 0.0
    fault_s: float = float("inf")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--fault-s", type=int, default=30)
    parser.add_argument("--programmes", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--unstated", action="store_true")
    options = parser.parse_known_args(sys.argv[1:])[0]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stage("up", folder, "--listeners", "1")
        stack.callback(stage, "down", folder)
        plan = load_plan(Path(folder))
        truths = {
            way: {one.key: truth_of(one, way) for one in plan.programmes[: options.programmes]}
            for way in WAYS
        }
        told = asyncio.run(watch(plan, truths, folder, options))
        log = Path(folder) / "log" / "access-edge.ndjson"
        read_served(log, truths["hls"], agent=AGENT)
    tell(told, truths)


def truth_of(programme: Programme, way: str) -> Truth:
    return Truth(programme.epoch_ms, made_by(programme), in_parts=way == "endless")


def stage(verb: str, folder: str, *more: str) -> None:
    command = [sys.executable, "-m", "soundstage", verb, "--state", folder, *more]
    subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)


async def watch(
    plan: Plan, truths: dict[str, dict[str, Truth]], folder: str, options: argparse.Namespace
) -> Told:
    lookout, told, sounds = Latency().begin(), Told(), list[Sound]()
    for key, truth in truths["endless"].items():
        url = f"{plan.process('edge').url}/stream/{key}.ogg"
        threading.Thread(target=listen_apart, args=(url, truth), daemon=True).start()
    tasks = [
        asyncio.create_task(hear(plan, key, kind, sounds))
        for key in truths["hls"]
        for kind in KINDS
    ]
    began_s, fault = time.monotonic(), None
    while time.monotonic() - began_s < options.seconds:
        await asyncio.sleep(1.0)
        taken, sounds[:] = sounds[:], []
        if options.unstated:
            taken = [hide(*one) for one in taken]
        await asyncio.to_thread(look, lookout, taken, told)
        if fault is None and time.monotonic() - began_s > options.seconds - options.fault_s - 20:
            told.fault_s = time.time()
            fault = break_it(folder, options.fault_s)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for key, truth in truths["hls"].items():
        truth.behind_s = lay_segment(told.first[f"{key} hls"], truth)
    if fault is not None:
        fault.wait(timeout=60)
    return told


def break_it(folder: str, seconds: int) -> subprocess.Popen[bytes]:
    words = [*FAULT, "--seconds", str(seconds), "--state", folder]
    return subprocess.Popen([sys.executable, "-m", "soundstage", *words])


def hide(stream: Stream, one: Heard | Unheard) -> Sound:
    if isinstance(one, Heard) and stream.is_source:
        return stream, replace(one, media_ms=None)
    return stream, one


def listen_apart(url: str, truth: Truth) -> None:
    with suppress(OSError, HTTPException):  # the platform goes down at the end
        read_pages(url, truth)


def lay_segment(heard: Heard, truth: Truth) -> float:
    assert heard.media_ms is not None
    stamp_s = (heard.media_ms - truth.epoch_ms) / 1e3
    return lay(heard.samples.mean(axis=1), stamp_s, truth.made)


async def hear(plan: Plan, key: str, kind: str, sounds: list[Sound]) -> None:
    process = plan.process("ingest" if kind == "source" else "edge")
    path = {
        "source": f"/tap/{key}.wav",
        "hls": f"/live/{key}/playlist.m3u8",
        "endless": f"/stream/{key}.ogg",
    }[kind]
    stream = Stream(f"{key} {kind}", key, Subject(service=process.name), hop=KINDS[kind])
    async with Fetching.of(process.url + path) as fetching:
        found: AsyncGenerator[Heard | Unheard] = (
            HlsListener(fetching, process.url + path, _now_ms).listen()
            if kind == "hls"
            else EndlessListener(fetching, process.url + path, _now_ms).listen()
        )
        async for one in found:
            sounds.append((stream, one))  # noqa: PERF401 - each as it comes


def look(lookout: LatencyLookout, taken: list[Sound], told: Told) -> None:
    for stream, heard in taken:
        if isinstance(heard, Heard):
            told.first.setdefault(stream.name, heard)
    began_s = time.thread_time()
    remarks = lookout.look(View(TenantId("bench"), _now_ms(), sounds=taken))
    told.spent_s += time.thread_time() - began_s
    for remark in remarks:
        told.said.setdefault(_what(remark), (time.time(), remark.sentence))
    known = {name: at_ms for name, at_ms, _ in told.figures[-64:]}
    for one in lookout.standing():
        for tap in one.lateness.taps if one.lateness else ():
            note(tap, told, known)


def note(tap: TapLateness, told: Told, known: dict[str, int]) -> None:
    if tap.delivery_s is not None and known.get(tap.name) != tap.last_ms:
        told.figures.append((tap.name, tap.last_ms, tap.delivery_s))


def errors_of(told: Told, way: str, truths: dict[str, Truth]) -> np.ndarray:
    """Return the errors, ms, float64 (n,), of the latencies told of one way before the fault."""
    errors_ms = []
    for key, truth in truths.items():
        before_s, recent = float("-inf"), deque[tuple[float, float]](maxlen=3)
        for name, at_ms, latency_s in told.figures:
            if name != f"{key} {way}" or at_ms / 1e3 > told.fault_s:
                continue
            true_s, before_s = truth.between(before_s, at_ms / 1e3), at_ms / 1e3
            if true_s is None:
                recent.clear()
                continue
            recent.append(true_s)
            if len(recent) == recent.maxlen:
                least_s, most_s = np.median(recent, axis=0)
                errors_ms.append(1e3 * (latency_s - float(np.clip(latency_s, least_s, most_s))))
    return np.array(errors_ms)


def tell(told: Told, truths: dict[str, dict[str, Truth]]) -> None:
    tell_errors(NAME, told, truths)
    for at_s, sentence in sorted(told.said.values()):
        after_s = at_s - told.fault_s
        print(f"  said {after_s:.1f} s after the fault was asked for: {sentence}", flush=True)
    before = sum(at_s < told.fault_s for at_s, _ in told.said.values())
    print(f"{NAME}.remarks_before_the_fault {before} count - 0", flush=True)
    print(f"{NAME}.cpu {told.spent_s:.2f} s - -", flush=True)


def tell_errors(name: str, told: Told, truths: dict[str, dict[str, Truth]]) -> None:
    for way in WAYS:
        behind_ms = [1e3 * (one.behind_s or 0) for one in truths[way].values()]
        print(f"  {way}: behind its stamps {np.round(behind_ms, 1).tolist()} ms", flush=True)
        error_ms = errors_of(told, way, truths[way])
        off_ms = np.abs(error_ms)
        for limit_ms, floor in ((50, 0.95), (20, 0.9)):
            near = int(np.sum(off_ms <= limit_ms))
            share = tell_share(f"{way} within {limit_ms} ms", near, error_ms.size)
            report(
                f"{name}.{way}_within_{limit_ms}_ms", share, unit="share", floor=floor, goal=0.99
            )
        false = tell_share(f"{way} false", int(np.sum(off_ms > FALSE_MS)), error_ms.size)
        report(f"{name}.{way}_false", false, unit="share", floor=0.001, goal=0.0)
        bias_ms = float(np.median(error_ms)) if error_ms.size else float("nan")
        report(f"{name}.{way}_bias", abs(bias_ms), unit="ms", floor=50, goal=20)
        p95_ms = float(np.percentile(off_ms, 95)) if error_ms.size else float("nan")
        print(f"  {way}: median error {bias_ms:.1f} ms, 95 % within {p95_ms:.1f} ms", flush=True)


def _what(remark: Remark) -> str:
    return f"{remark.signal} {dict(remark.labels).get('stream', remark.about)}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
    sys.exit(bool(missed))
