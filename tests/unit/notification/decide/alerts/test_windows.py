"""A calendar's events are silences; read again, only what has changed in it changes."""

from itertools import count

from auscult.kernel.alerts import Silence
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.times import HOUR_MS
from auscult.notification.decide.alerts.windows import Windows, plan_windows
from auscult.notification.oncall.schedule import Event

NOW_MS = 1_772_582_400_000
EDGE = (parse_matcher("service=edge"),)


def event(name: str, begins_h: int, hours: int = 2) -> Event:
    from_ms = NOW_MS + begins_h * HOUR_MS
    return Event(person=name, from_ms=from_ms, to_ms=from_ms + hours * HOUR_MS, uid=name)


def plan(events: list[Event], known: list[Silence], *, at_h: int = 0) -> Windows:
    ids = (f"s{number}" for number in count(len(known)))
    return plan_windows(
        events,
        known,
        name="planned",
        matchers=EDGE,
        by="ann",
        now_ms=NOW_MS + at_h * HOUR_MS,
        new_id=lambda: next(ids),
    )


def test_each_event_is_a_silence_with_its_words() -> None:
    planned = plan([event("new rack", 5), event("was", -9)], [])
    (made,) = planned.made
    assert made.starts_ms == NOW_MS + 5 * HOUR_MS
    assert made.ends_ms == NOW_MS + 7 * HOUR_MS
    assert made.comment == "new rack"
    assert made.matchers == EDGE
    assert not planned.ended


def test_read_again_nothing_changes() -> None:
    events = [event("new rack", 5), event("upgrade", 50)]
    known = list(plan(events, []).made)
    again = plan(events, known, at_h=6)
    assert (again.made, again.ended, again.kept) == ((), (), 2)


def test_what_moved_or_left_is_ended_and_made_anew() -> None:
    known = list(plan([event("new rack", 5), event("upgrade", 50)], []).made)
    planned = plan([event("new rack", 8)], known, at_h=1)
    assert [one.comment for one in planned.made] == ["new rack"]
    assert sorted(one.comment for one in planned.ended) == ["new rack", "upgrade"]
    assert all(one.ends_ms == NOW_MS + HOUR_MS for one in planned.ended)


def test_silences_of_people_and_of_other_calendars_are_left_alone() -> None:
    mine = plan([event("new rack", 5)], []).made[0]
    other = mine.model_copy(update={"annotations": (("event", "x"), ("window", "other"))})
    by_hand = mine.model_copy(update={"annotations": ()})
    assert plan([], [other, by_hand]).ended == ()
