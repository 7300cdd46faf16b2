"""A real Alertmanager pages into auscult by its webhook, and what it tells is an alert again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH
from tests.integration.alertmanager.test_differential import alertmanager, post
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product

PATH = "/api/v1/alertmanager"


def told(status: str, **labels: str) -> dict[str, Any]:
    never, now = "0001-01-01T00:00:00Z", datetime.now(UTC).isoformat()
    return {
        "status": status,
        "labels": labels,
        "annotations": {},
        "startsAt": now,
        "endsAt": never if status == "firing" else now,
        "generatorURL": "",
        "fingerprint": "x",
    }


@pytest.mark.timeout(120)
def test_alertmanager_fires_and_resolves_into_auscult(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {}})
    key, reader = product.key("acme", "writer"), product.key("acme")
    hook = {
        "url": f"{product.url}{PATH}",
        "http_config": {"authorization": {"credentials": key}},
        "send_resolved": True,
    }
    config = {
        "route": {"receiver": "a", "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "a", "webhook_configs": [hook]}],
    }

    def names() -> set[str]:
        shown: Any = product.ask(ALERTS_PATH, reader)[1]
        return {one["labels"]["alertname"] for one in shown}

    with product, alertmanager(tmp_path, config) as (url, _):
        alert: dict[str, Any] = {"labels": {"alertname": "Late", "service": "edge"}}
        post(f"{url}{ALERTS_PATH}", [alert])
        wait_for(lambda: names() == {"Late"})
        assert names() == {"Late"}, "what fires has no end in a webhook"
        alert["endsAt"] = datetime.now(UTC).isoformat()
        post(f"{url}{ALERTS_PATH}", [alert])
        wait_for(lambda: names() == set())
        assert names() == set()


@pytest.mark.timeout(60)
def test_one_bad_alert_loses_no_other_and_other_shapes_are_refused(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {}})
    key = product.key("acme")
    with product:

        def send(body: object) -> tuple[int, Any]:
            return product.ask(PATH, key, body=json.dumps(body).encode())

        alerts = [told("firing", alertname="Good"), told("firing"), told("firing", **{"a b": "x"})]
        status, answer = send({"version": "4", "alerts": alerts, "groupKey": "x"})
        assert (status, answer["taken"], len(answer["rejected"])) == (200, 1, 2)
        (one,) = product.ask(ALERTS_PATH, key)[1]
        days = datetime.fromisoformat(one["endsAt"]) - datetime.fromisoformat(one["startsAt"])
        assert days.days >= 4, "it is held until it resolves"
        assert send({"version": "4", "alerts": [told("firing")]})[0] == 400
        wrongs: list[object] = [{"version": "3", "alerts": []}, {"text": "mine"}, []]
        for wrong in [*wrongs, {"version": "4"}]:
            assert send(wrong)[0] == 400
        assert product.ask(PATH, key, body=b"\xff")[0] == 400
