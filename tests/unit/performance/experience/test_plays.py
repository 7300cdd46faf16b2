"""What players report becomes plays: figures by the definitions, bounded, whatever is missing."""

import numpy as np
import pytest

from auscult.performance.experience import PlayTable, score_sessions
from auscult.performance.experience.plays import PLAYS_MAX
from auscult.performance.experience.standing import stand
from tests.unit.performance.experience.audience import BEGIN_MS, Event, columns


def event(kind: str, session: int = 7, lasted_ms: float = float("nan"), **more: str) -> Event:
    return {"kind": kind, "session": session, "lasted_ms": lasted_ms, **more}


def table_of(*steps: list[Event], every_s: int = 10) -> PlayTable:
    table = PlayTable()
    for number, events in enumerate(steps):
        now_ms = BEGIN_MS + 1_000 * every_s * number
        table.take(columns(events, now_ms), now_ms)
    return table


def test_a_play_has_the_figures_of_its_events() -> None:
    table = table_of(
        [event("STARTUP", lasted_ms=2_000)],
        [event("STALL", lasted_ms=3_000), event("SWITCH")],
        [event("END", lasted_ms=17_000)],
    )
    one = table.sessions(np.arange(1), BEGIN_MS + 60_000)
    assert one.startup_s[0] == 2.0
    assert one.playing_s[0] == 17.0
    assert one.rebuffer_ratio[0] == pytest.approx(3 / 20)
    assert (one.stalls[0], one.switches[0]) == (1, 1)
    assert one.over[0]
    assert not [flags for flags in (one.failed, one.start_failed, one.left_early) if flags[0]]


@pytest.mark.parametrize(
    ("events", "start_failed", "failed", "left_early"),
    [
        ([event("FAILURE")], True, False, False),
        ([event("STARTUP", lasted_ms=900), event("FAILURE")], False, True, False),
        ([event("END", lasted_ms=0)], False, False, True),
        ([event("STARTUP", lasted_ms=900), event("END", lasted_ms=0)], False, False, False),
        ([event("FAILURE"), event("END", lasted_ms=0)], True, False, False),
        ([event("END", lasted_ms=60_000)], False, False, False),
    ],
)
def test_how_a_play_ended(
    events: list[Event], *, start_failed: bool, failed: bool, left_early: bool
) -> None:
    for table in (table_of(events), table_of(*[[one] for one in events])):
        one = table.sessions(np.arange(1), BEGIN_MS + 60_000)
        assert (one.start_failed[0], one.failed[0]) == (start_failed, failed)
        assert one.left_early[0] == left_early
        assert one.over[0]


def test_what_comes_after_a_failure_is_not_looked_at() -> None:
    table = table_of([event("STARTUP", lasted_ms=900)], [event("FAILURE")], [event("STALL")])
    one = table.sessions(np.arange(1), BEGIN_MS + 60_000)
    assert one.stalls[0] == 0


def test_events_without_a_session_are_plays_of_their_own() -> None:
    table = table_of([event("STARTUP", session=0), event("FAILURE", session=0)])
    assert len(table.plays) == 2
    assert not table.alive(BEGIN_MS).any()


def test_a_play_of_which_nothing_is_heard_for_an_hour_is_over() -> None:
    table = table_of([event("STARTUP")])
    assert table.alive(BEGIN_MS + 3_500_000).all()
    assert not table.alive(BEGIN_MS + 3_700_000).any()


def test_what_is_reported_ten_minutes_late_says_nothing_of_now() -> None:
    table = PlayTable()
    table.take(columns([event("FAILURE")], BEGIN_MS), BEGIN_MS + 601_000)
    assert (len(table.plays), table.lost) == (0, 1)


def test_the_table_is_bounded_and_keeps_those_seen_last() -> None:
    table = PlayTable()
    for batch in range(14):
        now_ms = BEGIN_MS + batch
        sessions = range(5_000 * batch + 1, 5_000 * (batch + 1) + 1)
        table.take(columns([event("STARTUP", session=one) for one in sessions], now_ms), now_ms)
    assert len(table.plays) <= PLAYS_MAX
    assert table.plays["session"][-1] == 70_000
    assert len(table.plays) + table.lost == 70_000
    before = len(table.plays)
    table.take(columns([event("FAILURE", session=70_000)], BEGIN_MS + 99), BEGIN_MS + 99)
    assert len(table.plays) == before, "a known play is found again"


def test_a_programme_has_its_standing() -> None:
    table = table_of(
        [
            event("STARTUP", 1, 2_000, programme="acme/morning"),
            event("STARTUP", 2, 8_000, programme="acme/morning"),
            event("FAILURE", 3, programme="acme/morning"),
            event("END", 4, 0.0, programme="acme/charts"),
        ],
    )
    charts, morning = stand(table, BEGIN_MS + 60_000)
    assert (morning.plays, morning.playing, morning.failed) == (3, 2, 1)
    assert morning.score == pytest.approx((80 + 50 + 0) / 3)
    assert morning.startup_s == 5.0
    assert morning.rebuffer_ratio == 0.0
    assert (charts.left_early, charts.plays) == (1, 1)
    assert np.isnan(charts.score)
    assert score_sessions(table.sessions(np.arange(2), BEGIN_MS)).tolist() == [80.0, 50.0]
