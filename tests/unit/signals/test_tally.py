"""Events added up by group, and told as series."""

from collections.abc import Hashable

import numpy as np
import pytest

from auscult.kernel.errors import SeriesCapReached
from auscult.kernel.words import Labels
from auscult.signals import Kind
from auscult.signals.tallies import Measure, Tally, Told
from auscult.signals.tallies.tally import IDLE_MS_MAX
from tests.unit.signals.sink import NOW_MS, MemorySink

MEASURES = (Measure("plays_total"), Measure("wait_mean_seconds", is_mean=True))
OTHER = (("title", "(other)"),)


def name(key: Hashable) -> Labels:
    return (("title", str(key)),)


def add(tally: Tally, plays: dict[str, list[float]], now_ms: int = NOW_MS) -> None:
    """Add plays by title: how long each waited."""
    keys = [title for title, waits in plays.items() for _ in waits]
    rows = tally.rows(keys, name, now_ms=now_ms)
    waits = np.array([one for waits in plays.values() for one in waits])
    tally.add(0, rows, np.ones(len(rows)))
    tally.add(1, rows, waits)


def tell(tally: Tally, now_ms: int = NOW_MS) -> dict[tuple[str, str], float]:
    """Return the told values by series name and title."""
    sink = MemorySink()
    told = tally.tell(sink.slot, now_ms=now_ms)
    assert set(told.at_ms.tolist()) <= {now_ms}
    labels = [dict(sink.registry.labels_of(slot)) for slot in told.slots.tolist()]
    return {
        (one["__name__"], one["title"]): value
        for one, value in zip(labels, told.value.tolist(), strict=True)
    }


def test_counters_rise_and_means_begin_anew() -> None:
    tally = Tally(MEASURES, other=OTHER)
    add(tally, {"a": [1.0, 3.0], "b": [5.0]})
    assert tell(tally) == {
        ("plays_total", "a"): 2.0,
        ("plays_total", "b"): 1.0,
        ("wait_mean_seconds", "a"): 2.0,
        ("wait_mean_seconds", "b"): 5.0,
    }
    add(tally, {"a": [7.0]})
    assert tell(tally) == {
        ("plays_total", "a"): 3.0,
        ("plays_total", "b"): 1.0,
        ("wait_mean_seconds", "a"): 7.0,
    }
    assert len(tally) == 2


def test_sums_of_several_events_weigh_as_many() -> None:
    tally = Tally(MEASURES, other=OTHER)
    rows = tally.rows(["a", "a"], name, now_ms=NOW_MS)
    tally.add(1, rows, np.array([10.0, 2.0]), weights=np.array([5.0, 1.0]))
    assert tell(tally)["wait_mean_seconds", "a"] == 2.0


def test_groups_are_bounded_and_what_is_beyond_is_told_as_one() -> None:
    tally = Tally(MEASURES, other=OTHER, rows_max=2)
    add(tally, {"a": [1.0], "b": [1.0], "c": [1.0], "d": [1.0]})
    told = tell(tally)
    assert told["plays_total", "(other)"] == 2.0
    assert len(tally) == 2


def test_an_idle_group_makes_room_and_the_others_keep_their_count() -> None:
    tally = Tally(MEASURES, other=OTHER, rows_max=2)
    add(tally, {"a": [1.0], "b": [1.0]})
    later_ms = NOW_MS + IDLE_MS_MAX + 1
    add(tally, {"b": [4.0]}, later_ms)
    assert tell(tally, later_ms)["plays_total", "a"] == 1.0, "there is room: it is quiet, not gone"
    add(tally, {"c": [9.0]}, later_ms)
    assert tell(tally, later_ms) == {
        ("plays_total", "b"): 2.0,
        ("plays_total", "c"): 1.0,
        ("wait_mean_seconds", "c"): 9.0,
    }
    add(tally, {"d": [9.0]}, later_ms + 1)
    assert tell(tally, later_ms)["plays_total", "(other)"] == 1.0, "none of them is idle"


def test_a_series_without_room_is_counted_and_the_others_are_told() -> None:
    def refuse(labels: Labels, kind: Kind) -> int:
        if dict(labels)["title"] == "a":
            raise SeriesCapReached("full")
        assert kind is (Kind.COUNTER if dict(labels)["__name__"] == "plays_total" else Kind.GAUGE)
        return 5

    tally = Tally(MEASURES, other=OTHER)
    add(tally, {"a": [1.0], "b": [2.0]})
    told: Told = tally.tell(refuse, now_ms=NOW_MS)
    assert (told.slots.tolist(), told.value.tolist(), told.refused) == ([5, 5], [1.0, 2.0], 2)


def test_nothing_tells_nothing() -> None:
    assert tell(Tally(MEASURES, other=OTHER)) == {}
    with pytest.raises(IndexError):
        Tally(MEASURES, other=OTHER).add(2, np.zeros(0, dtype=np.intp), np.zeros(0))
