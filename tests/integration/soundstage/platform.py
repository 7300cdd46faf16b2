"""What the tests of the living platform share: start, look, list processes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from soundstage.plan import Plan, load_plan

COMMAND = [sys.executable, "-m", "soundstage"]
SOURCE = Path(__file__).resolve().parents[3] / "src"


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SOURCE)} | more


def run(*words: str, timeout_s: float = 40.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def processes_of(state: Path) -> dict[int, str]:
    """Every living process that was started with this state folder, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(state) in words:
                found[int(entry.name)] = words
    return found


def until(true: Callable[[], object], *, within_s: float, what: str = "") -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


def clear(state: Path) -> None:
    """End whatever a failed test left, and only that."""
    for pid in processes_of(state):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Living:
    """A running platform under test."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.plan: Plan = load_plan(state)

    def get(self, process: str, path: str, *, timeout_s: float = 3.0) -> tuple[int, bytes]:
        """(status, body); status 0 when there is no answer in time."""
        url = self.plan.process(process).url + path
        try:
            with urllib.request.urlopen(url, timeout=timeout_s) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, b""
        except OSError:
            return 0, b""

    def value(self, process: str, series: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        total = 0.0
        for line in self.get(process, "/metrics")[1].decode().splitlines():
            name, _, rest = line.partition("{")
            text, _, number = rest.rpartition("} ")
            if name == series and all(f'{k}="{v}"' in text for k, v in labels.items()):
                total += float(number)
        return total

    def plain(self, process: str, series: str) -> float:
        """A metric without labels."""
        text = self.get(process, "/metrics")[1].decode()
        return next(float(row.split()[1]) for row in text.splitlines() if row.startswith(series))

    def release(self, process: str) -> str:
        body = self.get(process, "/healthz")[1]
        return str(json.loads(body)["release"]) if body else ""

    def segments(self, programme: str) -> list[int]:
        body = self.get("edge", f"/live/{programme}/playlist.m3u8")[1].decode()
        return [int(line[:-4]) for line in body.split() if line.endswith(".ogg")]
