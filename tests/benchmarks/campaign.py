"""A seeded campaign of faults against the living platform: what was found, when, and named rightly.

Starts the show without faults (platform and product with shipped defaults), lets it learn, breaks
the platform at random by `soundstage campaign`, and asks the product's API what it found. With
`--url` and `--state` it attaches to a show that runs already. Of the platform it reads the truth
alone. `--only NAME` narrows the faults; `--out FILE` takes the whole score as JSON. While others
hold more than `OTHERS_SHARE` of the cores nothing is called quiet; that is counted apart.

    python -m tests.benchmarks.campaign --minutes 20 --seed 7 --out score.json
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.campaign_score import Fault, Log, Reader, summarise
from tests.benchmarks.processes import Host, cpu_s
from tests.benchmarks.report import report, run_alone
from tests.product import BIN

POLL_S = 1.0
AFTER_S = 30.0
"""How long findings about the last fault are waited for."""

READY_S = 240.0

OTHERS_SHARE = 0.2
"""Of all cores, taken by the machine's host or by other processes, for one look."""


@dataclass(slots=True)
class Stage:
    """A running show: where the product answers, the platform's folder, the process if our own."""

    url: str
    state: Path
    pid: int = 0

    def mint_key(self) -> str:
        """Make an API key by the product's command line."""
        config = self.state / "auscult.yaml"
        words = [str(BIN / "auscult"), "tenant", "add", "platform", "-c", str(config)]
        done = subprocess.run(
            [*words, "--print-key"], capture_output=True, text=True, check=True, timeout=120
        )
        return str(done.stdout.split()[-1])


@contextmanager
def raise_show(seed: int, seconds: float) -> Iterator[Stage]:
    """Run the show without faults in a folder of its own, and yield once it has learned."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        state = Path(folder)
        words = [sys.executable, "-m", "soundstage", "show", "--no-faults", "--json"]
        words += ["--state", folder, "--seed", str(seed), "--for", f"{seconds:.0f}s"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as show:
            try:
                yield Stage(wait_ready(show), state, show.pid)
            finally:
                show.send_signal(signal.SIGINT)
                show.communicate(timeout=60)


def wait_ready(show: "subprocess.Popen[str]") -> str:
    """Read the show's events until it has learned; return where the product answers."""
    assert show.stdout is not None
    url, began_s = "", time.monotonic()
    for line in show.stdout:
        event = json.loads(line) if line.startswith("{") else {}
        url = event.get("url", url) if event.get("event") == "page" else url
        if event.get("event") == "ready":
            return url.rstrip("/")
        if time.monotonic() - began_s > READY_S:
            break
    raise AssertionError(f"the show was not ready within {READY_S} s")


