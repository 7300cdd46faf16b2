"""No tenant sees another: every endpoint against a stranger, on both databases.

The routes come from the app itself: one without a line in `CASES` fails the test.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from auscult.kernel.facts import Found
from auscult.kernel.sounds import Stream, Unheard, Why
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from tests.alerts import body_for
from tests.calls import SCHEDULE, query_for
from tests.contract.surface.conftest import (
    MEDIA,
    OTLP,
    OWNER,
    OWNERS_TRACE,
    SECRET,
    STRANGER,
    House,
)
from tests.unit.signals.wire import one_each, pack
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_story import a_finding

OBJECT, OWN, OPEN, PLATFORM = "object", "own", "open", "platform"
CASES: dict[tuple[str, str], str] = {
    ("GET", "/api/v1/incidents"): OWN,
    ("GET", "/api/v1/incidents/{incident_id}"): OBJECT,
    ("GET", "/api/v1/incidents/{incident_id}/timeline"): OBJECT,
    ("GET", "/api/v1/incidents/{incident_id}/exhibits/{exhibit_id}"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/acknowledge"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/release"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/snooze"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/mute"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/escalate"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/reassign"): OBJECT,
    ("POST", "/api/v1/incidents/{incident_id}/resolve"): OBJECT,
    ("GET", "/api/v1/incidents/{incident_id}/why"): OBJECT,
    ("GET", "/api/v1/alerts/why"): OWN,
    ("GET", "/api/v1/oncall"): OWN,
    ("GET", "/api/v1/oncall/schedules/{schedule}"): OBJECT,
    ("GET", "/api/v1/oncall/schedules/{schedule}.ics"): OBJECT,
    ("POST", "/api/v1/oncall/schedules/{schedule}/overrides"): OBJECT,
    ("DELETE", "/api/v1/oncall/schedules/{schedule}/overrides/{override_id}"): OBJECT,
    ("GET", "/api/v1/series"): OWN,
    ("GET", "/api/v1/series/{slot}"): OBJECT,
    ("GET", "/api/v1/me"): OWN,
    ("GET", "/api/v1/coverage"): OWN,
    ("GET", "/api/v1/performance"): OWN,
    ("GET", "/api/v1/codec"): OWN,
    ("GET", "/api/v1/audit"): OWN,
    ("GET", "/api/v1/audit/verify"): OWN,
    ("GET", "/api/v1/settings"): OWN,
    ("POST", "/api/v1/settings/reload"): OWN,
    ("GET", "/api/v1/events"): OWN,
    ("POST", "/api/v1/write"): OWN,
    ("POST", "/v1/traces"): OWN,
    ("POST", "/v1/metrics"): OWN,
    ("POST", "/v1/logs"): OWN,
    ("POST", "/api/v1/players/events"): OWN,
    ("POST", "/api/v1/sounds"): OWN,
    ("POST", "/api/v1/alertmanager"): OWN,
    ("GET", "/api/v2/status"): OWN,
    ("GET", "/api/v2/receivers"): OWN,
    ("GET", "/api/v2/alerts"): OWN,
    ("POST", "/api/v2/alerts"): OWN,
    ("GET", "/api/v2/alerts/groups"): OWN,
    ("GET", "/api/v2/silences"): OWN,
    ("POST", "/api/v2/silences"): OWN,
    ("GET", "/api/v2/silence/{silence_id}"): OBJECT,
    ("DELETE", "/api/v2/silence/{silence_id}"): OBJECT,
    ("GET", "/api/v1/traces"): OWN,
    ("GET", "/api/v1/traces/{trace_id}"): OBJECT,
    ("GET", "/"): OWN,
    ("GET", "/rows"): OWN,
    ("GET", "/incidents.json"): OWN,
    ("GET", "/incidents.csv"): OWN,
    ("GET", "/events"): OWN,
    ("GET", "/incidents/{incident_id}.json"): OBJECT,
    ("GET", "/incidents/{incident_id}"): OBJECT,
    ("GET", "/incidents/{incident_id}/why"): OBJECT,
    ("GET", "/incidents/{incident_id}/exhibits/{exhibit_id}"): OBJECT,
    ("POST", "/incidents/{incident_id}/acknowledge"): OBJECT,
    ("POST", "/incidents/{incident_id}/release"): OBJECT,
    ("POST", "/incidents/{incident_id}/resolve"): OBJECT,
    ("POST", "/incidents/{incident_id}/snooze"): OBJECT,
    ("POST", "/incidents/{incident_id}/mute"): OBJECT,
    ("POST", "/incidents/{incident_id}/escalate"): OBJECT,
    ("POST", "/incidents/{incident_id}/reassign"): OBJECT,
    ("GET", "/oncall"): OWN,
    ("GET", "/oncall/{schedule}.ics"): OBJECT,
    ("POST", "/oncall/{schedule}/take"): OBJECT,
    ("POST", "/oncall/{schedule}/end/{override_id}"): OBJECT,
    ("GET", "/series"): OWN,
    ("GET", "/series/{slot}.json"): OBJECT,
    ("GET", "/series/{slot}"): OBJECT,
    ("GET", "/traces"): OWN,
    ("GET", "/traces/{trace_id}"): OBJECT,
    ("GET", "/coverage"): OWN,
    ("GET", "/messages"): OWN,
    ("GET", "/performance"): OWN,
    ("GET", "/codec"): OWN,
    ("GET", "/metrics"): PLATFORM,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/-/healthy"): OPEN,
    ("GET", "/-/ready"): OPEN,
    ("GET", "/login"): OPEN,
    ("POST", "/login"): OPEN,
    ("POST", "/logout"): OPEN,
    ("GET", "/api/v1/deadletters"): OWN,
    ("POST", "/api/v1/deadletters/replay"): OWN,
    ("POST", "/v2/enqueue"): OPEN,  # its body carries the key, see test_enqueue.py
    ("POST", "/api/v1/channels/{tenant}/{channel}"): OPEN,  # signed by the receiver, see below
    ("GET", "/favicon.ico"): OPEN,
    ("GET", "/api/v1/openapi.json"): OPEN,
    ("GET", "/static"): OPEN,
}
STREAMS = {"/events", "/api/v1/events"}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of everything the app answers, included routers and mounts too."""
    for route in app.routes:
        included: Any = getattr(route, "original_router", None)
        for one in included.routes if included is not None else [route]:
            for method in (getattr(one, "methods", None) or {"GET"}) - {"HEAD"}:
                yield method, str(getattr(one, "path", ""))


