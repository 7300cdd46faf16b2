"""A path is followed; a jump is believed when a second probe says it; unknown is counted."""

import pytest

from auscult.kernel.errors import InputError
from auscult.performance.lateness import (
    Locked,
    Reason,
    Sighting,
    Track,
    Unknown,
    advance,
    replay,
    split_stages,
)


def at(at_s: float, delay_s: float) -> Locked:
    return Locked(at_s, delay_s, confidence=0.9, drift=0.0)


def lost(at_s: float, *rivals_s: float) -> Unknown:
    reason = Reason.REPETITIVE if rivals_s else Reason.SILENCE
    return Unknown(at_s, reason, rivals_s=rivals_s)


def test_the_first_delay_is_known_once_two_probes_agree() -> None:
    track, _ = advance(Track(), at(0, 5.0))
    assert track.delay_s is None
    track, step = advance(track, at(2, 5.02))
    assert track.delay_s == 5.02
    assert step is None


@pytest.mark.parametrize("size_s", [0.5, -0.5, 3.0, 10.0])
def test_a_step_is_found_by_the_second_probe_within_ten_seconds(size_s: float) -> None:
    probes: list[Sighting] = [at(2 * k, 12.0 + size_s * (k >= 10)) for k in range(20)]
    track, steps = replay(probes)
    assert track.delay_s == 12.0 + size_s
    (step,) = steps
    assert step.size_s == pytest.approx(size_s)
    assert step.begun_at_s == 20
    assert step.confirmed_at_s - 20 <= 10
    assert step.before_s == 12.0


def test_one_false_lock_moves_nothing() -> None:
    track, steps = replay([at(0, 5), at(2, 5), at(4, 55), at(6, 5), at(8, 55), at(10, 5)])
    assert track.delay_s == 5
    assert steps == ()


def test_two_false_locks_that_disagree_move_nothing() -> None:
    track, steps = replay([at(0, 5), at(2, 5), at(4, 55), at(6, 35)])
    assert track.delay_s == 5
    assert steps == ()


def test_a_slow_drift_is_followed_without_a_step() -> None:
    track, steps = replay([at(2 * k, 5 + 0.02 * k) for k in range(100)])
    assert track.delay_s == pytest.approx(5 + 0.02 * 99)
    assert steps == ()


def test_a_jump_that_nothing_confirms_in_time_is_forgotten() -> None:
    track, steps = replay([at(0, 5), at(2, 5), at(4, 9), lost(20), at(40, 9)])
    assert track.delay_s == 5
    assert steps == ()


def test_repetitive_music_holds_the_delay_and_silence_lets_it_go() -> None:
    known = [at(0, 5.0), at(2, 5.0)]
    held, _ = replay([*known, *(lost(4 + 2 * k, 3.0, 5.0, 7.0) for k in range(100))])
    assert held.delay_s == 5.0
    gone, _ = replay([*known, *(lost(4 + 2 * k) for k in range(100))])
    assert gone.delay_s is None
    elsewhere, _ = replay([*known, *(lost(4 + 2 * k, 3.0, 7.0) for k in range(100))])
    assert elsewhere.delay_s is None


def test_unknown_is_a_share_of_the_last_sixty_and_never_a_latency() -> None:
    assert Track().unknown_share == 0.0
    track, _ = replay([*(lost(k) for k in range(300)), *(at(300 + k, 5) for k in range(15))])
    assert len(track.recent) == 60
    assert track.unknown_share == pytest.approx(0.75)
    assert track.delay_s == 5


def test_a_probe_from_before_the_last_is_refused() -> None:
    track, _ = advance(Track(), at(5, 1))
    with pytest.raises(InputError):
        advance(track, at(4, 1))


def test_the_parts_of_the_way_add_up() -> None:
    split = split_stages("tap", [("origin", 1.25), ("edge", 1.75), ("player", 8.0)])
    assert [(part.begin, part.end, part.delay_s) for part in split.parts] == [
        ("tap", "origin", 1.25),
        ("origin", "edge", 0.5),
        ("edge", "player", 6.25),
    ]
    assert split.total_s == 8.0
    assert split.slowest is not None
    assert split.slowest.end == "player"
    assert split.unknown == ()


def test_an_unknown_tap_joins_two_parts_and_is_named() -> None:
    split = split_stages("tap", [("origin", 1.0), ("edge", None), ("player", 8.0)])
    assert [(part.begin, part.end, part.delay_s) for part in split.parts] == [
        ("tap", "origin", 1.0),
        ("origin", "player", 7.0),
    ]
    assert split.unknown == ("edge",)
    assert split_stages("tap", [("edge", None)]).slowest is None


def test_sound_that_arrives_before_it_was_sent_means_two_clocks() -> None:
    split = split_stages("tap", [("origin", 2.0), ("edge", 1.5)])
    assert [part.clocks_disagree for part in split.parts] == [False, True]
    assert split.total_s == 1.5


def test_taps_of_one_name_or_without_end_are_refused() -> None:
    for taps in ([("a", 1.0), ("a", 2.0)], [("tap", 1.0)], [(f"{k}", 1.0) for k in range(65)]):
        with pytest.raises(InputError):
            split_stages("tap", taps)
