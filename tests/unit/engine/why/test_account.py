"""What is on record of an incident answers who was told, who was not, and why."""

from typing import Any

import pytest

from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.engine.why import Account, give_account
from auscult.engine.why.account import Kind
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import ObjectMissing, QueryUnknown
from auscult.kernel.facts import Acknowledged, Answered, Fact, Found, Rang, Resolved
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import MuteRule, Route
from auscult.notification.decide.reasons import About
from auscult.notification.oncall import OnCall
from tests.unit.engine.bench import ACME, Bench, found

PEOPLE: list[dict[str, Any]] = [
    {"name": name, "time_zone": "UTC", "contacts": [f"{name}-phone"]}
    for name in ("ada", "bob", "eve", "kim", "lea")
]
PEOPLE[1] |= {"rules": [{"channel": "bob-phone"}, {"channel": "bob-chat", "after_min": 8}]}
PEOPLE[1]["contacts"] = ["bob-phone", "bob-chat"]
PEOPLE[1]["pages_per_hour_max"] = 2
PEOPLE[3] |= {"quiet_hours": {"hours": [{"start": "00:00", "end": "07:00"}]}}
ONCALL: dict[str, Any] = {
    "people": PEOPLE,
    "schedules": [
        {
            "name": "s",
            "time_zone": "UTC",
            "layers": [
                {
                    "name": "week",
                    "people": ["bob", "ada"],
                    "start": "2026-01-01T00:00",
                    "turn": "1 week",
                }
            ],
        }
    ],
    "policies": [
        {
            "name": "p",
            "steps": [
                {"to": "schedule:s", "name": "L1"},
                {"to": ["person:eve", "person:kim"], "name": "L2", "wait_min": 5},
                {"to": "person:ada", "name": "L3", "wait_min": 5},
                {"to": "person:eve", "name": "L4", "only": {"severity": "critical"}},
            ],
            "fallback": "channel:ops",
        }
    ],
    "policy": "p",
}


@pytest.fixture
def called(bench: Bench) -> Bench:
    bench.rules = Rules(
        oncall=OnCall.model_validate(ONCALL),
        routes=(Route.model_validate({"to": "ops", "severity": "critical"}),),
    )
    return bench


def take(bench: Bench, fact: Fact) -> str:
    with bench.store.write() as work:
        settled = settle(work, fact, bench.plans, clock=bench.clock)
    return settled.incident.id if settled.incident is not None else ""


def account(bench: Bench, incident: str, person: str = "") -> Account:
    with bench.store.read() as work:
        now_ms = bench.clock.now_ms()
        rows = work.of(ACME)
        return give_account(rows, incident, rules=bench.rules, now_ms=now_ms, person=person)


def lines(bench: Bench, incident: str, person: str) -> list[str]:
    part = account(bench, incident, person).person
    assert part is not None
    return [part.verdict, *(line.sentence for line in part.lines)]


def ring(bench: Bench, incident: str, name: str = "escalate") -> None:
    with bench.store.read() as work:
        timer = work.of(ACME).timers.get(f"{incident}:{name}")
    assert timer is not None
    bench.clock.advance(ms=max(0, timer.due_ms - bench.clock.now_ms()))
    take(bench, Rang(timer=timer))


def open_one(bench: Bench, **changed: Any) -> str:
    told = {"severity": Severity.WARNING, "at_ms": bench.clock.now_ms(), **changed}
    return take(bench, found(**told))


def answer(bench: Bench, key: str, result: Result, reason: str = "") -> None:
    now_ms = bench.clock.now_ms()
    outcome = Outcome(key=key, tenant=ACME, result=result, reason=reason, at_ms=now_ms)
    take(bench, Answered(outcome=outcome))


def test_the_record_says_what_was_seen_decided_called_and_sent_in_order(called: Bench) -> None:
    incident = open_one(called)
    answer(called, f"{incident}:opened:1:bob-phone", Result.RETRY, "503")
    called.clock.advance(s=2)
    answer(called, f"{incident}:opened:1:bob-phone", Result.DONE)
    called.clock.advance(s=2)
    take(called, Acknowledged(tenant=ACME, incident=incident, by="bob"))
    told = account(called, incident)
    kinds = [one.kind for one in told.entries]
    assert kinds == [
        Kind.SEEN,
        Kind.CALLED,
        Kind.DECIDED,
        Kind.SENT,
        Kind.SENT,
        Kind.PERSON,
    ]
    (decided,) = (one for one in told.entries if one.kind is Kind.DECIDED)
    routes = [one for one in decided.reasons if one.about is About.ROUTE]
    assert [one.why for one in routes] == ["severity warning is not listed (critical)"]
    phone = next(one for one in told.messages if one.channel == "bob-phone")
    assert (phone.people, phone.state, phone.attempts) == (("bob",), "done", 2)
    assert told.is_whole
    written = told.written()
    assert written["entries"][2]["reasons"][0]["holds"] is False
    assert written["person"] is None


