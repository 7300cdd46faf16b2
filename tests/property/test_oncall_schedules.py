"""Whatever the schedule and the zone: one answer at every instant, also where a clock changes."""

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.notification.oncall import Duty, on_call, shifts
from auscult.notification.oncall.duty import layer_duties
from auscult.notification.oncall.zones import first_ms, wall_at
from tests.benchmarks.oncall_worlds import (
    DAY_MS,
    MINUTE_MS,
    ZONES,
    Answer,
    Oracle,
    changes_of,
    draw,
    wall_of,
)
from tests.unit.notification.oncall.times import schedule

seeds = st.integers(0, 2**32)
CHANGING = [zone for zone in ZONES if changes_of(zone, 2009)]


def said(duties: tuple[Duty, ...]) -> Answer:
    return tuple((duty.person, str(duty.because), duty.name) for duty in duties)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=20)
@given(seeds)
def test_shifts_are_what_a_walk_through_every_minute_finds(zone: str, seed: int) -> None:
    world = draw(random.Random(seed), zone=zone)
    found = shifts(world.schedule, world.from_ms, world.to_ms)
    assert all(shift.from_ms % MINUTE_MS == 0 for shift in found)
    minutes = [
        said(shift.duties) for shift in found for _ in range(shift.from_ms, shift.to_ms, MINUTE_MS)
    ]
    expected = Oracle(world).ask()
    assert minutes == expected
    for minute in range(seed % 29, len(expected), 29):
        at_ms = world.from_ms + minute * MINUTE_MS
        assert said(on_call(world.schedule, at_ms)) == expected[minute]


@settings(max_examples=60)
@given(seeds, st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30))
def test_shifts_cover_the_window_once_and_agree_with_who_is_on_call(
    seed: int, places: list[float]
) -> None:
    world = draw(random.Random(seed))
    found = shifts(world.schedule, world.from_ms, world.to_ms)
    assert (found[0].from_ms, found[-1].to_ms) == (world.from_ms, world.to_ms)
    for before, after in pairwise(found):
        assert before.to_ms == after.from_ms
        assert before.duties != after.duties
    instants = [world.from_ms + int(place * (world.to_ms - world.from_ms)) for place in places]
    for at_ms in [*instants, *(edge for one in found for edge in (one.from_ms, one.to_ms - 1))]:
        [shift] = [one for one in found if one.from_ms <= at_ms < one.to_ms]
        assert on_call(world.schedule, at_ms) == shift.duties


@settings(max_examples=60)
@given(seeds, st.integers(0, DAY_MS))
def test_a_part_of_a_window_has_the_same_shifts(seed: int, skipped_ms: int) -> None:
    world = draw(random.Random(seed))
    from_ms = world.from_ms + skipped_ms
    whole = shifts(world.schedule, world.from_ms, world.to_ms)
    part = shifts(world.schedule, from_ms, world.to_ms)
    rest = [one for one in whole if one.to_ms > from_ms]
    assert part == (rest[0].model_copy(update={"from_ms": from_ms}), *rest[1:])


@settings(max_examples=60)
@given(seeds)
def test_without_exceptions_the_uppermost_layer_that_has_somebody_speaks(seed: int) -> None:
    drawn = draw(random.Random(seed))
    plain = drawn.schedule.model_copy(update={"overrides": ()})
    for at_ms in range(drawn.from_ms, drawn.to_ms, 97 * MINUTE_MS):
        own = [layer_duties(plain, layer, at_ms) for layer in plain.layers]
        speaking = [duties for duties in own if duties]
        assert {one.person for one in on_call(plain, at_ms)} == (
            {one.person for one in speaking[-1]} if speaking else set()
        )


@pytest.mark.parametrize("zone", CHANGING)
@settings(max_examples=20)
@given(st.integers(0, 1_439), st.sampled_from(["1 day", "1 week", "2 days", "12 hours"]), seeds)
def test_a_handover_is_at_the_same_time_of_day_on_both_sides_of_a_change(
    zone: str, minute: int, turn: str, seed: int
) -> None:
    change_ms = random.Random(seed).choice(changes_of(zone, 2009))
    day = (wall_at(change_ms, zone) - timedelta(days=21)).date()
    start = wall_of((day.toordinal() - 719_163) * 1_440 + minute)
    layer = {"name": "a", "people": ["ada", "bob"], "start": start, "turn": turn}
    one = schedule(time_zone=zone, layers=[layer])
    found = shifts(one, first_ms(start, zone), first_ms(start, zone) + 42 * DAY_MS)
    times = [wall_at(shift.from_ms, zone) for shift in found]
    usual = {start.time()} | ({(start + timedelta(hours=12)).time()} if "hours" in turn else set())
    unusual = [at for at in times if at.time() not in usual]
    skipped = wall_at(change_ms, zone)
    assert unusual in ([], [skipped])  # a time that does not exist is the moment of the change
    assert min(times) < skipped <= max(times)
    assert len(times) in {42 * 1_440 // (one.layers[0].turn.minutes) + extra for extra in (0, 1)}  # type: ignore[union-attr]
