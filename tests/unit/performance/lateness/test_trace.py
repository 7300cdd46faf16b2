"""Audio becomes a trace once, in one piece or as it comes in, and what is no audio is refused."""

import numpy as np
import pytest

from auscult.kernel.errors import InputError
from auscult.performance.lateness import Tape, trace_of
from auscult.performance.lateness.trace import (
    check_samples,
    emphasise,
    envelopes_of,
    mix_down,
    resample,
)


def noise(length: int) -> np.ndarray:
    return (np.random.default_rng(3).standard_normal(length) * 0.1).astype(np.float32)


def test_a_level_is_that_of_the_samples() -> None:
    trace = trace_of(noise(48_000), rate_hz=8_000, begin_s=5.0)
    assert trace.level_dbfs.mean() == pytest.approx(-20, abs=0.5)
    assert trace.length_s == 6.0
    assert trace.bands.shape == (597, 14)
    assert np.isfinite(trace_of(np.zeros(8_000, np.float32), rate_hz=8_000, begin_s=0).bands).all()


def test_a_level_moves_every_band_alike() -> None:
    loud, quiet = (
        trace_of(noise(48_000) * np.float32(gain), rate_hz=8_000, begin_s=0).bands
        for gain in (1, 0.1)
    )
    assert (loud / quiet).min() == pytest.approx((loud / quiet).max(), rel=1e-3)


def test_a_downmix_that_cancels_itself_out_is_not_taken() -> None:
    left = noise(1_000)
    assert np.array_equal(mix_down(np.stack([left, -left], axis=1)), left)
    assert np.allclose(mix_down(np.stack([left, left], axis=1)), left)
    assert mix_down(left) is left


def test_emphasis_and_resampling_keep_the_time() -> None:
    click = np.zeros(4_800, np.float32)
    click[2_400] = 1
    assert int(np.abs(resample(click, 1, 6)).argmax()) == 400
    assert resample(click, 1, 1) is click
    assert emphasise(click, np.float32(0))[2_400:2_402].tolist() == pytest.approx([1, -0.9])
    assert emphasise(click, np.float32(1))[0] == pytest.approx(-0.9)
    assert envelopes_of(click[:100])[0].shape == (0, 14)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("chunk", [777, 20_000])
def test_a_tape_gives_what_the_whole_stretch_gives(rate_hz: int, chunk: int) -> None:
    samples = noise(rate_hz * 6)
    tape = Tape(rate_hz, keep_s=3.0)
    for begin in range(0, samples.size, chunk):
        tape.append(samples[begin : begin + chunk], 100.0 + begin / rate_hz)
    whole, kept = trace_of(samples, rate_hz=rate_hz, begin_s=100.0), tape.trace()
    assert 3.0 <= kept.length_s < 3.02
    skipped = round((kept.begin_s - 100.0) * 8_000)
    assert skipped % 80 == 0
    assert 2.4 < skipped / 8_000 < 3.0
    np.testing.assert_allclose(kept.tone, whole.tone[skipped:][: kept.tone.size], atol=2e-5)
    frames = kept.bands.shape[0]
    np.testing.assert_allclose(kept.bands, whole.bands[skipped // 80 :][:frames], atol=2e-3)
    assert kept.level_dbfs.size == frames


def test_a_gap_begins_the_tape_anew() -> None:
    tape = Tape(8_000, keep_s=60.0)
    tape.append(noise(16_000), 0.0)
    tape.append(noise(16_000), 2.01)
    assert tape.trace().begin_s == 0.0
    tape.append(noise(16_000), 9.0)
    assert tape.trace().begin_s == 9.0
    assert tape.trace().length_s < 2.0


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros(9, np.float32), 7_999),
        (np.zeros(9, np.float32), 400_000),
        (np.zeros((9, 0), np.float32), 8_000),
        (np.zeros((9, 17), np.float32), 8_000),
        (np.zeros((9, 2, 2), np.float32), 8_000),
        (np.zeros(8_000 * 601, np.float32), 8_000),
        (np.array([0, np.nan], np.float32), 8_000),
    ],
)
def test_what_is_no_audio_is_refused(samples: np.ndarray, rate_hz: int) -> None:
    with pytest.raises(InputError):
        check_samples(samples, rate_hz)
    with pytest.raises(InputError):
        trace_of(samples, rate_hz=rate_hz, begin_s=0)


def test_a_tape_of_no_or_endless_length_is_refused() -> None:
    for keep_s in (0.0, 601.0, float("nan")):
        with pytest.raises(InputError):
            Tape(8_000, keep_s=keep_s)
