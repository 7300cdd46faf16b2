"""How late a stream is, as a series: where each stretch says when it was made."""

import numpy as np
import pytest

from auscult.kernel.sounds import Heard
from auscult.signals.listening.figures import StreamFigures

LATE = "stream_live_latency_seconds"


def late_after(*made_ms: int | None) -> float | None:
    """The series after stretches of one second, each of which came at 10 s."""
    figures = StreamFigures(since_ms=0)
    for one in made_ms:
        figures.take(Heard(np.zeros((8_000, 1), np.float32), 8_000, 10_000, 1, media_ms=one))
    return next((value for name, _, _, value in figures.rows(10_000) if name == LATE), None)


def test_a_stream_that_says_its_times_with_each_stretch_has_the_series() -> None:
    assert late_after(6_000, 7_000) == pytest.approx(2.0)


@pytest.mark.parametrize("made_ms", [(6_000,), (6_000, None), (None, None), (None, 7_000)])
def test_a_stream_that_says_it_once_has_none(made_ms: tuple[int | None, ...]) -> None:
    assert late_after(*made_ms) is None
