"""A schedule as settings: read as people write it, refused with the right words."""

from typing import Any

import pytest
from pydantic import ValidationError

from auscult.notification.oncall import Schedule
from auscult.notification.oncall.schedule import Event, Feed, Turn, Unit
from tests.unit.notification.oncall.times import schedule

LAYER = {"name": "week", "people": ["ada", ["bob", "cyn"]], "start": "2026-03-02T09:00"}


def test_a_schedule_is_read_from_yaml_and_back_from_json() -> None:
    one = schedule(
        """
        layers:
          - {name: week, people: [ada, [bob, cyn]], start: 2026-03-02T09:00:00, turn: 12 hours}
          - {name: feed, events: [{person: dan, from_ms: 1, to_ms: 2}], from_ms: 0, to_ms: 9}
        overrides: [{person: eve, start: 2026-03-28T12:00, end: 2026-03-28T14:00}]
        holidays: [{name: Easter, day: 2026-04-05, stand_ins: gil, layers: week}]
        """
    )
    assert one.layers[0].people == (("ada",), ("bob", "cyn"))  # type: ignore[union-attr]
    assert one.layers[0].turn == Turn(count=12, unit=Unit.HOURS)  # type: ignore[union-attr]
    assert isinstance(one.layers[1], Feed)
    assert one.people == ("ada", "bob", "cyn", "dan", "eve", "gil")
    assert Schedule.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time_zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"layers": []}, "layers"),
        ({"layers": [LAYER, LAYER]}, "two have the same name"),
        ({"layers": [{**LAYER, "people": []}]}, "people"),
        ({"layers": [{**LAYER, "people": [[]]}]}, "people"),
        ({"layers": [{**LAYER, "turn": "1 month"}]}, "no length of a turn"),
        ({"layers": [{**LAYER, "turn": "0 days"}]}, "turn"),
        ({"layers": [{**LAYER, "start": "2026-03-02T09:00Z"}]}, "without an offset"),
        ({"layers": [{**LAYER, "until": "2026-03-02T09:00"}]}, "lies not after start"),
        ({"layers": [{**LAYER, "peple": []}]}, "rotation.peple"),
        ({"layers": [{**LAYER, "until": "9999-12-31T23:59"}]}, "the year 9999 is none of 1970"),
        ({"holidays": [{"name": "x", "day": "9999-12-31"}]}, "the year 9999 is none of 1970"),
        (
            {
                "overrides": [
                    {"person": "a", "start": "2026-03-02T09:00", "end": "2026-03-02T09:00"}
                ]
            },
            "lies not after start",
        ),
        ({"holidays": [{"name": "x", "day": "2026-01-02", "last": "2026-01-01"}]}, "before day"),
        (
            {"holidays": [{"name": "x", "day": "2026-01-02", "layers": ["weak"]}]},
            "no layer 'weak'; there are: week",
        ),
    ],
)
def test_a_wrong_schedule_is_refused_with_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        schedule(**{"layers": [LAYER], **fields})
    assert words in str(refused.value)


def test_a_feed_finds_a_long_event_behind_short_ones() -> None:
    events = [Event(person="ada", from_ms=0, to_ms=100)]
    events += [Event(person="bob", from_ms=at, to_ms=at + 1) for at in range(10, 90, 2)]
    feed = Feed(name="feed", events=tuple(reversed(events)), from_ms=0, to_ms=100)
    assert [one.person for one in feed.at(50)] == ["ada", "bob"]
    assert [one.person for one in feed.at(51)] == ["ada"]
    assert feed.at(100) == feed.at(-1) == ()
    assert feed.model_copy(update={"events": ()}).at(50) == ()
    assert feed == Feed.model_validate_json(feed.model_dump_json())
