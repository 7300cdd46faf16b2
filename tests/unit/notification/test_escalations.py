"""Whom a policy calls over an incident's life, told turn by turn."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from auscult.incidents import LAPSE_TIMER, advance
from auscult.kernel.errors import ObjectMissing, StateConflict
from auscult.kernel.facts import (
    Acknowledged,
    Escalated,
    Fact,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
    Timer,
)
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import ChangeKind, Incident, Paged, Status
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity, TenantId
from auscult.notification.decide import ESCALATE_TIMER, Around, Route, escalate, told_channels
from auscult.notification.oncall import OnCall
from tests.unit.engine.bench import found

ACME = TenantId("acme")
AT_MS = 1_772_582_400_000
"""2026-03-04 00:00 UTC, a night."""

ONCALL: dict[str, Any] = {
    "people": [
        {
            "name": "ada",
            "time_zone": "UTC",
            "contacts": ["ada-chat", "ada-phone"],
            "rules": [
                {"channel": "ada-chat"},
                {"channel": "ada-phone", "after_min": 3},
            ],
            "quiet_hours": {"hours": [{"start": "22:00", "end": "07:00"}]},
            "also": ["ada@example.org"],
        },
        {"name": "bob", "time_zone": "UTC", "contacts": ["bob-phone"]},
        {"name": "cyn", "time_zone": "UTC", "contacts": ["cyn-phone"], "pages_per_hour_max": 2},
        {"name": "dan", "time_zone": "UTC", "contacts": ["dan-phone"]},
    ],
    "teams": [{"name": "both", "people": ["bob", "cyn"]}],
    "policies": [
        {
            "name": "p",
            "steps": [
                {"to": "person:ada", "name": "L1"},
                {"to": "person:bob", "name": "L2", "wait_min": 5, "repeat": 1, "again_min": 4},
                {"to": "person:cyn", "name": "L3", "wait_min": 10},
            ],
            "fallback": "channel:ops",
            "ack_min": 30,
        },
    ],
    "policy": "p",
}


@dataclass
class Story:
    """One incident, its effects and pages, as the engine would keep them."""

    oncall: OnCall = field(default_factory=lambda: OnCall.model_validate(ONCALL))
    routes: tuple[Route, ...] = ()
    now_ms: int = AT_MS
    incident: Incident | None = None
    effects: dict[str, Any] = field(default_factory=dict)
    pages: list[Paged] = field(default_factory=list)
    timers: dict[str, Timer] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)

    def take(self, fact: Fact) -> list[str]:
        """Take a fact; return the pages it sends now, as `person channel kind`, or `+min`."""
        step = advance(self.incident, fact, now_ms=self.now_ms, new_id="i1")
        assert step.incident is not None
        around = Around(
            self.oncall,
            self.now_ms,
            routes=self.routes,
            told=told_channels(self.effects.values(), now_ms=self.now_ms),
            later=tuple(one for one in self.pages if one.due_ms > self.now_ms),
            pages_last_hour=self.busy,
        )
        moved = escalate(step.incident, step.changes, fact, around=around)
        self.incident = moved.incident
        for key in moved.cancelled:
            self.timers.pop(key, None)
        for timer in moved.timers:
            self.timers[timer.key] = timer
        for key in moved.withdrawn:
            del self.effects[key]
        self.pages = [one for one in self.pages if one.key not in moved.withdrawn]
        for effect in moved.effects:
            assert effect.key not in self.effects, "wished twice, so sent once"
            self.effects[effect.key] = effect
        self.pages += moved.pages
        return [self._told(one) for one in moved.pages]

    def _told(self, page: Paged) -> str:
        kind = self.effects[page.key].payload["kind"]
        later = (page.due_ms - self.now_ms) // MINUTE_MS
        return f"{page.person or '-'} {page.channel} {kind}" + (f" +{later}" if later else "")

    def open(self, severity: Severity = Severity.CRITICAL, **changed: Any) -> list[str]:
        return self.take(found(severity=severity, at_ms=self.now_ms, **changed))

    def ring(self) -> list[str]:
        """Go to when the timer is due, and let it ring."""
        timer = self.timers.pop(f"i1:{ESCALATE_TIMER}")
        self.now_ms = max(self.now_ms, timer.due_ms)
        return self.take(Rang(timer=timer))

    def lapse(self) -> list[str]:
        assert self.incident is not None
        self.now_ms = self.incident.acknowledged_until_ms or 0
        timer = Timer(key="k", tenant=ACME, name=LAPSE_TIMER, about="i1", due_ms=self.now_ms)
        return self.take(Rang(timer=timer))

    @property
    def status(self) -> Status | None:
        return self.incident.status if self.incident else None

    def next_min(self) -> int | None:
        """In how many minutes somebody else is called."""
        timer = self.timers.get(f"i1:{ESCALATE_TIMER}")
        return None if timer is None else (timer.due_ms - self.now_ms) // MINUTE_MS

    @property
    def coming(self) -> list[str]:
        return [one.channel for one in self.pages if one.due_ms > self.now_ms]


def by(kind: type, who: str = "bob", **more: Any) -> Any:
    return kind(tenant=ACME, incident="i1", by=who, **more)


def test_each_level_is_called_in_turn_until_nobody_is_left() -> None:
    story = Story()
    assert story.open() == ["ada ada-chat opened", "ada ada-phone opened +3"]
    assert story.next_min() == 5
    assert story.ring() == ["bob bob-phone opened"]
    assert story.next_min() == 4
    assert story.ring() == ["bob bob-phone escalated"], "the same step again"
    assert story.next_min() == 6, "ten minutes after it was first taken"
    assert story.ring() == ["cyn cyn-phone opened"]
    assert story.next_min() == 15
    assert story.ring() == ["- ops opened"]
    assert "nobody has answered" in story.pages[-1].why
    assert story.next_min() is None


def test_an_acknowledgement_stops_the_calls_and_what_was_to_come() -> None:
    story = Story()
    story.open()
    story.now_ms += MINUTE_MS
    assert story.take(by(Acknowledged, "Ada@example.org")) == []
    assert story.next_min() is None
    assert story.coming == [], "her phone does not ring any more"
    assert "i1:opened:1:ada-phone" not in story.effects


def test_an_acknowledgement_runs_out_and_the_level_that_had_it_is_called_again() -> None:
    story = Story()
    story.open()
    story.ring()
    story.take(by(Acknowledged))
    assert story.incident is not None
    assert story.incident.acknowledged_until_ms == story.now_ms + 30 * MINUTE_MS
    assert story.lapse() == ["bob bob-phone escalated"]
    assert story.status is Status.OPEN
    assert story.next_min() == 4


def test_what_somebody_says_for_how_long_beats_the_policy() -> None:
    story = Story()
    story.open()
    story.take(by(Silenced, "ada", for_ms=2 * HOUR_MS))
    assert story.incident is not None
    assert story.incident.acknowledged_until_ms == story.now_ms + 2 * HOUR_MS
    assert story.lapse() == ["ada ada-chat escalated", "ada ada-phone opened +3"]


def test_given_back_it_goes_on_with_the_level_that_had_it() -> None:
    story = Story()
    story.open()
    story.ring()
    story.take(by(Acknowledged))
    assert story.take(by(Released)) == ["bob bob-phone escalated"]


def test_the_next_level_comes_by_hand_and_a_double_tap_is_one() -> None:
    story = Story()
    story.open()
    story.now_ms += MINUTE_MS
    story.take(by(Acknowledged, "ada"))
    assert story.take(by(Escalated, "ada")) == ["bob bob-phone opened"]
    assert story.status is Status.OPEN, "ada has it no more"
    story.now_ms += 2_000
    assert story.take(by(Escalated, "ada")) == []
    story.now_ms += MINUTE_MS
    assert story.take(by(Escalated, "ada")) == ["cyn cyn-phone opened"]
    story.now_ms += MINUTE_MS
    assert story.take(by(Escalated, "ada")) == ["cyn cyn-phone escalated"], "the last one again"


def test_a_problem_is_handed_to_others_and_the_policy_goes_on_without_their_answer() -> None:
    story = Story()
    story.open()
    story.now_ms += MINUTE_MS
    assert story.take(by(Reassigned, "ada", to="person:dan")) == ["dan dan-phone opened"]
    assert story.coming == [], "ada's phone does not ring any more"
    assert story.next_min() == 5
    story.take(by(Acknowledged, "dan"))
    assert story.next_min() is None
    assert story.lapse() == ["dan dan-phone escalated"], "he had it"
    assert story.ring() == ["bob bob-phone opened"]


@pytest.mark.parametrize("to", ["person:zoe", "team:none", "dan", "nobody:dan"])
def test_a_problem_is_handed_to_nobody_unknown(to: str) -> None:
    story = Story()
    story.open()
    with pytest.raises(ObjectMissing):
        story.take(by(Reassigned, to=to))


def test_without_a_policy_nobody_can_be_called_by_hand() -> None:
    story = Story(OnCall(policy=""))
    assert story.open() == []
    with pytest.raises(StateConflict):
        story.take(by(Escalated))


def test_a_warning_that_becomes_critical_is_a_new_call_although_somebody_had_it() -> None:
    story = Story()
    assert story.open(Severity.WARNING) == [
        "ada ada-chat opened +420",
        "ada ada-phone opened +420",
    ], "quiet hours"
    story.take(by(Acknowledged, "ada"))
    story.now_ms += MINUTE_MS
    assert story.open() == ["ada ada-chat opened", "ada ada-phone opened +3"]
    assert story.status is Status.OPEN
    assert story.next_min() == 5


def test_nobody_is_called_to_what_is_over_and_what_may_be_waits() -> None:
    story = Story()
    story.open()
    story.now_ms += 5 * MINUTE_MS - 1_000
    story.take(found(phase=Phase.CLEARED, at_ms=story.now_ms))
    assert story.ring() == [], "nothing fires: wait a moment"
    assert story.next_min() is not None
    story.take(by(Resolved))
    assert story.next_min() is None
    assert story.coming == []


def test_everybody_must_answer_where_the_policy_says_so() -> None:
    steps = [
        {"to": "team:both", "ack": "all", "repeat": 1},
        {"to": "person:dan", "wait_min": 10},
    ]
    policy = {"name": "p", "steps": steps, "fallback": "channel:ops"}
    story = Story(OnCall.model_validate({**ONCALL, "policies": [policy]}))
    assert story.open() == ["bob bob-phone opened", "cyn cyn-phone opened"]
    story.take(by(Acknowledged, "bob"))
    assert story.ring() == ["cyn cyn-phone escalated"], "bob has answered"
    story.take(by(Acknowledged, "cyn"))
    assert story.next_min() is None


def test_where_all_must_have_it_one_who_gives_it_back_is_called_again() -> None:
    steps = [{"to": "team:both", "ack": "all"}, {"to": "person:dan", "wait_min": 10}]
    policy = {"name": "p", "steps": steps, "fallback": "channel:ops"}
    story = Story(OnCall.model_validate({**ONCALL, "policies": [policy]}))
    story.open()
    for who in ("bob", "cyn"):
        story.take(by(Acknowledged, who))
    assert story.next_min() is None
    story.now_ms += 30 * MINUTE_MS
    assert story.take(by(Released, "bob")) == ["bob bob-phone escalated"], "cyn has it still"
    assert story.next_min() == 10
    story.take(by(Acknowledged, "bob"))
    assert story.next_min() is None
    assert story.take(by(Released, "bob")) == ["bob bob-phone escalated"]


def test_where_one_is_enough_nobody_is_called_when_another_gives_it_back() -> None:
    story = Story()
    story.open()
    for who in ("ada", "bob"):
        story.take(by(Acknowledged, who))
    assert story.take(by(Released, "ada")) == []
    assert story.next_min() is None


def test_who_has_had_enough_pages_is_passed_over() -> None:
    policy = {"name": "p", "steps": [{"to": "person:cyn"}], "fallback": "channel:ops"}
    story = Story(OnCall.model_validate({**ONCALL, "policies": [policy]}), busy={"cyn": 2})
    assert story.open() == ["- ops opened", "cyn cyn-phone opened"]
    assert "had 2 pages in the last hour" in story.pages[0].why


def test_the_whole_policy_begins_again_as_often_as_it_says() -> None:
    policy = {
        "name": "p",
        "steps": [{"to": "person:bob"}],
        "fallback": "channel:ops",
        "repeat": 1,
        "last_wait_min": 7,
    }
    story = Story(OnCall.model_validate({**ONCALL, "policies": [policy]}))
    assert story.open() == ["bob bob-phone opened"]
    assert story.next_min() == 7
    assert story.ring() == ["bob bob-phone escalated"]
    assert story.ring() == ["- ops opened"]
    assert story.next_min() is None


def test_after_an_outage_levels_are_called_one_after_the_other() -> None:
    story = Story()
    story.open()
    story.now_ms += 3 * HOUR_MS
    assert story.ring() == ["bob bob-phone opened"]
    assert story.next_min() == 4


def test_a_route_names_the_policy_for_what_it_matches() -> None:
    other = {"name": "q", "steps": [{"to": "person:dan"}], "fallback": "channel:ops"}
    oncall = OnCall.model_validate({**ONCALL, "policies": [*ONCALL["policies"], other]})
    route = Route.model_validate({"policy": "q", "match": ['service="encode"']})
    story = Story(oncall, (route,))
    assert story.open() == ["dan dan-phone opened"]
    story = Story(oncall, (route,))
    assert story.open(service="edge")[0] == "ada ada-chat opened"


def test_a_page_says_why_and_who_is_next() -> None:
    story = Story()
    story.open()
    text = story.effects["i1:opened:1:ada-chat"].payload["text"]
    assert "Called: ada, named by the policy." in text
    assert "Unless somebody takes it, L2 is called at 00:05 UTC." in text


def test_out_of_the_box_there_are_three_levels() -> None:
    schedules = [
        {
            "name": name,
            "time_zone": "UTC",
            "layers": [{"name": "week", "people": [person], "start": "2026-01-05T09:00"}],
        }
        for name, person in (
            ("user-support", "bob"),
            ("production-engineers", "cyn"),
            ("architects", "dan"),
        )
    ]
    given = {"people": ONCALL["people"], "schedules": schedules, "fallback": ["ops"]}
    story = Story(OnCall.model_validate(given))
    assert story.open() == ["bob bob-phone opened"]
    assert story.next_min() == 5
    assert story.ring() == ["cyn cyn-phone opened"]
    assert story.ring() == ["cyn cyn-phone escalated"]
    assert story.ring() == [
        "cyn cyn-phone escalated",
        "dan dan-phone opened",
        "- ops opened",
    ], "ten minutes after the second level was first called"
    assert any("there is no schedule 'ml-experts'" in one.why for one in story.pages)


def test_every_call_is_a_line_of_the_timeline() -> None:
    story = Story()
    step = advance(None, found(severity=Severity.CRITICAL), now_ms=AT_MS, new_id="i1")
    assert step.incident is not None
    around = Around(story.oncall, AT_MS)
    moved = escalate(step.incident, step.changes, found(), around=around)
    (change,) = moved.changes
    assert change.kind is ChangeKind.ESCALATED
    assert change.sentence == (
        "L1 called: ada by ada-chat (named by the policy); "
        "ada by ada-phone in 3 min (named by the policy)."
    )
