"""Figures against what the standards give, at every rate."""

import numpy as np
import pytest

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing.figures.blocks import Block, Blocks, Grid, decibels, measure
from auscult.performance.hearing.figures.events import Events, poisson_tail
from auscult.performance.hearing.figures.loudness import (
    Loudness,
    channel_weights,
    k_weighting,
    to_lufs,
)
from auscult.performance.hearing.figures.peaks import TruePeak, interpolator
from auscult.performance.hearing.figures.spectrum import band_hz, frame_length, look
from auscult.performance.hearing.figures.usual import Usual

RATES = (8_000, 11_025, 16_000, 44_100, 48_000, 96_000, 192_000)


def tone(hz: float, seconds: float, *, rate: int = 48_000, level_db: float = 0.0) -> Pcm:
    t = np.arange(round(seconds * rate)) / rate
    one = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t)
    return np.stack([one, one], axis=1).astype(np.float32)


def blocks_of(samples: Pcm, rate: int = 48_000) -> list[Block]:
    return list(Blocks(Grid(rate, samples.shape[1])).push(samples))


def loudness_of(samples: Pcm, rate: int = 48_000) -> Loudness:
    loudness = Loudness(Grid(rate, samples.shape[1]))
    for block in blocks_of(samples, rate):
        loudness.hear(block)
    return loudness


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_of_23_dB_in_both_channels_has_minus_23_lufs(rate: int) -> None:
    # EBU Tech 3341, test signal 1: 1000 Hz, -23 dBFS, both channels, 20 s; ±0.1 LU.
    heard = loudness_of(tone(1000, 20, rate=rate, level_db=-23), rate)
    assert heard.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert heard.momentary_lufs == pytest.approx(-23.0, abs=0.1)
    assert heard.short_term_lufs == pytest.approx(-23.0, abs=0.1)


def test_the_gates_leave_out_what_is_quiet() -> None:
    # EBU Tech 3341, test signal 4: -72, -36, -23, -36, -72 dBFS give -23 LUFS.
    parts = [(10, -72.0), (10, -36.0), (60, -23.0), (10, -36.0), (10, -72.0)]
    sound = np.concatenate([tone(1000, s, level_db=level) for s, level in parts])
    assert loudness_of(sound).integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert loudness_of(np.zeros((48_000, 2), np.float32)).integrated_lufs == -200.0


def test_the_weighting_is_the_table_of_the_recommendation() -> None:
    # ITU-R BS.1770-4, tables 1 and 2.
    shelf, high_pass = k_weighting(48_000)
    assert shelf[:3] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285])
    assert shelf[4:] == pytest.approx([-1.69065929318241, 0.73248077421585])
    assert high_pass[4:] == pytest.approx([-1.99004745483398, 0.99007225036621])


def test_surrounds_count_more_and_the_low_frequency_channel_not() -> None:
    assert channel_weights(2).tolist() == [1, 1]
    assert channel_weights(5).tolist() == [1, 1, 1, 1.41, 1.41]
    assert channel_weights(6).tolist() == [1, 1, 1, 0, 1.41, 1.41]
    assert to_lufs(np.array(1.0)) == pytest.approx(-0.691)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_the_true_peak_lies_between_the_samples(rate: int) -> None:
    # EBU Tech 3341, test signal 16: a quarter of the rate at 45°: samples at −3 dB of the peak.
    t = np.arange(rate) / rate
    one = 0.5 * np.minimum(1, 10 * t) * np.sin(2 * np.pi * rate / 4 * t + np.pi / 4)
    peak = TruePeak(Grid(rate, 1))
    for block in blocks_of(one.astype(np.float32)[:, None], rate):
        peak.hear(block)
    assert peak.true_peak_dbtp == pytest.approx(-6.02, abs=0.1)
    assert peak.recent_dbtp == pytest.approx(peak.true_peak_dbtp, abs=0.1)


