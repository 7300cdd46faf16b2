"""The pages as they are rendered: honest words, odd data, no leak between tenants."""

import re

import pytest
from fastapi import FastAPI

from auscult.detection.watch import STATES
from auscult.kernel.facts import Acknowledged, Found, Resolved
from auscult.kernel.findings import Evidence
from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.surface.web.explore import STATE_WORDS, split_matchers
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine, FakeSeries
from tests.unit.surface.fake_story import a_finding, add_history

ACME = TenantId("acme")
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "origin": "http://auscult.example",
    "sec-fetch-site": "same-origin",
}


async def open_one(engine: FakeEngine, name: str = "one", **changed: object) -> Incident:
    incident = await engine.submit(Found(finding=a_finding("acme", name, **changed)))
    assert incident is not None
    return incident


async def look(app: FastAPI, path: str, **headers: str) -> Answer:
    return await ask(app, path, key="acme-member", headers=headers)


async def test_the_list_says_what_it_hears_when_nothing_is_wrong(
    engine: FakeEngine, app: FastAPI
) -> None:
    silent = (await look(app, "/")).text
    assert "Nothing is wrong that we can hear" in silent
    assert "1 of 1 sources is not heard" in silent
    engine.series.append(FakeSeries(1, ACME, (("__name__", "up"),)))
    assert "All 1 sources are heard" in (await look(app, "/")).text


async def test_a_filter_that_finds_nothing_names_itself(app: FastAPI) -> None:
    page = (await look(app, "/?service=edge&severity=critical")).text
    assert "No incident fits this filter (service edge) (severity critical)" in page
    assert 'href="/">Drop the filter' in page


