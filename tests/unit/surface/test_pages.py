"""The pages as they are rendered: honest words, odd data, no leak between tenants."""

import csv
import html
import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from auscult.detection.watch import STATES
from auscult.kernel.effects import EffectKind
from auscult.kernel.facts import Acknowledged, Found, Resolved
from auscult.kernel.findings import Evidence, Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.surface.web.explore import STATE_WORDS, split_matchers
from auscult.surface.web.keys import KEYS
from auscult.surface.web.story import UNDO_MS
from auscult.surface.web.tables import COLUMNS
from auscult.surface.web.vendor import STATIC
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_series import FakeSeries
from tests.unit.surface.fake_story import a_finding, add_history, with_exhibits

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


async def test_the_incident_page_plays_and_shows_what_convinced_the_observer(
    engine: FakeEngine, app: FastAPI
) -> None:
    finding = with_exhibits(a_finding("acme"), b"sound", picture=b"picture")
    incident = await engine.submit(Found(finding=finding))
    assert incident is not None
    page = await ask(app, f"/incidents/{incident.id}", key="acme-member")
    sound, picture = (
        f"/incidents/{incident.id}/exhibits/{one.id}" for one in finding.evidence.exhibits
    )
    assert f'<audio controls preload="none" src="{sound}"' in page.text
    assert f'<img loading="lazy" src="{picture}" alt="its spectrogram">' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    assert (await ask(app, picture, key="acme-member")).body == b"picture"
    assert (await ask(app, picture, key="bolt-member")).status == 404


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
    assert "Acknowledged by you" in page


