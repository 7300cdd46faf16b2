"""What is open is what goes on: it begins with the fault and ends with it."""

from functools import cache

import numpy as np

from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Ear, Kind, Verdict
from auscult.performance.hearing.comparison import Comparison
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

DELAY_S = 2


@cache
def track(seed: int = 40, seconds: int = 40) -> Pcm:
    return make_track("pop", UNIT_SEEDS + seed, seconds)


def seconds_of(sound: Pcm) -> list[Sound]:
    return [Sound(sound[at : at + RATE_HZ], RATE_HZ) for at in range(0, len(sound), RATE_HZ)]


def delayed(sound: Pcm) -> Pcm:
    return np.concatenate([np.zeros((DELAY_S * RATE_HZ, 2), np.float32), sound])[: len(sound)]


def follow_ear(sound: Pcm) -> list[frozenset[Kind]]:
    """Return what is open after each second."""
    ear = Ear(RATE_HZ, 2)
    seen = []
    for second in seconds_of(sound):
        ear.hear(second)
        seen.append(ear.open_kinds)
    return seen


def follow_pair(source: Pcm, stream: Pcm) -> list[frozenset[Kind]]:
    pair = Comparison(RATE_HZ, 2, source_hz=RATE_HZ)
    seen = []
    for its, mine in zip(seconds_of(source), seconds_of(stream), strict=True):
        pair.hear_source(its)
        pair.hear(mine)
        seen.append(pair.open_kinds)
    return seen


def test_silence_is_open_until_the_sound_is_back() -> None:
    sound = track()[: 22 * RATE_HZ].copy()
    sound[10 * RATE_HZ : 18 * RATE_HZ] = 0
    seen = follow_ear(sound)
    assert [Kind.SILENCE in kinds for kinds in seen[12:18]] == [True] * 6
    assert all(Kind.SILENCE not in kinds for kinds in seen[:11] + seen[18:])
    stream = delayed(sound)
    beside = follow_pair(track()[: 22 * RATE_HZ], stream)
    assert [Kind.SILENCE in kinds for kinds in beside[14:20]] == [True] * 6
    assert all(Kind.SILENCE not in kinds for kinds in beside[:12] + beside[21:])


def test_a_lost_channel_is_open_until_it_is_back() -> None:
    sound = track().copy()
    sound[12 * RATE_HZ : 20 * RATE_HZ, 1] = 0
    for seen in (follow_ear(sound), follow_pair(track(), delayed(sound))):
        open_s = [second for second, kinds in enumerate(seen) if Kind.CHANNEL_LOSS in kinds]
        assert open_s == list(range(open_s[0], open_s[-1] + 1))
        assert 13 <= open_s[0] <= 16
        assert 19 <= open_s[-1] <= 29
        assert not seen[-1]


def test_what_cannot_be_heard_for_long_is_not_claimed_any_more() -> None:
    sound = track().copy()
    sound[12 * RATE_HZ :, 1] = 0
    quiet = np.zeros((45 * RATE_HZ, 2), np.float32)
    seen = follow_ear(np.concatenate([sound, quiet]))
    assert seen[39] == {Kind.CHANNEL_LOSS}
    assert seen[45] == {Kind.CHANNEL_LOSS, Kind.SILENCE}
    assert seen[-1] == {Kind.SILENCE}


def feed(pair: Comparison, source: list[Sound], stream: list[Sound]) -> list[Verdict]:
    told = []
    for its, mine in zip(source, stream, strict=True):
        pair.hear_source(its)
        told += pair.hear(mine)
    return told


def test_a_stream_that_begins_with_what_was_played_before_is_not_another_programme() -> None:
    late = track(seconds=60)
    source = seconds_of(late[20 * RATE_HZ :])
    stream = seconds_of(late[: 40 * RATE_HZ])
    pair = Comparison(RATE_HZ, 2, source_hz=RATE_HZ)
    assert feed(pair, source, stream) == []
    assert pair.delay_ms is not None


def test_a_source_that_stops_leaves_nothing_to_be_said() -> None:
    source = seconds_of(track())
    silent = Sound(np.zeros((0, 2), np.float32), RATE_HZ)
    source[14:] = [silent] * 26
    pair = Comparison(RATE_HZ, 2, source_hz=RATE_HZ)
    assert feed(pair, source, seconds_of(delayed(track()))) == []
