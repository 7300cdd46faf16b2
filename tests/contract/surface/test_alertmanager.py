"""What Alertmanager's clients may send, over the real engine: other versions, other credentials."""

import json
from base64 import b64encode
from typing import Any

import pytest

from auscult.surface.api.alertmanager.silences import MATCHERS_CHARS_MAX
from tests.alerts import ALERTS_PATH, SILENCES_PATH, alert_body, silence_body
from tests.contract.surface.conftest import OWNER, House
from tests.unit.surface.client import Answer, ask

HOSTS = "|".join(f"edge-{number:03d}.eu-west.example.org:9100" for number in range(100))


def basic(password: str, name: str = "anybody") -> dict[str, str]:
    said = b64encode(f"{name}:{password}".encode()).decode()
    return {"authorization": f"Basic {said}"}


async def get(house: House, path: str, **headers: str) -> Answer:
    return await ask(house.app, path, key=house.keys[OWNER, "member"], headers=headers)


async def post(house: House, path: str, body: bytes) -> Answer:
    key = house.keys[OWNER, "member"]
    return await ask(house.app, path, method="POST", key=key, body=body)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_it_is_looked_after_as_alertmanager_is(house: House, method: str) -> None:
    for path in ("/-/healthy", "/-/ready"):
        answer = await ask(house.app, path, method=method)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain")
    other = await ask(house.app, "/-/quit", method=method)
    assert other.status == 404
    assert "html" not in other.headers["content-type"]


async def test_the_key_may_be_a_password_where_clients_know_nothing_else(house: House) -> None:
    key = house.keys[OWNER, "member"]
    for path in (ALERTS_PATH, SILENCES_PATH, "/api/v2/status"):
        assert (await ask(house.app, path, headers=basic(key))).status == 200
        for wrong in (basic("guessed"), basic(""), {"authorization": "Basic %%"}, basic(key[:-1])):
            answer = await ask(house.app, path, headers=wrong)
            assert answer.status == 401
            assert answer.headers["www-authenticate"].startswith("Bearer"), "no browser asks"
    posted = await ask(
        house.app, ALERTS_PATH, method="POST", headers=basic(key), body=alert_body("x")
    )
    assert posted.status == 200
    assert (await ask(house.app, "/api/v1/incidents", headers=basic(key))).status == 401, (
        "elsewhere"
    )


async def test_an_event_may_bring_its_key_beside_it(house: House) -> None:
    payload = {"summary": "late", "source": "edge", "severity": "critical"}
    event = {"routing_key": "R0UT1NG", "event_action": "trigger", "payload": payload}
    body, key = json.dumps(event).encode(), house.keys[OWNER, "writer"]
    for headers in (basic(key), {"authorization": f"Bearer {key}"}):
        answer = await ask(house.app, "/v2/enqueue", method="POST", headers=headers, body=body)
        assert answer.status == 202
    for headers in (basic("guessed"), {}):
        answer = await ask(house.app, "/v2/enqueue", method="POST", headers=headers, body=body)
        assert answer.status == 400


@pytest.mark.parametrize(
    "path",
    [
        f"{ALERTS_PATH}?receiver_matchers=a%3Db",
        f"{ALERTS_PATH}/groups?muted=true&later=1",
        f"{SILENCES_PATH}?later=1",
        "/api/v2/status?later=1",
        "/api/v2/receivers?later=1",
    ],
)
async def test_what_a_later_client_asks_for_besides_is_passed_over(house: House, path: str) -> None:
    assert (await get(house, path)).status == 200


async def test_silences_are_asked_for_by_state_and_by_who_made_them(house: House) -> None:
    made = await post(house, SILENCES_PATH, silence_body("mine", createdBy="cy"))
    over = await post(house, SILENCES_PATH, silence_body("over", createdBy="cy"))
    path = f"/api/v2/silence/{over.data['silenceID']}"
    assert (
        await ask(house.app, path, method="DELETE", key=house.keys[OWNER, "member"])
    ).status == 200

    async def shown(query: str) -> set[str]:
        answer = await get(house, f"{SILENCES_PATH}?creator=cy&{query}")
        return {one["id"] for one in answer.data}

    mine, other = made.data["silenceID"], over.data["silenceID"]
    assert await shown("") == {mine, other}
    assert await shown("expired=false") == {mine}
    assert await shown("active=false&pending=false") == {other}
    assert (await get(house, f"{SILENCES_PATH}?creator=nobody")).data == []


async def test_a_silence_may_name_many_hosts(house: House) -> None:
    def matcher(value: str, *, regex: bool) -> list[dict[str, Any]]:
        return [{"name": "instance", "value": value, "isRegex": regex, "isEqual": True}]

    for value, regex in ((HOSTS, True), ("x" * (MATCHERS_CHARS_MAX - 8), False)):
        body = silence_body("x", matchers=matcher(value, regex=regex))
        assert (await post(house, SILENCES_PATH, body)).status == 200
    for value, regex in (("x" * 10_000, True), ("x" * (MATCHERS_CHARS_MAX - 7), False)):
        body = silence_body("x", matchers=matcher(value, regex=regex))
        answer = await post(house, SILENCES_PATH, body)
        assert answer.status == 400
        assert "characters" in answer.data


async def test_an_alert_without_a_link_says_none(house: House) -> None:
    linked = {"labels": {"alertname": "Linked"}, "generatorURL": "http://prometheus/graph"}
    plain = {"labels": {"alertname": "Plain", "none": None}, "generatorURL": ""}
    assert (await post(house, ALERTS_PATH, json.dumps([linked, plain]).encode())).status == 200
    told = {one["labels"]["alertname"]: one for one in (await get(house, ALERTS_PATH)).data}
    assert told["Linked"]["generatorURL"] == "http://prometheus/graph"
    assert "generatorURL" not in told["Plain"]
    assert told["Plain"]["labels"] == {"alertname": "Plain"}
