"""The ear tells each fault of a whole programme once, and leaves clean programmes alone."""

from functools import cache

import numpy as np
import pytest

from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Ear, Kind, Verdict
from tests.benchmarks.audio_injection import DOWNSTREAM, UPSTREAM, Scene
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

AT_S = 9


@cache
def track(kind: str) -> Pcm:
    return make_track(kind, UNIT_SEEDS + 1, 20)


def hear(sound: Pcm) -> list[Verdict]:
    ear = Ear(RATE_HZ, 2, start_ms=5_000)
    return [
        verdict
        for at in range(0, len(sound), RATE_HZ)
        for verdict in ear.hear(Sound(sound[at : at + RATE_HZ], RATE_HZ))
    ]


@pytest.mark.parametrize("kind", ["pop", "speech", "lofi", "mono", "fades"])
def test_clean_sound_is_left_alone(kind: str) -> None:
    assert hear(track(kind)) == []


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("silence", Kind.SILENCE),
        ("gap", Kind.GAP),
        ("clipping", Kind.CLIPPING),
        ("clicks", Kind.CLICKS),
        ("channel_loss", Kind.CHANNEL_LOSS),
        ("polarity", Kind.POLARITY),
        ("mono_collapse", Kind.MONO_COLLAPSE),
        ("low_pass", Kind.BANDWIDTH),
        ("noise", Kind.NOISE),
        ("repeat", Kind.REPEAT),
    ],
)
def test_a_fault_is_told_once_with_its_time(fault: str, heard: Kind) -> None:
    sound = track("pop")
    scene = Scene(sound, RATE_HZ, AT_S * RATE_HZ, np.random.default_rng(3), sound[::-1])
    spoilt = (UPSTREAM | DOWNSTREAM)[fault](scene, 2)
    told = [verdict for verdict in hear(spoilt) if verdict.kind is heard]
    assert len(told) == 1
    assert told[0].since_ms == pytest.approx(5_000 + AT_S * 1000, abs=1_600)
    assert told[0].said_ms >= told[0].since_ms
    assert told[0].score is not None
    assert told[0].score > 1.5
    assert told[0].sentence
