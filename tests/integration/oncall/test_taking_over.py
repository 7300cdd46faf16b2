"""Somebody takes over from a vendor's calendar: told once, called over a kill, and given back."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH, alert_body
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product
from tests.receiver import Answer, Receiver, receiving

pytestmark = pytest.mark.timeout(240)
OVERRIDES = "/api/v1/oncall/schedules/support/overrides"
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//vendor//EN
BEGIN:VEVENT
UID:1
DTSTART:{start:%Y%m%dT%H%M%SZ}
DTEND:{end:%Y%m%dT%H%M%SZ}
SUMMARY:Ada
END:VEVENT
END:VCALENDAR
"""


def calendar() -> bytes:
    """Return a calendar in which ada is on call from yesterday on for a month."""
    now = datetime.now(UTC)
    start, end = now - timedelta(days=1), now + timedelta(days=30)
    return CALENDAR.format(start=start, end=end).encode()


def settings(receiver: Receiver) -> dict[str, Any]:
    people = [{"name": name, "time_zone": "UTC", "contacts": name} for name in ("ada", "bob")]
    vendor = {"name": "vendor", "calendar": f"{receiver.url}/secret/vendor.ics"}
    policy = {"name": "p", "steps": [{"to": "schedule:support"}], "fallback": "channel:ops"}
    return {
        "channels": {
            name: {"use": "webhook", "url": f"{receiver.url}/{name}"}
            for name in ("ada", "bob", "ops")
        },
        "oncall": {
            "people": people,
            "schedules": [{"name": "support", "time_zone": "UTC", "layers": [vendor]}],
            "policies": [policy],
            "policy": "p",
        },
    }


def told(receiver: Receiver, name: str) -> list[str]:
    """Return what a person was told, in the order it came."""
    mine = [json.loads(got[2]) for got in receiver.got if got[0].endswith(f"/{name}")]
    return [f"{one['type']} {one['data']['message']['title']}" for one in mine]


def is_called(receiver: Receiver, name: str) -> bool:
    """Say whether somebody was called to the incident at the edge."""
    return any(one.startswith("incident.opened edge") for one in told(receiver, name))


async def test_a_takeover_is_told_called_and_given_back_over_a_kill(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answer = Answer(body=calendar())
        product = Product(tmp_path, {"acme": settings(receiver)})
        key = product.key("acme")

        def on_call() -> list[str]:
            (one,) = product.ask("/api/v1/oncall", key)[1]["schedules"]
            return [turn["person"] for turn in one["on_call"]]

        def run() -> None:
            with product:
                wait_for(lambda: on_call() == ["ada"])
                wish = json.dumps({"person": "bob", "for_min": 600}).encode()
                status, made = product.ask(OVERRIDES, key, body=wish)
                assert status == 201, made
                over = "incident.noted Handover in support: ada to bob"
                wait_for(lambda: told(receiver, "ada") == told(receiver, "bob") == [over])
                product.kill()
                receiver.answer = Answer(body=b"<html>log in</html>")
                time.sleep(1)
                product.start()
                assert on_call() == ["bob"]
                body = alert_body("Late", service="edge", severity="critical")
                assert product.ask(ALERTS_PATH, key, body=body)[0] == 200
                wait_for(lambda: is_called(receiver, "bob"))
                assert not is_called(receiver, "ada")
                broken = "Calendar vendor of support cannot be read: no calendar"
                wait_for(lambda: broken in json.dumps(product.ask("/api/v1/incidents", key)[1]))
                give_back(product, made["override"]["id"], key)
                assert on_call() == ["ada"], "the last good copy holds"
                back = "incident.noted Handover in support: bob to ada"
                wait_for(lambda: back in told(receiver, "ada") and back in told(receiver, "bob"))
                assert told(receiver, "ada").count(over) == 1
                assert "secret" not in product.log.read_text()

        await asyncio.to_thread(run)
        keys = [got[1]["webhook-id"] for got in receiver.got if "webhook-id" in got[1]]
        assert len(set(keys)) == len(keys), "no message came twice"


def give_back(product: Product, override: str, key: str) -> None:
    import urllib.request

    request = urllib.request.Request(f"{product.url}{OVERRIDES}/{override}", method="DELETE")
    request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204