def test_who_was_called_hears_by_what_and_whether_it_was_sent(called: Bench) -> None:
    incident = open_one(called)
    answer(called, f"{incident}:opened:1:bob-phone", Result.DONE)
    called.clock.advance(s=30)
    take(called, Acknowledged(tenant=ACME, incident=incident, by="eve"))
    verdict, first, second = lines(called, incident, "bob")
    assert verdict == "bob was called 1 time."
    assert first == "L1 calls bob by bob-phone (on call in s: layer week): sent after 1 attempt."
    assert second.startswith("L1 calls bob by bob-chat at 00:08 UTC")
    assert second.endswith("taken back before it was due.")


def test_who_was_not_on_call_hears_who_was_and_which_step_was_not_reached(called: Bench) -> None:
    incident = open_one(called)
    called.clock.advance(s=30)
    take(called, Acknowledged(tenant=ACME, incident=incident, by="bob"))
    assert lines(called, incident, "ada") == [
        "ada was not called.",
        "L1 did not call ada: not on call in s: bob is, by layer week.",
        "L3 (by the settings of now) was not reached: bob has it since 00:00 UTC.",
    ]
    assert lines(called, incident, "eve")[1:] == [
        "L2 (by the settings of now) was not reached: bob has it since 00:00 UTC.",
        "L4 (by the settings of now) is not for severity warning at that time.",
    ]


def test_quiet_hours_put_off_and_say_so(called: Bench) -> None:
    incident = open_one(called)
    ring(called, incident)
    verdict, said = lines(called, incident, "kim")
    assert verdict == "kim was not called."
    assert said.startswith("L2 calls kim by kim-phone at 07:00 UTC (named by the policy; quiet")
    assert said.endswith("not sent yet.")


def test_who_has_had_enough_hears_how_many(called: Bench) -> None:
    for number in range(2):
        open_one(called, service=f"other-{number}", fingerprint=f"fp-other-{number}")
        called.clock.advance(s=61)
    incident = open_one(called, service="edge")
    said = lines(called, incident, "bob")
    assert said[0] == "bob was not called."
    assert said[1] == "L1 did not call bob: bob had 2 pages in the last hour."


def test_a_mute_and_a_person_who_has_it_are_reasons(called: Bench) -> None:
    pause = MuteRule.model_validate({"name": "blips", "pause_s": 30})
    called.rules = Rules(oncall=called.rules.oncall, mutes=(pause,))
    incident = open_one(called)
    said = lines(called, incident, "bob")
    assert said[:2] == [
        "bob was not called.",
        "Nobody was called: nobody is called while it is muted.",
    ]
    assert "L1 (by the settings of now) waits while the incident is muted by blips." in said
    assert [one.kind for one in account(called, incident).entries].count(Kind.MUTED) == 1
    for _ in range(2):  # it is looked at every quarter of a minute
        ring(called, incident, "mute")
    assert lines(called, incident, "bob")[0] == "bob was called 1 time."


def test_what_is_to_come_is_said_and_what_was_resolved_before(called: Bench) -> None:
    incident = open_one(called)
    assert "is due at 00:05 UTC" in lines(called, incident, "eve")[1]
    assert "comes later, after the steps before it" in lines(called, incident, "ada")[2]
    called.clock.advance(ms=2 * MINUTE_MS)
    take(called, Resolved(tenant=ACME, incident=incident, by="lea"))
    assert "was not reached: lea resolved it at 00:02 UTC" in lines(called, incident, "eve")[1]


def test_no_policy_is_said_and_one_whom_no_step_is_for_hears_that(called: Bench) -> None:
    incident = open_one(called)
    (verdict,) = lines(called, incident, "lea")
    assert verdict.startswith("lea was not called. No step that was taken, or could have been")
    nobody = OnCall.model_validate(ONCALL | {"policy": ""})
    called.rules = Rules(oncall=nobody)
    other = open_one(called, service="edge")
    said = lines(called, other, "lea")
    assert said[1].startswith("Nobody was called: no route that fits names one")


def test_a_person_is_found_by_any_case_and_nobody_is_refused_with_those_there_are(
    called: Bench,
) -> None:
    incident = open_one(called)
    assert lines(called, incident, "BOB")[0].startswith("bob was called")
    with pytest.raises(QueryUnknown, match=r"'zoe'.*ada, bob, eve, kim, lea"):
        account(called, incident, "zoe")
    with pytest.raises(ObjectMissing):
        account(called, "nowhere")


def test_one_who_is_gone_from_the_settings_is_still_on_record(called: Bench) -> None:
    incident = open_one(called)
    called.rules = Rules()
    assert lines(called, incident, "bob")[0] == "bob was called 1 time."


def test_more_than_can_be_read_is_said(called: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = open_one(called)
    for number in range(3):
        called.clock.advance(s=1)
        take(called, Found(finding=found(fingerprint=f"fp-{number}").finding))
    monkeypatch.setattr("auscult.engine.why.account.ENTRIES_MAX", 2)
    assert not account(called, incident).is_whole
