"""An escalation never ends in silence: closed hours, shorter policies, people who have left."""

from typing import Any

from auscult.kernel.facts import Acknowledged, Escalated, Reassigned, Released
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.oncall import OnCall
from tests.unit.notification.test_escalations import ONCALL, Story, by


def closed(**more: Any) -> OnCall:
    """Return a policy whose steps are open on no night."""
    only = {"hours": [{"start": "09:00", "end": "17:00"}]}
    step = {"to": "person:bob", "only": only}
    policy = {"name": "p", "steps": [step], "fallback": "channel:ops", **more}
    return OnCall.model_validate({**ONCALL, "policies": [policy]})


def test_where_no_step_is_open_at_this_hour_the_fallback_is_told_at_once() -> None:
    assert Story(closed()).open() == ["- ops opened"]
    assert Story(closed(repeat=2)).open() == ["- ops opened"]
    assert Story(closed()).open(Severity.INFO) == [], "nobody need answer that"


def test_who_was_handed_it_and_has_left_is_not_waited_for() -> None:
    story = Story()
    story.open()
    story.now_ms += MINUTE_MS
    story.take(by(Reassigned, "ada", to="person:dan"))
    story.take(by(Acknowledged, "dan"))
    people = [one for one in ONCALL["people"] if one["name"] != "dan"]
    story.oncall = OnCall.model_validate({**ONCALL, "people": people})
    assert story.lapse() == ["bob bob-phone opened"]


def test_a_policy_that_became_shorter_is_led_on_to_its_last_step() -> None:
    story = Story()
    story.open()
    story.ring()
    short = {**ONCALL["policies"][0], "steps": ONCALL["policies"][0]["steps"][:1]}
    story.oncall = OnCall.model_validate({**ONCALL, "policies": [short]})
    story.now_ms += MINUTE_MS
    called = story.take(by(Escalated))
    assert called == ["ada ada-chat escalated", "ada ada-phone escalated +3"]


def test_a_policy_that_is_away_for_a_while_goes_on_when_it_is_back() -> None:
    story = Story()
    story.open()
    there = story.oncall
    story.oncall = OnCall.model_validate({**ONCALL, "policies": [], "policy": ""})
    assert story.ring() == []
    assert story.next_min() == 1
    story.oncall = there
    assert story.ring() == ["bob bob-phone opened"]


def test_calls_that_quiet_hours_put_off_are_one_at_their_end() -> None:
    step = {"to": "person:ada", "repeat": 3, "again_min": 5}
    policy = {"name": "p", "steps": [step], "fallback": "channel:ops"}
    story = Story(OnCall.model_validate({**ONCALL, "policies": [policy]}))
    assert story.open(Severity.WARNING) == ["ada ada-chat opened +420", "ada ada-phone opened +420"]
    for _ in range(3):
        assert story.ring() == [], "she is called at seven, once"
    assert sorted(story.coming) == ["ada-chat", "ada-phone"]
    assert len(story.effects) == 2
    assert story.ring() == ["- ops opened"]


def test_whom_quiet_hours_spare_is_called_anew_after_a_call_was_taken_back() -> None:
    story = Story()
    story.open(Severity.WARNING)
    story.take(by(Acknowledged, "ada"))
    assert story.coming == []
    assert story.take(by(Released, "ada")) == [
        "ada ada-chat opened +420",
        "ada ada-phone opened +420",
    ]


def test_a_step_that_was_missed_is_taken_once_not_once_for_each_time_it_was_due() -> None:
    story = Story()
    story.open()
    story.ring()
    story.now_ms += 3 * HOUR_MS
    assert sorted(story.ring()) == ["bob bob-phone escalated", "cyn cyn-phone opened"]
