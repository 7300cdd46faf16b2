"""Two replicas on one PostgreSQL, one killed with -9: how late the pages are that come due then.

`python -m tests.benchmarks replicas`, or by itself with options:
`python -m tests.benchmarks.replicas [--pages N] [--kills N]`

Groups of one alert each are to be told at known times, one every 100 ms. While that goes on, one of
the two replicas is killed, started again, and so on. A page counts as late by what passes between
its time and its arrival at the webhook. Printed is the latest of all, and the latest of those that
came due while both lived, which is what the database and the machine take anyhow.
"""

import argparse
import base64
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.alerts import ALERTS_PATH
from tests.benchmarks.report import report, run_alone
from tests.contract.store.conftest import own_server
from tests.product import Product, free_port

KEY = base64.b64encode(b"replica " * 4).decode()
WAIT_S = 12
APART_S = 0.1
DEAD_S = 7.0
"""How long a killed replica stays away: longer than the other one needs to miss it."""


class Ear(ThreadingHTTPServer):
    """Hears when each alert was told first, and how often."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hear)
        self.told_s: dict[str, float] = {}
        self.count = 0


class _Hear(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ear

    def do_POST(self) -> None:  # the base class's name
        now_s = time.time()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.count += 1
        for alert in body["alerts"]:
            self.server.told_s.setdefault(alert["labels"]["alertname"], now_s)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Run:
    """What was to be told when, and when nobody could be sure of both replicas."""

    due_s: dict[str, float] = field(default_factory=dict)
    alone_s: list[tuple[float, float]] = field(default_factory=list)

    def was_alone(self, name: str) -> bool:
        return any(from_s <= self.due_s[name] <= to_s for from_s, to_s in self.alone_s)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--kills", type=int, default=4)
    asked = parser.parse_args(sys.argv[1:] if __name__ == "__main__" else [])
    ear = Ear()
    threading.Thread(target=ear.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, own_server() as server:
        url = server.make().url
        one, other = (_product(Path(folder) / name, ear, url) for name in ("one", "other"))
        run = measure(one, other, ear, pages=asked.pages, kills=asked.kills)
    late_s = {name: ear.told_s.get(name, float("inf")) - at for name, at in run.due_s.items()}
    alone = [late for name, late in late_s.items() if run.was_alone(name)]
    both = [late for name, late in late_s.items() if not run.was_alone(name)]
    print(f"# {len(alone)} pages came due while one replica was dead, {len(both)} while not")
    report("replicas_page_late_both", max(both, default=0.0), unit="s", floor=10, goal=2)
    report("replicas_page_late_one_killed", max(alone), unit="s", floor=10, goal=2)
    lost = sum(name not in ear.told_s for name in run.due_s)
    report("replicas_lost", lost, unit="pages", floor=0, goal=-1)
    ear.shutdown()


def measure(one: Product, other: Product, ear: Ear, *, pages: int, kills: int) -> Run:
    """Post alerts to the one that is never killed, and kill the other one again and again."""
    run = Run()
    key = one.key("acme")
    one.start()
    other.start()
    killer = threading.Thread(target=_kill, args=(other, run, kills), daemon=True)
    for number in range(pages):
        name = f"n{number}"
        begun_s = time.time()
        body = [{"labels": {"alertname": name}, "endsAt": "2100-01-01T00:00:00Z"}]
        assert one.ask(ALERTS_PATH, key, body=json.dumps(body).encode())[0] == 200
        run.due_s[name] = begun_s + WAIT_S
        if number == 0:
            killer.start()
        time.sleep(max(0.0, begun_s + APART_S - time.time()))
    killer.join()
    until_s = time.monotonic() + WAIT_S + 70
    while len(ear.told_s) < pages and time.monotonic() < until_s:
        time.sleep(0.2)
    other.stop()
    one.stop()
    return run


def _kill(product: Product, run: Run, kills: int) -> None:
    time.sleep(WAIT_S + 1)
    for _ in range(kills):
        product.kill()
        killed_s = time.time()
        time.sleep(DEAD_S)
        product.start()
        run.alone_s.append((killed_s - 1.0, time.time()))
        time.sleep(4)


def _product(folder: Path, ear: Ear, store_url: str) -> Product:
    folder.mkdir()
    url = f"http://127.0.0.1:{ear.server_address[1]}/"
    route = {"receiver": "team", "group_by": ["alertname"], "group_wait": f"{WAIT_S}s"}
    alerts = {"route": route, "receivers": [{"name": "team", "to": ["hook"]}]}
    hook = {"use": "webhook", "url": url, "form": "alertmanager", "per_minute": 6_000}
    tenants = {"acme": {"alerts": alerts, "channels": {"hook": hook}}}
    environ = {"AUSCULT_MASTER_KEY": KEY}  # replicas of one database have one key ring
    return Product(folder, tenants, store_url=store_url, environ=environ, port=free_port())


if __name__ == "__main__":
    run_alone(main)
