"""Who is on call, by the layers, the overrides and the holidays, and the shifts of it."""

import pytest

from auscult.kernel.errors import QueryUnknown
from auscult.notification.oncall import Schedule, on_call, shifts
from tests.unit.notification.oncall.times import DAY_MS, HOUR_MS, schedule, text_of, utc

WEEK = "{name: week, people: [ada, bob], start: 2026-03-02T09:00, turn: 1 week}"
NIGHTS = """{name: nights, people: [dan, eve], start: 2026-03-02T21:00, turn: 1 day,
             hours: [{start: 21:00, end: 06:00, weekdays: mon-fri}]}"""


def who(one: Schedule, at: str) -> list[str]:
    return [f"{duty.person} ({duty.why})" for duty in on_call(one, utc(at))]


def rota(one: Schedule, start: str, end: str) -> list[str]:
    return [
        f"{text_of(shift.from_ms)} {'+'.join(shift.people) or '-'}"
        for shift in shifts(one, utc(start), utc(end))
    ]


def test_nobody_is_on_call_before_the_start_or_after_the_end() -> None:
    one = schedule(f"layers: [{WEEK[:-1]}, until: 2026-03-10T09:00}}]")
    assert rota(one, "2026-03-01 00:00", "2026-03-12 00:00") == [
        "2026-03-01 00:00 -",
        "2026-03-02 08:00 ada",
        "2026-03-09 08:00 bob",
        "2026-03-10 08:00 -",
    ]
    assert who(one, "2026-03-01 00:00") == []


def test_the_later_layer_wins_where_it_has_somebody() -> None:
    one = schedule(f"layers: [{WEEK}, {NIGHTS}]")
    assert who(one, "2026-03-03 12:00") == ["ada (layer week)"]
    assert who(one, "2026-03-02 20:00") == ["dan (layer nights)"]
    assert who(one, "2026-03-03 04:59") == ["dan (layer nights)"]
    assert who(one, "2026-03-03 20:00") == ["eve (layer nights)"]
    assert who(one, "2026-03-07 22:00") == ["ada (layer week)"]


def test_a_handover_stays_at_its_time_of_day_when_the_clock_changes() -> None:
    daily = schedule(f"layers: [{WEEK.replace('1 week', '1 day')}]")
    assert rota(daily, "2026-03-28 08:00", "2026-03-30 12:00") == [
        "2026-03-28 08:00 ada",
        "2026-03-29 07:00 bob",
        "2026-03-30 07:00 ada",
    ]
    assert rota(daily, "2026-10-24 07:00", "2026-10-26 08:00") == [
        "2026-10-24 07:00 ada",
        "2026-10-25 08:00 bob",
    ]


def test_a_turn_in_a_gap_lasts_no_time_and_one_in_a_fold_twice() -> None:
    hourly = schedule(
        "layers: [{name: h, people: [a, b, c, d], start: 2026-03-29T00:00, turn: 1 hour}]"
    )
    assert rota(hourly, "2026-03-28 23:00", "2026-03-29 03:00") == [
        "2026-03-28 23:00 a",
        "2026-03-29 00:00 b",
        "2026-03-29 01:00 d",  # 02:00, the hour of c, is skipped
        "2026-03-29 02:00 a",
    ]
    autumn = rota(hourly, "2026-10-24 23:00", "2026-10-25 03:00")
    assert [line[11:16] for line in autumn] == ["23:00", "00:00", "02:00"]


def test_a_turn_that_has_begun_goes_on_where_the_clock_is_set_back() -> None:
    half = schedule(
        "layers: [{name: h, people: [a, b, c, d], start: 2026-10-25T00:30, turn: 1 hour}]"
    )
    at = ["2026-10-25 00:29", "2026-10-25 00:30", "2026-10-25 01:10", "2026-10-25 02:30"]
    assert [who(half, one)[0][0] for one in at] == ["b", "c", "c", "d"]


def test_an_override_takes_over_from_all_or_from_one() -> None:
    text = f"layers: [{WEEK.replace('ada', '[ada, cyn]')}]\noverrides:\n"
    text += "  - {person: fay, start: 2026-03-03T12:00, end: 2026-03-03T14:00, instead_of: ada}\n"
    text += "  - {person: gil, start: 2026-03-03T13:00, end: 2026-03-03T15:00, reason: dentist}\n"
    text += "  - {person: hal, start: 2026-03-03T14:30, end: 2026-03-03T16:00, instead_of: zoe}"
    assert rota(schedule(text), "2026-03-03 10:00", "2026-03-03 16:00") == [
        "2026-03-03 10:00 ada+cyn",
        "2026-03-03 11:00 fay+cyn",
        "2026-03-03 12:00 gil",
        "2026-03-03 14:00 ada+cyn",
    ]
    assert who(schedule(text), "2026-03-03 12:00") == ["gil (override: dentist)"]
    assert who(schedule(text), "2026-03-03 11:00")[0] == "fay (override)"


