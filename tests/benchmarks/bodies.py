"""remote_write bodies as a Prometheus would send them, recorded before anything is measured.

Instances of 100 series of 8 labels each, scraped in rounds; 35 % of the values are 0 (error
counters that never moved), the rest counters and noisy gauges. In every round one instance
restarts: its pod label changes and so its series are new ones. As Prometheus' sender does, series
are dealt to shards by hash, each shard sends in order, and its bodies hold 2,000 samples wherever
a round ends.
"""

import random
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cramjam
import numpy as np
from numpy.typing import NDArray

from auscult.signals.series import encode_labels

SAMPLES_PER_BODY = 2_000
SERIES_PER_INSTANCE = 100
STEP_MS = 15_000
STAGES = ("ingest", "enhance", "encode", "package", "edge")
CONTENT_TYPE = "application/x-protobuf"


@dataclass(slots=True)
class Recording:
    """How many series, how often, and in how many shards; `start_ms` is the first round's time."""

    series: int
    rounds: int
    shards: int = 4
    churn: bool = True
    start_ms: int = 0
    zeros: int = 0
    samples: int = 0
    _born: list[int] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write each shard's bodies to `folder/shard-N`: length in 4 bytes, then the body."""
        self.start_ms = self.start_ms or time.time_ns() // 1_000_000 - self.rounds * STEP_MS
        self._born = [0] * self.series
        dealt = [zlib.crc32(f"series {n}".encode()) % self.shards for n in range(self.series)]
        members = [
            np.flatnonzero(np.array(dealt) == shard).tolist() for shard in range(self.shards)
        ]
        heads = [self._heads(number) for number in range(self.series)]
        pending: list[list[bytes]] = [[] for _ in range(self.shards)]
        files = [(folder / f"shard-{shard}").open("wb") for shard in range(self.shards)]
        for turn, values in enumerate(self._values()):
            for number in self._restart(turn):
                heads[number] = self._heads(number)
            when = b"\x10" + varint(self.start_ms + turn * STEP_MS)
            packed = values.astype("<f8").tobytes()
            is_zero = (values == 0).tolist()
            self.zeros += sum(is_zero)
            for shard, numbers in enumerate(members):
                pending[shard] += [
                    heads[n][1] + when
                    if is_zero[n]
                    else heads[n][0] + packed[8 * n : 8 * n + 8] + when
                    for n in numbers
                ]
                pending[shard] = self._flush(pending[shard], files[shard].write)
        for shard, file in enumerate(files):
            if pending[shard]:
                file.write(as_record(pending[shard]))
            file.close()
        self.samples = self.series * self.rounds

    def _flush(self, pending: list[bytes], write: Callable[[bytes], int]) -> list[bytes]:
        while len(pending) >= SAMPLES_PER_BODY:
            write(as_record(pending[:SAMPLES_PER_BODY]))
            pending = pending[SAMPLES_PER_BODY:]
        return pending

    def _values(self) -> Iterator[NDArray[np.float64]]:
        """Yield float64[series] for each round."""
        rng = np.random.default_rng(1)
        kind = np.arange(self.series) % 20
        counts = np.zeros(self.series)
        pace = rng.uniform(1, 500, self.series)
        level = rng.uniform(10, 1000, self.series)
        for _ in range(self.rounds):
            counts += rng.poisson(pace)
            gauges = level * rng.normal(1, 0.05, self.series)
            yield np.where(kind < 7, 0.0, np.where(kind < 14, counts, gauges))

    def _restart(self, turn: int) -> range:
        """Restart one instance of this round; return its series."""
        if not turn or not self.churn:
            return range(0)
        instances = self.series // SERIES_PER_INSTANCE
        first = random.Random(turn).randrange(instances) * SERIES_PER_INSTANCE
        which = range(first, first + SERIES_PER_INSTANCE)
        for number in which:
            self._born[number] = turn
        return which

    def _heads(self, number: int) -> tuple[bytes, bytes]:
        """Return what comes before the value (or, for a value of 0, before the time)."""
        region = encode_labels(labels_of(number, self._born[number]))
        return (
            b"\x0a" + varint(len(region) + 18) + region + b"\x12\x10\x09",
            b"\x0a" + varint(len(region) + 9) + region + b"\x12\x07",
        )


def labels_of(number: int, born: int) -> tuple[tuple[str, str], ...]:
    """Return the label set of a series; `born` is the round in which its instance last started."""
    instance, place = divmod(number, SERIES_PER_INSTANCE)
    kind = number % 20
    name = ("errors_total", "requests_total", "latency_seconds")[(kind >= 7) + (kind >= 14)]
    return (
        ("__name__", f"stage_{name}"),
        ("code", ("200", "404", "500")[place % 3]),
        ("instance", f"10.0.{instance // 200}.{instance % 200}:9100"),
        ("job", "streaming"),
        ("method", ("GET", "POST")[place % 2]),
        ("path", f"/api/v1/tracks/{place}"),
        ("pod", f"{STAGES[instance % 5]}-{born:x}-{instance:x}"),
        ("service", STAGES[instance % 5]),
    )


def one_body(rows: dict[tuple[tuple[str, str], ...], float], at_ms: int) -> bytes:
    """Return a body with one sample for each label set."""
    series = [
        encode_labels(labels) + tagged(0x12, sample(value, at_ms)) for labels, value in rows.items()
    ]
    return pack([tagged(0x0A, one) for one in series])


def sample(value: float, at_ms: int) -> bytes:
    return (b"\x09" + struct.pack("<d", value) if value else b"") + b"\x10" + varint(at_ms)


def pack(series: list[bytes]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(b"".join(series)))


def as_record(series: list[bytes]) -> bytes:
    body = pack(series)
    return struct.pack("<I", len(body)) + body


def tagged(tag: int, body: bytes) -> bytes:
    return bytes([tag]) + varint(len(body)) + body


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