async def test_an_acknowledgement_is_undone_with_one_tap_for_ten_seconds(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    path = f"/incidents/{incident.id}"
    await ask(app, f"{path}/acknowledge", method="POST", key="acme-member", headers=FORM)
    assert "<button>Undo</button>" in (await look(app, path)).text
    theirs = (await ask(app, path, key="acme-admin")).text
    assert "Undo" not in theirs
    assert "Give it back" not in theirs
    engine.clock.at_ms += UNDO_MS
    later = (await look(app, path)).text
    assert "Undo" not in later
    assert "Give it back" in later
    other = await ask(app, f"{path}/release", method="POST", key="acme-admin", headers=FORM)
    assert other.headers["location"] == f"{path}?done=theirs"
    mine = await ask(app, f"{path}/release", method="POST", key="acme-member", headers=FORM)
    assert mine.headers["location"] == f"{path}?done=released"
    assert "data-acknowledge" in (await look(app, path)).text


async def test_what_still_fires_is_not_resolved_by_one_tap(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await open_one(engine)
    path = f"/incidents/{incident.id}"
    first = await ask(app, f"{path}/resolve", method="POST", key="acme-member", headers=FORM)
    assert first.headers["location"] == f"{path}?done=still_firing"
    page = (await look(app, first.headers["location"])).text
    assert "Still firing: starts_failed_ratio on edge (eu-2)" in page
    assert page.index('id="confirm"') < page.index("<h1") < page.index('id="actions"')
    assert engine.of(ACME).by_id[incident.id].status == "open"
    again = await ask(app, f"{path}/resolve", method="POST", key="acme-member", headers=FORM)
    assert again.headers["location"] == f"{path}?done=still_firing"
    sure = await ask(
        app,
        f"{path}/resolve",
        method="POST",
        key="acme-member",
        headers=FORM,
        body=b"confirmed=yes",
    )
    assert sure.headers["location"] == f"{path}?done=resolved"
    assert "confirm" not in (await look(app, f"{path}?done=still_firing")).text


async def test_what_is_quiet_again_is_resolved_by_one_tap(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    await engine.submit(Found(finding=a_finding("acme", phase=Phase.CLEARED)))
    path = f"/incidents/{incident.id}"
    answer = await ask(app, f"{path}/resolve", method="POST", key="acme-member", headers=FORM)
    assert answer.headers["location"] == f"{path}?done=resolved"


async def test_the_list_is_a_table_for_spreadsheets_too(engine: FakeEngine, app: FastAPI) -> None:
    harmful = Evidence(sentence='=HYPERLINK("http://evil.example")')
    await open_one(engine, "first", severity=Severity.INFO)
    await open_one(engine, "other", evidence=harmful)
    answer = await look(app, "/incidents.csv?state=all")
    assert answer.headers["content-type"].startswith("text/csv")
    head, *rows = list(csv.reader(io.StringIO(answer.text)))
    assert tuple(head) == COLUMNS
    assert len(rows) == 2
    assert rows[0][head.index("headline")].startswith("'=HYPERLINK")
    assert rows[0][head.index("opened")].endswith("Z")
    filtered = await look(app, "/incidents.csv?severity=info")
    assert [row[2] for row in csv.reader(io.StringIO(filtered.text))] == ["severity", "info"]
    onward = (await look(app, "/incidents.csv?limit=1")).headers["link"]
    assert onward == '</incidents.csv?cursor=1&limit=1>; rel="next"'
    page = (await look(app, "/?severity=info")).text
    assert 'href="/incidents.csv?severity=info"' in page
    assert (await look(app, "/incidents.csv?sate=x")).code == "input.query_unknown"


def test_the_docs_list_the_keys_that_the_page_binds() -> None:
    text = (Path(__file__).parents[3] / "docs" / "page.md").read_text()
    table = re.findall(r"^\| `(.+?)` \| (.+?) \|$", text, re.MULTILINE)
    assert table == [(key.pressed, key.what) for key in KEYS]
    script = (STATIC / "keys.js").read_text()
    for key in KEYS:
        assert not key.does or re.search(rf"^    {key.does}: ", script, re.MULTILINE), key


async def test_help_shows_every_key(app: FastAPI) -> None:
    page = (await look(app, "/")).text
    for key in KEYS:
        assert f">{key.pressed}</kbd>" in page
        assert key.what in page
    assert "<kbd" not in (await ask(app, "/login")).text


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


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("state=foo", "state: 'foo' is no state; there are: unresolved, open, acknowledged, "),
        ("severity=bad", "severity: 'bad' is no severity; there are: critical, warning, info"),
    ],
)
async def test_a_wrong_filter_is_told_which_there_are(app: FastAPI, query: str, told: str) -> None:
    answer = await look(app, f"/?{query}")
    assert answer.status == 400
    assert told in html.unescape(answer.text)
    assert "^(" not in answer.text
    assert "log of auscult" not in answer.text
    assert told in (await look(app, f"/incidents.json?{query}")).data["error"]["detail"]


async def test_what_a_runbook_did_is_no_word_to_anybody(engine: FakeEngine, app: FastAPI) -> None:
    incident = await open_one(engine)
    add_history(engine, incident)
    rows = engine.of(ACME)
    told = rows.sent[0]
    for verb in ("act", "verify", "verify"):
        effect = told.effect.model_copy(
            update={"kind": EffectKind.ACT, "to": "restart dead stage", "verb": verb}
        )
        rows.sent.append(SimpleNamespace(**(vars(told) | {"effect": effect})))
    page = (await look(app, f"/incidents/{incident.id}")).text
    told_list = page[page.index('data-part="paged"') :].split("</section>")[0]
    assert "restart dead stage" not in told_list
    assert told_list.count("<strong>ops</strong>") == 1
    assert page.count("restart dead stage (supervisor on") == 1


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
    assert {*STATES, "capped", "sources"} == set(told)
    page = (await look(app, "/coverage")).text
    assert all(f"<dt>{state.title()}</dt>" in page for state in STATES)


async def test_the_login_page_and_the_icon_need_no_key(app: FastAPI) -> None:
    assert (await ask(app, "/login")).status == 200
    icon = await ask(app, "/favicon.ico")
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")
