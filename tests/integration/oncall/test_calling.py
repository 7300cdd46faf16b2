"""An incident calls people one after the other, also over a kill, and never twice for one step."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH, alert_body
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.timeout(240)
NAMES = ("ada", "bob", "cyn")


def settings(receiver: Receiver) -> dict[str, Any]:
    """Return three people behind webhooks of their own, a schedule, and a policy."""
    people = [{"name": name, "time_zone": "Europe/Berlin", "contacts": name} for name in NAMES]
    week = {"name": "week", "people": ["ada"], "start": "2026-01-05T09:00"}
    steps = [
        {"to": "schedule:support", "name": "L1"},
        {"to": "person:bob", "name": "L2", "wait_min": 1},
        {"to": "person:cyn", "name": "L3", "wait_min": 30},
    ]
    policy = {"name": "all", "steps": steps, "fallback": "channel:ops", "ack_min": 60}
    return {
        "channels": {
            name: {"use": "webhook", "url": f"{receiver.url}/{name}"} for name in (*NAMES, "ops")
        },
        "oncall": {
            "people": people,
            "schedules": [{"name": "support", "time_zone": "Europe/Berlin", "layers": [week]}],
            "policies": [policy],
            "policy": "all",
        },
    }


def told(receiver: Receiver, name: str) -> list[str]:
    """Return what a person was told, in the order it came."""
    return [json.loads(got[2])["type"] for got in receiver.got if got[0].endswith(f"/{name}")]


async def test_levels_are_called_by_time_and_by_hand_also_over_a_kill(tmp_path: Path) -> None:
    async with receiving() as receiver:
        product = Product(tmp_path, {"acme": settings(receiver)})
        key = product.key("acme")

        def act(incident: str, verb: str) -> dict[str, Any]:
            status, answer = product.ask(f"/api/v1/incidents/{incident}/{verb}", key, body=b"")
            assert status == 200, answer
            return answer["incident"]  # type: ignore[no-any-return]

        def run() -> None:
            with product:
                body = alert_body("Late", service="edge", severity="critical")
                assert product.ask(ALERTS_PATH, key, body=body)[0] == 200
                wait_for(lambda: told(receiver, "ada") == ["incident.opened"])
                (one,) = product.ask("/api/v1/incidents", key)[1]["incidents"]
                product.kill()
                time.sleep(1)
                product.start()
                wait_for(lambda: told(receiver, "bob") == ["incident.opened"], 90)
                assert told(receiver, "ada") == ["incident.opened"], "once, over the kill"
                act(one["id"], "acknowledge?for_min=45")
                wait_for(lambda: told(receiver, "bob")[-1] == "incident.acknowledged")
                assert told(receiver, "ada")[-1] == "incident.acknowledged"
                time.sleep(11)  # a tap within ten seconds of the last call is the same tap
                act(one["id"], "escalate")
                wait_for(lambda: told(receiver, "cyn") == ["incident.opened"])
                act(one["id"], "reassign?to=person:ada")
                wait_for(lambda: told(receiver, "ada")[-1] == "incident.escalated")
                status, answer = product.ask(
                    f"/api/v1/incidents/{one['id']}/reassign?to=person:zoe", key, body=b""
                )
                assert status == 404
                assert "zoe" in json.dumps(answer)
                act(one["id"], "resolve")
                for name in NAMES:
                    wait_for(lambda name=name: told(receiver, name)[-1] == "incident.resolved")
                story = product.ask(f"/api/v1/incidents/{one['id']}", key)[1]
                lines = [line["sentence"] for line in story["timeline"]]
                assert any(line.startswith("L1 called: ada by ada (on call in") for line in lines)
                assert any(line.startswith("L2 called: bob") for line in lines)

        await asyncio.to_thread(run)
        keys = [got[1]["webhook-id"] for got in receiver.got]
        assert len(set(keys)) == len(keys), "no message came twice"
        assert told(receiver, "ops") == []
