"""A tap's own past decides what is late: steps, creeps, noise, excursions, and the end of it."""

import numpy as np
import pytest
from numpy.random import Generator

from auscult.performance.lateness.taps import ArrivalClock, Course, KeptPast, Past, SourceClock

EVERY_MS = 2_000


def follow(
    course: Course, latencies_s: list[float], *, begin: int = 0, piece_s: float = 0.5
) -> int:
    for number, latency_s in enumerate(latencies_s, start=begin):
        course.note(1_000_000 + number * EVERY_MS, latency_s, piece_s=piece_s)
    return begin + len(latencies_s)


def is_late(course: Course) -> bool:
    return course.late_since_ms is not None


def noisy(
    rng: Generator, count: int, *, level_s: float = 2.0, noise_s: float = 0.05
) -> list[float]:
    return [float(one) for one in level_s + noise_s * rng.standard_normal(count)]


def test_in_the_first_minute_nothing_is_known_to_be_late() -> None:
    course = Course()
    follow(course, [1.0] * 20 + [9.0] * 9)
    assert course.past.usual is None
    assert course.late_since_ms is None


@pytest.mark.parametrize("size_s", [0.5, 1.0, 10.0])
def test_a_step_is_late_from_the_first_of_two_probes_on(size_s: float) -> None:
    course, rng = Course(), np.random.default_rng(1)
    begin = follow(course, noisy(rng, 100, noise_s=0.02))
    follow(course, noisy(rng, 2, level_s=2.0 + size_s, noise_s=0.0), begin=begin)
    assert course.late_since_ms == 1_000_000 + begin * EVERY_MS
    assert course.added_s == pytest.approx(size_s, abs=0.05)


def test_sound_that_comes_earlier_is_not_late() -> None:
    course = Course()
    follow(course, [5.0] * 60 + [1.0] * 60)
    assert course.late_since_ms is None


@pytest.mark.parametrize("noise_s", [0.0, 0.05, 0.3])
def test_noise_alone_is_never_late(noise_s: float) -> None:
    course, rng = Course(), np.random.default_rng(3)
    for number, latency_s in enumerate(noisy(rng, 8_000, noise_s=noise_s)):
        course.note(number * EVERY_MS, latency_s)
        assert course.late_since_ms is None, number


def test_one_excursion_is_not_late_and_many_are_usual() -> None:
    course, rng = Course(), np.random.default_rng(4)
    for number in range(3_000):
        course.note(number * EVERY_MS, 2.0 + 1.5 * bool(rng.random() < 0.05))
        assert course.late_since_ms is None or number < 200, number


def test_a_creep_within_the_hour_is_found() -> None:
    course = Course()
    found = None
    for number in range(1_800):
        course.note(number * EVERY_MS, 2.0 + max(0, number - 300) * EVERY_MS * 2e-7)  # 0.72 s/h
        found = found or course.late_since_ms
    assert found is None
    for number in range(1_800, 3_600):
        course.note(number * EVERY_MS, 2.0 + (number - 300) * EVERY_MS * 1e-6)  # 3.6 s/h
        found = found or course.late_since_ms
    assert found is not None


def test_a_creep_too_slow_for_the_hour_is_found_by_the_hours_before() -> None:
    course = Course()
    for number in range(12 * 1_800):
        course.note(number * EVERY_MS, 2.0 + 0.1 * number / 1_800)
        if course.late_since_ms is not None:
            break
    assert course.late_since_ms is not None
    assert 2.5 < (course.now_s or 0) < 3.0


def test_pieces_fetched_whole_may_be_late_by_one_of_them() -> None:
    course = Course()
    begin = follow(course, [1.0] * 60, piece_s=2.0)
    begin = follow(course, [2.9] * 10, begin=begin, piece_s=2.0)
    assert not is_late(course)
    follow(course, [4.5] * 2, begin=begin, piece_s=2.0)
    assert is_late(course)


