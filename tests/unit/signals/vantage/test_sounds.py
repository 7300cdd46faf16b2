"""What an agent heard is what arrives, by our clock; what is no report is refused."""

import json

import numpy as np
import pytest

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject
from auscult.performance.hearing.figures import blocks
from auscult.signals.vantage import REPORT_BYTES_MAX, pack_sound, sounds, unpack_sound

RATE_HZ = 48_000
STREAM = Stream(
    name="pop at edge",
    programme="pop",
    subject=Subject(service="edge", instance="edge.example"),
    hop=4,
    vantage="fra1",
    labels=(("stream", "pop at edge"),),
)
AHEAD_MS = 90_000


def heard(level: float = 0.5) -> Heard:
    samples = np.random.default_rng(2).uniform(-level, level, (RATE_HZ, 2)).astype(np.float32)
    return Heard(samples, RATE_HZ, 5_000, size_bytes=16_000, media_ms=1_000, follows=False)


@pytest.mark.parametrize("level", [0.5, 1.7])
def test_sound_arrives_as_it_was_heard(level: float) -> None:
    sent = heard(level)
    body = pack_sound(STREAM, sent, sent_ms=5_200)
    stream, found = unpack_sound(body, now_ms=5_200 + AHEAD_MS)
    assert stream == STREAM
    assert isinstance(found, Heard)
    assert np.abs(found.samples - sent.samples).max() < 2e-4, "also beyond full scale"
    assert found.arrived_ms == 5_000 + AHEAD_MS, "by our clock"
    assert (found.rate_hz, found.size_bytes, found.media_ms) == (RATE_HZ, 16_000, 1_000)
    assert not found.follows


def test_what_could_not_be_heard_arrives_too() -> None:
    unheard = Unheard(Why.REFUSED, 5_000, "HTTP 503")
    _, found = unpack_sound(pack_sound(STREAM, unheard, sent_ms=5_100), now_ms=6_100)
    assert found == Unheard(Why.REFUSED, 6_000, "HTTP 503")


def test_what_is_no_report_is_refused() -> None:
    good = pack_sound(STREAM, heard(), sent_ms=0)
    head, _, sound = good.partition(b"\n")
    told = json.loads(head)
    broken = {
        b"": "no head",
        b"{}\n": "nothing said",
        json.dumps(told | {"hop": 99}).encode() + b"\n" + sound: "hop",
        json.dumps(told | {"more": 1}).encode() + b"\n" + sound: "more",
        head + b"\n" + sound[: len(sound) // 50]: "sound",
        head + b"\nno sound at all": "sound",
        b"x" * 100_000: "no line",
        head.replace(b'"at_ms":5000', b'"at_ms":1e300') + b"\n" + sound: "at_ms",
    }
    for body, why in broken.items():
        with pytest.raises(BodyMalformed):
            unpack_sound(body, now_ms=0)
        assert why
    with pytest.raises(BodyTooLarge):
        unpack_sound(b" " * (REPORT_BYTES_MAX + 1), now_ms=0)


def test_a_small_report_that_holds_too_much_is_left_in_the_middle() -> None:
    silence = np.zeros((70 * RATE_HZ, 2), dtype=np.float32)
    body = pack_sound(STREAM, Heard(silence, RATE_HZ, 0, size_bytes=1), sent_ms=0)
    assert len(body) < 200_000
    with pytest.raises(BodyTooLarge, match="samples"):
        unpack_sound(body, now_ms=0)


@pytest.mark.parametrize("rate_hz", [4_000, 6_000, 7_999])
def test_a_rate_at_which_nothing_can_be_heard_is_refused(rate_hz: int) -> None:
    slow = np.zeros((rate_hz, 1), dtype=np.float32)
    body = pack_sound(STREAM, Heard(slow, rate_hz, 0, size_bytes=1), sent_ms=0)
    with pytest.raises(BodyMalformed, match=f"{rate_hz} Hz"):
        unpack_sound(body, now_ms=0)


def test_what_is_taken_is_what_an_ear_takes() -> None:
    assert (sounds.RATE_MIN_HZ, sounds.RATE_MAX_HZ) == (blocks.RATE_MIN_HZ, blocks.RATE_MAX_HZ)
