"""A hundred thousand alerts that fire: their memory, a page of their list, a change of one.

`python -m tests.benchmarks alerts_resident [--alerts N]`

Memory is the growth of the whole process from its first batch to when every alert has been sent
twice, with its database's cache, and all groups have been looked at; beside it Alertmanager's. Then
a page of 100 alerts out of the middle of the list (`GET /api/v2/alerts?limit=100&cursor=…`), and
one alert that is sent as resolved, answered when that is durable: medians over HTTP.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.alerts import BATCH, bodies, config_of, post
from tests.benchmarks.processes import resident_bytes
from tests.benchmarks.report import report, run_alone
from tests.integration.alertmanager.test_differential import alertmanager
from tests.product import Product

REST_S = 20.0
TIMES = 50
HUNDRED_THOUSAND = 100_000


def grown_mib(url: str, key: str, pid: int, posts: list[bytes]) -> float:
    """Return by how many MiB per 100,000 alerts a server grew."""
    post(url, posts[0], key)
    time.sleep(1)
    before = resident_bytes(pid)
    for one in posts + posts:
        post(url, one, key)
    time.sleep(REST_S)
    added = (len(posts) - 1) * BATCH
    return (resident_bytes(pid) - before) / 2**20 * HUNDRED_THOUSAND / added


def median_ms(ask: Callable[[int], object]) -> float:
    took = []
    for number in range(TIMES):
        began_s = time.perf_counter()
        ask(number)
        took.append(1_000 * (time.perf_counter() - began_s))
    return float(np.median(took))


def over(body: bytes, number: int) -> bytes:
    """Return one alert of a batch as it resolves."""
    one: dict[str, Any] = json.loads(body)[number]
    return json.dumps([{**one, "endsAt": datetime.now(UTC).isoformat()}]).encode()


def page(url: str, key: str, number: int) -> None:
    cursor = f"{number * 5 % 256:02x}00000000000000"
    request = urllib.request.Request(f"{url}/api/v2/alerts?limit=100&cursor={cursor}")
    request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert len(json.load(answer)) == 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=HUNDRED_THOUSAND)
    count = parser.parse_known_args(sys.argv[1:])[0].alerts
    posts = bodies(count, "many")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quiet = {"receivers": [{"name": "quiet"}, {"name": "hook"}]}
        product = Product(folder, {"acme": {"alerts": config_of() | quiet}})
        writer, reader = product.key("acme", "writer"), product.key("acme")
        with alertmanager(folder, config_of() | quiet) as (url, pid):
            print(f"  theirs: {grown_mib(url, '', pid, posts):.0f} MiB per 100,000 alerts")
        with product:
            assert product.process is not None
            grown = grown_mib(product.url, writer, product.process.pid, posts)
            report("alerts.resident_memory", grown, unit="MiB_per_100k", floor=400, goal=150)
            took = median_ms(lambda number: page(product.url, reader, number))
            report("alerts.list_page", took, unit="ms", floor=100, goal=20)
            changes = [over(posts[-1], number) for number in range(TIMES)]
            took = median_ms(lambda number: post(product.url, changes[number], writer))
            report("alerts.status_change", took, unit="ms", floor=50, goal=5)


if __name__ == "__main__":
    run_alone(main)
