"""Beside its source a stream's delay is found, and faults that only a reference shows are heard."""

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.signal import resample_poly

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Kind, Verdict
from auscult.performance.hearing.comparison import Comparison
from auscult.performance.hearing.comparison.absence import (
    find_missing,
    find_runs,
    is_of_treble,
    is_placed,
)
from auscult.performance.hearing.comparison.alignment import (
    Fit,
    Reference,
    correlate,
    follow,
    search,
)
from auscult.performance.hearing.comparison.ceiling import Peaks
from auscult.performance.hearing.comparison.pairs import Pair
from auscult.performance.hearing.comparison.place import swing, turns
from auscult.performance.hearing.comparison.resampling import Resampler
from auscult.performance.hearing.comparison.spectra import count_holes, find_loss
from auscult.performance.hearing.figures.blocks import HOPS, Grid, Singles, measure
from auscult.performance.hearing.figures.spectrum import look
from tests.benchmarks.audio_injection import DOWNSTREAM, UPSTREAM, Scene, change_rate
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track

AT_S = 6
LATE = 4_321


@cache
def track(kind: str = "pop", seed: int = 2) -> Pcm:
    return make_track(kind, UNIT_SEEDS + seed, 10)


def compare(
    source: Pcm, stream: Pcm, *, source_hz: int = RATE_HZ
) -> tuple[Comparison, list[Verdict]]:
    pair = Comparison(RATE_HZ, 2, source_hz=source_hz)
    told = []
    for second in range(len(stream) // RATE_HZ):
        pair.hear_source(Sound(source[second * source_hz : (second + 1) * source_hz], source_hz))
        told += pair.hear(Sound(stream[second * RATE_HZ : (second + 1) * RATE_HZ], RATE_HZ))
    return pair, told


def delayed(sound: Pcm, frames: int = LATE) -> Pcm:
    return np.concatenate([np.zeros((frames, 2), np.float32), sound])


def spoil(kind: str, severity: int = 2) -> Pcm:
    sound = track()
    scene = Scene(sound, RATE_HZ, AT_S * RATE_HZ, np.random.default_rng(3), track("calm", 9))
    return (UPSTREAM | DOWNSTREAM)[kind](scene, severity)


def of(heard: Singles, source: Singles) -> Peaks:
    peaks = Peaks.of(heard, source)
    assert peaks is not None
    return peaks


@pytest.mark.parametrize("source_hz", [48_000, 44_100])
def test_the_delay_is_found_at_any_rate_and_clean_sound_is_left_alone(source_hz: int) -> None:
    source = change_rate(track(), RATE_HZ, source_hz) if source_hz != RATE_HZ else track()
    pair, told = compare(source, delayed(track()), source_hz=source_hz)
    assert told == []
    assert pair.delay is not None
    assert pair.delay == pytest.approx(LATE, abs=1)
    assert pair.delay_ms == pytest.approx(1000 * LATE / RATE_HZ, abs=0.1)


@pytest.mark.parametrize(
    ("fault", "severity", "heard"),
    [("gap", 0, Kind.GAP), ("channel_loss", 0, Kind.CHANNEL_LOSS), ("skip", 0, Kind.SKIP)],
)
def test_a_fault_against_the_source_is_told_once(fault: str, severity: int, heard: Kind) -> None:
    pair, told = compare(track(), delayed(spoil(fault, severity)))
    assert [verdict.kind for verdict in told] == [heard]
    assert pair.open_kinds == {heard}


def test_rates_without_a_ratio_of_small_numbers_are_refused() -> None:
    with pytest.raises(BodyMalformed):
        Comparison(48_000, 2, source_hz=44_101)


def test_resampling_does_not_depend_on_the_pieces() -> None:
    sound = np.ascontiguousarray(track()[: 3 * RATE_HZ].T)
    whole = Resampler(48_000, 44_100, 2).push(sound)
    pieces = Resampler(48_000, 44_100, 2)
    cut = [pieces.push(sound[:, at : at + 5_555]) for at in range(0, sound.shape[1], 5_555)]
    assert np.array_equal(np.concatenate(cut, axis=1), whole)
    exact = resample_poly(sound, 147, 160, axis=1)[:, : whole.shape[1]]
    shift = np.argmax(correlate(whole[0], exact[0, 20_000:40_000])) - 20_000
    aligned = whole[:, 20_000 + shift : 60_000 + shift]
    assert np.abs(aligned - exact[:, 20_000:60_000]).max() < 1e-3


def test_a_reference_gives_only_what_it_holds() -> None:
    reference = Reference(Grid(48_000, 1), 1.0)
    ramp = np.arange(100_000, dtype=np.float32)[None]
    for at in range(0, 100_000, 30_011):
        reference.push(ramp[:, at : at + 30_011])
    assert (reference.begin, reference.end) == (52_000, 100_000)
    held = reference.cut(60_000, 60_003)
    assert held is not None
    assert held.tolist() == [[60_000, 60_001, 60_002]]
    assert reference.cut(51_999, 60_000) is None
    assert reference.cut(99_000, 100_001) is None


def test_noise_is_found_nowhere_and_a_place_is_followed_to_the_frame() -> None:
    reference = Reference(Grid(48_000, 2), 12.0)
    source = np.ascontiguousarray(track().T)
    reference.push(source)
    noise = np.random.default_rng(1).normal(0, 0.1, (2, RATE_HZ)).astype(np.float32)
    assert search(reference, noise, start=0, near=None) is None
    begin = 5 * RATE_HZ
    piece = source[:, begin : begin + RATE_HZ]
    assert search(reference, piece, start=begin + 999, near=None) == pytest.approx(999, abs=8)
    fit = follow(reference, piece[:, : RATE_HZ // 2], start=begin + 999, delay=990)
    assert fit is not None
    assert fit.off == pytest.approx(np.full(5, 9.0), abs=0.1)
    assert fit.quality.min() > 0.99


def test_what_pieces_of_the_judgement_measure() -> None:
    bins = np.geomspace(0.05, 0.8, 500).astype(np.float32)
    assert of(bins * np.float32(0.5), bins).deficit_db()[0] == pytest.approx(0, abs=0.01)
    deficit, reach_db = of(np.minimum(bins, 0.5), bins).deficit_db()
    assert deficit == pytest.approx(20 * np.log10(bins[-8:] / 0.5).mean(), abs=0.01)
    assert reach_db == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert Peaks.of(bins[-8:], bins[-8:]) is None
    straight = np.arange(40.0) * 3
    assert swing(straight) == pytest.approx(0, abs=1e-6)
    assert swing(straight + 10 * np.sin(np.arange(40.0))) == pytest.approx(7, abs=1)
    assert np.isnan(swing(np.full(40, np.nan)))
    assert turns(10 * np.sin(np.arange(40.0))) > 10
    assert turns(np.where(np.arange(40) < 20, 0.0, 50.0)) <= 3
    hz = np.arange(0, 24_000, 250.0)
    usual = np.zeros(len(hz))
    gain = np.where(hz > 11_000, -50.0, 0.0)
    assert find_loss(hz, gain, usual=usual) == pytest.approx(11_250, abs=300)
    assert find_loss(hz, usual, usual=usual) == 0
    full = np.full((20, len(hz)), 1e-4)
    holed = full.copy()
    holed[::2, ::2] = 1e-12
    assert count_holes(holed, full, hz > 0) == pytest.approx(0.25, abs=0.02)


def test_what_dies_away_is_not_back_when_its_source_falls_quiet() -> None:
    def missing(heard: float, source: float) -> bool:
        peaks = [np.full((1, 30), 0.2), np.full((1, 30), source)]
        pair: Any = SimpleNamespace(
            block=SimpleNamespace(
                peak=np.concatenate([np.full((1, 30), 0.001), [[heard] * 30]], 1)
            ),
            source=SimpleNamespace(peak=np.concatenate(peaks, axis=1)),
        )
        found = find_missing(pair, np.ones(1), faint=0.01, was_missing=False)
        assert found[:29].all()
        return bool(found[-1])

    assert missing(0.002, 0.012)
    assert not missing(0.006, 0.012)
    assert missing(0.002, 0.003)


def test_a_gap_is_one_where_all_around_it_fits_its_place() -> None:
    missing = np.zeros(500, dtype=bool)
    missing[210:240] = True

    def placed(quality: list[float], off: list[float]) -> bool:
        fit = SimpleNamespace(quality=np.array(quality), off=np.array(off))
        pair: Any = SimpleNamespace(fit=fit, block=SimpleNamespace(grid=Grid(RATE_HZ, 2)))
        return is_placed(pair, missing)

    assert placed([0.9, 0.9, 0.2, 0.9, np.nan], [0.1, 0.0, 3.0, 0.1, np.nan])
    assert not placed([0.9, 0.9, 0.2, 0.3, 0.3], [0.1, 0.0, 3.0, 0.1, 0.2])
    assert not placed([0.9, 0.9, 0.9, 0.9, 0.9], [0.1, 0.0, 60.0, 60.0, 60.0])
    assert not placed([np.nan] * 5, [np.nan] * 5)


def test_what_is_missing_is_over_when_the_sound_is_back_for_8_ms() -> None:
    missing = np.zeros(500, dtype=bool)
    missing[100:120] = missing[124:130] = True
    assert find_runs(missing, None) == ([(100, 130)], None)
    missing[495:] = True
    assert find_runs(missing, None) == ([(100, 130)], (-5, 0))
    nothing = np.zeros(500, dtype=bool)
    assert find_runs(nothing, (-5, 0)) == ([(-5, 0)], None)
    nothing[3:6] = True
    assert find_runs(nothing, (-5, 0)) == ([(-5, 6)], None)


def test_a_hiss_that_lost_its_treble_is_no_gap_and_a_cut_is() -> None:
    rng = np.random.default_rng(4)
    hiss = np.diff(rng.standard_normal(RATE_HZ // 2 + 3), 3)[None].astype(np.float32) * 0.02
    voice = np.sin(np.arange(RATE_HZ // 2) * 2 * np.pi * 300 / RATE_HZ)[None].astype(np.float32)
    assert is_of_treble(beside(0.05 * hiss, hiss), 100, 120)
    assert not is_of_treble(beside(0 * hiss, hiss), 100, 120), "nothing at all is left"
    assert not is_of_treble(beside(0.05 * voice, voice), 100, 120)
    assert not is_of_treble(beside(0.05 * (hiss + voice), hiss + voice), 100, 120)


def beside(heard: Singles, source: Singles) -> Pair:
    grid = Grid(RATE_HZ, 1)
    mine, its = (measure(grid, one, start=0, at_ms=0) for one in (heard, source))
    nothing = np.full(HOPS, np.nan)
    return Pair(mine, look(mine), its, look(its), Fit(nothing, nothing, nothing[None]))


def test_one_peak_that_should_stand_beyond_full_scale_was_cut_off() -> None:
    bins = np.geomspace(0.05, 0.4, 500).astype(np.float32)
    stroke = bins.copy()
    stroke[7] = 0.7
    louder = np.float32(2)
    assert of(np.minimum(louder * stroke, 1), stroke).beyond_db() == pytest.approx(2.9, abs=0.1)
    assert of(louder * bins, bins).beyond_db() == 0
    assert of(louder * stroke, stroke).beyond_db() == pytest.approx(0, abs=1e-6)
    assert of(np.minimum(stroke, 0.6), stroke).beyond_db() == 0, "a ceiling, but not at full scale"


def test_what_takes_from_some_strokes_and_not_from_others_is_no_ceiling() -> None:
    bins = np.geomspace(0.05, 0.8, 500).astype(np.float32)
    uneven = bins.copy()
    uneven[-8::2] *= 0.3
    assert of(uneven, bins).deficit_db()[0] == 0
    noisy = np.hypot(bins, np.random.default_rng(1).uniform(0, 0.6, 500)).astype(np.float32)
    assert of(noisy, bins).deficit_db()[0] == 0
