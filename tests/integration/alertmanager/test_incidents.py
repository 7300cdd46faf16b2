"""Without a tree of its own a tenant's alerts become incidents, paged by its routes."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product
from tests.receiver import receiving


def body(name: str, *, ends: bool = False, **labels: str) -> bytes:
    alert: dict[str, Any] = {
        "labels": {"alertname": name, "service": "edge", **labels},
        "annotations": {"summary": "audio is late"},
    }
    if ends:
        alert["endsAt"] = datetime.now(UTC).isoformat()
    return json.dumps([alert]).encode()


@pytest.mark.timeout(120)
async def test_an_alert_is_part_of_an_incident_and_pages_once(tmp_path: Path) -> None:
    async with receiving() as receiver:
        channels = {"hook": {"use": "webhook", "url": f"{receiver.url}/hook"}}
        product = Product(tmp_path, {"acme": {"channels": channels, "routes": [{"to": ["hook"]}]}})
        key = product.key("acme")

        def incidents() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = product.ask("/api/v1/incidents", key)[1]["incidents"]
            return found

        def run() -> None:
            with product:
                for instance in ("a", "b"):
                    alert = body("Late", severity="critical", instance=instance)
                    assert product.ask(ALERTS_PATH, key, body=alert)[0] == 200
                wait_for(lambda: len(incidents()) == 1)
                (one,) = incidents()
                assert one["severity"] == "critical"
                assert "audio is late" in one["headline"]
                product.kill()
                product.start()
                time.sleep(2)
                for instance in ("a", "b"):
                    alert = body("Late", severity="critical", instance=instance, ends=True)
                    assert product.ask(ALERTS_PATH, key, body=alert)[0] == 200

                def phases() -> list[str]:
                    told = product.ask(f"/api/v1/incidents/{one['id']}", key)[1]["incident"]
                    assert {signal["seen_by"] for signal in told["signals"]} == {"alerts"}
                    assert {signal["subject"]["service"] for signal in told["signals"]} == {"edge"}
                    return [signal["phase"] for signal in told["signals"]]

                assert phases() == ["firing"]
                wait_for(lambda: phases() == ["cleared"], 30)

        await asyncio.to_thread(run)
        opened = {
            headers["webhook-id"]
            for _, headers, body in receiver.got
            if json.loads(body)["type"] == "incident.opened"
        }
        assert len(opened) == 1, "one in flight at the kill is sent again, under the same id"
