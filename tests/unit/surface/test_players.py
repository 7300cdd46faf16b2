"""Player events as a client sends them."""

import json

from fastapi import FastAPI

from auscult.kernel.errors import QueueFull
from auscult.surface.api.telemetry.players import documented_batch
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine

PATH = "/api/v1/players/events"


async def post(app: FastAPI, *events: object, media: str = "application/json") -> Answer:
    body = json.dumps({"events": events}).encode()
    headers = {"content-type": media}
    return await ask(app, PATH, method="POST", key="acme-writer", headers=headers, body=body)


async def test_what_became_of_each_event_is_said(app: FastAPI) -> None:
    answer = await post(app, {"event": "end"}, {"event": "sing"})
    assert answer.status == 200
    assert (answer.data["taken"], answer.data["rejected"]) == (1, 1)
    assert answer.data["reasons"][0]["index"] == 1
    assert "startup" in answer.data["reasons"][0]["why"]


async def test_what_cannot_be_taken_says_so(app: FastAPI, engine: FakeEngine) -> None:
    assert (await post(app, media="text/plain")).status == 415
    broken = {"content-type": "application/json"}
    answer = await ask(app, PATH, method="POST", key="acme-writer", headers=broken, body=b"{")
    assert (answer.status, answer.code) == (400, "input.malformed")
    engine.telemetry.failure = QueueFull("many wait")
    assert (await post(app, {"event": "end"})).status == 503
    large = b" " * (5 << 20)
    answer = await ask(app, PATH, method="POST", key="acme-writer", headers=broken, body=large)
    assert answer.status == 413


async def test_the_schema_stands_in_the_description(app: FastAPI) -> None:
    described = (await ask(app, "/api/v1/openapi.json")).data["paths"][PATH]["post"]
    content = described["requestBody"]["content"]["application/json"]["schema"]
    event = content["properties"]["events"]["items"]
    assert event["properties"]["event"]["enum"] == ["startup", "stall", "switch", "failure", "end"]
    assert "$ref" not in json.dumps(documented_batch())
