"""Why somebody is told or not is said by what decides it."""

from typing import Any

import pytest

from auscult.kernel.incidents import ChangeKind, Incident, Mute
from auscult.kernel.words import Severity
from auscult.notification.decide import Around, Route
from auscult.notification.decide.reasons import (
    RECORD_CHARS_MAX,
    About,
    Reason,
    explain,
    fingerprint,
    pack,
    sum_up,
)
from auscult.notification.oncall import OnCall
from auscult.notification.oncall.escalation import begin, take
from tests.story import AT_MS, a_change, a_signal, an_incident

POLICY = {
    "name": "p",
    "steps": [{"to": "schedule:s", "name": "L1"}],
    "fallback": "channel:ops",
}
ONCALL = OnCall.model_validate(
    {
        "people": [
            {"name": name, "time_zone": "UTC", "contacts": [f"{name}-phone"]}
            for name in ("ada", "bob")
        ],
        "schedules": [
            {
                "name": "s",
                "time_zone": "UTC",
                "layers": [
                    {
                        "name": "week",
                        "people": ["bob", "ada"],
                        "start": "2026-01-05T09:00",
                        "turn": "52 weeks",
                    }
                ],
            }
        ],
        "policies": [POLICY],
        "policy": "p",
    }
)


def why(
    *routes: dict[str, Any],
    kind: ChangeKind = ChangeKind.OPENED,
    incident: Incident | None = None,
    oncall: OnCall | None = None,
    told: tuple[str, ...] = (),
) -> dict[str, str]:
    """Return what is said, by whom it is about; what does not hold begins with `no:`."""
    around = Around(
        oncall or OnCall(policy=""),
        AT_MS,
        routes=[Route.model_validate(one) for one in routes],
        told=told,
    )
    reasons = explain(incident or an_incident(), [a_change(kind)], around=around)
    return {f"{one.about} {one.name}": ("" if one.holds else "no: ") + one.why for one in reasons}


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"severity": ["info"]}, "no: severity critical is not listed (info)"),
        (
            {"match": ['signal="up"', 'service="edge"']},
            "no: service=\"edge\" fails: service is 'encode'",
        ),
        ({"match": ['pop=~"eu.*"']}, "no: pop=~\"eu.*\" fails: pop is ''"),
        ({"match": ['zone="eu-1"']}, ""),
    ],
)
def test_a_route_says_what_of_it_does_not_fit(route: dict[str, Any], said: str) -> None:
    assert why({"to": "ops", **route})["route 1 (ops)"] == said


def test_of_several_signals_the_nearest_one_speaks() -> None:
    incident = an_incident(a_signal("encode"), a_signal("edge", signal="latency"))
    route = {"to": "ops", "match": ['service="edge"', 'signal="up"', 'seen_by="absence"']}
    assert why(route, incident=incident)["route 1 (ops)"].startswith("no: ")
    route["match"] = ['service="edge"', 'signal="latency"', 'seen_by="scorer"']
    said = why(route, incident=incident)["route 1 (ops)"]
    assert said == "no: seen_by=\"scorer\" fails: seen_by is 'absence'"


def test_a_channel_says_why_it_is_told_or_not() -> None:
    assert why({"to": "ops"})["channel ops"] == "told: opened"
    late = {"to": "ops", "on": ["resolved"]}
    assert why(late)["channel ops"] == "no: its `on` does not list opened"
    again = why({"to": "ops"}, kind=ChangeKind.WORSENED, told=("ops",))
    assert again["channel ops"] == "no: it was told already, and its `on` does not list worsened"
    wanted = why({"to": "ops", "on": ["worsened"]}, kind=ChangeKind.WORSENED, told=("ops",))
    assert wanted["channel ops"] == "told: worsened"


def test_a_mute_keeps_every_channel_and_says_by_what() -> None:
    mute = Mute(by="blips", why="it may be over within 30 s", until_ms=AT_MS + 30_000)
    said = why({"to": "ops"}, incident=an_incident(mute=mute), oncall=ONCALL)
    assert said["mute blips"] == "it may be over within 30 s"
    assert said["channel ops"] == "no: nobody is told while it is muted"
    assert said["call p"] == "no: nobody is called while it is muted"


@pytest.mark.parametrize(
    ("routes", "about", "said"),
    [
        ([], "policy p", "it is for whatever no route names another for"),
        ([{"policy": "p"}], "policy p", "route 1 names it"),
        ([{"policy": "q"}], "policy ", "no: route 1 names 'q', which is none"),
    ],
)
def test_a_policy_says_by_what_it_is_chosen(
    routes: list[dict[str, Any]], about: str, said: str
) -> None:
    assert why(*routes, oncall=ONCALL)[about] == said


def test_no_policy_is_a_reason_too() -> None:
    assert why()["policy "] == "no: no route that fits names one, and there is none for the rest"


def test_a_call_says_who_of_the_rota_is_not_called_and_why() -> None:
    policy = ONCALL.by_name["p"]
    begun = begin(policy, Severity.CRITICAL, now_ms=AT_MS, after=None)
    around = Around(ONCALL, AT_MS, routes=[Route(to=("bob-phone",))])
    _, calls = take(policy, begun, around.staff, has_it=frozenset(), now_ms=AT_MS)
    reasons = explain(an_incident(), [a_change()], around=around, calls=calls)
    people = {one.name: one for one in reasons if one.about is About.PERSON}
    assert people["bob"].holds
    assert people["bob"].channel == "bob-phone"
    assert people["bob"].at_ms == AT_MS
    assert not people["ada"].holds
    assert people["ada"].why == "not on call in s: bob is, by layer week"
    (channel,) = (one for one in reasons if one.about is About.CHANNEL)
    assert channel.why == "it is called, which says the same"
    assert sum_up(reasons) == "Decided: called bob."


def test_who_has_it_is_not_called_again_and_that_is_said() -> None:
    policy = ONCALL.by_name["p"]
    begun = begin(policy, Severity.CRITICAL, now_ms=AT_MS, after=None)
    staff = ONCALL.staff({})
    _, (call,) = take(policy, begun, staff, has_it=frozenset({"bob"}), now_ms=AT_MS)
    assert not call.pages
    assert {one.person: one.why for one in call.passed}["bob"] == "has it already"


def test_what_neither_opens_nor_widens_needs_no_reasons() -> None:
    assert not why({"to": "ops"}, kind=ChangeKind.ACKNOWLEDGED)


def test_the_same_decision_has_the_same_fingerprint_and_another_has_another() -> None:
    def of(mute_ms: int, severity: str) -> str:
        mute = Mute(by="m", why="w", until_ms=mute_ms)
        routes = [Route.model_validate({"to": "ops", "severity": severity})]
        around = Around(OnCall(policy=""), AT_MS, routes=routes)
        return fingerprint(explain(an_incident(mute=mute), [a_change()], around=around))

    assert of(1, "info") == of(2, "info"), "until when is looked at again is no other decision"
    assert of(1, "info") != of(1, "critical")


def test_a_record_is_bounded_and_says_what_it_leaves_out() -> None:
    long = [
        Reason(about=About.ROUTE, name="🎵" * 100, holds=False, why="🎵" * 300) for _ in range(200)
    ]
    packed = pack(long)
    assert len(str(packed).encode("unicode-escape")) < 2 * RECORD_CHARS_MAX
    assert packed[-1] == {"about": "more", "name": str(200 - len(packed) + 1), "holds": False}
    assert len(pack(long[:1])) == 1
