"""An ear tells each fault once, however the stream is cut, and leaves clean sound alone."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Ear, Kind, Verdict
from tests.benchmarks.audio_injection import DOWNSTREAM, UPSTREAM, Scene
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

AT_S = 6


@cache
def track(kind: str) -> Pcm:
    return make_track(kind, UNIT_SEEDS + 1, 12)


def hear(sound: Pcm, cuts: list[int] | None = None) -> list[Verdict]:
    ear = Ear(RATE_HZ, 2, start_ms=5_000)
    edges = [0, *sorted(cuts or range(RATE_HZ, len(sound), RATE_HZ)), len(sound)]
    return [
        verdict
        for begin, end in pairwise(edges)
        for verdict in ear.hear(Sound(sound[begin:end], RATE_HZ))
    ]


def spoil(kind: str, severity: int = 2, *, track_kind: str = "pop") -> Pcm:
    sound = track(track_kind)
    scene = Scene(sound, RATE_HZ, AT_S * RATE_HZ, np.random.default_rng(3), sound[::-1])
    return (UPSTREAM | DOWNSTREAM)[kind](scene, severity)


@pytest.mark.parametrize("kind", ["pop", "fades"])
def test_clean_sound_is_left_alone(kind: str) -> None:
    assert hear(track(kind)) == []


@cache
def piece() -> tuple[Pcm, list[Verdict]]:
    """Some seconds with clicks and a gap, and what is heard of them in whole seconds."""
    sound = spoil("clicks", 2)[(AT_S - 2) * RATE_HZ : (AT_S + 4) * RATE_HZ].copy()
    sound[RATE_HZ : RATE_HZ + 500] = 0
    return sound, hear(sound)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 6 * RATE_HZ), max_size=12))
def test_it_is_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    sound, told = piece()
    assert {verdict.kind for verdict in told} >= {Kind.GAP, Kind.CLICKS}
    assert hear(sound, cuts) == told


def test_readings_do_not_depend_on_the_cuts() -> None:
    whole, pieces = Ear(RATE_HZ, 2), Ear(RATE_HZ, 2)
    sound = track("pop")
    whole.hear(Sound(sound, RATE_HZ))
    for begin in range(0, len(sound), 7_777):
        pieces.hear(Sound(sound[begin : begin + 7_777], RATE_HZ))
    assert pieces.readings == whole.readings
    assert whole.readings.heard_s == 12.0
    assert -40 < whole.readings.integrated_lufs < -10


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (11_025, 1), (22_050, 3), (192_000, 8)])
def test_any_rate_and_number_of_channels_is_heard(rate: int, channels: int) -> None:
    rng = np.random.default_rng(5)
    sound = rng.normal(0, 0.1, (3 * rate, channels)).astype(np.float32)
    sound[rate : rate + rate // 20] = 0
    found = Ear(rate, channels).hear(Sound(sound, rate))
    assert [verdict.kind for verdict in found] == [Kind.GAP]


def test_silence_from_the_beginning_is_told_too() -> None:
    told = hear(np.zeros((15 * RATE_HZ, 2), dtype=np.float32))
    assert [verdict.kind for verdict in told] == [Kind.SILENCE]


def test_another_rate_in_mid_stream_is_refused() -> None:
    ear = Ear(RATE_HZ, 2)
    with pytest.raises(BodyMalformed):
        ear.hear(Sound(track("pop")[:100], 44_100))