async def test_the_incident_page_tells_the_story_in_honest_words(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    add_history(engine, incident)
    page = (await look(app, f"/incidents/{incident.id}")).text
    for said in (
        "Cause unknown.",
        "First odd signal: starts_failed_ratio on edge (eu-2)",
        "usual 1.2 to 2.9",
        "as odd as 1 in 25 million looks",
        "Acknowledge",
        "Resolve",
        "restart dead stage",
        "supervisor says it exited 9",
        "(webhook)",
        "1 attempt",
        "Listeners touched: not measured",
    ):
        assert said in page, said
    assert 'class="band"' in page
    assert '<title id="chart-title">' in page


async def test_every_time_names_its_zone(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    add_history(engine, incident)
    for path in ("/", f"/incidents/{incident.id}", "/coverage"):
        times = re.findall(r"<time[^>]*>([^<]*)</time>", (await look(app, path)).text)
        assert times
        assert all(shown.endswith(" UTC") for shown in times)


async def test_acknowledging_by_plain_form_twice_is_once(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    path = f"/incidents/{incident.id}/acknowledge"
    done = f"/incidents/{incident.id}?done=acknowledged"
    for _ in range(2):
        answer = await ask(app, path, method="POST", key="acme-member", headers=FORM)
        assert answer.status == 303
        assert answer.headers["location"] == done
    actions = [row.action for row in engine.of(ACME).rows]
    assert actions.count("incident.acknowledged") == 1
    page = (await look(app, done)).text
    assert "acme/key-acme-member has it since" in page


async def test_a_second_person_is_told_who_was_first(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    await engine.submit(Acknowledged(tenant=ACME, incident=incident.id, by="ida"))
    answer = await ask(
        app, f"/incidents/{incident.id}/acknowledge", method="POST", key="acme-member", headers=FORM
    )
    assert answer.headers["location"].endswith("?done=first")
    page = (await look(app, answer.headers["location"])).text
    assert "Somebody was first" in page
    assert "ida has it since" in page


async def test_acting_on_what_is_over_says_so(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    await engine.submit(Resolved(tenant=ACME, incident=incident.id, by="ola"))
    answer = await ask(
        app, f"/incidents/{incident.id}/resolve", method="POST", key="acme-member", headers=FORM
    )
    page = (await look(app, answer.headers["location"])).text
    assert "already over" in page
    assert "by ola" in page
    assert '<button class="main">' not in page


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(sentence="no data at all"),
        Evidence(sentence="one sample", at_ms=(1,), value=(1.0,), low=(0.0,), high=(2.0,), now=1.0),
        Evidence(sentence="NaN", at_ms=(1, 2), value=(float("nan"), None), now=float("nan")),
        Evidence(sentence="infinite", at_ms=(1, 2), value=(float("inf"), 1.0), now=float("inf")),
        Evidence(sentence="zeros", at_ms=(1, 2, 3), value=(0.0, 0.0, 0.0), now=0.0),
        Evidence(sentence="huge", at_ms=(1, 2, 3), value=(1e9, None, 1e300), now=1e9),
        Evidence(sentence="band only half", at_ms=(1, 2), value=(1.0, 2.0), low=(1.0,)),
        Evidence(
            sentence="\u202b\u0645\u0631\u062d\u0628\u0627\u202c <script>alert(1)</script> "
            + "x" * 200
        ),
    ],
    ids=lambda evidence: evidence.sentence[:12],
)
async def test_odd_data_is_shown_and_not_stumbled_over(
    engine: FakeEngine, app: FastAPI, evidence: Evidence
) -> None:
    subject = Subject(service="<b>" + "s" * 200, instance='"><img src=x>')
    incident = await open_one(engine, evidence=evidence, subject=subject, severity=Severity.INFO)
    for path in ("/incidents.json", f"/incidents/{incident.id}.json", "/api/v1/incidents"):
        assert (await look(app, path)).data
    for path in ("/", f"/incidents/{incident.id}", "/rows"):
        answer = await look(app, path)
        assert answer.status == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "nan" not in re.findall(r'd="([^"]*)"', answer.text)


async def test_the_lists_url_holds_its_whole_state(engine: FakeEngine, app: FastAPI) -> None:
    for i in range(3):
        await open_one(engine, f"n{i}")
    page = (await look(app, "/?state=open&severity=critical&service=edge&q=starts&limit=2")).text
    onward = re.search(r'<a href="([^"]*cursor=[^"]*)">Next page', page)
    assert onward
    for kept in ("state=open", "severity=critical", "service=edge", "q=starts", "limit=2"):
        assert kept in onward[1].replace("&amp;", "&")
    second = (await look(app, onward[1].replace("&amp;", "&"))).text
    assert second.count('id="row-') == 1
    assert (await look(app, "/?stat=open")).status == 400


async def test_errors_are_pages_for_people_and_json_for_machines(app: FastAPI) -> None:
    page = await look(app, "/incidents/nope")
    assert page.status == 404
    assert "text/html" in page.headers["content-type"]
    assert "There is no such object" in page.text
    assert (await look(app, "/incidents/nope.json")).code == "access.object_missing"
    assert (await ask(app, "/somewhere")).status == 404


async def test_another_tenants_link_is_the_404_of_a_wrong_id(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    theirs = await ask(app, f"/incidents/{incident.id}", key="bolt-member")
    wrong = await ask(app, f"/incidents/{'0' * len(incident.id)}", key="bolt-member")
    assert theirs.status == wrong.status == 404
    assert theirs.text.replace(incident.id, "") == wrong.text.replace("0" * len(incident.id), "")


async def test_the_explorer_searches_by_matchers(engine: FakeEngine, app: FastAPI) -> None:
    for slot, name in enumerate(("up", "requests", "errors")):
        labels = (("__name__", name), ("service", "edge"))
        engine.series.append(FakeSeries(slot, ACME, labels, at_ms=[1, 2], value=[1.0, None]))
    assert (await look(app, "/series")).text.count("/series/") == 3
    found = (await look(app, "/series?match=service%3D%22edge%22%2C__name__%3D~%22re.*%22")).text
    assert "requests" in found
    assert "errors" not in found
    assert "errors" in (await look(app, "/series?match=errors")).text
    wrong = await look(app, "/series?match=a%3D~%22(%22")
    assert wrong.status == 200
    assert 'role="alert"' in wrong.text
    one = await look(app, "/series/1.json")
    assert one.data["value"] == [1.0, None]
    assert (await look(app, "/series/9")).status == 404
    assert (await look(app, "/series/99999999999")).status == 400


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("up", ['__name__="up"']),
        ('a="x,y", b=~"z"', ['a="x,y"', 'b=~"z"']),
        ('{a="\\",", c="d"}', ['a="\\","', 'c="d"']),
    ],
)
def test_matchers_are_split_outside_quotes(text: str, parts: list[str]) -> None:
    assert split_matchers(text) == parts


async def test_one_set_of_words_says_how_a_series_stands(engine: FakeEngine, app: FastAPI) -> None:
    assert list(STATE_WORDS) == list(STATES)
    for slot, state in enumerate(STATES):
        engine.series.append(FakeSeries(slot, ACME, (("__name__", state),), state=state))
        assert STATE_WORDS[state] in (await look(app, f"/series/{slot}")).text
    told = (await look(app, "/api/v1/coverage")).data
    assert {"learning", "watched", "silent", "muted", "capped", "sources"} == set(told)
    document = (await ask(app, "/api/v1/openapi.json")).text
    for page in ("/", "/coverage", "/series"):
        assert "blind" not in (await look(app, page)).text.lower()
    assert "blind" not in document.lower()


async def test_the_login_page_and_the_icon_need_no_key(app: FastAPI) -> None:
    assert (await ask(app, "/login")).status == 200
    icon = await ask(app, "/favicon.ico")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")
