"""A real Alertmanager pages into auscult as if it were PagerDuty: triggered, taken, resolved."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH
from tests.integration.alertmanager.test_differential import alertmanager, post
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product

PATH = "/v2/enqueue"


def config_for(product: Product, key: str) -> dict[str, Any]:
    pager = {"routing_key": key, "url": f"{product.url}{PATH}", "component": "edge"}
    return {
        "route": {"receiver": "a", "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "a", "pagerduty_configs": [pager]}],
    }


@pytest.mark.timeout(120)
def test_alertmanager_pages_and_resolves_into_auscult(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {}})
    key, reader = product.key("acme", "writer"), product.key("acme")

    def shown() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = product.ask(ALERTS_PATH, reader)[1]
        return found

    def incidents() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = product.ask("/api/v1/incidents", reader)[1]["incidents"]
        return found

    def phase() -> str:
        path = f"/api/v1/incidents/{incidents()[0]['id']}"
        return str(product.ask(path, reader)[1]["incident"]["signals"][0]["phase"])

    with product, alertmanager(tmp_path, config_for(product, key)) as (url, _):
        alert: dict[str, Any] = {"labels": {"alertname": "Late", "severity": "critical"}}
        post(f"{url}{ALERTS_PATH}", [alert])
        wait_for(lambda: len(incidents()) == 1)
        (one,) = shown()
        assert one["labels"]["service"] == "edge"
        assert one["labels"]["severity"] == "error", "what Alertmanager calls all it does not know"
        assert "Late" in one["annotations"]["summary"]
        assert "Late" in json.loads(one["annotations"]["custom_details"])["firing"]
        assert one["generatorURL"].startswith("http"), "client_url"
        # A second pager takes it by the key that Alertmanager chose, and nothing else.
        taken = {
            "routing_key": key,
            "event_action": "acknowledge",
            "dedup_key": one["labels"]["dedup_key"],
        }
        assert product.ask(PATH, body=json.dumps(taken).encode())[0] == 202
        assert incidents()[0]["status"] == "acknowledged"
        product.kill()
        product.start()
        assert len(shown()) == 1
        alert["endsAt"] = datetime.now(UTC).isoformat()
        post(f"{url}{ALERTS_PATH}", [alert])
        wait_for(lambda: shown() == [])
        wait_for(lambda: phase() == "cleared", 30)
    assert key not in product.log.read_text()
