"""The page of who is on call: strips, notices, taking over; and calls on an incident's page."""

import re
from urllib.parse import urlencode

import pytest
import yaml
from fastapi import FastAPI

from auscult.kernel.facts import Found
from auscult.kernel.incidents import Escalation, Incident, Taken
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity, TenantId
from auscult.notification.oncall import OnCall, Schedule, shifts
from auscult.surface.web.oncall.calling import said_calls, targets
from auscult.surface.web.oncall.strips import draw_weeks, looks_of, window_of
from tests.story import an_incident
from tests.unit.notification.oncall.times import schedule as berlin
from tests.unit.notification.oncall.times import text_of, utc
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding
from tests.unit.surface.test_api_oncall import NOW_MS, SETTINGS, engine

__all__ = ["engine"]

ACME = TenantId("acme")
HTML = {"origin": "http://auscult.example"}
POLICY = {
    "name": "p",
    "steps": [
        {"to": "person:ada", "name": "L1"},
        {"to": "person:bob", "name": "L2", "wait_min": 12},
    ],
    "fallback": "channel:chat",
}


async def get(app: FastAPI, path: str = "/oncall") -> Answer:
    return await ask(app, path, key="acme-member")


async def post(app: FastAPI, path: str, **form: str) -> Answer:
    body = urlencode(form).encode()
    return await ask(app, path, method="POST", key="acme-member", body=body, headers=HTML)


def drawn(
    one: Schedule, now_ms: int
) -> list[tuple[list[str], list[tuple[str, str]], float | None]]:
    window = window_of(one.time_zone, now_ms)
    weeks = draw_weeks(one, shifts(one, *window), looks=looks_of(["ada", "bob"]), now_ms=now_ms)
    for week in weeks:
        covered = sum(box.width for box in week.boxes)
        assert covered == pytest.approx(100, abs=0.05), "a week is covered without a hole"
    return [
        ([word for _, word in week.days], [(box.label, box.look) for box in week.boxes], week.now)
        for week in weeks
    ]


def test_the_strips_are_whole_days_there_from_today_on() -> None:
    one = berlin(
        "layers: [{name: d, people: [ada, bob, zed], start: 2026-03-02T09:00, turn: 1 week}]"
    )
    now_ms = utc("2026-03-23 23:30")  # the 24th in Berlin; its clocks change on the 29th
    begins_ms, ends_ms = window_of(one.time_zone, now_ms)
    assert (text_of(begins_ms), text_of(ends_ms)) == ("2026-03-23 23:00", "2026-04-06 22:00")
    first, second = drawn(one, now_ms)
    assert first[0] == ["Tue 24", "Wed 25", "Thu 26", "Fri 27", "Sat 28", "Sun 29", "Mon 30"]
    assert first[1] == [("ada", "p0"), ("bob", "p1")]
    assert first[2] == pytest.approx(0.3, abs=0.01)
    assert second[1] == [("bob", "p1"), ("zed", "stranger")]
    assert second[2] is None


def test_a_gap_is_drawn_as_one() -> None:
    one = berlin("layers: [{name: d, people: ada, start: 2026-03-25T00:00}]")
    first, _ = drawn(one, utc("2026-03-24 12:00"))
    assert first[1] == [("nobody", "gap"), ("ada", "p0")]


async def test_the_page_says_who_who_is_next_and_what_is_wrong(
    app: FastAPI, engine: FakeEngine
) -> None:
    page = (await get(app)).text
    assert re.search(r"<strong>ada</strong> <span>until Tue 1 Dec 09:00 CET</span>", page)
    assert "<strong>bob</strong> from Tue 1 Dec 09:00 CET" in page
    assert page.count('<svg class="strip"') == 2
    assert "Nobody is on call in nights from Thu 10 Dec 2026 09:00 CET" in page
    assert page.count("CET</th>") == 11, "the same shifts as a table"
    assert 'aria-current="page">On call</a>' in page
    assert "style=" not in page, "the content security policy allows none"


async def test_a_tenant_without_schedules_is_told_how_to_have_some(app: FastAPI) -> None:
    answer = await ask(app, "/oncall", key="bolt-member")
    assert answer.status == 200
    assert "No schedule is configured." in answer.text


async def test_somebody_takes_over_by_the_form_and_ends_it(
    app: FastAPI, engine: FakeEngine
) -> None:
    answer = await post(app, "/oncall/nights/take", person="bob", hours="4", reason="<b>dentist")
    assert (answer.status, answer.headers["location"]) == (303, "/oncall?done=taken")
    (made,) = engine.of(ACME).taken
    assert (made.starts_ms, made.ends_ms) == (NOW_MS, NOW_MS + 4 * HOUR_MS)
    page = (await get(app, "/oncall?done=taken")).text
    assert "Taken over." in page
    assert "<strong>bob</strong> takes over, Mon 30 Nov 13:00 CET to Mon 30 Nov 17:00 CET" in page
    assert "&lt;b&gt;dentist" in page
    assert "End now" in page
    ended = await post(app, f"/oncall/nights/end/{made.id}")
    assert ended.headers["location"] == "/oncall?done=ended"
    assert engine.of(ACME).taken == []
    assert (await post(app, f"/oncall/nights/end/{made.id}")).status == 404


