"""On call over HTTP: who, until when, shifts, calendars, and taking over."""

import json
from typing import Any

import pytest
import yaml
from fastapi import FastAPI

from auscult.kernel.times import DAY_MS, HOUR_MS
from auscult.kernel.words import TenantId
from auscult.notification.oncall import OnCall
from auscult.store import Credential
from tests.unit.notification.oncall.times import utc
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine

NOW_MS = utc("2026-11-30 12:00")
PATH = "/api/v1/oncall/schedules/nights"
SETTINGS = """
people:
  - {name: ada, time_zone: UTC, contacts: [chat], also: [ada@example.com]}
  - {name: bob, time_zone: UTC, contacts: [chat]}
schedules:
  - name: nights
    time_zone: Europe/Berlin
    layers:
      - {name: days, people: [ada, bob], start: 2026-11-30T09:00, turn: 1 day,
         until: 2026-12-10T09:00}
policy: ""
"""


@pytest.fixture
def engine(engine: FakeEngine) -> FakeEngine:
    engine.clock.at_ms = NOW_MS
    engine.oncall.sections[TenantId("acme")] = OnCall.model_validate(yaml.safe_load(SETTINGS))
    engine.keys["adas"] = Credential(TenantId("acme"), "key-ada", "member", "Ada@example.com")
    return engine


async def get(app: FastAPI, path: str) -> Answer:
    return await ask(app, path, key="acme-member")


async def post(app: FastAPI, *, key: str = "acme-member", **body: Any) -> Answer:
    return await ask(
        app, f"{PATH}/overrides", method="POST", key=key, body=json.dumps(body).encode()
    )


async def test_who_is_on_call_now_and_at_another_time(app: FastAPI, engine: FakeEngine) -> None:
    now = (await get(app, "/api/v1/oncall")).data
    (one,) = now["schedules"]
    assert one["on_call"] == [
        {"person": "ada", "why": "layer days", "until_ms": utc("2026-12-01 08:00")}
    ]
    assert (one["next_people"], one["next_ms"]) == (["bob"], utc("2026-12-01 08:00"))
    assert now["missing"] == []
    for at in ("2026-12-01T09:00:00Z", "2026-12-01T10:00:00+01:00", "2026-12-01T10:00:00%2B01:00"):
        later = (await get(app, f"/api/v1/oncall?at={at}")).data
        assert later["schedules"][0]["on_call"][0]["person"] == "bob"
        assert later["at_ms"] == utc("2026-12-01 09:00")


@pytest.mark.parametrize("at", ["soon", "2026-12-01T10:00:00", "1960-01-01T00:00:00Z", "1e9"])
async def test_a_time_that_is_none_is_refused(app: FastAPI, engine: FakeEngine, at: str) -> None:
    answer = await get(app, f"/api/v1/oncall?at={at}")
    assert (answer.status, answer.code) == (400, "input.query_unknown")


async def test_the_shifts_of_a_schedule_with_what_is_wrong(
    app: FastAPI, engine: FakeEngine
) -> None:
    told = (await get(app, PATH)).data
    assert told["from_ms"] == NOW_MS
    assert told["to_ms"] == NOW_MS + 14 * DAY_MS
    people = [[one["person"] for one in shift["on_call"]] for shift in told["shifts"]]
    assert people[:3] == [["ada"], ["bob"], ["ada"]]
    assert people[-1] == []
    assert told["shifts"][-1]["is_gap"]
    (notice,) = told["notices"]
    assert notice["kind"] == "nobody"
    assert notice["sentence"].startswith("Nobody is on call in nights from Thu 10 Dec 2026 09:00")
    span = "from=2026-12-01T00:00:00Z&to=2026-12-02T00:00:00Z"
    assert len((await get(app, f"{PATH}?{span}")).data["shifts"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z",
        "from=2026-12-01T00:00:00Z&to=2027-12-01T00:00:00Z",
        "begins=2026-12-01T00:00:00Z",
    ],
)
async def test_a_window_that_is_none_is_refused(
    app: FastAPI, engine: FakeEngine, query: str
) -> None:
    assert (await get(app, f"{PATH}?{query}")).status == 400


async def test_a_schedule_that_is_not_there(app: FastAPI, engine: FakeEngine) -> None:
    for path in ("/api/v1/oncall/schedules/days", "/api/v1/oncall/schedules/days.ics"):
        assert (await get(app, path)).status == 404
        assert (await ask(app, path, key="bolt-member")).status == 404
    assert (await ask(app, PATH, key="bolt-member")).status == 404


async def test_a_schedule_as_a_calendar_of_all_or_of_one(app: FastAPI, engine: FakeEngine) -> None:
    answer = await get(app, f"{PATH}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text.count("BEGIN:VEVENT") == 10
    assert answer.text.count("SUMMARY:ada") == answer.text.count("SUMMARY:bob") == 5
    one = (await get(app, f"{PATH}.ics?person=bob")).text
    assert one.count("BEGIN:VEVENT") == one.count("SUMMARY:bob") == 5
    assert "X-WR-CALNAME:bob\\, nights" in one


async def test_somebody_takes_over_and_gives_back(app: FastAPI, engine: FakeEngine) -> None:
    answer = await post(app, person="bob", for_min=60, reason="dentist")
    assert answer.status == 201
    made = answer.data["override"]
    assert (made["from_ms"], made["to_ms"]) == (NOW_MS, NOW_MS + HOUR_MS)
    assert made["by"] == "acme/key-acme-member"
    (one,) = (await get(app, "/api/v1/oncall")).data["schedules"]
    assert one["on_call"] == [
        {"person": "bob", "why": "override: dentist", "until_ms": NOW_MS + HOUR_MS}
    ]
    told = (await get(app, PATH)).data
    assert told["overrides"] == [made]
    gone = f"{PATH}/overrides/{made['id']}"
    assert (await ask(app, gone, method="DELETE", key="bolt-member")).status == 404
    assert (await ask(app, gone, method="DELETE", key="acme-member")).status == 204
    assert (await ask(app, gone, method="DELETE", key="acme-member")).status == 404
    assert (await get(app, PATH)).data["overrides"] == []


async def test_without_a_person_the_caller_takes_over(app: FastAPI, engine: FakeEngine) -> None:
    answer = await post(app, key="adas", **{"from": "2026-12-01T20:00:00Z", "for_min": 480})
    assert answer.data["override"]["person"] == "ada"
    assert answer.data["override"]["from_ms"] == utc("2026-12-01 20:00")
    refused = await post(app, for_min=480)
    assert refused.status == 400
    assert "not named like one of the people" in refused.text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"person": "bob"}, "say either to or for_min"),
        ({"person": "bob", "for_min": 5, "to": "2026-12-01T00:00:00Z"}, "say either"),
        ({"person": "bob", "for_min": 0}, "for_min"),
        ({"person": "bob", "to": "tomorrow"}, "to: 'tomorrow' is no time"),
        ({"person": "bob", "to": 5}, "to: should be a time"),
        ({"person": "bob", "to": "2020-12-01T00:00:00Z"}, "ends before it begins"),
        ({"person": "bob", "for_min": 5, "whose": "ada"}, "whose"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(
    app: FastAPI, engine: FakeEngine, body: dict[str, Any], said: str
) -> None:
    answer = await post(app, **body)
    assert (answer.status, answer.code) == (400, "input.malformed")
    assert said in answer.text
    assert engine.of(TenantId("acme")).taken == []
