"""Handovers: when the next one is, and the message for it."""

from auscult.notification.oncall import Person, handover_message, next_handover_ms
from auscult.notification.oncall.handover import last_handover_ms, next_up
from tests.unit.notification.oncall.times import schedule, text_of, utc

TWO = "{name: week, people: [[ada, bob], [bob, cyn]], start: 2026-03-02T09:00, turn: 1 week}"
ONE = schedule(f"layers: [{TWO}]")


def test_the_message_says_who_goes_who_stays_and_who_comes() -> None:
    cyn = Person(name="cyn", time_zone="Asia/Kathmandu", contacts=("sms",))
    assert handover_message(ONE, utc("2026-03-23 08:00"), people=(cyn,)).splitlines() == [
        "Handover in streaming, Mon 23 Mar 2026 09:00 CET (Europe/Berlin)",
        "Off: ada, on call since Mon 16 Mar 2026 09:00 CET (layer week)",
        "Stays: bob, until further notice (layer week)",
        (
            "On: cyn, until Mon 30 Mar 2026 09:00 CEST,"
            " for cyn Mon 30 Mar 2026 12:45 +0545 (Asia/Kathmandu) (layer week)"
        ),
        "Next handover: Mon 30 Mar 2026 09:00 CEST, to ada, bob",
    ]


def test_between_handovers_the_last_one_is_told() -> None:
    late = handover_message(ONE, utc("2026-03-26 17:00"))
    assert late == handover_message(ONE, utc("2026-03-23 08:00"))


def test_a_gap_is_told_as_one() -> None:
    one = schedule(f"layers: [{TWO[:-1]}, until: 2026-03-10T09:00}}]")
    assert handover_message(one, utc("2026-03-12 00:00")).splitlines() == [
        "Handover in streaming, Tue 10 Mar 2026 09:00 CET (Europe/Berlin)",
        "Off: bob, on call since Mon 2 Mar 2026 09:00 CET (layer week)",
        "Off: cyn, on call since Mon 9 Mar 2026 09:00 CET (layer week)",
        "On: nobody. A page goes to the fallback of its policy.",
        "Next handover: none within 400 days",
    ]


def test_the_next_and_the_last_handover_are_those_of_people_not_of_reasons() -> None:
    nights = "{name: nights, people: [[ada, bob]], start: 2026-03-02T21:00,"
    one = schedule(f"layers: [{TWO}, {nights} hours: [{{start: 21:00, end: 06:00}}]}}]")
    at_ms = utc("2026-03-04 12:00")
    assert text_of(next_handover_ms(one, at_ms) or 0) == "2026-03-09 08:00"
    assert text_of(last_handover_ms(one, at_ms) or 0) == "2026-03-02 08:00"
    assert next_up(one, at_ms) == ("cyn",)


def test_a_handover_far_away_is_found_and_none_is_said_as_none() -> None:
    one = schedule(f"layers: [{TWO.replace('1 week', '40 weeks')}]")
    assert text_of(next_handover_ms(one, utc("2026-03-04 12:00")) or 0) == "2026-12-07 08:00"
    alone = schedule("layers: [{name: a, people: ada, start: 2020-01-01T00:00}]")
    assert next_handover_ms(alone, utc("2026-03-04 12:00")) is None
    assert last_handover_ms(alone, utc("2026-03-04 12:00")) is None
    assert "On: ada, until further notice" in handover_message(alone, utc("2026-03-04 12:00"))
    assert next_handover_ms(alone, utc("1970-01-01 00:00")) is None
    assert next_up(alone, utc("2200-01-01 00:00")) == ()


def test_who_lives_by_the_clocks_of_the_schedule_is_told_one_time() -> None:
    cyn = Person(name="cyn", time_zone="Europe/Berlin", contacts=("sms",))
    at_ms = utc("2026-03-23 08:00")
    for people in ((), (cyn,)):
        assert ", for cyn" not in handover_message(ONE, at_ms, people=people)
