"""What the room `signals` does on one core, by itself: decoding, judging, keeping.

The figure of the whole product stands in `ingest`; these say where its time goes. Bodies are made
as Prometheus sends them: 2,000 series of 8 labels, one sample each, 30 % of them 0, and in every
round 0.5 % of the series are new ones.
"""

import os
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cramjam
import numpy as np

from auscult.kernel.samples import SampleBatch
from auscult.kernel.words import TenantId
from auscult.signals import Intake, Registry, Rings, SeriesLimits, decode_write
from auscult.signals.exposition import ScrapeReader
from auscult.signals.series import encode_labels
from tests.benchmarks.report import report

ONE = TenantId("one")
START_MS = 1_700_000_000_000
STEP_MS = 15_000
SERIES, SERIES_PER_BODY, ROUNDS = 20_000, 2_000, 10
ZEROS, CHURN = 0.30, 0.005
MEMORY_SERIES = 100_000
V1 = "application/x-protobuf"
V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
STAGES = ("ingest", "enhance", "encode", "package", "edge")


@dataclass(frozen=True)
class Load:
    """Bodies of one kind, and how many samples they hold together."""

    bodies: list[bytes]
    samples: int


def make_labels(number: int, *, born: int = 0) -> list[tuple[str, str]]:
    return [
        ("__name__", f"stage_requests_{number % 37}_total"),
        ("code", ("200", "404", "500")[number % 3]),
        ("instance", f"10.0.{number % 50}.{number % 200}:9100"),
        ("job", "soundstage"),
        ("method", ("GET", "POST")[number % 2]),
        ("path", f"/api/v1/tracks/{number}"),
        ("pod", f"edge-{born}-{number % 5000:x}"),
        ("stage", STAGES[number % 5]),
    ]


def make_load(*, churn: float, version: int) -> Load:
    """Make `ROUNDS` rounds of bodies; with churn, some series are replaced in every round."""
    chance = random.Random(1)
    born = [0] * SERIES
    still = [chance.random() < ZEROS for _ in range(SERIES)]
    packed = []
    for turn in range(ROUNDS):
        if turn:
            for _ in range(int(SERIES * churn)):
                born[chance.randrange(SERIES)] = turn
        for first in range(0, SERIES, SERIES_PER_BODY):
            numbers = range(first, first + SERIES_PER_BODY)
            rows = [
                (make_labels(n, born=born[n]), 0.0 if still[n] else turn * 7.5 + chance.random())
                for n in numbers
            ]
            make = body_v1 if version == 1 else body_v2
            packed.append(bytes(cramjam.snappy.compress_raw(make(rows, START_MS + turn * STEP_MS))))
    return Load(packed, SERIES * ROUNDS)


def body_v1(rows: list[tuple[list[tuple[str, str]], float]], at_ms: int) -> bytes:
    parts = []
    for labels, value in rows:
        series = encode_labels(tuple(labels)) + tagged(0x12, sample(value, at_ms))
        parts.append(tagged(0x0A, series))
    return b"".join(parts)


def body_v2(rows: list[tuple[list[tuple[str, str]], float]], at_ms: int) -> bytes:
    symbols: dict[str, int] = {"": 0}
    series = []
    for labels, value in rows:
        refs = [symbols.setdefault(text, len(symbols)) for pair in labels for text in pair]
        packed = b"".join(varint(ref) for ref in refs)
        series.append(tagged(0x2A, tagged(0x0A, packed) + tagged(0x12, sample(value, at_ms))))
    return b"".join([*(tagged(0x22, text.encode()) for text in symbols), *series])


def sample(value: float, at_ms: int) -> bytes:
    return (b"\x09" + struct.pack("<d", value) if value else b"") + b"\x10" + varint(at_ms)


def tagged(tag: int, body: bytes) -> bytes:
    return bytes([tag]) + varint(len(body)) + body


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def best(work: Callable[[], object], times: int = 3) -> float:
    return min(cpu_s(work) for _ in range(times))


