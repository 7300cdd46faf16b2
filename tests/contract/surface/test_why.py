"""Why somebody was told, by API and as a page, from the running engine."""

from tests.contract.surface.conftest import OWNER, STRANGER, House
from tests.unit.surface.client import ask


async def test_why_is_answered_as_data(house: House) -> None:
    key = house.keys[OWNER, "member"]
    answer = await ask(house.app, f"/api/v1/incidents/{house.incident}/why", key=key)
    assert answer.status == 200
    assert answer.data["incident"]["id"] == house.incident
    assert [one["kind"] for one in answer.data["entries"]] == ["seen", "decided"]
    (policy,) = answer.data["entries"][1]["reasons"]
    assert policy == {
        "about": "policy",
        "name": "",
        "holds": False,
        "why": "no route that fits names one, and there is none for the rest",
        "channel": "",
        "number": "",
        "at_ms": None,
    }
    assert answer.data["messages"] == []


async def test_a_person_nobody_knows_and_an_unknown_parameter_are_refused(house: House) -> None:
    key = house.keys[OWNER, "member"]
    path = f"/api/v1/incidents/{house.incident}/why"
    for query in ("?person=zoe", "?persons=ada", f"?person={'x' * 201}"):
        answer = await ask(house.app, path + query, key=key)
        assert (answer.status, answer.code) == (400, "input.query_unknown"), query


async def test_the_page_tells_it_and_the_incident_leads_there(house: House) -> None:
    key = house.keys[OWNER, "member"]
    incident = await ask(house.app, f"/incidents/{house.incident}", key=key)
    assert f'href="/incidents/{house.incident}/why"' in incident.text
    assert "Decided:" not in incident.text, "the timeline is not about decisions"
    page = await ask(house.app, f"/incidents/{house.incident}/why", key=key)
    assert page.status == 200
    assert "Decided: nobody new is told." in page.text
    assert "<strong>no</strong> · policy none: no route that fits names one" in page.text
    assert "No message was owed to anybody." in page.text


async def test_why_of_alerts_is_answered_as_data(house: House) -> None:
    key = house.keys[OWNER, "member"]
    path = "/api/v1/alerts/why?filter="
    answer = await ask(house.app, f"{path}alertname%3D~.%2B", key=key)
    assert answer.status == 200
    (group, *_), is_whole = answer.data["groups"], answer.data["is_whole"]
    assert is_whole
    assert group["entries"][0]["sentence"].startswith("Decided: ")
    assert group["entries"][0]["reasons"][0]["about"] in {"channel", "mute"}
    stranger = await ask(house.app, f"{path}alertname%3D~.%2B", key=house.keys[STRANGER, "member"])
    assert stranger.data == {"groups": [], "is_whole": True}
    assert len((await ask(house.app, path.partition("?")[0], key=key)).data["groups"]) >= 1
    for query in ("?filter=(", "?filter=a%3Db&person=ada"):
        wrong = await ask(house.app, f"/api/v1/alerts/why{query}", key=key)
        assert (wrong.status, wrong.code) == (400, "input.query_unknown"), query
