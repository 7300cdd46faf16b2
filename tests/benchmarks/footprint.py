"""What auscult costs while nothing happens: to start, to stand there, to know a series.

The memory of a series is the growth of the whole process: names, ring of 120 points, detector state
and whatever the allocator keeps, after a snapshot has been written.
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bodies import SAMPLES_PER_BODY, Recording
from tests.benchmarks.processes import resident_bytes
from tests.benchmarks.report import report
from tests.benchmarks.sender import Sender
from tests.product import BIN, Product

HELPS, STARTS = 7, 3
SERIES, ROUNDS, SHARDS = 100_000, 3, 4
FIRST_BODIES = 1
"""Bodies of each shard that are sent before memory is read: what is loaded once is no series."""
IDLE_S = 3.0
SNAPSHOT_S = 33.0
MANY = {"limits": {"new_series_per_minute": 200_000}}


def measure_help() -> None:
    def once() -> float:
        began_s = time.perf_counter()
        subprocess.run([BIN / "auscult", "--help"], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began_s

    once()
    took_s = statistics.median(once() for _ in range(HELPS))
    report("help", took_s, unit="s", floor=0.8, goal=0.5)


def measure_start(folder: Path) -> None:
    """Ready after start, with a database that exists (the first start makes it)."""
    took_s = []
    rested = 0
    for _ in range(STARTS + 1):
        product = Product(folder, {"acme": {}})
        product.write_config()
        took_s.append(product.start())
        if len(took_s) > STARTS:
            time.sleep(IDLE_S)
            assert product.process is not None
            rested = resident_bytes(product.process.pid)
        product.stop()
    print(f"# the first start, with an empty data folder: {took_s[0]:.2f} s")
    report("ready", statistics.median(took_s[1:]), unit="s", floor=6, goal=3)
    report("idle_rss", rested / 2**20, unit="MB", floor=300, goal=150)


def measure_series(folder: Path) -> None:
    """Three samples of many series, and then silence."""
    Recording(SERIES, ROUNDS, shards=SHARDS, churn=False).write(folder)
    product = Product(folder, {"acme": {}}, extra=MANY)
    key = product.key("acme", role="writer")
    with product, Sender(folder) as sender:
        assert product.process is not None
        url = f"{product.url}/api/v1/write"
        sender.send(url, key, bodies=FIRST_BODIES)
        time.sleep(IDLE_S)
        before = resident_bytes(product.process.pid)
        sender.send(url, key, bodies=ROUNDS * SERIES // SAMPLES_PER_BODY)
        time.sleep(IDLE_S)
        at_once = resident_bytes(product.process.pid)
        time.sleep(SNAPSHOT_S)
        after = resident_bytes(product.process.pid)
    added = SERIES - FIRST_BODIES * SHARDS * SAMPLES_PER_BODY
    print(f"# {(at_once - before) / added:.0f} bytes per series before the first snapshot")
    figure = max(after, at_once) - before
    report("idle_series", figure / added, unit="bytes_per_series", floor=2_000, goal=1_000)


def main() -> None:
    measure_help()
    for measure in (measure_start, measure_series):
        with tempfile.TemporaryDirectory(prefix="auscult-bench-") as folder:
            measure(Path(folder))
