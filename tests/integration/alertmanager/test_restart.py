"""Killed with -9 it has every alert and silence it accepted, and tells nobody what is muted."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from auscult.kernel.times import rfc3339
from tests.alerts import ALERTS_PATH, SILENCES_PATH, alert_body, silence_body
from tests.integration.alertmanager.test_differential import Ear, hearing
from tests.product import Product

SECOND: dict[str, str] = {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "1h"}


def product_of(folder: Path, ear: Ear) -> Product:
    alerts = {
        "route": {"receiver": "team", "group_by": ["alertname"], **SECOND},
        "receivers": [{"name": "team", "to": ["hook"]}],
        "inhibit_rules": [
            {
                "source_matchers": ['severity="critical"'],
                "target_matchers": ['severity="warning"'],
                "equal": ["service"],
            }
        ],
    }
    hook = {"use": "webhook", "url": ear.url("ours"), "form": "alertmanager"}
    return Product(folder, {"acme": {"alerts": alerts, "channels": {"hook": hook}}})


@pytest.mark.timeout(120)
def test_a_kill_loses_nothing_doubles_nothing_and_wakes_nobody_for_what_is_muted(
    tmp_path: Path,
) -> None:
    with hearing() as ear:
        product = product_of(tmp_path, ear)
        key = product.key("acme")
        product.start()

        def post(name: str, **labels: str) -> None:
            assert product.ask(ALERTS_PATH, key, body=alert_body(name, **labels))[0] == 200

        assert product.ask(SILENCES_PATH, key, body=silence_body("quiet"))[0] == 200
        post("Down", service="db", severity="critical")
        wait_for(lambda: len(ear.heard["ours"]) == 1)
        post("Slow", service="db", severity="warning")
        post("Known", service="quiet", severity="warning")
        post("Fresh", service="edge", severity="warning")
        product.kill()
        product.start()
        # The target is sent again before its source, as Prometheus may.
        post("Slow", service="db", severity="warning")
        wait_for(lambda: len(ear.heard["ours"]) == 2)
        time.sleep(5)
        told = {json.dumps(one) for one in ear.heard["ours"]}
        assert len(ear.heard["ours"]) == 2, told
        assert sum("Fresh" in one for one in told) == 1
        assert sum("Down" in one for one in told) == 1
        assert len(ear.times) == 2, "nothing was told twice"
        shown: Any = product.ask(ALERTS_PATH, key)[1]
        states = {one["labels"]["alertname"]: one["status"]["state"] for one in shown}
        assert states == {
            "Down": "active",
            "Fresh": "active",
            "Slow": "suppressed",
            "Known": "suppressed",
        }
        assert product.stop() == 0


RENEWED_S = 15
"""For so long an alert fires on what was said of it once."""


@pytest.mark.timeout(120)
def test_an_outage_longer_than_an_alert_is_granted_tells_nothing(tmp_path: Path) -> None:
    with hearing() as ear:
        product = product_of(tmp_path, ear)
        key = product.key("acme")
        product.start()
        began = rfc3339(time_ms())

        def post(name: str, severity: str) -> None:
            alert = {
                "labels": {"alertname": name, "service": "db", "severity": severity},
                "startsAt": began,
                "endsAt": rfc3339(time_ms() + 1_000 * RENEWED_S),
            }
            assert product.ask(ALERTS_PATH, key, body=json.dumps([alert]).encode())[0] == 200

        post("Down", "critical")
        post("Slow", "warning")
        wait_for(lambda: len(ear.heard["ours"]) == 1)
        post("Down", "critical")
        post("Slow", "warning")
        product.kill()
        time.sleep(RENEWED_S + 2)
        product.start()
        time.sleep(2)
        # The target is heard of again before its source, as from Prometheus.
        post("Slow", "warning")
        time.sleep(1)
        for _ in range(3):
            post("Down", "critical")
            post("Slow", "warning")
            time.sleep(1)
        assert len(ear.times) == 1, ear.heard["ours"]
        wait_for(lambda: any("resolved" in one for one in ear.heard["ours"]), 3 * RENEWED_S)
        assert product.stop() == 0


def time_ms() -> int:
    return int(1_000 * time.time())


def wait_for(holds: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