class Way:
    """Registry, rings and intake, with what a body goes through."""

    def __init__(self, per_process: int = 400_000) -> None:
        limits = SeriesLimits(per_tenant=per_process, per_process=per_process, new_per_minute=10**9)
        self.registry = Registry(limits)
        self.rings = Rings(self.registry.capacity)
        self.intake = Intake(self.registry, self.rings)
        self.book = self.registry.book(ONE)

    def decode(self, load: Load, media: str) -> list[SampleBatch]:
        found = [
            decode_write(body, media, book=self.book, now_ms=START_MS, max_bytes=1 << 24)
            for body in load.bodies
        ]
        return [SampleBatch(ONE, one.slots, one.at_ms, one.value) for one in found]

    def accept(self, batches: list[SampleBatch], *, drain_every: int) -> None:
        for number, batch in enumerate(batches):
            self.intake.accept(batch, now_ms=START_MS + ROUNDS * STEP_MS)
            if number % drain_every == drain_every - 1:
                self.intake.drain()

    def run(self, load: Load) -> None:
        bodies_per_round = SERIES // SERIES_PER_BODY
        self.accept(self.decode(load, V1), drain_every=bodies_per_round)


def measure_decoding() -> None:
    for version, media, floor, goal in ((1, V1, 1.0, 2.0), (2, V2, 0.07, 0.5)):
        way, load = Way(), make_load(churn=0.0, version=version)
        way.decode(load, media)
        took_s = best(partial(way.decode, load, media))
        figure = load.samples / took_s / 1e6
        report(f"decode_v{version}", figure, unit="M_samples_per_cpu_s", floor=floor, goal=goal)
    load = make_load(churn=0.0, version=1)
    first = Load(load.bodies[: SERIES // SERIES_PER_BODY], SERIES)
    took_us = min(cpu_s(lambda: Way().decode(first, V1)) for _ in range(3)) / SERIES * 1e6
    report("new_series", took_us, unit="us", floor=60.0, goal=20.0)


def measure_accepting() -> None:
    load = make_load(churn=0.0, version=1)
    way = Way()
    batches = way.decode(load, V1)
    way.accept(batches[: SERIES // SERIES_PER_BODY], drain_every=10)
    rest = batches[SERIES // SERIES_PER_BODY :]
    samples = load.samples - SERIES
    took_s = cpu_s(lambda: way.accept(rest, drain_every=10))
    figure = samples / took_s / 1e6
    report("accept_and_drain", figure, unit="M_samples_per_cpu_s", floor=1.0, goal=4.0)
    churned = make_load(churn=CHURN, version=1)
    took_s = min(cpu_s(lambda: Way().run(churned)) for _ in range(3))
    first_s = min(cpu_s(lambda: Way().run(Load(churned.bodies[:10], SERIES))) for _ in range(3))
    figure = (churned.samples - SERIES) / (took_s - first_s) / 1e6
    report("decode_and_accept_with_churn", figure, unit="M_samples_per_cpu_s", floor=0.5, goal=1.5)


def measure_scraping() -> None:
    way = Way()
    reader = ScrapeReader(
        lambda labels, kind: way.registry.slot(ONE, labels, kind=kind, now_ms=START_MS),
        {"job": "soundstage", "instance": "127.0.0.1:9001"},
    )
    lines = []
    for number in range(10_000):
        name, *labels = make_labels(number)
        inside = ",".join(f'{key}="{value}"' for key, value in labels)
        lines.append(f"{name[1]}{{{inside}}} {number * 1.5}\n")
    body = "".join(lines).encode()
    reader.read(body, "text/plain", at_ms=START_MS)
    took_s = best(lambda: reader.read(body, "text/plain", at_ms=START_MS))
    figure = len(lines) / took_s / 1e6
    report("scrape_text_again", figure, unit="M_lines_per_cpu_s", floor=0.3, goal=1.0)


def measure_memory() -> None:
    """Resident bytes per series that has been here for 120 samples and now rests."""
    way = Way(per_process=MEMORY_SERIES)
    labels = [tuple(make_labels(number)) for number in range(100)]
    assert all(way.registry.slot(ONE, one, now_ms=0) >= 0 for one in labels)
    before = resident_bytes()
    slots = [
        way.registry.slot(ONE, make_labels(number), now_ms=0)
        for number in range(100, MEMORY_SERIES)
    ]
    named = resident_bytes()
    for turn in range(120):
        at_ms = START_MS + turn * STEP_MS
        for first in range(0, len(slots), SERIES_PER_BODY):
            part = np.array(slots[first : first + SERIES_PER_BODY], dtype=np.int32)
            batch = SampleBatch(ONE, part, np.full(len(part), at_ms), np.full(len(part), 1.0))
            way.intake.accept(batch, now_ms=at_ms)
            way.intake.drain()
    n = len(slots)
    after = resident_bytes()
    report("labels_and_slot", (named - before) / n, unit="bytes_per_series", floor=1000, goal=500)
    report("idle_series", (after - before) / n, unit="bytes_per_series", floor=1800, goal=850)


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    measure_memory()
    measure_decoding()
    measure_accepting()
    measure_scraping()
