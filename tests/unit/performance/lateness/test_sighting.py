"""A probe locks where it must, to a fraction of a millisecond, and says why where it must not."""

import numpy as np
import pytest
from numpy.random import Generator
from scipy.signal import lfilter, resample_poly

from auscult.kernel.errors import InputError
from auscult.performance.lateness import Locked, Reason, Trace, Unknown, locate, trace_of
from auscult.performance.lateness.refine import refine
from auscult.performance.lateness.search import correlate_bands, find_candidates
from auscult.performance.lateness.sighting import is_surely_better, places_of
from tests.unit.performance.lateness.programmes import RATE_HZ, Pcm, loop, play, run_at

BEGIN_S = 1_700_000_000.0


@pytest.fixture
def rng() -> Generator:
    return np.random.default_rng(11)


def source_of(pcm: Pcm) -> Trace:
    return trace_of(pcm, rate_hz=RATE_HZ, begin_s=BEGIN_S)


def probe_of(pcm: Pcm, at_s: float, *, delay_s: float, length_s: float = 4.0) -> Trace:
    """What was played from `at_s` on, heard `delay_s` later."""
    begin = round(at_s * RATE_HZ)
    piece = pcm[begin : begin + round(length_s * RATE_HZ)]
    return trace_of(piece, rate_hz=RATE_HZ, begin_s=BEGIN_S + begin / RATE_HZ + delay_s)


def locked(sighting: Locked | Unknown) -> Locked:
    assert isinstance(sighting, Locked), sighting
    return sighting


@pytest.mark.parametrize(("at_s", "delay_s"), [(3.0, 0.0), (17.123, 2.0), (30.0, 41.37)])
def test_a_clean_probe_locks_within_a_tenth_of_a_millisecond(
    rng: Generator, at_s: float, delay_s: float
) -> None:
    pcm = play(rng, 40)
    found = locked(locate(source_of(pcm), probe_of(pcm, at_s, delay_s=delay_s)))
    assert found.delay_s == pytest.approx(delay_s, abs=1e-4)
    assert found.confidence > 0.98
    assert found.at_s == pytest.approx(BEGIN_S + at_s + delay_s + 2.0, abs=1e-3)


def test_level_equaliser_gain_control_noise_and_another_rate_do_not_hide_the_sound(
    rng: Generator,
) -> None:
    pcm = play(rng, 40)
    worse = lfilter([1.0, 0.4], [1.0, -0.3], pcm)
    worse *= 1 + 0.4 * np.sin(np.arange(pcm.size) / RATE_HZ)
    worse += rng.standard_normal(pcm.size) * float(worse.std()) * 0.2
    piece = resample_poly(worse[160_000:224_000], 441, 160).astype(np.float32) * np.float32(0.02)
    probe = trace_of(piece, rate_hz=44_100, begin_s=BEGIN_S + 10 + 7.5)
    assert locked(locate(source_of(pcm), probe)).delay_s == pytest.approx(7.5, abs=1e-3)


@pytest.mark.parametrize("drift", [-0.004, -0.001, 0.0005, 0.003])
def test_a_clock_that_runs_at_another_speed_is_followed_and_told(
    rng: Generator, drift: float
) -> None:
    pcm = play(rng, 40)
    heard = run_at(pcm, drift)
    middle_s = 20.0 * (1 + drift)  # of the programme, where the probe's middle is
    begin = round(18.0 * RATE_HZ)
    piece = heard[begin : begin + 4 * RATE_HZ]
    probe = trace_of(piece, rate_hz=RATE_HZ, begin_s=BEGIN_S + middle_s + 5.0 - 2.0)
    found = locked(locate(source_of(pcm), probe))
    assert found.delay_s == pytest.approx(5.0, abs=1e-3)
    assert found.drift == pytest.approx(drift, abs=2e-4)


def test_one_channel_with_its_polarity_flipped_is_still_heard(rng: Generator) -> None:
    pcm = play(rng, 30)
    piece = pcm[160_000:224_000]
    flipped = np.stack([piece, -piece], axis=1)
    probe = trace_of(flipped, rate_hz=RATE_HZ, begin_s=BEGIN_S + 11.0)
    assert locked(locate(source_of(pcm), probe)).delay_s == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("bar_s", [0.5, 2.0001, 7.3])
def test_bars_that_are_the_same_recording_never_lock(rng: Generator, bar_s: float) -> None:
    pcm = loop(rng, 60, bar_s=bar_s)
    heard = pcm + rng.standard_normal(pcm.size).astype(np.float32) * np.float32(0.01)
    found = locate(source_of(pcm), probe_of(heard, 31.0, delay_s=3.0))
    assert isinstance(found, Unknown)
    assert found.reason is Reason.REPETITIVE
    assert len(found.rivals_s) >= 2
    bars = (np.array(found.rivals_s) - 3.0) / bar_s
    assert bars == pytest.approx(np.round(bars), abs=0.01)


