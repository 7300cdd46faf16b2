"""Whom a step pages: personal rules, quiet hours, worn-out people, and never nobody."""

from collections.abc import Mapping

from auscult.kernel.words import Severity
from auscult.notification.oncall import Page, Person, Policy, Staff, Team, missing, resolve
from tests.unit.notification.oncall.times import MINUTE_MS, schedule, utc

NIGHT_MS, NOON_MS = utc("2026-03-04 02:00"), utc("2026-03-04 12:00")
WEEK = "{name: week, people: [ada, bob, cyn], start: 2026-03-02T09:00}"


def person(name: str, **fields: object) -> Person:
    given = {"name": name, "time_zone": "Europe/Berlin", "contacts": ["push", "sms"]}
    return Person.model_validate({**given, **fields})


PEOPLE = [
    person("ada", pages_per_hour_max=3, quiet_hours={"hours": [{"start": 1_320, "end": "07:00"}]}),
    person("bob", pages_per_hour_max=3),
    person("cyn", rules=[{"channel": "sms", "after_min": 5}, {"channel": "push"}]),
    person("eve"),
]


def staff(**pages: int) -> Staff:
    schedules = {
        "week": schedule(f"layers: [{WEEK}]", name="week"),
        "alone": schedule(f"layers: [{WEEK.replace('ada, bob, cyn', 'ada')}]", name="alone"),
        "empty": schedule(f"layers: [{WEEK.replace('2026', '2027')}]", name="empty"),
        "strange": schedule(f"layers: [{WEEK.replace('ada', 'zoe')}]", name="strange"),
    }
    teams = {"ml": Team(name="ml", people=("ada", "cyn")), "tired": Team(name="t", people=("ada",))}
    return Staff({one.name: one for one in PEOPLE}, teams, schedules, pages)


def policy(*to: str, later: Mapping[str, object] | None = None, fallback: str = "") -> Policy:
    steps = [{"to": list(to)}, *([later] if later else [])]
    given = {"name": "p", "steps": steps, "fallback": [*fallback.split(), "channel:ops"]}
    return Policy.model_validate(given)


def ask(
    one: Policy, *, at_ms: int = NOON_MS, severity: Severity = Severity.WARNING, **pages: int
) -> list[str]:
    found = resolve(one, 0, staff(**pages), severity=severity, at_ms=at_ms)
    return [told(page) for page in found]


def told(page: Page) -> str:
    return f"{page.person or '-'} {page.channel} {page.after_ms // MINUTE_MS}: {page.why}"


def test_who_is_on_call_is_paged_with_the_reason() -> None:
    assert ask(policy("schedule:week")) == ["ada push 0: on call in week: layer week"]


def test_a_persons_own_rules_say_which_channel_and_when() -> None:
    assert ask(policy("person:cyn")) == [
        "cyn push 0: named by the policy",
        "cyn sms 5: named by the policy",
    ]


def test_a_team_is_told_together_and_nobody_twice() -> None:
    assert ask(policy("team:ml", "schedule:week", "channel:room", "channel:room")) == [
        "ada push 0: of team ml",
        "cyn push 0: of team ml",
        "- room 0: channel room",
        "cyn sms 5: of team ml",
    ]


def test_quiet_hours_put_off_a_warning_and_never_what_is_critical() -> None:
    one = policy("schedule:week")
    assert ask(one, at_ms=NIGHT_MS) == [
        (
            "ada push 240: on call in week: layer week;"
            " quiet hours put it off till Wed 4 Mar 2026 07:00 CET"
        )
    ]
    assert ask(one, at_ms=NIGHT_MS, severity=Severity.CRITICAL) == [
        "ada push 0: on call in week: layer week"
    ]


def test_an_empty_schedule_falls_back_and_says_so() -> None:
    assert ask(policy("schedule:empty", fallback="person:eve")) == [
        "eve push 0: fallback of p, named by the policy; nobody is on call in empty",
        "- ops 0: fallback of p, channel ops; nobody is on call in empty",
    ]


