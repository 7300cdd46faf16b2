"""The fake clock moves as it is told; ids sort by time whatever the clock does."""

import threading
import time

import pytest

from auscult.runtime.clock import NEW_YEAR_2026_MS, Clock, FakeClock, SystemClock
from auscult.runtime.ids import IdMaker, new_id, time_of_id_ms


def test_the_system_clock_tells_this_machines_time() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.now_ms() - time.time() * 1000) < 1000
    assert clock.monotonic_s() <= clock.monotonic_s()


def test_the_fake_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert (clock.now_ms(), clock.monotonic_s()) == (NEW_YEAR_2026_MS, 0)
    assert clock.advance(s=1.5, ms=2) == NEW_YEAR_2026_MS + 1502
    assert clock.monotonic_s() == 1.502
    clock.jump(-5000)
    assert (clock.now_ms(), clock.monotonic_s()) == (NEW_YEAR_2026_MS - 3498, 1.502)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(ms=-1)


def test_an_id_carries_its_time_in_the_published_alphabet() -> None:
    # The specification's own example: 01ARYZ6S41 is the time 1469918176385.
    made = IdMaker().make(1_469_918_176_385)
    assert made.startswith("01ARYZ6S41")
    assert len(made) == 26
    assert time_of_id_ms(made) == 1_469_918_176_385
    with pytest.raises(ValueError):
        time_of_id_ms(made[:-1])
    with pytest.raises(ValueError):
        time_of_id_ms("U" * 26)
    with pytest.raises(ValueError):
        IdMaker().make(1 << 48)


def test_ids_grow_within_a_millisecond_and_while_the_clock_runs_backwards() -> None:
    clock, ids = FakeClock(), []
    for step in (0, 0, -60_000, 0, 61_000):
        clock.jump(step)
        ids.append(new_id(clock))
    assert ids == sorted(ids)
    assert len(set(ids)) == 5


def test_two_makers_do_not_make_the_same_id() -> None:
    assert IdMaker().make(5) != IdMaker().make(5)


def test_threads_get_different_ids() -> None:
    maker, made = IdMaker(), list[list[str]]()
    threads = [
        threading.Thread(target=lambda: made.append([maker.make(7) for _ in range(2000)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({identifier for row in made for identifier in row}) == 8000
    assert all(row == sorted(row) for row in made)
