"""Pictures of sound show where and when it sounds."""

from io import BytesIO

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.performance.pictures import draw_spectrogram, encode_png
from auscult.performance.pictures.spectrogram import GAP, HEIGHT, WIDTH

RATE_HZ = 48_000


def pixels_of(png: bytes) -> NDArray[np.uint8]:
    """The picture as another reader of PNG sees it."""
    with av.open(BytesIO(png), "r", format="png_pipe") as container:
        (frame,) = list(container.decode(video=0))
        return np.asarray(frame.to_ndarray(format="rgb24"))


def tone(frequency_hz: float, seconds: float = 2.0) -> NDArray[np.float32]:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency_hz * t), dtype=np.float32)


def test_a_png_is_read_back_by_others() -> None:
    drawn = np.random.default_rng(2).integers(0, 256, (31, 17, 3)).astype(np.uint8)
    assert (pixels_of(encode_png(drawn)) == drawn).all()


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 5, 4), (5_000, 1, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no picture"):
        encode_png(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("frequency_hz", [1_000.0, 9_000.0, 20_000.0])
def test_a_tone_is_a_line_at_its_frequency(frequency_hz: float) -> None:
    drawn = pixels_of(draw_spectrogram(tone(frequency_hz)[:, None], RATE_HZ)).astype(int)
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    brightest = drawn.sum(axis=2).mean(axis=1).argmax()
    shown_hz = (HEIGHT - 0.5 - brightest) / HEIGHT * RATE_HZ / 2
    assert abs(shown_hz - frequency_hz) < 1.5 * RATE_HZ / 2 / HEIGHT


def test_a_silent_second_is_dark_and_a_lost_channel_is_dark_below() -> None:
    left = tone(3_000)
    left[RATE_HZ:] = 0
    stereo = np.stack([left, np.zeros_like(left)], axis=1)
    drawn = pixels_of(draw_spectrogram(stereo, RATE_HZ)).sum(axis=2)
    assert drawn.shape == (2 * HEIGHT + GAP, WIDTH)
    above, below = drawn[:HEIGHT], drawn[HEIGHT + GAP :]
    assert above[:, : WIDTH // 2 - 20].max() > 300
    assert above[:, WIDTH // 2 + 20 :].max() < 30
    assert below.max() < 30


def test_too_little_sound_makes_no_picture() -> None:
    with pytest.raises(ValueError, match="needs 1536 samples"):
        draw_spectrogram(np.zeros((100, 2), dtype=np.float32), RATE_HZ)