def test_an_interpolator_keeps_a_constant() -> None:
    assert interpolator(4).sum(axis=0) == pytest.approx([1, 1, 1])


def test_above_100_kHz_the_samples_are_close_enough() -> None:
    assert [TruePeak(Grid(rate, 1)).factor for rate in (48_000, 96_000, 192_000)] == [4, 2, 1]


@pytest.mark.parametrize("rate", RATES)
def test_the_bands_of_a_spectrum_hold_the_power_of_the_sound(rate: int) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (rate, 2)).astype(np.float32)
    spectra = look(blocks_of(noise, rate)[0])
    assert spectra.mean.sum() == pytest.approx(0.01, rel=0.15)
    assert len(band_hz(Grid(rate, 2))) == spectra.power.shape[2]
    assert 0.02 < frame_length(rate) / rate < 0.066


def test_a_block_measures_each_channel_and_millisecond() -> None:
    grid = Grid(48_000, 2)
    samples = np.zeros((2, grid.size), dtype=np.float32)
    samples[1, 48] = -0.5
    block = measure(grid, samples, start=48_000, at_ms=1000.0)
    assert np.argwhere(block.peak).tolist() == [[1, 1]]
    assert block.power[1, 0] == pytest.approx(0.25 / grid.hop)
    assert block.time_ms(48_048) == 1001
    assert block.level_db == pytest.approx(float(decibels(block.power.mean())))


@pytest.mark.parametrize(
    ("sound", "error"),
    [
        (Sound(np.zeros((10, 2), np.float32), 44_100), BodyMalformed),
        (Sound(np.zeros((10, 1), np.float32), 48_000), BodyMalformed),
        (Sound(np.full((10, 2), np.nan, np.float32), 48_000), BodyMalformed),
        (Sound(np.full((10, 2), np.inf, np.float32), 48_000), BodyMalformed),
        (Sound(np.zeros((121 * 48_000, 2), np.float32), 48_000), BodyTooLarge),
    ],
)
def test_what_is_no_sound_of_this_stream_is_refused(
    sound: Sound, error: type[BodyMalformed | BodyTooLarge]
) -> None:
    with pytest.raises(error):
        Grid(48_000, 2).check(sound)


@pytest.mark.parametrize(("rate", "channels"), [(7_999, 2), (200_000, 2), (48_000, 0), (48_000, 9)])
def test_a_stream_beyond_the_limits_is_refused(rate: int, channels: int) -> None:
    with pytest.raises(BodyMalformed):
        Grid(rate, channels)


def test_what_is_usual_is_not_moved_by_a_short_fault() -> None:
    usual = Usual(least=5, spread_min=0.1)
    for value in [1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 50.0, 50.0]:
        usual.learn(value)
    assert usual.is_known
    assert float(usual.level[0]) == pytest.approx(1.0, abs=0.1)
    assert float(usual.low[0]) < float(usual.high[0])
    assert usual.score(50.0) > 30 > usual.score(1.1)
    usual.forget()
    assert not usual.is_known


def test_events_that_are_usual_need_to_be_more() -> None:
    rare, crackle = Events(prior=0.5, p_max=1e-3), Events(prior=0.5, p_max=1e-3)
    assert rare.count(100.0) is None
    assert (rare.count(101.0) or 0) > 3
    assert rare.first_s == 100.0
    told = [crackle.count(float(at)) for at in np.arange(0, 600, 0.5)]
    assert told[-1] is None


def poisson(events: int, expected: float) -> float:
    from scipy.stats import poisson as law

    return float(law.sf(events - 1, expected))


@pytest.mark.parametrize(("events", "expected"), [(0, 1.0), (1, 0.01), (5, 2.0), (30, 4.0), (9, 9)])
def test_the_tail_is_poissons(events: int, expected: float) -> None:
    assert poisson_tail(events, expected) == pytest.approx(poisson(events, expected), rel=1e-6)
