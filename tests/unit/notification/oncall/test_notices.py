"""Warnings: nobody on call, and more than was meant."""

from auscult.notification.oncall import gaps, overlaps
from tests.unit.notification.oncall.times import schedule, utc

WEEK = "{name: week, people: [ada, bob], start: 2026-03-02T09:00}"
NIGHTS = "{name: nights, people: ada, start: 2026-03-02T21:00, hours: [{start: 21:00, end: 06:00}]}"


def feed(*events: tuple[str, str, str]) -> dict[str, object]:
    return {
        "name": "cal",
        "from_ms": utc("2026-03-02 00:00"),
        "to_ms": utc("2026-03-20 00:00"),
        "events": [
            {"person": person, "from_ms": utc(start), "to_ms": utc(end)}
            for person, start, end in events
        ],
    }


def test_a_gap_says_why_every_layer_had_nobody() -> None:
    one = schedule(
        f"layers: [{NIGHTS}]\nholidays: [{{name: Carnival, day: 2026-03-03}}]",
    )
    found = gaps(one, utc("2026-03-02 12:00"), utc("2026-03-04 12:00"))
    assert [notice.sentence for notice in found] == [
        (
            "Nobody is on call in streaming from Mon 2 Mar 2026 13:00 CET"
            " to Mon 2 Mar 2026 21:00 CET (8 h): layer nights begins Mon 2 Mar 2026 21:00 CET."
        ),
        (
            "Nobody is on call in streaming from Tue 3 Mar 2026 00:00 CET"
            " to Wed 4 Mar 2026 00:00 CET (1 d): layer nights is off for Carnival."
        ),
        (
            "Nobody is on call in streaming from Wed 4 Mar 2026 06:00 CET"
            " to Wed 4 Mar 2026 13:00 CET (7 h): layer nights is outside of its hours."
        ),
    ]


def test_a_layer_that_ended_and_a_calendar_without_an_event_are_told() -> None:
    ended = {"name": "old", "people": "a", "start": "2026-01-01", "until": "2026-02-01"}
    one = schedule(layers=[ended, feed()])
    [notice] = gaps(one, utc("2026-03-03 00:00"), utc("2026-03-03 01:00"))
    assert notice.sentence.endswith(
        "(1 h): calendar cal has no event; layer old ended Sun 1 Feb 2026 00:00 CET."
    )


def test_a_calendar_that_was_not_read_so_far_is_told_even_where_somebody_is_on_call() -> None:
    one = schedule(f"layers: [{WEEK}]")
    one = schedule(layers=[*one.layers, feed()])
    found = gaps(one, utc("2026-03-19 00:00"), utc("2026-03-21 00:00"))
    assert [(notice.kind, notice.from_ms) for notice in found] == [
        ("unknown", utc("2026-03-20 00:00"))
    ]
    assert "Calendar cal of streaming was not read from Fri 20 Mar 2026" in found[0].sentence


def test_nothing_is_said_of_a_schedule_that_is_covered_once() -> None:
    one = schedule(f"layers: [{WEEK}, {NIGHTS}]")
    window = utc("2026-03-03 00:00"), utc("2026-04-20 00:00")
    assert gaps(one, *window) == overlaps([one], *window) == ()


def test_two_overrides_at_once_are_told() -> None:
    one = schedule(f"""
    layers: [{WEEK}]
    overrides:
      - {{person: fay, start: 2026-03-03T12:00, end: 2026-03-03T14:00, reason: dentist}}
      - {{person: gil, start: 2026-03-03T13:00, end: 2026-03-03T15:00}}
      - {{person: hal, start: 2026-03-04T12:00, end: 2026-03-04T15:00, instead_of: ada}}
      - {{person: ian, start: 2026-03-04T12:00, end: 2026-03-04T15:00, instead_of: bob}}
    """)
    [notice] = overlaps([one], utc("2026-03-02 12:00"), utc("2026-03-09 12:00"))
    assert notice.sentence == (
        "Two overrides of streaming hold at once from Tue 3 Mar 2026 13:00 CET"
        " to Tue 3 Mar 2026 14:00 CET (1 h): fay (dentist) and gil (no reason given);"
        " the one written last decides."
    )


def test_two_people_in_one_calendar_at_once_are_told() -> None:
    one = schedule(
        layers=[
            feed(
                ("bob", "2026-03-03 00:00", "2026-03-04 00:00"),
                ("ada", "2026-03-03 12:00", "2026-03-05 00:00"),
                ("ada", "2026-03-04 00:00", "2026-03-05 00:00"),
            )
        ]
    )
    [notice] = overlaps([one], utc("2026-03-02 12:00"), utc("2026-03-09 12:00"))
    assert (notice.from_ms, notice.to_ms) == (utc("2026-03-03 12:00"), utc("2026-03-04 00:00"))
    assert notice.sentence.startswith("Calendar cal of streaming has ada and bob at once from")


def test_one_person_in_two_schedules_at_once_is_told() -> None:
    one, other = schedule(f"layers: [{WEEK}]"), schedule(f"layers: [{NIGHTS}]", name="ingest")
    found = overlaps([one, other], utc("2026-03-03 12:00"), utc("2026-03-05 12:00"))
    assert [notice.sentence for notice in found] == [
        (
            "ada is on call in streaming and in ingest at once from Tue 3 Mar 2026 21:00 CET"
            " to Wed 4 Mar 2026 06:00 CET (9 h)."
        ),
        (
            "ada is on call in streaming and in ingest at once from Wed 4 Mar 2026 21:00 CET"
            " to Thu 5 Mar 2026 06:00 CET (9 h)."
        ),
    ]


def test_an_override_of_all_beside_one_of_a_person_is_told() -> None:
    one = schedule(f"""
    layers: [{WEEK}]
    overrides:
      - {{person: hal, start: 2026-03-04T12:00, end: 2026-03-04T15:00, instead_of: ada}}
      - {{person: ian, start: 2026-03-04T12:00, end: 2026-03-04T15:00}}
    """)
    [notice] = overlaps([one], utc("2026-03-02 12:00"), utc("2026-03-09 12:00"))
    assert notice.kind == "two_overrides"


def test_an_event_within_another_is_told_for_as_long_as_it_lasts() -> None:
    one = schedule(
        layers=[
            feed(
                ("bob", "2026-03-03 00:00", "2026-03-08 00:00"),
                ("ada", "2026-03-04 00:00", "2026-03-05 00:00"),
            )
        ]
    )
    [notice] = overlaps([one], utc("2026-03-02 12:00"), utc("2026-03-09 12:00"))
    assert (notice.from_ms, notice.to_ms) == (utc("2026-03-04 00:00"), utc("2026-03-05 00:00"))


def test_one_person_for_several_reasons_in_a_row_is_told_once() -> None:
    alone = WEEK.replace("ada, bob", "ada")
    one, other = schedule(f"layers: [{alone}, {NIGHTS}]"), schedule(f"layers: [{alone}]", name="b")
    [notice] = overlaps([one, other], utc("2026-03-03 12:00"), utc("2026-03-06 12:00"))
    assert (notice.from_ms, notice.to_ms) == (utc("2026-03-03 12:00"), utc("2026-03-06 12:00"))
