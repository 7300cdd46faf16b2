"""The running product says it in the tenant's words, and in its own where these fail."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH, alert_body
from tests.integration.settings.scene import RULE, incidents, push
from tests.product import BIN, Product
from tests.receiver import Receiver, receiving

BROKEN = "{% if service == 'edge' %}{{ fields[99] }}{% else %}x{% endif %}"


async def until(receiver: Receiver, path: str) -> dict[str, Any]:
    for _ in range(300):
        for got, _, body in receiver.got:
            if got == path:
                told: dict[str, Any] = json.loads(body)["data"]["message"]
                return told
        await asyncio.sleep(0.1)
    pytest.fail(f"nothing came to {path}")


def settings_for(receiver: Receiver) -> dict[str, Any]:
    return {
        "detectors": [RULE],
        "channels": {
            name: {"use": "webhook", "url": f"{receiver.url}/{name}"}
            for name in ("ops", "broken", "alerts")
        },
        "routes": [{"to": ["ops", "broken"]}],
        "alerts": {
            "route": {"receiver": "team", "group_wait": "0s"},
            "receivers": [{"name": "team", "to": ["alerts"]}],
        },
        "templates": {
            "title": "{{ tenant }} {{ kind }}: {{ service }}",
            "channels": {"broken": {"text": BROKEN}, "alerts": {"text": "{{ labels.pod }}!"}},
        },
    }


@pytest.mark.timeout(120)
async def test_messages_are_in_the_tenants_words(tmp_path: Path) -> None:
    async with receiving() as receiver:
        product = Product(tmp_path, {"acme": settings_for(receiver)})
        key = await asyncio.to_thread(product.key, "acme", "admin")
        await asyncio.to_thread(product.start)
        try:
            assert await asyncio.to_thread(push, product, key, "edge", 1.0) == 204
            ops, broken = await until(receiver, "/ops"), await until(receiver, "/broken")
            assert ops["title"] == broken["title"] == "acme opened: edge"
            assert "To acknowledge: " in ops["text"]
            *default, remark = broken["text"].split("\n")
            assert "\n".join(default) == ops["text"]
            assert remark.startswith("The template of the text failed: line 1: ")
            body = alert_body("Late", service="packager", pod="p-7")
            assert (await asyncio.to_thread(product.ask, ALERTS_PATH, key, body=body))[0] == 200
            told = await until(receiver, "/alerts")
            assert (told["title"], told["text"]) == ("acme opened: packager", "p-7.")
            incident = (await asyncio.to_thread(incidents, product, key))[0]["id"]
            shown = await asyncio.to_thread(preview, product, incident)
            assert "── ops, opened (by your template)\nacme opened: edge" in shown
            assert "── broken, resolved (by your template)\nacme resolved: edge" in shown
            assert "Over after" not in shown, "a sample's words"
        finally:
            assert await asyncio.to_thread(product.stop) == 0


def preview(product: Product, incident: str) -> str:
    command = [str(BIN / "auscult"), "preview", "-c", str(product.config), "--incident", incident]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return str(done.stdout)
