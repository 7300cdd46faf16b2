"""Beside its source each fault of a whole programme is told once, and what is no fault is not."""

from functools import cache

import numpy as np
import pytest
from scipy.signal import resample_poly

from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Kind, Verdict
from auscult.performance.hearing.comparison import Comparison
from tests.benchmarks.audio_injection import DOWNSTREAM, UPSTREAM, Scene
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

AT_S = 7
LATE = 4_321


@cache
def track(kind: str = "pop", seed: int = 2) -> Pcm:
    return make_track(kind, UNIT_SEEDS + seed, 15)


def compare(source: Pcm, stream: Pcm) -> tuple[Comparison, list[Verdict]]:
    pair = Comparison(RATE_HZ, 2, source_hz=RATE_HZ)
    told = []
    for at in range(0, len(stream) - RATE_HZ + 1, RATE_HZ):
        pair.hear_source(Sound(source[at : at + RATE_HZ], RATE_HZ))
        told += pair.hear(Sound(stream[at : at + RATE_HZ], RATE_HZ))
    return pair, told


def delayed(sound: Pcm) -> Pcm:
    return np.concatenate([np.zeros((LATE, 2), np.float32), sound])


def spoil(kind: str, severity: int = 2) -> Pcm:
    scene = Scene(track(), RATE_HZ, AT_S * RATE_HZ, np.random.default_rng(3), track("calm", 9))
    return (UPSTREAM | DOWNSTREAM)[kind](scene, severity)


def test_a_drifting_clock_is_followed_and_no_fault() -> None:
    stretched = resample_poly(track(), 10_001, 10_000, axis=0).astype(np.float32)
    pair, told = compare(track(), delayed(stretched))
    assert told == []
    assert pair.delay is not None
    assert pair.delay - LATE == pytest.approx(14 * RATE_HZ / 10_000, abs=12)


@pytest.mark.parametrize(
    ("fault", "severity", "heard"),
    [
        ("silence", 0, Kind.SILENCE),
        ("gap", 0, Kind.GAP),
        ("clipping", 1, Kind.CLIPPING),
        ("clicks", 2, Kind.CLICKS),
        ("loudness", 0, Kind.LOUDNESS),
        ("channel_loss", 0, Kind.CHANNEL_LOSS),
        ("polarity", 0, Kind.POLARITY),
        ("mono_collapse", 0, Kind.MONO_COLLAPSE),
        ("low_pass", 0, Kind.BANDWIDTH),
        ("noise", 2, Kind.NOISE),
        ("skip", 0, Kind.SKIP),
        ("repeat", 0, Kind.REPEAT),
        ("wow", 1, Kind.WOW),
        ("wrong_programme", 0, Kind.WRONG_PROGRAMME),
    ],
)
def test_a_fault_against_the_source_is_told_once(fault: str, severity: int, heard: Kind) -> None:
    _, told = compare(track(), delayed(spoil(fault, severity)))
    fitting = [verdict for verdict in told if verdict.kind is heard]
    assert len(fitting) == 1
    begun_ms = 1000 * (AT_S + LATE / RATE_HZ)
    assert fitting[0].since_ms == pytest.approx(begun_ms, abs=4_100)
    assert fitting[0].said_ms >= begun_ms


def test_a_fault_of_the_source_itself_is_none_of_the_stream() -> None:
    spoilt = spoil("gap", 2)
    assert compare(spoilt, delayed(spoilt))[1] == []
