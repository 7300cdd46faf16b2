"""A policy as data: what is read, what is refused, and when each step is due."""

import pytest
import yaml
from pydantic import ValidationError

from auscult.kernel.words import Severity
from auscult.notification.oncall import Policy, default_policy, plan
from auscult.notification.oncall.policy import Step
from tests.unit.notification.oncall.times import MINUTE_MS, utc

POLICY = """
name: streaming
steps:
  - {to: "schedule:support", repeat: 2, again_min: 10}
  - {to: ["person:ada", "team:ml"], wait_min: 15, only: {severity: critical}, ack: all}
  - to: "channel:ops"
    wait_min: 5
    only: {hours: [{start: 09:00, end: 17:00, weekdays: mon-fri}], time_zone: Europe/Berlin}
fallback: ["person:eve", "channel:mail"]
"""
NIGHT_MS, NOON_MS = utc("2026-11-27 02:00"), utc("2026-11-27 11:00")


def policy(**fields: object) -> Policy:
    return Policy.model_validate({**yaml.safe_load(POLICY), **fields})


def due(one: Policy, severity: Severity, at_ms: int, first_step: int = 0) -> list[tuple[int, ...]]:
    found = plan(one, severity=severity, from_ms=at_ms, first_step=first_step)
    return [(step.step, step.attempt, (step.at_ms - at_ms) // MINUTE_MS) for step in found]


def test_a_policy_is_read_from_yaml_and_back_from_json() -> None:
    one = policy()
    assert [str(target) for target in one.steps[1].to] == ["person:ada", "team:ml"]
    assert Policy.model_validate_json(one.model_dump_json()) == one


def test_each_step_is_due_after_its_wait_and_again_as_often_as_it_says() -> None:
    assert due(policy(), Severity.CRITICAL, NOON_MS) == [
        (0, 0, 0),
        (0, 1, 10),
        (1, 0, 15),
        (0, 2, 20),
        (2, 0, 20),
    ]


def test_a_step_that_is_not_for_this_is_left_out_with_its_wait() -> None:
    assert due(policy(), Severity.WARNING, NOON_MS)[-1] == (0, 2, 20)
    assert (2, 0, 5) in due(policy(), Severity.WARNING, NOON_MS)
    assert 2 not in {step for step, *_ in due(policy(), Severity.CRITICAL, NIGHT_MS)}


def test_the_time_of_the_week_is_that_at_which_the_step_is_due() -> None:
    before_ms = utc("2026-11-27 07:50")  # 08:50 in Berlin, 09:10 after the waits
    assert (2, 0, 20) in due(policy(), Severity.CRITICAL, before_ms)


def test_a_plan_is_resumed_at_a_step() -> None:
    assert due(policy(), Severity.CRITICAL, NOON_MS, 1) == [(1, 0, 15), (2, 0, 20)]


def test_everybody_or_anybody_must_acknowledge() -> None:
    any_step, all_step = policy().steps[0], policy().steps[1]
    assert any_step.is_acknowledged({"ada", "bob"}, {"bob"})
    assert not any_step.is_acknowledged({"ada", "bob"}, set())
    assert not all_step.is_acknowledged({"ada", "bob"}, {"bob", "zoe"})
    assert all_step.is_acknowledged({"ada", "bob"}, {"bob", "ada", "zoe"})
    assert all_step.is_acknowledged(set(), {"zoe"})
    assert not all_step.is_acknowledged(set(), set())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fallback": "person:eve"}, "name a channel as well"),
        ({"fallback": []}, "fallback"),
        ({"steps": []}, "steps"),
        ({"steps": [{"to": "support"}]}, "'support' is no target; write one of schedule, person"),
        ({"steps": [{"to": "sched:support"}]}, "is no target"),
        ({"steps": [{"to": "schedule:"}]}, "name"),
        ({"steps": [{"to": "person:a", "repeat": 6}]}, "repeat"),
        ({"steps": [{"to": "person:a", "wait_min": -1}]}, "wait_min"),
        ({"steps": [{"to": "person:a", "ack": "some"}]}, "ack"),
        ({"steps": [{"to": "person:a", "only": {"time_zone": "CEST5"}}]}, "no time zone 'CEST5'"),
    ],
)
def test_a_wrong_policy_is_refused_with_words(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        policy(**fields)
    assert words in str(refused.value)


def test_the_default_has_three_levels_by_severity() -> None:
    one = default_policy(["channel:console"])
    levels = {
        severity: [
            (one.steps[step].name, after)
            for step, attempt, after in due(one, severity, NIGHT_MS)
            if attempt == 0
        ]
        for severity in Severity
    }
    assert levels == {
        Severity.CRITICAL: [("L1", 0), ("L2", 5), ("L3", 15)],
        Severity.WARNING: [("L1", 0), ("L2", 30)],
        Severity.INFO: [("L1", 0)],
    }
    assert [str(target) for target in one.steps[-1].to] == [
        "schedule:architects",
        "schedule:ml-experts",
    ]
    assert [str(target) for target in one.fallback] == ["channel:console"]
    with pytest.raises(ValueError, match="name a channel"):
        default_policy(["person:ada"])


def test_a_step_says_its_defaults() -> None:
    step = Step.model_validate({"to": "person:ada"})
    assert (step.wait_min, step.repeat, step.ack) == (0, 0, "any")
    assert step.only.holds(Severity.INFO, NIGHT_MS)
