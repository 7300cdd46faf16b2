"""How a schedule stands, and what will go wrong with being on call."""

import pytest

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import Severity
from auscult.notification.oncall import OnCall
from auscult.notification.oncall.notices import Kind
from auscult.notification.oncall.outlook import notices_of, stand, troubles
from tests.unit.notification.oncall.times import DAY_MS, schedule, text_of, utc

DAYS = "{name: days, people: [ada, bob], start: 2026-03-02T09:00, turn: 1 day}"
AT_MS = utc("2026-03-10 12:00")
PEOPLE = [{"name": name, "time_zone": "UTC", "contacts": name} for name in ("ada", "bob")]


def section(*layers: str, people: int = 2, **more: object) -> OnCall:
    made = schedule(f"layers: [{', '.join(layers)}]", **more)
    return OnCall.model_validate({"people": PEOPLE[:people], "schedules": [made], "policy": ""})


def test_a_schedule_stands_with_who_until_when_and_who_is_next() -> None:
    standing = stand(schedule(f"layers: [{DAYS}]"), AT_MS)
    (turn,) = standing.on_call
    assert (turn.person, turn.why) == ("ada", "layer days")
    assert turn.until_ms == standing.next_ms
    assert text_of(standing.next_ms or 0) == "2026-03-11 08:00"
    assert standing.next_people == ("bob",)
    assert standing.next_up == ("bob",)


def test_where_nobody_is_on_call_the_next_one_is_known() -> None:
    standing = stand(schedule(f"layers: [{DAYS}]"), utc("2026-03-01 00:00"))
    assert standing.on_call == ()
    assert standing.next_people == ("ada",)


def test_a_takeover_holds_to_the_second_in_the_hour_that_autumn_shows_twice() -> None:
    one = schedule(f"layers: [{DAYS}]")
    at_ms = utc("2026-10-25 01:15")  # 02:15 in Berlin, for the second time
    wished = Takeover(schedule="streaming", person="cyn", starts_ms=at_ms, ends_ms=at_ms + 60_000)
    with_cyn = one.amended([wished], {})
    people = [stand(with_cyn, ms).on_call[0].person for ms in (at_ms - 1, at_ms, at_ms + 60_000)]
    assert people[0] == people[2] != "cyn"
    assert people[1] == "cyn"
    other = wished.model_copy(update={"schedule": "days"})
    assert one.amended([other], {}) is one


def test_a_gap_is_a_note_and_a_warning_a_day_before() -> None:
    one = section(DAYS[:-1] + ", until: 2026-03-20T09:00}")
    (far,) = troubles(one, AT_MS)
    assert far.severity is Severity.INFO
    assert far.sentence.startswith("Nobody is on call in streaming from Fri 20 Mar 2026 09:00 CET")
    (near,) = troubles(one, utc("2026-03-19 10:00"))
    assert near.severity is Severity.WARNING
    assert troubles(one, utc("2026-03-05 10:00")) == ()


def test_of_many_gaps_the_first_is_told_and_the_others_are_counted() -> None:
    hours = "hours: [{start: 09:00, end: 17:00}]"
    (one,) = troubles(section(DAYS[:-1] + f", {hours}}}"), AT_MS)
    assert one.sentence.endswith(" 13 more within 14 days.")
    assert one.severity is Severity.WARNING


def test_gaps_that_are_meant_are_not_told() -> None:
    one = section(DAYS[:-1] + ", until: 2026-03-20T09:00}", gaps_allowed=True)
    assert troubles(one, AT_MS) == ()
    assert notices_of(one, "streaming", from_ms=AT_MS, to_ms=AT_MS + 20 * DAY_MS) == ()


def test_a_name_that_means_nobody_is_told_before_it_is_on_call() -> None:
    (one,) = troubles(section(DAYS, people=1), AT_MS)
    assert one.sentence.startswith("'bob' is no person that is known, and on call in streaming")
    assert one.severity is Severity.WARNING


def test_what_policies_name_and_is_not_there_is_told() -> None:
    policy = {"name": "p", "steps": [{"to": "schedule:nights"}], "fallback": "channel:ops"}
    one = OnCall.model_validate({"policies": [policy], "policy": "p"})
    (told,) = troubles(one, AT_MS)
    assert told.sentence == "p: there is no schedule 'nights'."
    assert told.severity is Severity.INFO


def test_notices_of_a_schedule_are_its_own_and_those_it_shares() -> None:
    other = schedule(f"layers: [{DAYS}]", name="other")
    both = section(DAYS, people=1)
    both = both.model_copy(update={"schedules": (*both.schedules, other)})
    found = notices_of(both, "other", from_ms=AT_MS, to_ms=AT_MS + 2 * DAY_MS)
    assert {one.kind for one in found} == {Kind.STRANGER, Kind.TWO_SCHEDULES}
    assert list(found) == sorted(found, key=lambda one: (one.from_ms, one.kind))
    with pytest.raises(ObjectMissing, match="there are: streaming, other"):
        notices_of(both, "third", from_ms=AT_MS, to_ms=AT_MS + 1)


def test_a_calendar_in_settings_is_a_layer_with_nobody_until_it_is_read() -> None:
    one = schedule("layers: [{name: vendor, calendar: 'webcal://calendar.example/secret.ics'}]")
    (layer,) = one.layers
    assert layer.calendar.get_secret_value() == "https://calendar.example/secret.ics"  # type: ignore[union-attr]
    assert "secret" not in repr(one)
    assert stand(one, AT_MS).on_call == ()
    with pytest.raises(ValueError, match="should begin with https://"):
        schedule("layers: [{name: vendor, calendar: 'file:///etc/passwd'}]")
