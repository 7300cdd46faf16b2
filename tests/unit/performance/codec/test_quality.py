"""A score falls with what is done to the sound, channel by channel, and nothing is hidden."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from auscult.kernel.errors import InputError
from auscult.performance.codec import (
    OWN,
    Measure,
    Rung,
    Stretch,
    find_measure,
    judge,
    score_by_bands,
    try_rungs,
)
from auscult.performance.codec.measures import check_pair
from auscult.performance.codec.quality import align, width_db

Floats = NDArray[np.float32]
RATE_HZ = 48_000


def music(seed: int, length_s: float = 2.0) -> Floats:
    rng = np.random.default_rng(seed)
    since = np.arange(RATE_HZ // 4) / RATE_HZ
    notes = []
    for _ in range(int(length_s * 4)):
        pitch_hz = 110 * 2 ** (float(rng.integers(0, 36)) / 12)
        tone = sum(np.sin(2 * np.pi * pitch_hz * k * since) / k for k in range(1, 12))
        hiss = rng.standard_normal(since.size) * np.exp(-since * 40)
        notes.append((np.asarray(tone) * 0.15 + hiss * 0.1) * np.exp(-since * 4))
    return np.concatenate(notes).astype(np.float32)


def noisy(samples: Floats, level_db: float) -> Floats:
    noise = np.random.default_rng(9).standard_normal(samples.shape) * 10 ** (level_db / 20)
    return (samples + noise).astype(np.float32)


def dull(samples: Floats, edge_hz: float) -> Floats:
    low = butter(8, edge_hz, fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(low, samples, axis=0), dtype=np.float32)


@pytest.mark.parametrize("measure", [OWN, find_measure()], ids=lambda one: one.name)
def test_the_same_is_perfect_and_more_harm_is_worse(measure: Measure) -> None:
    one = music(1)
    assert measure.score(one, one, RATE_HZ) == pytest.approx(5.0, abs=0.01)
    by_noise = [measure.score(one, noisy(one, level), RATE_HZ) for level in (-80, -60, -40)]
    assert by_noise == sorted(by_noise, reverse=True)
    assert by_noise[0] - by_noise[-1] > 0.5
    by_edge = [measure.score(one, dull(one, edge), RATE_HZ) for edge in (15_000, 8_000, 3_000)]
    assert by_edge == sorted(by_edge, reverse=True)
    assert by_edge[0] - by_edge[-1] > 0.5


def test_what_cannot_be_heard_does_not_count() -> None:
    one = music(2)
    assert score_by_bands(one, noisy(one, -110), RATE_HZ) > 4.9


def test_a_ruined_channel_is_not_hidden_by_the_downmix() -> None:
    left, right = music(3), music(4)
    stereo = np.stack([left, right], axis=1)
    mono = np.repeat(stereo.mean(axis=1, keepdims=True), 2, axis=1)
    found = judge(stereo, mono, rate_hz=RATE_HZ, measure=OWN)
    assert found.width_loss_db > 20
    assert found.mean < 4
    downmix = judge(stereo.mean(axis=1), mono.mean(axis=1), rate_hz=RATE_HZ, measure=OWN)
    assert downmix.mean == pytest.approx(5.0, abs=0.01)
    lost = np.stack([left, np.zeros_like(right)], axis=1)
    assert judge(stereo, lost, rate_hz=RATE_HZ, measure=OWN).worst < 2


@pytest.mark.parametrize("delay", [0, 312, 1105, -700])
def test_the_delay_of_a_codec_is_taken_off(delay: int) -> None:
    stereo = np.stack([music(5), music(6)], axis=1)
    if delay >= 0:
        late = np.concatenate([np.zeros((delay, 2), np.float32), stereo])
    else:
        late = stereo[-delay:]
    reference, decoded = align(stereo, late, shift_max=12_000)
    assert np.array_equal(reference, decoded)
    assert judge(stereo, late, rate_hz=RATE_HZ, measure=OWN).mean == pytest.approx(5.0, abs=0.01)


def test_silence_in_both_is_perfect_and_in_one_is_not() -> None:
    one = music(7)
    half = np.stack([one, np.zeros_like(one)], axis=1)
    assert judge(half, half, rate_hz=RATE_HZ, measure=OWN).worst == pytest.approx(5.0, abs=0.01)
    leaked = np.stack([one, one], axis=1)
    assert judge(half, leaked, rate_hz=RATE_HZ, measure=OWN).worst < 2


def test_width_is_side_against_middle() -> None:
    one = music(8)
    assert width_db(np.stack([one, one], axis=1)) == -35
    assert width_db(np.stack([one, np.zeros_like(one)], axis=1)) == pytest.approx(0)


def test_rungs_are_tried_with_real_bytes() -> None:
    one = music(9)

    def encode(stretch: Stretch, rung: Rung) -> tuple[int, Floats]:
        heard = stretch.samples[stretch.lead :]
        return rung.nominal_kbps * 250, noisy(heard, -20 - rung.nominal_kbps / 4)

    whole, rungs = Stretch(one, RATE_HZ), [Rung("opus", 16), Rung("opus", 64)]
    found = try_rungs(whole, rungs, measure=OWN, encode=encode)
    assert [found[rung][0] for rung in rungs] == [16.0, 64.0]
    assert found[rungs[0]][1].mean < found[rungs[1]][1].mean
    assert found[rungs[0]][1].measure == "bands"
    half = Stretch(one, RATE_HZ, lead=len(one) // 2)
    assert try_rungs(half, rungs, measure=OWN, encode=encode)[rungs[0]][0] == 32.0, "half the time"
    nothing = lambda stretch, _rung: (0, stretch.samples)
    with pytest.raises(InputError, match="no bytes"):
        try_rungs(whole, rungs, measure=OWN, encode=nothing)
    with pytest.raises(InputError):
        try_rungs(Stretch(one[:0], RATE_HZ), rungs, measure=OWN, encode=encode)
    many = [Rung("opus", rate) for rate in range(65)]
    with pytest.raises(InputError):
        try_rungs(whole, many, measure=OWN, encode=encode)


def test_what_cannot_be_compared_is_refused() -> None:
    one = music(1)
    for reference, decoded in ((one[:100], one[:100]), (one, one[:-1])):
        with pytest.raises(InputError):
            check_pair(reference, decoded, RATE_HZ)
    with pytest.raises(InputError):
        judge(one, np.stack([one, one], axis=1), rate_hz=RATE_HZ, measure=OWN)
    with pytest.raises(InputError):
        judge(one[:0], one, rate_hz=RATE_HZ, measure=OWN)
    with pytest.raises(InputError):
        judge(one, one * np.float32(np.nan), rate_hz=RATE_HZ, measure=OWN)
