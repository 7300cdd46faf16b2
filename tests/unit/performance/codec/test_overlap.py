"""What was heard is found in its source, also where bars resemble each other, or not at all."""

import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.performance.codec.overlap import find_overlap

Floats = NDArray[np.float32]
RATE_HZ = 8_000


def noise(seed: int, length_s: float) -> Floats:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((round(length_s * RATE_HZ), 2)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("begin_s", [-4.0, 0.0, 2.5, 9.0])
def test_the_common_stretch_is_found_to_the_sample(begin_s: float) -> None:
    whole = noise(1, 30)
    source = whole[10 * RATE_HZ : 22 * RATE_HZ]
    begin = round((10 + begin_s) * RATE_HZ)
    played = whole[begin : begin + 8 * RATE_HZ] * np.float32(0.7)
    found = find_overlap(source, (played + noise(2, 8) * 0.3).astype(np.float32), RATE_HZ)
    assert found is not None
    left, right = found
    assert len(left) == len(right)
    expected = min(8 + min(begin_s, 0), 12 - max(begin_s, 0), 8)
    assert len(left) == round(expected * RATE_HZ)
    assert np.corrcoef(left[:, 0], right[:, 0])[0, 1] > 0.9


def test_a_bar_that_comes_again_does_not_win_over_the_whole() -> None:
    bar, voice = noise(3, 4), noise(4, 16)
    source = np.concatenate([bar] * 4) + voice
    played = source[6 * RATE_HZ : 14 * RATE_HZ]
    found = find_overlap(source, played, RATE_HZ)
    assert found is not None
    np.testing.assert_array_equal(found[0], found[1])


def test_other_sound_and_too_little_sound_are_not_found() -> None:
    assert find_overlap(noise(5, 12), noise(6, 8), RATE_HZ) is None
    assert find_overlap(noise(5, 12), noise(5, 2), RATE_HZ) is None
    assert find_overlap(noise(5, 12), np.zeros((8 * RATE_HZ, 2), np.float32), RATE_HZ) is None