def test_it_is_over_once_three_probes_say_so() -> None:
    course = Course()
    begin = follow(course, [1.0] * 60 + [4.0] * 10 + [1.0] * 2)
    assert is_late(course)
    assert course.is_ending
    follow(course, [1.0], begin=begin)
    assert not is_late(course)
    assert course.past.usual is not None
    assert course.past.usual.level_s == 1.0, "what was late is no part of the past"


def test_what_has_lasted_an_hour_is_how_it_is() -> None:
    course = Course()
    follow(course, [1.0] * 60 + [4.0] * 1_900)
    assert course.late_since_ms is None
    assert course.past.usual is not None
    assert course.past.usual.level_s == 4.0


def test_nothing_is_late_of_which_nothing_was_heard_for_two_minutes() -> None:
    course = Course()
    end = follow(course, [1.0] * 60 + [4.0] * 5)
    course.forget_stale(1_000_000 + end * EVERY_MS + 100_000)
    assert is_late(course)
    course.forget_stale(1_000_000 + end * EVERY_MS + 121_000)
    assert not is_late(course)


def test_memory_is_bounded() -> None:
    course = Course()
    follow(course, [1.0] * 5_000)
    at_ms, value = course.curve()
    assert len(at_ms) == len(value) == 360


def test_the_clock_of_arrivals_is_their_lower_envelope() -> None:
    clock, rng = ArrivalClock(window_s=60.0), np.random.default_rng(5)
    for second in range(300):
        waited_s = float(rng.exponential(2.0)) * (second % 5 > 0)
        clock.note(second, 100.0 + second * 1.0001 + waited_s)
    assert clock.offset_s == pytest.approx(100.0 + 0.0001 * 270, abs=0.01)


@pytest.mark.parametrize("told_each_time", [True, False])
def test_a_source_that_says_when_its_sound_was_made_is_not_late_by_its_own_way(
    told_each_time: bool,
) -> None:
    clock, rng = SourceClock(), np.random.default_rng(6)
    for second in range(200):
        at_s = 100.0 + second + 1.0 + 1.7 + float(rng.exponential(0.2))
        told = told_each_time or second == 0
        made_s = 100.0 + second if told else None
        clock.note(second, second + 1.0, at_s=at_s, made_s=made_s)
    assert clock.offset_s == pytest.approx(100.0, abs=0.001 if told_each_time else 0.02)
    assert clock.had_s == pytest.approx(101.7, abs=0.02)


@pytest.mark.parametrize("off_s", [0.3, -12.0])
def test_a_source_whose_clock_is_wrong_is_not_believed(off_s: float) -> None:
    clock = SourceClock()
    for second in range(100):
        made_s = 100.0 + second + off_s  # sound that came before it was made, or long after
        clock.note(second, second + 1.0, at_s=101.1 + second, made_s=made_s)
    assert clock.offset_s == pytest.approx(100.1)
    assert clock.own_s == 0


def test_a_tap_that_becomes_late_itself_makes_nothing_early_where_it_says_the_times() -> None:
    clock = SourceClock()
    for second in range(200):
        at_s = 101.0 + second + 3.0 * (second > 100)
        clock.note(second, second + 1.0, at_s=at_s, made_s=100.0 + second)
    assert clock.offset_s == pytest.approx(100.0)


def test_a_digest_of_a_past_says_what_the_past_says() -> None:
    course, rng = Course(), np.random.default_rng(8)
    latency_s = 1.0 + 0.05 * rng.standard_normal(4_000)
    latency_s[[3_500, 3_600]] = 1.35  # seldom, and usual all the same
    follow(course, latency_s.tolist())
    kept = course.past.keep()
    again, known = Past.resume(KeptPast.model_validate_json(kept.model_dump_json())), course.past
    assert known.usual is not None
    assert again.usual is not None
    assert again.usual.level_s == pytest.approx(known.usual.level_s, abs=0.01)
    assert again.usual.high_s == pytest.approx(known.usual.high_s, abs=0.08)
    assert len(kept.model_dump_json()) < 1_500