@dataclass(slots=True)
class Campaign:
    """`soundstage campaign` as a process; its truth is read as it comes."""

    process: "subprocess.Popen[str]"
    faults: list[Fault] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> None:
        """Read lines until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            row = json.loads(line)
            if row["event"] == "fault":
                told = (row["name"], row["target"], row["started_ms"], row["ended_ms"])
                self.faults.append(Fault(*told))
                print(f"  {row['name']} at {row['target']} is over", file=sys.stderr, flush=True)
            elif row["event"] == "skipped":
                self.skipped.append(row)


@dataclass(slots=True)
class Disturbances:
    """When others held the cores, from look to look."""

    host: Host
    seen: list[Fault] = field(default_factory=list)
    _looked_ms: int = 0

    def look(self, now_ms: int) -> None:
        """Note the stretch since the last look if others held too much in it."""
        if self.host.share_of_others() > OTHERS_SHARE:
            self.seen.append(Fault.of_others(self._looked_ms, now_ms))
        self._looked_ms = now_ms


def run(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    """Break the platform, ask the product all the while, and return the score."""
    key, log, reader = stage.mint_key(), Log(), Reader()
    words = [sys.executable, "-m", "soundstage", "campaign", "--state", str(stage.state)]
    words += ["--seed", str(options.seed), "--minutes", str(options.minutes)]
    words += [word for name in options.only for word in ("--only", name)]
    since_ms, cpu_before_s = time.time_ns() // 1_000_000, cpu_s(stage.pid) if stage.pid else 0.0
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        campaign = Campaign(process)
        reading = threading.Thread(target=campaign.read, daemon=True)
        reading.start()
        # Of a show that somebody else started only the host's share is known.
        disturbances = Disturbances(Host(os.getpid() if stage.pid else 0))
        ended_s = 0.0
        while not ended_s or time.monotonic() - ended_s < AFTER_S:
            look(stage, key, log=log, reader=reader)
            disturbances.look(time.time_ns() // 1_000_000)
            if not ended_s and process.poll() is not None:
                ended_s = time.monotonic()
            time.sleep(POLL_S)
        reading.join(5)
    until_ms = time.time_ns() // 1_000_000
    score = summarise(
        campaign.faults,
        log,
        since_ms=since_ms,
        until_ms=until_ms,
        disturbed=disturbances.seen,
    )
    if stage.pid:
        score["cores"] = (cpu_s(stage.pid) - cpu_before_s) / ((until_ms - since_ms) / 1_000)
    told = {"seed": options.seed, "minutes": options.minutes, "skipped": campaign.skipped}
    return score | told


def look(stage: Stage, key: str, *, log: Log, reader: Reader) -> None:
    """Read all incidents once; a product that does not answer has told nothing new."""
    address = f"{stage.url}/api/v1/incidents?state=all&limit=200"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            incidents = json.load(answer)["incidents"]
    except OSError:
        return
    log.add(time.time_ns() // 1_000_000, reader.read(incidents))


def show_table(score: dict[str, Any]) -> None:
    """Print one line for each kind of fault."""
    head = f"{'fault':<20}{'found':>9}{'median s':>10}{'named':>8}{'first':>8}  seen by"
    print(head, file=sys.stderr)
    lines = {**score["kinds"], "all": score["all"], "slow ones": score["slow"]}
    for name, kind in lines.items():
        count = kind["injected"]
        wait = f"{kind['median_s']:.1f}" if kind["median_s"] is not None else "-"
        figures = f"{kind['detected']:>6}/{count:<2}{wait:>10}{kind['named_right']:>5}/{count:<2}"
        seen_by = ", ".join(kind["seen_by"])
        print(f"{name:<20}{figures}{kind['first_right']:>5}/{count:<2}  {seen_by}", file=sys.stderr)
    low, high = score["false_per_quiet_hour_range"]
    print(
        f"false findings: {score['false_in_quiet']} in {score['quiet_hours']:.2f} quiet hours "
        f"({low:.2g} to {high:.2g} an hour), {score['false_during_faults']} beside faults; "
        f"{score['false_while_disturbed']} in {score['disturbed_hours']:.2f} hours in which others "
        f"held the cores; {score['notes_in_quiet']} notes in quiet",
        file=sys.stderr,
    )


def report_score(score: dict[str, Any]) -> None:
    """Print the figures with their floors."""
    whole, slow = score["all"], score["slow"]
    share = whole["detected"] / max(1, whole["injected"])
    report("campaign_detected", share, unit="share", floor=0.85, goal=0.98)
    if whole["median_s"] is not None:
        report("campaign_median_wait", whole["median_s"], unit="s", floor=20.0, goal=8.0)
    if slow["injected"]:
        named = slow["named_right"] / slow["injected"]
        report("campaign_slow_stage_named", named, unit="share", floor=0.85, goal=0.95)
    rate = score["false_per_quiet_hour"]
    if rate is not None:
        report("campaign_false_findings", rate, unit="per_quiet_hour", floor=2.0, goal=0.05)
    if "cores" in score:
        report("campaign_cpu", score["cores"], unit="cores", floor=2.0, goal=1.0)


def read_options() -> argparse.Namespace:
    """Read the command line; a word that is not known belongs to the runner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--url", default="", help="a product that runs already")
    parser.add_argument("--state", type=Path, help="the state folder of its show")
    parser.add_argument("--only", action="append", default=[], help="a fault's name")
    parser.add_argument("--out", type=Path, help="file for the score as JSON")
    options = parser.parse_known_args(sys.argv[1:])[0]
    if bool(options.url) != bool(options.state):
        parser.error("--url and --state belong together")
    return options


def main() -> None:
    """Run a campaign and say how it went."""
    options = read_options()
    if options.url:
        score = run(Stage(options.url.rstrip("/"), options.state), options)
    else:
        seconds = options.minutes * 60 + READY_S + AFTER_S
        with raise_show(options.seed, seconds) as stage:
            score = run(stage, options)
    show_table(score)
    if options.out:
        options.out.write_text(json.dumps(score, indent=2) + "\n")
    report_score(score)


if __name__ == "__main__":
    run_alone(main)
