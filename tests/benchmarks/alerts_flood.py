"""One tenant floods: how much longer another tenant's pages take.

`python -m tests.benchmarks alerts_flood [--pages N]`

A tenant sends single alerts, each told to a webhook at once, and is timed from the post to the
webhook: first alone, then while another tenant sends a hundred times as many alerts in the same
time, each a group of its own, told to a webhook of the same settings. What the other is told is
more than its channel's `per_minute`, so that it has hundreds of messages waiting all the while.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.alerts import Bell, config_of, post, ringing, wait_for
from tests.benchmarks.report import report, run_alone
from tests.product import Product

EVERY_S = 0.5
TIMES, BATCH = 100, 10


def settings(bell: Bell) -> dict[str, object]:
    receivers = [{"name": "quiet"}, {"name": "hook", "to": ["hook"]}]
    hook = {"use": "webhook", "url": bell.url("ours"), "form": "alertmanager"}
    return {"alerts": config_of() | {"receivers": receivers}, "channels": {"hook": hook}}


def alerts(prefix: str, first: int, count: int) -> bytes:
    numbers = range(first, first + count)
    labels = [{"alertname": f"{prefix}{number}", "kind": "loud"} for number in numbers]
    return json.dumps([{"labels": one} for one in labels]).encode()


def page_ms(product: Product, key: str, bell: Bell, prefix: str, count: int) -> list[float]:
    """Return how long each of some pages took."""
    took = []
    for number in range(count):
        sent_s, name = time.monotonic(), f"{prefix}{number}"
        post(product.url, alerts(prefix, number, 1), key)
        wait_for(lambda name=name: ("ours", name) in bell.first_s)  # type: ignore[misc]
        took.append(1_000 * (bell.first_s["ours", name] - sent_s))
        time.sleep(max(0.0, sent_s + EVERY_S - time.monotonic()))
    return took


def flood(product: Product, key: str, stop: threading.Event) -> None:
    """Send a hundred times as many as the other, in posts of a few."""
    sent, began_s = 0, time.monotonic()
    while not stop.is_set():
        post(product.url, alerts("noise", sent, BATCH), key)
        sent += BATCH
        time.sleep(max(0.0, began_s + sent * EVERY_S / TIMES - time.monotonic()))
    took_s = time.monotonic() - began_s
    print(f"  the other sent {sent / took_s:.0f} alerts a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100)
    count = parser.parse_known_args(sys.argv[1:])[0].pages
    with tempfile.TemporaryDirectory() as name, ringing() as bell:
        product = Product(Path(name), {"calm": settings(bell), "noisy": settings(bell)})
        calm, noisy = product.key("calm", "writer"), product.key("noisy", "writer")
        with product:
            page_ms(product, calm, bell, "first", 10)
            alone = page_ms(product, calm, bell, "alone", count)
            stop = threading.Event()
            other = threading.Thread(target=flood, args=(product, noisy, stop))
            other.start()
            time.sleep(5)
            beside = page_ms(product, calm, bell, "beside", count)
            stop.set()
            other.join()
    for said, took in (("alone", alone), ("beside the flood", beside)):
        p50, p99 = (float(np.quantile(took, share)) for share in (0.5, 0.99))
        print(f"  {said}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    growth = float(np.quantile(beside, 0.99) / np.quantile(alone, 0.99))
    report("alerts.flood_delay_p99", growth, unit="times_alone", floor=2, goal=1.1)


if __name__ == "__main__":
    run_alone(main)
