"""What processes cost, read from /proc; and a peer to compare with."""

import os
import shutil
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.product import free_port

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
READY_S = 30.0


def tree_of(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [
            int(child) for task in tasks for child in (task / "children").read_text("ascii").split()
        ]
    except FileNotFoundError:
        return [pid]
    return [pid, *(one for child in children for one in tree_of(child))]


def cpu_s(pid: int) -> float:
    """Return user and system time of a process tree, its ended children included."""
    total = 0.0
    for one in tree_of(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # ended since: its parent has it
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in fields[11:15]) * TICK_S
    return total


@dataclass(slots=True)
class Host:
    """How much of the machine everybody else takes: its host (proc(5), steal), other processes."""

    pid: int
    """The process tree that is no other's; 0: of the tree nothing is known, the host counts."""

    _before: tuple[float, float] | None = None

    def share_of_others(self) -> float:
        """Return the share of all cores since the last look; 0 at the first."""
        now, before = self._look(), self._before
        self._before = now
        if before is None or now[0] <= before[0]:
            return 0.0
        return max(0.0, (now[1] - before[1]) / (now[0] - before[0]))

    def _look(self) -> tuple[float, float]:
        fields = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:9]
        user, nice, system, idle, iowait, irq, soft, steal = (int(one) * TICK_S for one in fields)
        busy = user + nice + system + irq + soft
        others = steal + (busy - cpu_s(self.pid) if self.pid else 0.0)
        return busy + idle + iowait + steal, others


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process tree."""
    return sum(
        int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1]) * PAGE_BYTES
        for one in tree_of(pid)
    )


@dataclass(slots=True)
class Prometheus:
    """Debian's Prometheus as a receiver of remote_write, over a data folder of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @staticmethod
    def is_here() -> bool:
        """Say whether the binary is installed (`make services`)."""
        return shutil.which("prometheus") is not None

    @property
    def url(self) -> str:
        """Where it takes bodies."""
        return f"http://127.0.0.1:{self.port}/api/v1/write"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    def samples(self) -> int:
        """Return how many samples its head has appended."""
        name = "prometheus_tsdb_head_samples_appended_total"
        return int(read_metric(f"http://127.0.0.1:{self.port}/metrics", name))

    def __enter__(self) -> Self:
        config = self.folder / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1m}\n")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={self.folder}/tsdb",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-remote-write-receiver",
                "--log.level=warn",
            ],
            stdout=(self.folder / "prometheus.log").open("wb"),
            stderr=subprocess.STDOUT,
        )
        began_s = time.monotonic()
        while time.monotonic() - began_s < READY_S:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                    return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "prometheus.log").read_text()[-2000:])

    def __exit__(self, *_why: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)


def read_metric(url: str, name: str) -> float:
    """Return the sum of a metric over its labels; 0 where it was never set."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith((f"{name} ", f"{name}{{"))
    )