@pytest.mark.parametrize("drift", [-0.00288, 0.00388])
def test_bars_that_are_the_same_recording_look_alike_with_a_slow_clock(
    rng: Generator, drift: float
) -> None:
    pcm = loop(rng, 24, bar_s=5.59)
    noise = rng.standard_normal(pcm.size).astype(np.float32) * np.float32(0.03)
    source, heard = source_of(pcm), run_at(pcm + noise, drift)
    for at_s in (7.3, 15.7):
        probe = probe_of(heard, at_s, delay_s=3.0)
        assert isinstance(locate(source, probe), Unknown)
        first, second = places_of(source, probe)[:2]
        assert second.likeness == pytest.approx(first.likeness, abs=0.004)
        assert second.drift == pytest.approx(first.drift, abs=1e-4)


def test_a_quiet_voice_over_the_same_bars_tells_them_apart(rng: Generator) -> None:
    bars, voice = loop(rng, 60, bar_s=2.0), play(rng, 60)
    pcm = bars + np.float32(0.3) * voice
    found = locked(locate(source_of(pcm), probe_of(pcm, 31.0, delay_s=3.0)))
    assert found.delay_s == pytest.approx(3.0, abs=1e-4)


def test_a_held_tone_and_silence_do_not_lock(rng: Generator) -> None:
    seconds = np.arange(40 * RATE_HZ) / RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 200 * seconds)).astype(np.float32)
    assert isinstance(locate(source_of(tone), probe_of(tone, 20.0, delay_s=1.0)), Unknown)
    quiet = (play(rng, 40) * 1e-4).astype(np.float32)
    silent = locate(source_of(play(rng, 40)), probe_of(quiet, 20.0, delay_s=1.0))
    assert isinstance(silent, Unknown)
    assert silent.reason is Reason.SILENCE
    assert silent.confidence == 0.0


def test_a_source_that_sends_silence_is_not_found_anywhere(rng: Generator) -> None:
    found = locate(source_of(np.zeros(640_000, np.float32)), probe_of(play(rng, 20), 9, delay_s=1))
    assert isinstance(found, Unknown)
    assert found.reason is Reason.UNLIKE


def test_another_programme_is_below_confidence(rng: Generator) -> None:
    found = locate(source_of(play(rng, 40)), probe_of(play(rng, 40), 20.0, delay_s=1.0))
    assert isinstance(found, Unknown)
    assert found.reason is Reason.UNLIKE
    assert found.confidence < 0.5


def test_a_place_outside_of_the_window_forbids_a_lock_inside_of_it(rng: Generator) -> None:
    pcm = play(rng, 60)
    far = locate(source_of(pcm), probe_of(pcm, 5.0, delay_s=30.0), window_s=(0.0, 20.0))
    assert isinstance(far, Unknown)
    assert far.reason is Reason.OUTSIDE
    refrain = np.concatenate([pcm[: 20 * RATE_HZ], pcm])  # the first 20 s come twice
    near = locate(source_of(refrain), probe_of(refrain, 5.0, delay_s=30.0), window_s=(0.0, 20.0))
    assert isinstance(near, Unknown)
    assert near.reason is Reason.REPETITIVE


def test_a_history_shorter_than_the_probe_says_so(rng: Generator) -> None:
    pcm = play(rng, 10)
    found = locate(source_of(pcm[: 3 * RATE_HZ]), probe_of(pcm, 1.0, delay_s=0.0))
    assert isinstance(found, Unknown)
    assert found.reason is Reason.SHORT


def test_a_threshold_of_the_caller_is_kept(rng: Generator) -> None:
    pcm = play(rng, 30)
    noisy = pcm + rng.standard_normal(pcm.size).astype(np.float32) * np.float32(0.05)
    assert isinstance(locate(source_of(pcm), probe_of(noisy, 9, delay_s=1)), Locked)
    strict = locate(source_of(pcm), probe_of(noisy, 9, delay_s=1), likeness_min=0.999)
    assert isinstance(strict, Unknown)


@pytest.mark.parametrize(("length_s", "window_s"), [(0.9, (0, 9)), (13.0, (0, 9)), (4.0, (9, 9))])
def test_a_probe_that_cannot_be_used_is_refused(
    rng: Generator, length_s: float, window_s: tuple[float, float]
) -> None:
    pcm = play(rng, 20)
    with pytest.raises(InputError):
        locate(source_of(pcm), probe_of(pcm, 1, delay_s=0, length_s=length_s), window_s=window_s)


def test_the_coarse_search_has_the_right_place_first(rng: Generator) -> None:
    pcm = play(rng, 30)
    source, probe = source_of(pcm), probe_of(pcm, 12.34, delay_s=0)
    assert abs(find_candidates(source, probe)[0] - 1234) <= 1
    score = correlate_bands(source.bands, probe.bands)
    assert score.size == source.bands.shape[0] - probe.bands.shape[0] + 1
    assert np.abs(score).max() <= 1.0
    assert correlate_bands(probe.bands, source.bands).size == 0
    assert find_candidates(probe, source) == []


def test_the_fine_search_tells_the_place_from_its_surroundings(rng: Generator) -> None:
    pcm = play(rng, 30)
    place, rival = refine(source_of(pcm).tone, probe_of(pcm, 12.34, delay_s=0).tone, 1233)
    assert place.lag == pytest.approx(12.34 * 8000, abs=0.5)
    assert abs(rival.lag - place.lag) > 0.02 * 8000
    assert is_surely_better(place, rival)
    assert not is_surely_better(place, place)
