import numpy as np

from auscult.kernel.sounds import Sound


def test_a_sound_knows_its_channels_and_its_length() -> None:
    sound = Sound(np.zeros((24_000, 2), dtype=np.float32), 48_000, at_ms=7)
    assert (sound.channels, sound.length_ms, sound.at_ms) == (2, 500.0, 7)
