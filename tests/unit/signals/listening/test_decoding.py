"""One decoder across segments hears what a player plays: nothing more, nothing less."""

import wave
from io import BytesIO

import numpy as np
import pytest

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Why
from auscult.signals.listening import Decoder
from auscult.signals.listening.decoding import FORMS_MAX, STRETCH_MAX_S, STRETCH_SAMPLES_MAX
from tests.unit.signals.listening.coded import RATE_HZ, segments, sweep, whole

CODINGS = [
    ("libopus", "ogg"),
    ("libopus", "mp4"),
    ("aac", "adts"),
    ("aac", "mpegts"),
    ("aac", "mp4"),
    ("libmp3lame", "mp3"),
    ("flac", "flac"),
]


@pytest.mark.parametrize(("codec", "container"), CODINGS)
def test_segments_decode_to_what_the_whole_decodes_to(codec: str, container: str) -> None:
    sound = sweep(3)
    decoder = Decoder()
    heard = [decoder.decode(one) for one in segments(sound, codec=codec, container=container)]
    once, rate_hz = Decoder().decode(whole(sound, codec=codec, container=container))
    joined = np.concatenate([pcm for pcm, _ in heard])
    assert {rate for _, rate in heard} == {rate_hz} == {RATE_HZ}
    assert joined.shape == once.shape
    assert joined.shape[1] == 2
    assert np.abs(joined - once).max() < 1e-6
    assert decoder.broken_packets == 0
    assert 0.2 < np.abs(joined).max() < 0.9


def test_another_coding_begins_anew_and_is_told() -> None:
    decoder = Decoder()
    bodies = [
        whole(sweep(1), codec="libopus", container="ogg"),
        *[whole(sweep(1, channels=1), codec="aac", container="adts")] * 2,
    ]
    told = [(decoder.decode(body)[0].shape[1], decoder.has_changed) for body in bodies]
    assert told == [(2, False), (1, True), (1, False)]


def test_after_a_restart_the_decoder_remembers_nothing() -> None:
    first, second = segments(sweep(2), codec="aac", container="adts")[:2]
    goes_on, anew = Decoder(), Decoder()
    goes_on.decode(first)
    anew.decode(first)
    anew.restart()
    assert np.abs(goes_on.decode(second)[0][:512] - anew.decode(second)[0][:512]).max() > 0.01


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Why.MALFORMED),
        (b"\x00" * 5_000, Why.MALFORMED),
        (bytes(range(256)) * 40, Why.MALFORMED),
        (b"<html><body>Not found</body></html>", Why.MALFORMED),
        (b"OggS" + b"\xff" * 4_000, Why.MALFORMED),
    ],
)
def test_what_is_no_audio_is_refused_with_a_reason(body: bytes, why: Why) -> None:
    with pytest.raises(StreamUnheard) as refused:
        Decoder().decode(body)
    assert refused.value.why == why
    assert refused.value.detail


def test_half_a_body_gives_what_is_in_it() -> None:
    body = whole(sweep(3), codec="libopus", container="ogg")
    pcm, _ = Decoder().decode(body[: len(body) // 2])
    assert 0.5 < len(pcm) / RATE_HZ < 2.5


def test_flipped_bits_never_raise_anything_else() -> None:
    rng = np.random.default_rng(5)
    for codec, container in CODINGS:
        body = whole(sweep(1), codec=codec, container=container)
        for _ in range(20):
            broken = bytearray(body)
            for place in rng.integers(0, len(body), 8):
                broken[place] ^= 1 << int(rng.integers(8))
            try:
                pcm, rate_hz = Decoder().decode(bytes(broken))
            except StreamUnheard:
                continue
            assert pcm.ndim == 2
            assert rate_hz > 0


def test_a_body_that_names_files_opens_none(tmp_path: object) -> None:
    """FFmpeg would read a playlist's segments by itself, and any file that it names."""
    from pathlib import Path

    secret = Path(str(tmp_path)) / "secret.ogg"
    secret.write_bytes(whole(sweep(1), codec="libopus", container="ogg"))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile '{secret}'\n"
    for body in (playlist, concat):
        with pytest.raises(StreamUnheard):
            Decoder().decode(body.encode())


def test_a_body_holds_a_bounded_time() -> None:
    silent = np.zeros((round((STRETCH_MAX_S + 2) * RATE_HZ), 1), dtype=np.float32)
    with pytest.raises(StreamUnheard) as refused:
        Decoder().decode(whole(silent, codec="libopus", container="ogg"))
    assert refused.value.why == Why.TOO_LARGE


def test_a_body_holds_a_bounded_number_of_samples() -> None:
    rate_hz, channels = 192_000, 8
    silent = np.zeros((STRETCH_SAMPLES_MAX // channels + rate_hz, channels), dtype=np.int16)
    body = BytesIO()
    with wave.open(body, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(silent.tobytes())
    assert len(silent) / rate_hz < STRETCH_MAX_S
    with pytest.raises(StreamUnheard, match="samples at once") as refused:
        Decoder().decode(body.getvalue())
    assert refused.value.why == Why.TOO_LARGE


def changing(codec: str, container: str, *, times: int = 1) -> bytes:
    """A body whose channels change on the way, as a studio switches from music to speech."""
    bodies = [whole(sweep(1, channels=n), codec=codec, container=container) for n in (2, 1)]
    return b"".join(bodies[number % 2] for number in range(times + 1))


@pytest.mark.parametrize(("codec", "container"), [("aac", "adts"), ("libmp3lame", "mp3")])
def test_a_body_that_changes_its_channels_is_heard_in_pieces(codec: str, container: str) -> None:
    body = changing(codec, container)
    pieces = Decoder().decode_forms(body)
    assert [(pcm.shape[1], rate_hz) for pcm, rate_hz in pieces] == [(2, RATE_HZ), (1, RATE_HZ)]
    assert all(0.9 < len(pcm) / RATE_HZ < 1.2 for pcm, _ in pieces)
    with pytest.raises(StreamUnheard, match="from 2 channels at 48000 Hz to 1 channels"):
        Decoder().decode(body)


def test_a_body_that_changes_too_often_is_refused() -> None:
    with pytest.raises(StreamUnheard, match="change more than"):
        Decoder().decode_forms(changing("aac", "adts", times=FORMS_MAX))
