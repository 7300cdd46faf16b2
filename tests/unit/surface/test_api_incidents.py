"""The incidents over HTTP: list, story, acknowledge, resolve."""

from fastapi import FastAPI

from auscult.kernel.errors import QueueFull, StoreUnavailable
from auscult.kernel.facts import Found
from auscult.kernel.incidents import Incident
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding, add_history, with_exhibits


async def open_one(engine: FakeEngine, tenant: str = "acme", name: str = "one") -> Incident:
    incident = await engine.submit(Found(finding=a_finding(tenant, name)))
    assert incident is not None
    add_history(engine, incident)
    return incident


async def test_the_list_shows_the_tenants_own_incidents_only(
    engine: FakeEngine, app: FastAPI
) -> None:
    mine, theirs = await open_one(engine), await open_one(engine, "bolt")
    answer = await ask(app, "/api/v1/incidents", key="acme-member")
    assert answer.status == 200
    assert [one["id"] for one in answer.data["incidents"]] == [mine.id]
    assert theirs.id not in answer.text
    assert answer.data["counts"] == {"open": 1}


async def test_the_list_pages_by_cursor_without_repeating(engine: FakeEngine, app: FastAPI) -> None:
    ids = {(await open_one(engine, name=f"n{i}")).id for i in range(7)}
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        answer = await ask(app, f"/api/v1/incidents?limit=3&cursor={cursor}", key="acme-member")
        seen += [one["id"] for one in answer.data["incidents"]]
        cursor = answer.data["next"]
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == ids


async def test_the_story_holds_findings_runs_deliveries_and_timeline(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    story = (await ask(app, f"/api/v1/incidents/{incident.id}", key="acme-member")).data
    assert story["incident"]["headline"] == incident.headline
    assert len(story["findings"]) == 1
    assert story["runs"][0]["state"] == "healed"
    assert {one["channel"] for one in story["deliveries"]} == {"ops", "console"}
    assert story["timeline"][0]["action"] == "incident.opened"


async def test_acknowledging_twice_is_acknowledging_once(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    path = f"/api/v1/incidents/{incident.id}/acknowledge"
    for _ in range(2):
        answer = await ask(app, path, method="POST", key="acme-member")
        assert answer.status == 200
        assert answer.data["incident"]["status"] == "acknowledged"
    timeline = (await ask(app, f"/api/v1/incidents/{incident.id}/timeline", key="acme-member")).data
    actions = [line["action"] for line in timeline["timeline"]]
    assert actions == ["incident.opened", "incident.acknowledged"]
    assert timeline["timeline"][1]["actor"] == "acme/key-acme-member"


async def test_who_acknowledged_may_give_it_back(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    path = f"/api/v1/incidents/{incident.id}"
    await ask(app, f"{path}/acknowledge", method="POST", key="acme-admin")
    others = await ask(app, f"{path}/release", method="POST", key="acme-member")
    assert (others.status, others.code) == (409, "store.conflict")
    for _ in range(2):
        mine = await ask(app, f"{path}/release", method="POST", key="acme-admin")
        assert (mine.status, mine.data["incident"]["status"]) == (200, "open")
    timeline = (await ask(app, f"{path}/timeline", key="acme-member")).data["timeline"]
    actions = [line["action"] for line in timeline]
    assert actions == ["incident.opened", "incident.acknowledged", "incident.released"]


async def test_an_exhibit_is_given_whole_or_the_part_a_player_asks_for(
    engine: FakeEngine, app: FastAPI
) -> None:
    finding = with_exhibits(a_finding("acme"), b"0123456789")
    incident = await engine.submit(Found(finding=finding))
    assert incident is not None
    story = (await ask(app, f"/api/v1/incidents/{incident.id}", key="acme-member")).data
    told = story["exhibits"][0]
    assert told["title"] == "two seconds of what was heard"
    path = f"/api/v1/incidents/{incident.id}/exhibits/{told['id']}"

    async def part(wanted: str) -> tuple[int, bytes, str]:
        answer = await ask(app, path, key="acme-member", headers={"range": wanted})
        return answer.status, answer.body, answer.headers.get("content-range", "")

    whole = await ask(app, path, key="acme-member")
    assert (whole.status, whole.body) == (200, b"0123456789")
    assert whole.headers["content-type"] == "audio/flac"
    assert whole.headers["accept-ranges"] == "bytes"
    assert await part("bytes=2-4") == (206, b"234", "bytes 2-4/10")
    assert await part("bytes=7-") == (206, b"789", "bytes 7-9/10")
    assert await part("bytes=-3") == (206, b"789", "bytes 7-9/10")
    assert await part("bytes=8-99") == (206, b"89", "bytes 8-9/10")
    assert await part("bytes=10-") == (416, b"", "bytes */10")
    for odd in ("bytes=1-2,4-5", "bytes=-", "lines=1-2", "bytes=" + "9" * 99 + "-"):
        assert await part(odd) == (200, b"0123456789", "")
    assert (await ask(app, path[:-1], key="acme-member")).status == 404


async def test_resolving_what_is_over_conflicts(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    path = f"/api/v1/incidents/{incident.id}/resolve"
    assert (await ask(app, path, method="POST", key="acme-member")).status == 200
    again = await ask(app, path, method="POST", key="acme-member")
    assert (again.status, again.code) == (409, "store.conflict")


async def test_unknown_parameters_are_refused_with_the_right_ones(app: FastAPI) -> None:
    answer = await ask(app, "/api/v1/incidents?sate=open", key="acme-member")
    assert (answer.status, answer.code) == (400, "input.query_unknown")
    for name in ("state", "severity", "service", "q", "cursor", "limit"):
        assert name in answer.data["error"]["detail"]


async def test_a_page_is_never_longer_than_the_limit(app: FastAPI) -> None:
    answer = await ask(app, "/api/v1/incidents?limit=501", key="acme-member")
    assert (answer.status, answer.code) == (400, "input.query_unknown")


async def test_when_full_or_without_store_the_sender_is_told_to_come_again(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    path = f"/api/v1/incidents/{incident.id}/acknowledge"
    engine.failure = QueueFull("10000 facts wait", retry_after_s=7)
    full = await ask(app, path, method="POST", key="acme-member")
    assert (full.status, full.code, full.headers["retry-after"]) == (
        503,
        "capacity.queue_full",
        "7",
    )
    engine.failure = StoreUnavailable("disk full")
    gone = await ask(app, "/api/v1/incidents", key="acme-member")
    assert (gone.status, gone.code, gone.headers["retry-after"]) == (503, "store.unavailable", "5")
