"""The clock of a player."""

import pytest

from soundstage.listeners.player import HURRY_RATE, LINGER_RATE, START_S, TOO_FAR_S, Player


def play_from(segments: int) -> Player:
    player = Player(joined_s=100.0)
    for number in range(segments):
        player.receive(10.0 + 2 * number, 12.0 + 2 * number)
    return player


def plays(player: Player) -> bool:
    return player.playing


def test_it_starts_when_enough_is_buffered() -> None:
    player = play_from(1)
    player.advance(101.0)
    assert not plays(player)
    player.receive(12.0, 14.0)
    player.advance(102.5)
    assert plays(player)
    assert player.startup_s == pytest.approx(2.5)
    assert player.buffer_s == pytest.approx(START_S)


def test_it_stalls_once_and_counts_the_time() -> None:
    player = play_from(2)
    player.advance(101.0)
    for now in (103.0, 106.0, 107.0):
        player.advance(now)
    assert not plays(player)
    assert player.rebuffers == 1
    assert player.rebuffer_s == pytest.approx(2.0)  # 4 s buffered, 6 s passed
    player.receive(14.0, 16.0)
    player.advance(108.0)
    player.advance(109.0)
    assert plays(player)
    assert player.rebuffers == 1
    assert player.rebuffer_s == pytest.approx(3.0)
    assert player.position_s == pytest.approx(15.0)


def test_a_gap_is_skipped_when_playback_has_reached_it() -> None:
    player = play_from(2)
    player.advance(101.0)
    player.advance(105.0)
    assert player.buffer_s == 0.0
    player.receive(20.0, 22.0)
    assert player.position_s == 20.0


def test_it_jumps_forward_when_too_far_behind_live() -> None:
    player = play_from(4)
    player.catch_up(10.0 + TOO_FAR_S)
    assert player.position_s == 10.0
    player.catch_up(10.1 + TOO_FAR_S)
    assert player.buffer_s == pytest.approx(START_S)


def test_it_hurries_until_it_is_as_near_live_as_it_was_at_its_start() -> None:
    player = play_from(4)
    player.advance(101.0)
    player.catch_up(15.0)  # it starts 5 s behind live
    assert player.rate == 1.0
    player.catch_up(15.5)
    assert player.rate == 1.0
    player.catch_up(17.0)
    assert player.rate == HURRY_RATE
    player.advance(103.0)
    assert player.position_s == pytest.approx(10.0 + 2 * HURRY_RATE)
    player.catch_up(player.position_s + 5.2)
    assert player.rate == HURRY_RATE
    player.catch_up(player.position_s + 5.0)
    assert player.rate == 1.0


def test_it_lingers_when_a_gap_brought_it_too_near_to_live() -> None:
    player = play_from(4)
    player.advance(101.0)
    player.catch_up(15.0)
    player.catch_up(14.0)
    assert player.rate == LINGER_RATE
    player.catch_up(14.8)
    assert player.rate == LINGER_RATE
    player.catch_up(15.0)
    assert player.rate == 1.0


def test_it_does_not_hurry_into_the_next_stall() -> None:
    player = play_from(2)
    player.advance(101.0)
    player.catch_up(15.0)
    player.advance(104.5)
    assert player.buffer_s == pytest.approx(0.5)
    player.catch_up(20.0)
    assert player.rate == 1.0


def test_before_the_first_sound_it_is_behind_by_its_waiting() -> None:
    assert Player(joined_s=100.0).behind_s(live_s=900.0, now_s=103.0) == 3.0
    assert play_from(1).behind_s(live_s=14.0, now_s=103.0) == 4.0