def test_an_empty_schedule_is_not_hidden_by_another_that_answers() -> None:
    found = ask(policy("schedule:empty", "person:eve"))
    assert found == [
        "eve push 0: named by the policy; nobody is on call in empty",
        "- ops 0: fallback of p, channel ops; nobody is on call in empty",
    ]


def test_names_that_mean_nobody_fall_back_and_are_told_beforehand() -> None:
    one = policy("schedule:gone", "person:zoe", "team:none", "schedule:strange")
    [page] = ask(one)
    assert page.startswith("- ops 0: fallback of p, channel ops; there is no schedule 'gone'")
    assert "'zoe' (on call in strange: layer week) is no person that is known" in page
    assert missing(one, staff()) == (
        "p: there is no schedule 'gone'.",
        "p: there is no person 'zoe'.",
        "p: there is no team 'none'.",
        "schedule:strange: 'zoe' is no person that is known.",
    )
    assert missing(policy("schedule:week", "team:ml", "person:ada"), staff()) == ()


def test_who_is_worn_out_is_passed_over_for_the_next_on_call() -> None:
    assert ask(policy("schedule:week"), ada=3) == [
        "bob push 0: next on call in week; ada had 3 pages in the last hour"
    ]
    assert ask(policy("schedule:week"), ada=2) == ask(policy("schedule:week"))
    assert ask(policy("schedule:week"), ada=4, bob=3)[0] == (
        "cyn push 0: next on call in week; ada had 4 pages in the last hour"
    )


def test_without_a_next_one_the_next_level_is_taken() -> None:
    later = {"name": "L2", "to": ["person:eve"], "wait_min": 30}
    assert ask(policy("schedule:alone", later=later), ada=3) == [
        "eve push 0: L2, named by the policy; ada had 3 pages in the last hour"
    ]
    assert ask(policy("team:ml", later=later), ada=3)[0] == (
        "cyn push 0: of team ml; ada had 3 pages in the last hour"
    )


def test_a_next_level_that_is_not_for_this_severity_is_passed_over() -> None:
    later = {"to": ["person:eve"], "only": {"severity": "critical"}}
    one = policy("person:ada", later=later)
    assert not any("eve" in line for line in ask(one, ada=3))
    assert ask(one, ada=3, severity=Severity.CRITICAL) == [
        "eve push 0: step 2, named by the policy; ada had 3 pages in the last hour"
    ]


def test_where_everybody_is_worn_out_they_are_paged_all_the_same() -> None:
    one = policy("schedule:alone", later={"to": ["person:bob"]})
    assert ask(one, ada=3, bob=9) == [
        "- ops 0: fallback of p, channel ops; ada had 3 pages in the last hour",
        "ada push 0: on call in alone: layer week, all the same; ada had 3 pages in the last hour",
    ]


def test_a_person_of_the_fallback_spares_the_worn_out() -> None:
    assert ask(policy("team:tired", fallback="person:eve"), ada=3) == [
        "eve push 0: fallback of p, named by the policy; ada had 3 pages in the last hour",
        "- ops 0: fallback of p, channel ops; ada had 3 pages in the last hour",
    ]


def test_a_level_that_was_before_is_no_next_level() -> None:
    one = policy("person:eve", later={"to": ["person:ada"]})
    found = resolve(one, 1, staff(ada=3), severity=Severity.WARNING, at_ms=NOON_MS)
    assert [page.person for page in found] == ["", "ada"]


def test_of_two_on_call_only_the_one_who_is_worn_out_is_passed_over() -> None:
    both = schedule(f"layers: [{WEEK.replace('ada, bob, cyn', '[ada, bob], eve')}]", name="both")
    known = staff(ada=3)
    team = Staff(known.people, {}, {"both": both}, known.pages_last_hour)
    one = policy("schedule:both")
    found = resolve(one, 0, team, severity=Severity.WARNING, at_ms=NOON_MS)
    assert [page.person for page in found] == ["bob"]
