"""Alerts taken in and told, against a real Alertmanager in the same run.

`python -m tests.benchmarks alerts`, or by itself with options:
`python -m tests.benchmarks.alerts [--alerts N] [--groups N]`

Both get the same bodies of 1,000 alerts with seven labels, routed by a tree of twenty routes, over
HTTP: auscult makes them durable before it answers (SQLite, synchronous=FULL), Alertmanager keeps
them in memory. Counted is the CPU time of the server, with its database inside; again when all of
it is sent a second time, as Prometheus does every minute. Then alerts come in groups of their own,
each told to a webhook at once (`group_wait` 0): notifications per CPU-second. Last, when nothing
else goes on, single alerts: milliseconds from the post to the webhook, and how many commits one
takes in all, its outcome's among them. Beside them stands what the database takes for one commit (a
row into a table of its own, synchronous=FULL, on the same disk): where that is the disk's own time,
the commits are the time.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.processes import cpu_s, read_metric
from tests.benchmarks.report import report, run_alone
from tests.integration.alertmanager.test_differential import alertmanager
from tests.product import Product

BATCH = 1_000
SINGLES = 100
PATIENCE_S = 180.0
COMMITS = 200
IDLE_S = 5.0
OFTEN = 60_000
"""Messages a minute to the webhook: as many as there are, as Alertmanager sends them."""


class Bell(ThreadingHTTPServer):
    """Counts the webhooks of each side, and says when each alert's name came first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ring)
        self.count = {"theirs": 0, "ours": 0}
        self.first_s: dict[tuple[str, str], float] = {}

    def url(self, whose: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{whose}"


class _Ring(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bell

    def do_POST(self) -> None:  # the base class's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now_s, whose = time.monotonic(), self.path.strip("/")
        self.server.count[whose] += 1
        for one in json.loads(body)["alerts"]:
            self.server.first_s.setdefault((whose, one["labels"]["alertname"]), now_s)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@contextmanager
def ringing() -> Iterator[Bell]:
    bell = Bell()
    threading.Thread(target=bell.serve_forever, daemon=True).start()
    try:
        yield bell
    finally:
        bell.shutdown()
        bell.server_close()


def config_of() -> dict[str, Any]:
    """Return a tree of twenty routes; `loud` ones tell at once, each alert in its own group."""
    routes: list[dict[str, Any]] = [
        {
            "matchers": ['kind="loud"'],
            "receiver": "hook",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1h",
        }
    ]
    routes += [
        {"matchers": [f'service="s{number}"', 'severity=~"critical|warning"']}
        for number in range(19)
    ]
    return {"route": {"receiver": "quiet", "group_by": ["alertname", "cluster"], "routes": routes}}


def hook_of(bell: Bell) -> dict[str, Any]:
    """Return the channel by which auscult rings the bell."""
    url = bell.url("ours")
    return {"use": "webhook", "url": url, "form": "alertmanager", "per_minute": OFTEN}


def bodies(count: int, kind: str) -> list[bytes]:
    """Return posts of 1,000 alerts each."""
    alerts = [
        {
            "labels": {
                "alertname": f"{kind}{number}",
                "cluster": f"c{number % 7}",
                "instance": f"10.0.{number >> 8 & 255}.{number & 255}:9100",
                "job": "node",
                "kind": kind,
                "service": f"s{number % 40}",
                "severity": ("critical", "warning", "info")[number % 3],
            },
            "annotations": {"summary": f"instance {number} is slow"},
            "startsAt": "2026-11-28T12:00:00.000Z",
            "generatorURL": "http://prometheus.example:9090/graph?g0.expr=up",
        }
        for number in range(count)
    ]
    return [json.dumps(alerts[at : at + BATCH]).encode() for at in range(0, count, BATCH)]


def post(url: str, body: bytes, key: str = "") -> None:
    request = urllib.request.Request(f"{url}/api/v2/alerts", body)
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def spent(pid: int, work: Callable[[], None]) -> float:
    """Return the CPU-seconds of a server while something is done."""
    before_s = cpu_s(pid)
    work()
    return cpu_s(pid) - before_s


def wait_for(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until_s:
            raise TimeoutError("not everything was told")
        time.sleep(0.05)


def commit_ms(folder: Path) -> float:
    """Return the median time of one commit of the database, on the same disk."""
    with sqlite3.connect(folder / "commit.db", isolation_level=None) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=FULL")
        base.execute("CREATE TABLE one (body TEXT)")
        took = []
        for _ in range(COMMITS):
            began_s = time.perf_counter()
            base.execute("INSERT INTO one VALUES ('x')")
            took.append(1_000 * (time.perf_counter() - began_s))
    base.close()
    return float(np.median(took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=20_000)
    parser.add_argument("--groups", type=int, default=1_000)
    given = parser.parse_args([] if "--here" in sys.argv else None)
    with tempfile.TemporaryDirectory() as name, ringing() as bell:
        measure(Path(name), bell, given)


def measure(folder: Path, bell: Bell, given: argparse.Namespace) -> None:
    ours: dict[str, Any] = {
        "alerts": {
            **config_of(),
            "receivers": [{"name": "quiet"}, {"name": "hook", "to": ["hook"]}],
        },
        "channels": {"hook": hook_of(bell)},
    }
    theirs = config_of() | {
        "receivers": [
            {"name": "quiet"},
            {"name": "hook", "webhook_configs": [{"url": bell.url("theirs")}]},
        ]
    }
    product = Product(folder, {"acme": ours})
    key = product.key("acme", "writer")
    with alertmanager(folder, theirs) as (url, their_pid), product:
        assert product.process is not None
        sides = {"theirs": (url, "", their_pid), "ours": (product.url, key, product.process.pid)}
        # What is taken in is looked at half a minute later, which must fall into no other figure.
        measure_notifications(sides, bell, given.groups)
        commit = commit_ms(folder)
        for whose in sides:
            measure_first_page(sides, bell, whose, commit)
        measure_ingest(sides, bodies(given.alerts, "many"), given.alerts)


Sides = dict[str, tuple[str, str, int]]


def measure_ingest(sides: Sides, posts: list[bytes], count: int) -> None:
    for turn in ("new", "again"):
        rates = {}
        for whose, (url, key, pid) in sides.items():

            def send(url: str = url, key: str = key) -> None:
                for one in posts:
                    post(url, one, key)

            rates[whose] = count / spent(pid, send)
            print(f"  {whose}, {turn}: {rates[whose]:.0f} alerts per CPU-second")
        ratio = rates["ours"] / rates["theirs"]
        report(f"alerts.ingest_{turn}", ratio, unit="of_alertmanager", floor=0.3, goal=1)


def measure_notifications(sides: Sides, bell: Bell, count: int) -> None:
    rates = {}
    for whose, (url, key, pid) in sides.items():

        def tell(url: str = url, key: str = key, whose: str = whose) -> None:
            for one in bodies(count, "loud"):
                post(url, one, key)
            wait_for(lambda: bell.count[whose] >= count)
            time.sleep(0.5)

        rates[whose] = count / spent(pid, tell)
        print(f"  {whose}: {rates[whose]:.0f} notifications per CPU-second")
    ratio = rates["ours"] / rates["theirs"]
    report("alerts.notifications", ratio, unit="of_alertmanager", floor=0.5, goal=1)


def measure_first_page(sides: Sides, bell: Bell, whose: str, commit: float) -> None:
    url, key, _ = sides[whose]
    took = []
    idle = commits_a_second(sides)
    before, began_s = commits_of(sides), time.monotonic()
    for number in range(SINGLES):
        name = f"single{number}"
        body = [{"labels": {"alertname": name, "kind": "loud", "of": whose}}]
        sent_s = time.monotonic()
        post(url, json.dumps(body).encode(), key)
        wait_for(lambda name=name: (whose, name) in bell.first_s)  # type: ignore[misc]
        took.append(1_000 * (bell.first_s[whose, name] - sent_s))
    looks = idle * (time.monotonic() - began_s)
    each = (commits_of(sides) - before - looks) / SINGLES
    p50, p99 = (float(np.quantile(took, share)) for share in (0.5, 0.99))
    print(f"  {whose}: first page p50 {p50:.1f} ms, p99 {p99:.1f} ms; a commit {commit:.2f} ms")
    if whose == "ours":
        report("alerts.first_page_commits", each, unit="commits", floor=5, goal=3)
        report("alerts.first_page_p99", p99, unit="ms", floor=250, goal=100)


def commits_a_second(sides: Sides) -> float:
    """Return how many commits auscult makes while nothing goes on: it looks for what is due."""
    time.sleep(1)
    before = commits_of(sides)
    time.sleep(IDLE_S)
    return (commits_of(sides) - before) / IDLE_S


def commits_of(sides: Sides) -> float:
    """Return how many commits auscult has made."""
    return read_metric(f"{sides['ours'][0]}/metrics", "auscult_commit_seconds_count")


if __name__ == "__main__":
    run_alone(main)
