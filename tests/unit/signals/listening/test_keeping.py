"""What is kept to be played is what was heard."""

import numpy as np
import pytest

from auscult.kernel.findings import EXHIBIT_BYTES_MAX
from auscult.signals.listening import Decoder, encode_flac
from tests.unit.signals.listening.coded import sweep


@pytest.mark.parametrize(("channels", "rate_hz"), [(1, 44_100), (2, 48_000), (2, 22_050)])
def test_flac_gives_back_what_was_put_in(channels: int, rate_hz: int) -> None:
    sound = sweep(1, channels=channels)
    back, rate = Decoder().decode(encode_flac(sound, rate_hz))
    assert rate == rate_hz
    assert back.shape == sound.shape
    assert np.abs(back - sound).max() < 1e-4


def test_what_is_too_loud_is_kept_at_full_scale_and_more_channels_are_left_out() -> None:
    loud = np.full((4_000, 6), 3.0, dtype=np.float32)
    back, _ = Decoder().decode(encode_flac(loud, 48_000))
    assert back.shape == (4_000, 2)
    assert back.min() > 0.999


def test_two_seconds_of_noise_are_no_more_than_an_exhibit_may_be() -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (96_000, 2)).astype(np.float32)
    assert len(encode_flac(noise, 48_000)) < EXHIBIT_BYTES_MAX
