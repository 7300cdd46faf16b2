"""People: their channels, their own rules and their quiet hours."""

import pytest
from pydantic import ValidationError

from auscult.kernel.words import Severity
from auscult.notification.oncall import Person, names_of
from tests.unit.notification.oncall.times import text_of, utc

ADA = {
    "name": "ada",
    "time_zone": "Asia/Kathmandu",
    "contacts": ["push", "sms", "mail"],
    "rules": [
        {"channel": "sms", "after_min": 5, "severity": "critical"},
        {"channel": "push", "severity": ["critical", "warning"]},
    ],
    "quiet_hours": {"hours": [{"start": "22:00", "end": "07:00"}]},
    "also": ["Ada Lovelace", "ADA@example.org"],
}


def ways(person: Person, severity: Severity) -> list[tuple[str, int]]:
    return [(rule.channel, rule.after_min) for rule in person.ways(severity)]


def test_the_rules_of_a_severity_come_the_soonest_first() -> None:
    ada = Person.model_validate(ADA)
    assert ways(ada, Severity.CRITICAL) == [("push", 0), ("sms", 5)]
    assert ways(ada, Severity.WARNING) == [("push", 0)]
    assert ways(ada, Severity.INFO) == [("push", 0)]  # no rule: the first contact
    assert ways(Person.model_validate({**ADA, "rules": []}), Severity.CRITICAL) == [("push", 0)]


def test_low_severities_wait_for_the_end_of_the_quiet_hours_in_their_zone() -> None:
    ada, night_ms = Person.model_validate(ADA), utc("2026-11-27 20:00")  # 01:45 in Kathmandu
    rule = ada.ways(Severity.WARNING)[0]
    assert text_of(ada.due_ms(rule, Severity.WARNING, night_ms)) == "2026-11-28 01:15"
    assert ada.due_ms(rule, Severity.CRITICAL, night_ms) == night_ms
    assert ada.due_ms(rule, Severity.INFO, utc("2026-11-28 01:15")) == utc("2026-11-28 01:15")


def test_quiet_hours_may_have_a_zone_and_severities_of_their_own() -> None:
    quiet = {**ADA["quiet_hours"], "time_zone": "UTC", "severity": "info"}  # type: ignore[dict-item]
    ada, night_ms = Person.model_validate({**ADA, "quiet_hours": quiet}), utc("2026-11-27 23:00")
    rule = ada.ways(Severity.INFO)[0]
    assert text_of(ada.due_ms(rule, Severity.INFO, night_ms)) == "2026-11-28 07:00"
    assert ada.due_ms(rule, Severity.WARNING, night_ms) == night_ms


def test_a_later_channel_is_put_off_by_when_it_is_due_not_by_when_it_is_asked() -> None:
    ada = Person.model_validate({**ADA, "rules": [{"channel": "sms", "after_min": 30}]})
    evening_ms = utc("2026-11-27 16:00")  # 21:45, so that the rule is due at 22:15
    found = ada.due_ms(ada.rules[0], Severity.WARNING, evening_ms)
    assert text_of(found) == "2026-11-28 01:15"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time_zone": "Nepal"}, "no time zone 'Nepal'"),
        ({"contacts": []}, "contacts"),
        ({"rules": [{"channel": "fax"}]}, "'fax' is none of the contacts: push, sms, mail"),
        ({"quiet_hours": {"hours": [{}]}}, "no minute of the week is left"),
        (
            {"quiet_hours": {"hours": [{"end": "06:00"}], "severity": ["critical"]}},
            "a critical page is never put off",
        ),
        ({"pages_per_hour_max": 0}, "pages_per_hour_max"),
    ],
)
def test_a_wrong_person_is_refused_with_words(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Person.model_validate({**ADA, **fields})
    assert words in str(refused.value)


def test_calendars_call_a_person_by_any_of_their_names() -> None:
    assert names_of((Person.model_validate(ADA),)) == {
        "ada": "ada",
        "ada lovelace": "ada",
        "ada@example.org": "ada",
    }
