"""remote_write → decoded, slotted, scored, in the ring: the whole product against Prometheus.

Samples per CPU-second (user and system, of the process tree) of `auscult run` in its default
configuration, against Debian's Prometheus receiving the same recorded bodies in the same run, in
turns. Both have seen their series before (auscult for more than the 60 rounds after which a series
is heard); new series keep coming by restarts. Prometheus does more with a sample than auscult
(a log on disk, a database to query) and less (nothing judges it): the ratio says what it costs to
watch beside storing. The kernel's own figure stands beside it.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bodies import SAMPLES_PER_BODY, Recording
from tests.benchmarks.processes import Prometheus, cpu_s, read_metric
from tests.benchmarks.report import report, run_alone
from tests.benchmarks.sender import Sender
from tests.product import Product

SERIES, SHARDS = 40_000, 4
WARM_ROUNDS, PEER_WARM_ROUNDS = 64, 6
TURNS, ROUNDS_PER_TURN = 4, 8
SETTLE_S = 1.0
ROUND_BODIES = SERIES // SAMPLES_PER_BODY // SHARDS
"""Bodies of each shard for a round, about."""


class Meter:
    """Samples sent to one receiver, and the CPU time they cost it."""

    def __init__(self, name: str, pid: int, url: str, key: str = "") -> None:
        self.name, self.pid, self.url, self.key = name, pid, url, key
        self.samples = 0
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def take(self, sender: Sender, rounds: int) -> None:
        """Send some rounds and let the receiver finish what it does with them."""
        before_s = cpu_s(self.pid)
        sent = sender.send(self.url, self.key, bodies=rounds * ROUND_BODIES)
        time.sleep(SETTLE_S)
        self.cpu_s += cpu_s(self.pid) - before_s
        self.wall_s += sent.wall_s
        self.samples += sent.bodies * SAMPLES_PER_BODY

    @property
    def per_cpu_s(self) -> float:
        return self.samples / self.cpu_s

    def tell(self) -> None:
        print(
            f"# {self.name}: {self.samples} samples, {self.cpu_s:.2f} CPU-s, "
            f"{self.samples / self.wall_s:.0f} samples/s of wall time",
            flush=True,
        )


def measure(folder: Path) -> None:
    recording = Recording(SERIES, WARM_ROUNDS + TURNS * ROUNDS_PER_TURN + 1, shards=SHARDS)
    recording.write(folder)
    print(f"# {recording.samples} samples recorded, {recording.zeros / recording.samples:.0%} zero")
    product = Product(folder, {"acme": {}})
    key = product.key("acme", role="writer")
    with product, Prometheus(folder) as peer, Sender(folder) as sender:
        assert product.process is not None
        ours = Meter("auscult", product.process.pid, f"{product.url}/api/v1/write", key)
        theirs = Meter("prometheus", peer.pid, peer.url)
        warm(sender, ours, theirs)
        scored = scored_by(product)
        appended = peer.samples()
        for turn in range(TURNS):
            for meter in (ours, theirs) if turn % 2 else (theirs, ours):
                meter.take(sender, ROUNDS_PER_TURN)
        check("auscult", scored_by(product) - scored, ours.samples)
        check("prometheus", peer.samples() - appended, theirs.samples)
    ours.tell()
    theirs.tell()
    report("ingest", ours.per_cpu_s, unit="samples_per_cpu_s", floor=200_000, goal=1_000_000)
    print(f"# prometheus {theirs.per_cpu_s:.0f} samples_per_cpu_s")
    ratio = ours.per_cpu_s / theirs.per_cpu_s
    report("ingest_against_prometheus", ratio, unit="ratio", floor=3, goal=10)


def warm(sender: Sender, ours: Meter, theirs: Meter) -> None:
    """Let both know their series; the peer needs fewer rounds for that."""
    sent = sender.send(ours.url, ours.key, bodies=WARM_ROUNDS * ROUND_BODIES)
    print(f"# warm-up: {sent.bodies * SAMPLES_PER_BODY / sent.wall_s:.0f} samples/s of wall time")
    skipped = (WARM_ROUNDS - PEER_WARM_ROUNDS) * ROUND_BODIES
    sender.send(theirs.url, bodies=PEER_WARM_ROUNDS * ROUND_BODIES, skip=skipped)
    time.sleep(SETTLE_S)


def scored_by(product: Product) -> int:
    return int(read_metric(f"{product.url}/metrics", "auscult_samples_scored_total"))


def check(name: str, counted: int, sent: int) -> None:
    """A counter's first sample after a restart gives no rate: 1 % may be missing, no more."""
    if not 0.99 * sent <= counted <= sent:
        print(f"{name} counted {counted} of {sent} samples", file=sys.stderr)
        raise SystemExit(1)


def main() -> None:
    if not Prometheus.is_here():
        print("ingest: no prometheus on PATH (`make services` installs it)", file=sys.stderr)
        raise SystemExit(1)
    with tempfile.TemporaryDirectory(prefix="auscult-bench-") as folder:
        measure(Path(folder))


if __name__ == "__main__":
    run_alone(main)
