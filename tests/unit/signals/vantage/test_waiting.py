"""What waits to be reported is bounded, and what is lost is never hidden."""

import numpy as np

from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject
from auscult.signals.vantage.waiting import (
    SOUND_BYTES_WAITING_MAX,
    SOUNDS_WAITING_MAX,
    SoundsWaiting,
)

ONE = Stream("pop at edge", "pop", Subject(service="edge"))
OTHER = Stream("news at edge", "news", Subject(service="edge"))
SEGMENT = np.zeros((6 * 48_000, 2), np.float32)


def heard(at_ms: int = 0) -> Heard:
    return Heard(SEGMENT, 48_000, at_ms, size_bytes=1)


def follows(waiting: SoundsWaiting) -> bool:
    """Send the first; return whether it was said to follow."""
    sent = waiting.first()
    waiting.leave(sent)
    assert isinstance(sent[1], Heard)
    return sent[1].follows


def test_long_segments_are_bounded_by_their_bytes() -> None:
    waiting = SoundsWaiting()
    for at_ms in range(SOUNDS_WAITING_MAX):
        waiting.add(ONE, heard(at_ms))
    held = SOUND_BYTES_WAITING_MAX // SEGMENT.nbytes
    assert len(waiting) == held
    assert waiting.dropped == SOUNDS_WAITING_MAX - held
    assert waiting.size_bytes == held * SEGMENT.nbytes
    assert not follows(waiting)
    assert follows(waiting)


def test_a_stream_whose_only_sound_was_let_go_begins_anew_whenever_it_comes() -> None:
    waiting = SoundsWaiting()
    waiting.add(ONE, heard())
    for _ in range(SOUNDS_WAITING_MAX):
        waiting.add(OTHER, Unheard(Why.SLOW, 0, ""))
    assert waiting.dropped == 1
    waiting.add(ONE, heard())
    while isinstance(waiting.first()[1], Unheard):
        waiting.leave(waiting.first())
    assert not follows(waiting)
    assert (len(waiting), waiting.size_bytes) == (0, 0)


def test_what_was_let_go_while_it_was_sent_takes_nothing_else_along() -> None:
    waiting = SoundsWaiting()
    waiting.add(ONE, heard(0))
    sent = waiting.first()
    for at_ms in range(1, SOUNDS_WAITING_MAX):
        waiting.add(ONE, heard(at_ms))
    left = len(waiting)
    waiting.leave(sent)
    waiting.refuse(sent)
    assert len(waiting) == left
