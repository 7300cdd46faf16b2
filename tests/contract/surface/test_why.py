"""Why somebody was told, by API and as a page, from the running engine."""

from tests.contract.surface.conftest import OWNER, House
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
