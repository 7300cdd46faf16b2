"""Latency of a living platform, against its own clock: `soundstage up`, and auscult's probes on it.

`python -m tests.benchmarks.latency_live [--seconds N] [--fault-s N]`

The source tap, HLS and the endless stream of two programmes are listened to as the product does,
and looked at every second. The truth is the platform's: segment n is complete at its epoch plus
2 (n + 1) seconds; the endless stream's time stamps are those of the programme, and are read by a
connection of their own (as late as ours, give or take what two connections differ by).

The bias is what listening itself adds: the source tap is late by its own way, and sound is handed
on in stretches of half a second, of which the last may wait for the next chunk. The spread about it
is what steps are measured with. Both are of the time before the fault: then the packager holds
every answer back by 1.5 s, which an edge bears (at 2.5 s it gives up, and nothing is late, for
nothing comes), and what is said of it is printed.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Subject, TenantId
from auscult.performance.lateness.programmes import TapLateness
from auscult.performance.monitors.latency import Latency, LatencyLookout
from auscult.performance.port import View
from auscult.signals.listening.endless import EndlessListener
from auscult.signals.listening.fetching import Fetching
from auscult.signals.listening.hls import HlsListener
from soundstage.plan import Plan, Programme, load_plan
from tests.benchmarks.audio_latency import tell_share
from tests.benchmarks.report import report

PROGRAMMES = ("acme/morning", "coral/club")
FAULT = ("fault", "delay", "--target", "package", "--set", "delay_ms=1500")
SPREAD_MS = 100.0
Sounds = list[tuple[Stream, Heard | Unheard]]


@dataclass
class Clock:
    """The truth of one endless stream: (when, how late its newest sound arrived)."""

    url: str
    programme: Programme
    late: list[tuple[float, float]] = field(default_factory=list)
    is_over: bool = False

    def read(self) -> None:
        with suppress(av.FFmpegError, OSError), av.open(self.url, timeout=20) as container:
            for frame in container.decode(audio=0):
                if self.is_over:
                    return
                end_s = float(frame.time or 0) + frame.samples / frame.rate
                self.late.append((time.time(), self.programme.live_s() - end_s))

    def at(self, at_s: float) -> float | None:
        """The least of the two seconds before, as the monitor takes it."""
        near = [late for when, late in self.late if at_s - 2.0 <= when <= at_s]
        return min(near) if near else None


@dataclass
class Ledger:
    """Errors of each probe, by kind of stream, and what was said."""

    errors_ms: dict[str, list[float]] = field(default_factory=lambda: {"hls": [], "endless": []})
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    said: list[tuple[float, str]] = field(default_factory=list)
    spent_s: float = 0.0
    is_steady: bool = True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--fault-s", type=int, default=30)
    options = parser.parse_known_args(sys.argv[1:])[0]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stage("up", folder, "--listeners", "1")
        stack.callback(stage, "down", folder)
        ledger = asyncio.run(watch(load_plan(Path(folder)), folder, options))
    tell(ledger)


def stage(verb: str, folder: str, *more: str) -> None:
    command = [sys.executable, "-m", "soundstage", verb, "--state", folder, *more]
    subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)


async def watch(plan: Plan, folder: str, options: argparse.Namespace) -> Ledger:
    lookout, ledger, sounds = Latency().begin(), Ledger(), Sounds()
    clocks = {}
    for key in PROGRAMMES:
        programme = next(one for one in plan.programmes if one.key == key)
        clocks[key] = Clock(f"{plan.process('edge').url}/stream/{key}.ogg", programme)
        threading.Thread(target=clocks[key].read, daemon=True).start()
    tasks = [
        asyncio.create_task(hear(plan, key, kind, sounds)) for key in PROGRAMMES for kind in KINDS
    ]
    began_s = time.monotonic()
    fault: subprocess.Popen[bytes] | None = None
    while time.monotonic() - began_s < options.seconds:
        await asyncio.sleep(1.0)
        taken, sounds[:] = sounds[:], []
        look(lookout, taken, ledger, clocks)
        if fault is None and time.monotonic() - began_s > options.seconds - options.fault_s - 20:
            fault = break_it(folder, options.fault_s)
            ledger.is_steady = False
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for clock in clocks.values():
        clock.is_over = True
    if fault is not None:
        fault.wait(timeout=60)
    return ledger


def break_it(folder: str, seconds: int) -> subprocess.Popen[bytes]:
    words = [*FAULT, "--seconds", str(seconds), "--state", folder]
    print(f"  fault at {time.time() % 1000:.1f}", flush=True)
    return subprocess.Popen([sys.executable, "-m", "soundstage", *words])


KINDS = {"source": 0, "hls": 4, "endless": 4}


async def hear(plan: Plan, key: str, kind: str, sounds: Sounds) -> None:
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
            sounds.append((stream, one))


def look(lookout: LatencyLookout, taken: Sounds, ledger: Ledger, clocks: dict[str, Clock]) -> None:
    began_s = time.process_time()
    remarks = lookout.look(View(TenantId("bench"), _now_ms(), sounds=taken))
    ledger.spent_s += time.process_time() - began_s
    for remark in remarks:
        if remark.sentence not in {sentence for _, sentence in ledger.said}:
            ledger.said.append((time.time() % 1000, remark.sentence))
    for one in lookout.standing():
        for tap in one.lateness.taps if one.lateness else ():
            compare(tap, ledger, clocks[one.programme])


def compare(tap: TapLateness, ledger: Ledger, clock: Clock) -> None:
    """Take the error of a latency that is new; each is the median of the last three."""
    kind = tap.name.rpartition(" ")[2]
    if tap.delivery_s is None or ledger.seen.get((tap.name, kind)) == tap.last_ms:
        return
    ledger.seen[tap.name, kind] = tap.last_ms
    truth_s = tap.stated_s if kind == "hls" else _recent(clock, tap.last_ms / 1e3)
    if truth_s is not None and ledger.is_steady:
        ledger.errors_ms[kind].append(1e3 * (tap.delivery_s - truth_s))


def _recent(clock: Clock, at_s: float) -> float | None:
    known = [late for back in (0, 2, 4) if (late := clock.at(at_s - back)) is not None]
    return float(np.median(known)) if len(known) == 3 else None


def tell(ledger: Ledger) -> None:
    name = "latency_live"
    for kind, errors in ledger.errors_ms.items():
        error_ms = np.array(errors)
        bias_ms = float(np.median(error_ms))
        print(f"  {kind}: n {error_ms.size}, bias {bias_ms:.1f} ms", flush=True)
        report(f"{name}.{kind}_bias", abs(bias_ms), unit="ms", floor=600, goal=50)
        near = int(np.sum(np.abs(error_ms - bias_ms) <= SPREAD_MS))
        within = tell_share(f"{kind} within {SPREAD_MS:g} ms of it", near, error_ms.size)
        report(f"{name}.{kind}_spread", within, unit="share", floor=0.8, goal=0.99)
    for at_s, sentence in ledger.said:
        print(f"  said at {at_s:.1f}: {sentence}", flush=True)
    print(f"{name}.cpu {ledger.spent_s:.2f} s - -", flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