async def test_the_form_reads_times_by_the_clocks_of_the_schedule(
    app: FastAPI, engine: FakeEngine
) -> None:
    await post(app, "/oncall/nights/take", person="bob", hours="8", starts="2026-12-01T22:00")
    (made,) = engine.of(ACME).taken
    assert text_of(made.starts_ms) == "2026-12-01 21:00"
    assert "Take back" in (await get(app)).text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"hours": "0"}, "for how many hours"),
        ({"hours": "x"}, "for how many hours"),
        ({"hours": "9999"}, "for how many hours"),
        ({"hours": "1", "starts": "soon"}, "is no time"),
        ({"hours": "1", "starts": "2199-12-31T00:00"}, "more than 400 days"),
    ],
)
async def test_a_form_that_makes_no_sense_is_answered_on_the_page(
    app: FastAPI, engine: FakeEngine, form: dict[str, str], said: str
) -> None:
    answer = await post(app, "/oncall/nights/take", person="bob", **form)
    assert answer.status == 400
    assert "Not taken over: " in answer.text
    assert said in answer.text
    assert engine.of(ACME).taken == []


async def test_the_page_gives_a_calendar(app: FastAPI, engine: FakeEngine) -> None:
    assert (await get(app, "/oncall/nights.ics")).text.startswith("BEGIN:VCALENDAR")
    assert (await ask(app, "/oncall/nights.ics", key="bolt-member")).status == 404


async def open_one(engine: FakeEngine) -> Incident:
    incident = await engine.submit(Found(finding=a_finding("acme")))
    assert incident is not None
    taken = (Taken(step=0, at_ms=NOW_MS, people=("ada",)),)
    escalation = Escalation(policy="p", severity=Severity.CRITICAL, from_ms=NOW_MS, taken=taken)
    called = incident.model_copy(update={"escalation": escalation})
    engine.of(ACME).by_id[incident.id] = called
    return called


def section() -> OnCall:
    return OnCall.model_validate({**yaml.safe_load(SETTINGS), "policies": [POLICY]})


async def test_an_incident_says_who_was_called_and_who_is_next(
    app: FastAPI, engine: FakeEngine
) -> None:
    engine.oncall.sections[ACME] = section()
    incident = await open_one(engine)
    page = (await get(app, f"/incidents/{incident.id}")).text
    assert "Called: L1 (ada) at 12:00 UTC; next: L2 at 12:12 UTC." in page
    assert '<option value="person:bob">bob</option>' in page
    assert '<option value="schedule:nights">nights</option>' in page


async def test_without_a_policy_nobody_can_be_called_from_the_page(
    app: FastAPI, engine: FakeEngine
) -> None:
    incident = await engine.submit(Found(finding=a_finding("acme")))
    assert incident is not None
    page = (await get(app, f"/incidents/{incident.id}")).text
    assert "/snooze" in page
    assert "/escalate" not in page
    assert "/reassign" not in page


async def test_an_incident_is_snoozed_from_its_page(app: FastAPI, engine: FakeEngine) -> None:
    incident = await open_one(engine)
    path = f"/incidents/{incident.id}/snooze"
    assert (await post(app, path, for_min="0")).status == 400
    assert (await post(app, path, for_min="240")).headers["location"].endswith("?done=silenced")
    after = engine.of(ACME).by_id[incident.id]
    assert after.acknowledged_until_ms == NOW_MS + 240 * MINUTE_MS
    assert (
        "nobody is called until then"
        in (await get(app, f"/incidents/{incident.id}?done=silenced")).text
    )


async def test_what_fires_is_muted_from_its_page(app: FastAPI, engine: FakeEngine) -> None:
    incident = await open_one(engine)
    path = f"/incidents/{incident.id}/mute"
    assert (await post(app, path, for_min="x")).status == 400
    answer = await post(app, path, for_min="240", reason=" we move it ")
    assert answer.headers["location"].endswith("?done=muted")
    (silence,) = engine.alerts.silenced
    assert silence.ends_ms - silence.starts_ms == 240 * MINUTE_MS
    assert silence.comment == "we move it"
    signal = incident.signals[0]
    assert f'signal="{signal.signal}"' in map(str, silence.matchers)
    assert f'service="{signal.subject.service}"' in map(str, silence.matchers)
    await post(app, f"/incidents/{incident.id}/resolve", confirmed="yes")


async def test_an_incident_that_is_over_is_not_handed_on(app: FastAPI, engine: FakeEngine) -> None:
    incident = await open_one(engine)
    await post(app, f"/incidents/{incident.id}/resolve", confirmed="yes")
    for verb in ("snooze", "escalate", "reassign"):
        answer = await post(app, f"/incidents/{incident.id}/{verb}", to="person:bob")
        assert answer.headers["location"].endswith("?done=over"), verb


def test_what_is_said_of_calls_keeps_to_what_holds() -> None:
    oncall = section()
    incident = an_incident()
    assert said_calls(incident, oncall) == ""
    gone = Escalation(policy="gone", severity=Severity.CRITICAL, from_ms=NOW_MS)
    assert said_calls(incident.model_copy(update={"escalation": gone}), oncall) == ""
    assert [heading for heading, _ in targets(oncall)] == ["People", "On call in"]
    assert targets(OnCall(policy="")) == ()
