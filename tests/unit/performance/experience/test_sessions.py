"""Players' events become figures by the definitions of the trade."""

import numpy as np
import pytest

from auscult.kernel.errors import InputError
from auscult.performance.experience import Event, PlayerEvents, Sessions, summarise

NOW_MS = 1_000_000
Row = tuple[int, int, Event, float]


def events_of(*rows: Row) -> PlayerEvents:
    """Rows of (session, second, kind, kbit/s)."""
    session, second, kind, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    return PlayerEvents(
        session=np.array(session, dtype=np.int64),
        at_ms=np.array(second, dtype=np.int64) * 1000,
        kind=np.array(kind, dtype=np.int8),
        value=np.array(value, dtype=np.float64),
    )


def told(*rows: tuple[int, Event] | tuple[int, Event, float], now_s: int = 1000) -> Sessions:
    full = [(7, row[0], row[1], row[2] if len(row) > 2 else 0.0) for row in rows]
    return summarise(events_of(*full), now_ms=now_s * 1000)


def test_a_session_with_a_stall_and_a_pause() -> None:
    one = told(
        (10, Event.REQUESTED),
        (12, Event.STARTED),
        (42, Event.STALLED),
        (52, Event.RESUMED),
        (62, Event.PAUSED),
        (162, Event.RESUMED),
        (212, Event.ENDED),
        (300, Event.STALLED),
    )
    assert one.startup_s.tolist() == [2.0]
    assert one.playing_s.tolist() == [30 + 10 + 50]
    assert one.stalled_s.tolist() == [10.0]
    assert one.rebuffer_ratio.tolist() == [0.1]
    assert one.stalls.tolist() == [1]
    assert one.over.tolist() == [True]
    assert not (one.failed | one.start_failed | one.left_early).any()


def test_three_ways_not_to_hear_a_sound() -> None:
    failed = told((0, Event.REQUESTED), (5, Event.FAILED))
    left = told((0, Event.REQUESTED), (5, Event.ENDED))
    waiting = told((0, Event.REQUESTED))
    for one in (failed, left, waiting):
        assert np.isnan(one.startup_s).all()
        assert np.isnan(one.rebuffer_ratio).all()
        assert one.playing_s.tolist() == [0.0]
    assert [bool(one.start_failed[0]) for one in (failed, left, waiting)] == [True, False, False]
    assert [bool(one.left_early[0]) for one in (failed, left, waiting)] == [False, True, False]
    assert not failed.failed.any()
    assert not waiting.over.any()


def test_a_failure_after_the_first_sound_is_one_of_playback() -> None:
    one = told((0, Event.REQUESTED), (1, Event.STARTED), (9, Event.FAILED), (9, Event.ENDED))
    assert one.failed.tolist() == [True]
    assert not (one.start_failed | one.left_early).any()
    assert one.playing_s.tolist() == [8.0]


def test_a_stall_before_the_first_sound_is_startup() -> None:
    one = told((0, Event.REQUESTED), (1, Event.STALLED), (6, Event.STARTED), (16, Event.ENDED))
    assert one.startup_s.tolist() == [6.0]
    assert one.stalled_s.tolist() == [0.0]
    assert one.stalls.tolist() == [0]


def test_an_open_session_stands_as_of_now() -> None:
    one = told((0, Event.REQUESTED), (1, Event.STARTED), (11, Event.STALLED), now_s=31)
    assert one.playing_s.tolist() == [10.0]
    assert one.stalled_s.tolist() == [20.0]
    assert one.over.tolist() == [False]


def test_switches_count_after_the_first_sound_and_rates_by_what_was_played() -> None:
    one = told(
        (0, Event.REQUESTED),
        (0, Event.BITRATE, 64),
        (1, Event.BITRATE, 128),
        (2, Event.STARTED),
        (12, Event.BITRATE, 64),
        (12, Event.BITRATE, 64),
        (22, Event.STALLED),
        (32, Event.BITRATE, 32),
        (32, Event.RESUMED),
        (42, Event.ENDED),
    )
    assert one.switches.tolist() == [2]
    assert one.bitrate_kbps[0] == pytest.approx((128 + 64 + 32) / 3)


def test_sessions_are_told_apart_in_any_order_of_events() -> None:
    rows: list[Row] = []
    for session in range(5):
        rows += [
            (session, 10 * session, Event.REQUESTED, 0),
            (session, 10 * session + session, Event.STARTED, 0),
            (session, 500, Event.ENDED, 0),
        ]
    shuffled = [rows[at] for at in np.random.default_rng(1).permutation(len(rows))]
    many = summarise(events_of(*shuffled), now_ms=NOW_MS)
    assert len(many) == 5
    assert many.session.tolist() == [0, 1, 2, 3, 4]
    assert many.startup_s.tolist() == [0, 1, 2, 3, 4]
    assert many.playing_s.tolist() == [500 - 11 * session for session in range(5)]


def test_figures_do_not_leak_from_one_session_to_the_next() -> None:
    alone = told((20, Event.REQUESTED), (22, Event.STARTED))
    both = summarise(
        events_of(
            (1, 0, Event.REQUESTED, 0),
            (1, 1, Event.STARTED, 0),
            (1, 2, Event.BITRATE, 64),
            (1, 3, Event.FAILED, 0),
            (7, 20, Event.REQUESTED, 0),
            (7, 22, Event.STARTED, 0),
        ),
        now_ms=NOW_MS,
    )
    for name in Sessions.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(both, name)[1:], getattr(alone, name))


def test_nothing_is_no_session() -> None:
    assert len(summarise(events_of(), now_ms=0)) == 0


def test_what_cannot_be_is_refused() -> None:
    good = events_of((1, 5, Event.BITRATE, 64.0))
    with pytest.raises(InputError, match="future"):
        summarise(good, now_ms=4_999)
    with pytest.raises(InputError):
        PlayerEvents(good.session, good.at_ms, good.kind, good.value[:0])
    with pytest.raises(InputError):
        PlayerEvents(good.session, good.at_ms, good.kind + np.int8(9), good.value)
    for rate in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError):
            events_of((1, 5, Event.BITRATE, rate))