def path_of(house: House, template: str) -> str:
    return template.format(
        incident_id=house.incident,
        slot=house.slot,
        exhibit_id=house.exhibit,
        trace_id=OWNERS_TRACE.hex(),
        silence_id=house.silence,
        schedule=SCHEDULE,
        override_id=house.override,
    )


TAP = Stream("theirs", "theirs", Subject(service="edge"))


async def try_as(house: House, case: tuple[str, str], *, key: str = "", claims: str = "") -> Answer:
    method, template = case
    headers = {"x-scope-orgid": claims} if claims else {}
    body = b""
    if template.endswith("/write"):
        headers |= MEDIA
        now_ms = house.engine.clock.now_ms()
        body = pack(one_each(["theirs"], now_ms, 1.0).version1())
    if template.endswith("/sounds"):
        headers |= {"content-type": SOUND_MEDIA}
        at_ms = house.engine.clock.now_ms()
        body = pack_sound(TAP, Unheard(Why.SLOW, at_ms, ""), sent_ms=at_ms)
    if method == "POST":
        body = body_for(template) or body
    if template.endswith("/players/events"):
        headers |= {"content-type": "application/json"}
        body = b'{"events": []}'
    if template.startswith("/v1/"):
        headers |= OTLP
    path = path_of(house, template) + query_for(template)
    return await ask(house.app, path, method=method, key=key, headers=headers, body=body)