def test_an_override_fills_a_time_without_anybody() -> None:
    text = f"layers: [{NIGHTS}]\noverrides: [{{person: fay, start: 2026-03-03T12:00,"
    assert rota(
        schedule(f"{text} end: 2026-03-03T14:00}}]"), "2026-03-03 10:00", "2026-03-03 14:00"
    ) == ["2026-03-03 10:00 -", "2026-03-03 11:00 fay", "2026-03-03 13:00 -"]


def test_on_a_holiday_others_stand_in_or_the_layer_below_speaks() -> None:
    text = f"layers: [{WEEK}, {NIGHTS}]\nholidays:\n"
    text += "  - {name: Founding day, day: 2026-03-04, layers: nights}\n"
    text += "  - {name: Carnival, day: 2026-03-05, last: 2026-03-06, stand_ins: [gil, hal]}"
    one = schedule(text)
    assert who(one, "2026-03-04 21:00") == ["ada (layer week)"]
    assert who(one, "2026-03-04 23:00") == ["gil (holiday Carnival)", "hal (holiday Carnival)"]
    assert who(one, "2026-03-06 12:00") == ["gil (holiday Carnival)", "hal (holiday Carnival)"]
    assert who(one, "2026-03-06 23:00") == ["dan (layer nights)"]


def test_a_holiday_for_every_layer_without_a_stand_in_is_a_gap() -> None:
    one = schedule(f"layers: [{WEEK}]\nholidays: [{{name: New Year, day: 2026-03-03}}]")
    [before, gap, after] = shifts(one, utc("2026-03-02 12:00"), utc("2026-03-04 12:00"))
    assert (text_of(gap.from_ms), text_of(gap.to_ms)) == ("2026-03-02 23:00", "2026-03-03 23:00")
    assert gap.is_gap
    assert not before.is_gap
    assert not after.is_gap


def test_people_of_a_calendar_are_on_call_together_and_once() -> None:
    events = [
        {"person": "ada", "from_ms": utc("2026-03-03 00:00"), "to_ms": utc("2026-03-04 00:00")},
        {"person": "bob", "from_ms": utc("2026-03-03 06:00"), "to_ms": utc("2026-03-03 12:00")},
        {"person": "ada", "from_ms": utc("2026-03-03 06:00"), "to_ms": utc("2026-03-03 12:00")},
    ]
    feed = {"name": "cal", "events": events, "from_ms": 0, "to_ms": utc("2026-04-01 00:00")}
    one = schedule(layers=[feed])
    assert who(one, "2026-03-03 07:00") == ["ada (calendar cal)", "bob (calendar cal)"]
    assert rota(one, "2026-03-03 00:00", "2026-03-03 13:00") == [
        "2026-03-03 00:00 ada",
        "2026-03-03 06:00 ada+bob",
        "2026-03-03 12:00 ada",
    ]


def test_the_same_person_for_another_reason_is_another_shift() -> None:
    one = schedule(f"layers: [{WEEK}, {NIGHTS.replace('dan, eve', 'ada')}]")
    found = shifts(one, utc("2026-03-02 18:00"), utc("2026-03-03 08:00"))
    assert [shift.people for shift in found] == [("ada",)] * 3
    assert [shift.duties[0].name for shift in found] == ["week", "nights", "week"]


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "words"),
    [
        (utc("2026-01-01 00:00"), utc("2026-01-01 00:00"), "before it begins"),
        (utc("2026-01-01 00:00"), utc("2026-01-01 00:00") + 400 * DAY_MS + 1, "longer than 400"),
        (-1, HOUR_MS, "1970 to 2199"),
        (utc("2199-12-31 00:00"), utc("2200-01-02 00:00"), "1970 to 2199"),
    ],
)
def test_a_window_is_bounded(from_ms: int, to_ms: int, words: str) -> None:
    with pytest.raises(QueryUnknown, match=words):
        shifts(schedule(f"layers: [{WEEK}]"), from_ms, to_ms)


def test_the_longest_window_of_the_shortest_turns_is_bearable() -> None:
    hourly = schedule(f"layers: [{WEEK.replace('1 week', '1 hour')}]")
    found = shifts(hourly, utc("2026-04-01 00:00"), utc("2026-04-01 00:00") + 400 * DAY_MS)
    assert len(found) == 400 * 24 - 1 - 1  # one turn of two hours; one of none


def test_a_window_of_too_many_changes_is_refused_and_a_shorter_one_answered() -> None:
    layers = [
        {
            "name": f"{layer}",
            "people": "ada",
            "start": "2026-01-01T00:00",
            "hours": [
                {"start": at * 60 + layer * 7, "end": at * 60 + layer * 7 + 30} for at in range(20)
            ],
        }
        for layer in range(3)
    ]
    busy, from_ms = schedule(layers=layers), utc("2026-03-01 00:00")
    with pytest.raises(QueryUnknown, match="more than 20000 handovers"):
        shifts(busy, from_ms, from_ms + 400 * DAY_MS)
    assert shifts(busy, from_ms, from_ms + DAY_MS)
