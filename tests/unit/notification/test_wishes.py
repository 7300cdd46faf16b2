"""Routes become messages: each channel is paged once, and hears how it ended."""

from collections.abc import Iterable, Mapping

import pytest
from pydantic import ValidationError

from auscult.kernel.effects import Effect
from auscult.kernel.incidents import ChangeKind, Incident, Status
from auscult.kernel.words import Severity
from auscult.notification.decide import Route, told_channels, wish_messages
from tests.story import AT_MS, a_change, a_signal, an_incident


def wish(
    incident: Incident,
    kind: ChangeKind,
    *routes: Mapping[str, object],
    told: Iterable[str] | None = (),
) -> list[Effect]:
    read = [Route.model_validate(route) for route in routes]
    change = a_change(kind)
    known = None if told is None else dict.fromkeys(told, "No data from encode since 03:13 UTC")
    return wish_messages(
        incident, [change], read, now_ms=AT_MS + 5, base_url="http://h", told=known
    )


def keys(effects: list[Effect]) -> list[str]:
    return [effect.key for effect in effects]


def test_an_opening_pages_each_matching_channel_once_in_the_order_of_the_routes() -> None:
    effects = wish(
        an_incident(),
        ChangeKind.OPENED,
        {"to": ["mail"], "order": 2},
        {"to": ["pager", "chat"], "match": ['service="encode"']},
        {"to": ["chat"]},
        {"to": ["nobody"], "match": ['service="edge"']},
        {"to": ["nobody"], "severity": ["info"]},
    )
    assert keys(effects) == [
        "01J9INCIDENT:opened:1:pager",
        "01J9INCIDENT:opened:1:chat",
        "01J9INCIDENT:opened:1:mail",
    ]
    assert {effect.due_ms for effect in effects} == {AT_MS + 5}
    assert effects[0].payload["link"] == "http://h/incidents/01J9INCIDENT"


def test_matchers_see_the_evidence_and_every_signal() -> None:
    incident = an_incident(a_signal(), a_signal("edge", severity=Severity.WARNING))
    for match in ('zone="eu-1"', 'service="edge"', 'seen_by=~"abs.*"', 'severity="warning"'):
        assert wish(incident, ChangeKind.OPENED, {"to": ["chat"], "match": [match]})
    both = ['service="edge"', 'zone="eu-1"']  # the zone is the other signal's
    assert not wish(incident, ChangeKind.OPENED, {"to": ["chat"], "match": both})


@pytest.mark.parametrize("kind", [ChangeKind.WORSENED, ChangeKind.JOINED, ChangeKind.RETURNED])
def test_a_channel_that_comes_to_match_later_is_paged_then_and_only_then(kind: ChangeKind) -> None:
    route = {"to": ["pager"], "severity": ["critical"], "on": ["opened", "worsened"]}
    late = wish(an_incident(), kind, route)
    assert keys(late) == ["01J9INCIDENT:opened:1:pager"]
    again = wish(an_incident(), kind, route, told=told_channels(late, now_ms=late[0].due_ms))
    assert "01J9INCIDENT:opened:1:pager" not in keys(again)


def test_worse_is_said_only_where_it_is_asked_for() -> None:
    told = frozenset({"chat", "mail"})
    routes = ({"to": ["chat"]}, {"to": ["mail"], "on": ["opened", "worsened"]})
    effects = wish(an_incident(), ChangeKind.WORSENED, *routes, told=told)
    assert keys(effects) == ["01J9INCIDENT:worsened:critical:mail"]


def test_the_end_is_told_to_those_who_were_paged_and_to_nobody_else() -> None:
    over = an_incident(status=Status.RESOLVED, resolved_ms=AT_MS, resolved_by="auscult")
    routes = ({"to": ["chat", "mail"]}, {"to": ["pager"], "severity": ["warning"]})
    effects = wish(over, ChangeKind.RESOLVED, *routes, told=frozenset({"mail", "pager"}))
    assert keys(effects) == ["01J9INCIDENT:resolved:1:mail", "01J9INCIDENT:resolved:1:pager"]


def test_a_taken_incident_is_told_once() -> None:
    taken = an_incident(status=Status.ACKNOWLEDGED, acknowledged_by="Ann")
    effects = wish(taken, ChangeKind.ACKNOWLEDGED, {"to": ["pager"]}, told=frozenset({"pager"}))
    assert keys(effects) == [f"01J9INCIDENT:acknowledged:{AT_MS}:pager"]


def test_what_follows_a_page_bears_its_subject_whatever_the_title_says_by_then() -> None:
    route = {"to": ["mail"], "on": ["opened", "resolved"]}
    (page,) = wish(an_incident(), ChangeKind.OPENED, route)
    assert page.payload["subject"] == page.payload["title"]
    assert told_channels([page], now_ms=page.due_ms) == {"mail": page.payload["title"]}
    over = an_incident(status=Status.RESOLVED, headline="Over after 1 min: something else")
    (end,) = wish(over, ChangeKind.RESOLVED, route, told=["mail"])
    assert end.payload["subject"] == "No data from encode since 03:13 UTC"
    assert end.payload["title"] != end.payload["subject"]


def test_quiet_and_noted_are_never_told() -> None:
    for kind in (ChangeKind.QUIET, ChangeKind.NOTED):
        assert not wish(an_incident(), kind, {"to": ["chat"]}, told=frozenset({"chat"}))


def test_the_key_on_survives_yaml() -> None:
    assert Route.model_validate({"to": "chat", True: ["resolved"]}).on == (ChangeKind.RESOLVED,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": []},
        {"to": ["chat"], "match": ["service"]},
        {"to": ["chat"], "on": ["quiet"]},
        {"to": ["chat"], "severity": ["bad"]},
        {"to": ["chat"], "unknown": 1},
    ],
)
def test_a_wrong_route_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Route.model_validate(wrong)