def test_every_route_has_a_case() -> None:
    from auscult.surface.app import create_app
    from tests.unit.surface.fake_engine import FakeEngine

    assert set(routes_of(create_app(FakeEngine()))) == set(CASES)


async def test_every_endpoint_turns_a_stranger_away(house: House) -> None:
    stranger = house.keys[STRANGER, "admin"]
    wrong: list[str] = []
    for case, kind in CASES.items():
        if kind == OPEN:
            continue
        nobody = await try_as(house, case)
        to_login = nobody.status == 303 and nobody.headers["location"].startswith("/login")
        if not (nobody.status == 401 or to_login):
            wrong.append(f"{case} without a key: {nobody.status}")
        bad = await try_as(house, case, key="ak_nobody")
        if bad.status not in {401, 303}:
            wrong.append(f"{case} with a wrong key: {bad.status}")
        claimed = await try_as(house, case, key=stranger, claims=OWNER)
        if claimed.status != 404:
            wrong.append(f"{case} claiming to be the owner: {claimed.status}")
        if case[1] in STREAMS:
            continue
        theirs = await try_as(house, case, key=stranger)
        if kind in {OBJECT, PLATFORM} and theirs.status != 404:
            wrong.append(f"{case} as a stranger: {theirs.status}")
        if SECRET in theirs.text or (kind == OWN and house.incident in theirs.text):
            wrong.append(f"{case} shows a stranger the owner's data")
    assert not wrong, "\n".join(wrong)
    await nothing_has_changed(house)


async def nothing_has_changed(house: House) -> None:
    owner = house.keys[OWNER, "admin"]
    story = await ask(house.app, f"/api/v1/incidents/{house.incident}", key=owner)
    assert story.data["incident"]["status"] == "open"
    series = await ask(house.app, "/api/v1/series", key=owner)
    names = [one["labels"]["__name__"] for one in series.data["series"]]
    # Of the owner's own spans series are made some seconds later.
    assert [name for name in names if not name.startswith("traces_spanmetrics_")] == [SECRET]


async def test_the_owner_reaches_all_of_it(house: House) -> None:
    """Otherwise the matrix could pass because nothing works."""
    owner = house.keys[OWNER, "admin"]
    seen = ""
    for case, kind in CASES.items():
        if case[0] != "GET" or case[1] in STREAMS or kind in {OPEN, PLATFORM}:
            continue
        answer = await try_as(house, case, key=owner)
        assert answer.status == 200, f"{case}: {answer.status} {answer.text[:200]}"
        seen += answer.text
    assert seen.count(SECRET) > 10
    for verb in ("acknowledge", "release", "resolve"):
        done = await ask(
            house.app, f"/api/v1/incidents/{house.incident}/{verb}", method="POST", key=owner
        )
        assert done.status == 200


async def test_the_stream_of_one_tenant_never_carries_anothers_events(house: House) -> None:
    heard: dict[str, bytes] = {}

    async def listen(tenant: str) -> None:
        key = house.keys[tenant, "member"]
        answer = await ask(house.app, "/api/v1/events", key=key, stays=True)
        heard[tenant] = answer.body

    listening = [asyncio.create_task(listen(tenant)) for tenant in (OWNER, STRANGER)]
    await asyncio.sleep(0.3)
    now_ms = house.engine.clock.now_ms()
    await house.engine.submit(Found(finding=a_finding(OWNER, "another", at_ms=now_ms)))
    await asyncio.sleep(0.5)
    house.engine.hub.close()
    await asyncio.wait_for(asyncio.gather(*listening), 10)
    assert b"event: incident" in heard[OWNER]
    assert b"event: hello" in heard[STRANGER]
    assert b"event: incident" not in heard[STRANGER]
