"""PagerDuty's Events API v2 over the real engine, on both databases: each action, and bad input."""

import json
from pathlib import Path
from typing import Any

import pytest

from auscult.engine import Engine
from auscult.kernel.incidents import Status
from auscult.kernel.times import DAY_MS
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import parse_settings
from auscult.signals.alerts import read_event
from auscult.surface.api.pagerduty.enqueue import PATH
from tests.contract.surface.conftest import OWNER, STRANGER, House
from tests.unit.surface.client import Answer, ask

GOOD: dict[str, Any] = {"summary": "audio is late", "source": "edge-1", "severity": "critical"}


def event(key: str, action: str = "trigger", dedup: str = "", **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"routing_key": key, "event_action": action}
    if dedup:
        said["dedup_key"] = dedup
    if action == "trigger":
        said["payload"] = GOOD
    return said | more


PATIENT = """
store: {{url: "sqlite:///{folder}/a.db"}}
data_dir: {folder}
tenants:
  acme:
    alerts:
      route: {{receiver: ops, group_wait: 5m, group_interval: 5m}}
      receivers: [{{name: ops, incidents: true}}]
"""


async def send(house: House, body: object, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(house.app, PATH, method="POST", body=raw, headers=headers)


async def alerts(house: House, tenant: str = OWNER) -> list[dict[str, Any]]:
    key = house.keys[tenant, "member"]
    found = (await ask(house.app, "/api/v2/alerts", key=key)).data
    return [one for one in found if "dedup_key" in one["labels"]]


async def story_of(house: House, service: str) -> dict[str, Any] | None:
    key = house.keys[OWNER, "member"]
    path = f"/api/v1/incidents?state=all&service={service}"
    found: list[dict[str, Any]] = (await ask(house.app, path, key=key)).data["incidents"]
    return found[0] if found else None


async def test_every_role_may_send_and_only_to_its_own_tenant(house: House) -> None:
    for role in ("writer", "member", "admin"):
        answer = await send(house, event(house.keys[OWNER, role], dedup=role))
        assert answer.status == 202
        assert answer.data == {
            "status": "success",
            "message": "Event processed",
            "dedup_key": role,
        }
    assert {one["labels"]["dedup_key"] for one in await alerts(house)} == {
        "writer",
        "member",
        "admin",
    }
    assert await alerts(house, STRANGER) == []
    claimed = await send(house, event(house.keys[STRANGER, "admin"]), **{"X-Scope-OrgID": OWNER})
    assert claimed.status == 400


async def test_a_key_is_made_where_none_is_given_and_what_fires_has_no_near_end(
    house: House,
) -> None:
    answers = [await send(house, event(house.keys[OWNER, "writer"])) for _ in range(2)]
    made = {one.data["dedup_key"] for one in answers}
    assert len(made) == 2, "two events without a key are two problems"
    now_ms = house.engine.clock.now_ms()
    with house.engine.store.read() as work:
        live = work.of(OWNER).alerts.live(now_ms + 29 * DAY_MS)
    assert {dict(one.labels).get("dedup_key") for one in live} == made


async def test_what_resolves_needs_its_key_alone_and_another_tenants_does_nothing(
    house: House,
) -> None:
    await send(house, event(house.keys[OWNER, "writer"], dedup="k" * 255))
    stranger = event(house.keys[STRANGER, "writer"], "resolve", "k" * 255)
    assert (await send(house, stranger)).status == 202
    assert len(await alerts(house)) == 1
    resolve = event(house.keys[OWNER, "writer"], "resolve", "k" * 255)
    assert (await send(house, resolve)).data["dedup_key"] == "k" * 255
    assert await alerts(house) == []
    assert (await send(house, resolve)).status == 202, "it is over already"


async def test_a_further_trigger_is_about_the_same_alert_whatever_it_says(house: House) -> None:
    key = house.keys[OWNER, "writer"]
    await send(house, event(key, dedup="one"))
    worse = GOOD | {"summary": "audio is later", "severity": "info", "source": "edge-2"}
    await send(house, event(key, dedup="one", payload=worse))
    (only,) = await alerts(house)
    assert only["labels"]["severity"] == "critical", "who silenced it knows it by its labels"
    assert only["annotations"]["summary"] == "audio is later"
    await send(house, event(key, "resolve", "one"))
    await send(house, event(key, dedup="one", payload=worse))
    (again,) = await alerts(house)
    assert again["labels"]["severity"] == "info", "what ended may begin in other words"


async def test_an_acknowledgement_reaches_the_incident_even_at_once(house: House) -> None:
    key = house.keys[OWNER, "writer"]
    payload = GOOD | {"component": "packager"}
    await send(house, event(key, dedup="a", payload=payload))
    assert (await send(house, event(key, "acknowledge", "a", client="Nagios"))).status == 202
    story = await story_of(house, "packager")
    assert story is not None
    assert story["status"] == "acknowledged"
    assert story["acknowledged_by"] == "Nagios (acme/acme-writer)"
    assert (await send(house, event(key, "acknowledge", "nothing"))).status == 202
    await send(house, event(key, "resolve", "a"))
    assert (await send(house, event(key, "acknowledge", "a"))).status == 202


async def test_an_acknowledgement_ends_the_wait_for_the_incident_it_takes(tmp_path: Path) -> None:
    settings = parse_settings(PATIENT.format(folder=tmp_path))
    engine = Engine(settings, clock=SystemClock(), environ={})
    await engine.start()
    try:
        trigger = read_event(json.dumps(event("x", dedup="a")).encode())
        await engine.alerts.receive_event(OWNER, trigger, by="ann")
        with engine.store.read() as work:
            assert work.of(OWNER).incidents.recent(9) == [], "its group waits for its fellows"
        taken = read_event(json.dumps(event("x", "acknowledge", "a")).encode())
        for _ in range(2):
            await engine.alerts.receive_event(OWNER, taken, by="ann")
        with engine.store.read() as work:
            (one,) = work.of(OWNER).incidents.recent(9)
            (group,) = work.of(OWNER).groups.page()
        assert (one.status, one.acknowledged_by) == (Status.ACKNOWLEDGED, "ann")
        assert group.next_ms > engine.clock.now_ms() + 200_000, "it looks again at its interval"
    finally:
        await engine.stop()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routing_key": None}, "routing_key"),
        ({"routing_key": "ak_nobody"}, "'routing_key' is not an API key"),
        ({"routing_key": "x" * 1_000}, "routing_key"),
        ({"event_action": "close"}, "event_action"),
        ({"dedup_key": "k" * 256}, "dedup_key"),
        ({"event_action": "resolve"}, "'dedup_key' is missing or blank"),
        ({"event_action": "acknowledge", "dedup_key": None}, "'dedup_key' is missing or blank"),
        ({"payload": None}, "'payload' is missing or blank"),
        ({"payload": GOOD | {"summary": " "}}, "'payload.summary' is missing or blank"),
        ({"payload": {"source": "x", "severity": "info"}}, "'payload.summary' is missing"),
        ({"payload": {"summary": "x", "severity": "info"}}, "'payload.source' is missing"),
        ({"payload": GOOD | {"severity": "bad"}}, "'payload.severity' is invalid"),
        ({"payload": GOOD | {"timestamp": "soon"}}, "'payload.timestamp' is invalid"),
        ({"links": [{"text": "no address"}]}, "'links.0.href' is missing"),
        ({"images": [{"src": "x"}] * 101}, "'images' is invalid"),
    ],
)
async def test_what_is_no_event_is_refused_in_pagerdutys_words(
    house: House, change: dict[str, Any], said: str
) -> None:
    whole = event(house.keys[OWNER, "writer"]) | change
    answer = await send(house, {name: one for name, one in whole.items() if one is not None})
    assert answer.status == 400
    assert answer.data["status"] == "invalid event"
    assert answer.data["message"]
    assert any(said in one for one in answer.data["errors"]), answer.data
    assert await alerts(house) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(house: House, body: bytes) -> None:
    answer = await send(house, body)
    assert (answer.status, answer.data["status"]) == (400, "invalid event")
    assert answer.data["errors"]


