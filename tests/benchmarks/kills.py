"""Killed with -9 over taking in, deciding and sending: lost, sent too often, sent wrongly.

`python -m tests.benchmarks kills`, or by itself with options:
`python -m tests.benchmarks.kills [--simulated N] [--real N] [--seed N]`

Simulated deaths happen at named points of the event path (before and after each commit, before
and after each send), on a real database with a clock of its own: incidents, policies that call
people, acknowledgements that run out, groups of alerts with inhibition and silences. Real ones
are `kill -9` of the installed product while it takes alerts in over HTTP and posts them to a
webhook, at random moments; at each, the sends in flight are read from its database. Three figures
of each, all 0:

- lost: accepted (200) and not told in the end
- attempts beyond those in flight at a kill
- wrong: told although inhibited, silenced, or called although somebody has it
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.alerts import ALERTS_PATH, SILENCES_PATH, silence_body
from tests.benchmarks.report import report, run_alone
from tests.product import Product
from tests.simulation.people import PLACES
from tests.simulation.world import TENANTS, World, live_and_die

DEATHS_EACH = 100
LEASED = "SELECT key FROM queue WHERE kind = 'effect' AND lease_until_ms > 0"
RETRIED = "SELECT json_extract(detail, '$.key') FROM audit WHERE action = 'effect.retry'"
SETTLE_S = 60.0


class Ear(ThreadingHTTPServer):
    """Hears every webhook: how often each key came, and which alerts were told as firing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hear)
        self.attempts: Counter[str] = Counter()
        self.told: set[str] = set()


class _Hear(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Ear

    def do_POST(self) -> None:  # the base class's name
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.attempts[self.headers["webhook-id"]] += 1
        for alert in body["alerts"]:
            if alert["status"] == "firing":
                self.server.told.add(alert["labels"]["instance"])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run both and print six lines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--simulated", type=int, default=1_000)
    parser.add_argument("--real", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(sys.argv[1:] if __name__ == "__main__" else [])
    with tempfile.TemporaryDirectory() as folder:
        _report("simulated", *simulated(Path(folder), asked.simulated, asked.seed))
        _report("real", *real(Path(folder), asked.real, asked.seed))


def _report(name: str, deaths: int, lost: int, beyond: int, wrong: int) -> None:
    report(f"kills_{name}", deaths, unit="kills", floor=0, goal=1)
    for what, count in (("lost", lost), ("attempts_beyond", beyond), ("wrong", wrong)):
        report(f"kills_{name}_{what}", count, unit="messages", floor=0, goal=-1)


def simulated(folder: Path, deaths: int, seed: int) -> tuple[int, int, int, int]:
    """Return how many deaths there were, and the three figures."""
    died = lost = beyond = wrong = 0
    while died < deaths:
        world = live_and_die(folder, seed, deaths=min(DEATHS_EACH, deaths - died))
        died += world.deaths.total()
        lost += _lost(world)
        wrong += len(world.judge.wrong)
        for receiver in world.receivers.values():
            beyond += sum(
                max(0, times - 1 - world.at_risk[key]) for key, times in receiver.arrived.items()
            )
        world.store.close()
        seed += 1
    return died, lost, beyond, wrong


def _lost(world: World) -> int:
    """Count incidents whose page never came, and alerts of the end that were never told.

    What reached nobody and was over by then is no loss, if nothing of it was told.
    """
    missing = sum(
        not world.is_told(incident, "keyed")
        for tenant in TENANTS
        for incident in world.incidents(tenant)
    )
    ends = {
        (tenant, name, place, status)
        for tenant in TENANTS
        for name in ("Slow", "Full")
        for place in PLACES
        for status in ("firing", "resolved")
    }
    return missing + len(ends - world.judge.told)


def real(folder: Path, kills: int, seed: int) -> tuple[int, int, int, int]:
    """Return how often the product was killed, and the three figures."""
    rng, ear = random.Random(seed), Ear()
    threading.Thread(target=ear.serve_forever, daemon=True).start()
    product = _product(folder, ear)
    key = product.key("acme")
    product.start()
    assert product.ask(SILENCES_PATH, key, body=silence_body("quiet"))[0] == 200
    _post(product, key, [_alert("Down", "source", service="below")])
    load = Load(product, key, rng)
    load.start()
    at_risk: Counter[str] = Counter()
    for _ in range(kills):
        time.sleep(rng.uniform(0.1, 1.2))
        product.kill()
        at_risk.update(name for (name,) in _ask(product, LEASED))
        product.start()
    load.is_over.set()
    load.join()
    until_s = time.monotonic() + SETTLE_S
    while load.accepted - load.muted - ear.told and time.monotonic() < until_s:
        time.sleep(0.2)
    time.sleep(3)
    product.stop()
    at_risk.update(name for (name,) in _ask(product, RETRIED))
    beyond = sum(max(0, times - 1 - at_risk[name]) for name, times in ear.attempts.items())
    ear.shutdown()
    muted = len(load.accepted & load.muted)
    print(f"# {len(load.accepted)} alerts accepted, {muted} of them muted", flush=True)
    lost = len(load.accepted - load.muted - ear.told)
    return kills, lost, beyond, len(load.muted & ear.told)


class Load(threading.Thread):
    """Posts alerts one after the other: most to be told, some silenced, some inhibited."""

    def __init__(self, product: Product, key: str, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.is_over = threading.Event()
        self.accepted: set[str] = set()
        self.muted: set[str] = set()
        self._product, self._key, self._rng = product, key, rng

    def run(self) -> None:
        number = 0
        while not self.is_over.is_set():
            batch = [self._make(number + i) for i in range(self._rng.randrange(1, 8))]
            number += len(batch)
            try:
                taken = _post(self._product, self._key, batch)
            except OSError:
                taken = False  # it is dead just now
            if taken:
                self.accepted |= {one["labels"]["instance"] for one in batch}
            time.sleep(0.02)

    def _make(self, number: int) -> dict[str, Any]:
        service = self._rng.choice(["edge", "edge", "core", "quiet", "below"])
        instance = f"n{number}"
        if service in {"quiet", "below"}:
            self.muted.add(instance)
        return _alert(
            "Slow" if service == "below" else f"Late{number % 7}", instance, service=service
        )


def _alert(name: str, instance: str, *, service: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "instance": instance, "service": service},
        "endsAt": "2100-01-01T00:00:00Z",
    }


def _post(product: Product, key: str, alerts: list[dict[str, Any]]) -> bool:
    return product.ask(ALERTS_PATH, key, body=json.dumps(alerts).encode())[0] == 200


def _product(folder: Path, ear: Ear) -> Product:
    url = f"http://127.0.0.1:{ear.server_address[1]}/"
    alerts = {
        "route": {
            "receiver": "team",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "4h",
        },
        "receivers": [{"name": "team", "to": ["hook"]}],
        "inhibit_rules": [
            {
                "source_matchers": ["alertname=Down"],
                "target_matchers": ["alertname=Slow"],
                "equal": ["service"],
            }
        ],
    }
    hook = {"use": "webhook", "url": url, "form": "alertmanager"}
    return Product(folder, {"acme": {"alerts": alerts, "channels": {"hook": hook}}})


def _ask(product: Product, statement: str) -> list[tuple[str]]:
    with closing(sqlite3.connect(product.folder / "auscult.db")) as connection:
        return connection.execute(statement).fetchall()


if __name__ == "__main__":
    run_alone(main)