async def test_every_fault_is_named_at_once(house: House) -> None:
    answer = await send(house, {"event_action": "x", "payload": {}})
    assert len(answer.data["errors"]) == 5


async def test_a_body_above_512_kb_is_refused_and_a_long_one_taken(house: House) -> None:
    key = house.keys[OWNER, "writer"]
    payload = GOOD | {"custom_details": {"log": '"' * 200_000}}
    assert (await send(house, event(key, dedup="long", payload=payload))).status == 202
    (one,) = await alerts(house)
    assert len(one["annotations"]["custom_details"]) <= 65_536
    payload["custom_details"] = "x" * 512_001
    answer = await send(house, event(key, payload=payload))
    assert (answer.status, answer.data["status"]) == (413, "invalid event")


async def test_long_words_are_cut_and_odd_ones_kept(house: House) -> None:
    payload = {
        **GOOD,
        "summary": "s" * 5_000,
        "source": "\x00 edge",
        "severity": "error",
        "timestamp": "0001-01-01T00:00:00Z",
        "component": "c" * 5_000,
        "class": "Late",
        "group": "edges",
    }
    more: dict[str, Any] = {
        "links": [{"href": "http://x/1"}],
        "images": [{"src": "http://x/2"}],
        "client": "Nagios",
    }
    key = house.keys[OWNER, "writer"]
    assert (await send(house, event(key, payload=payload, **more))).status == 202
    (one,) = await alerts(house)
    assert len(one["annotations"]["summary"]) == 1_024
    assert len(one["labels"]["service"]) == 1_024
    assert one["labels"]["alertname"] == one["labels"]["class"] == "Late"
    assert one["labels"]["group"] == "edges"
    assert one["generatorURL"] == "http://x/1"
    assert json.loads(one["annotations"]["images"]) == [{"src": "http://x/2"}]
    assert one["startsAt"] > "2026"
