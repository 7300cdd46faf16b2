"""Real bytes for real sound; and what is no sound, cut off or damaged is said so."""

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, InputError, MediaUnsupported
from auscult.signals.encoding import CODECS, RATE_HZ, Coding, encode, read_stretch, survey_file
from auscult.signals.listening import encode_flac

Floats = NDArray[np.float32]


def music(length_s: float = 2.0, channels: int = 2) -> Floats:
    since = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    tones = [np.sin(2 * np.pi * (220 + 110 * one) * since) * 0.2 for one in range(channels)]
    hiss = np.random.default_rng(1).standard_normal((since.size, channels)) * 0.02
    return (np.stack(tones, axis=1) + hiss).astype(np.float32)


def write_wav(path: Path, channels: int, length_s: float, *, silent: bool = False) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        scale = 0 if silent else 32_000
        file.writeframes((music(length_s, channels) * scale).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("channels", [1, 2])
def test_more_bits_are_more_bytes_and_the_sound_comes_back(codec: str, channels: int) -> None:
    sound = music(channels=channels)
    low, high = (encode(sound, RATE_HZ, Coding(codec, kbps)) for kbps in (48, 128))
    assert low.size_bytes < high.size_bytes
    assert high.heard.shape[1] == channels
    assert high.heard.dtype == np.float32
    assert abs(len(high.heard) - len(sound)) < RATE_HZ // 5
    assert 0.8 < float(np.std(high.heard) / np.std(sound)) < 1.2


def test_a_lazy_opus_encoder_gives_a_tone_fewer_bytes() -> None:
    since = np.arange(6 * RATE_HZ)[:, None] / RATE_HZ
    notes_hz = np.array([[220.0, 277.0], [330.0, 440.0], [554.0, 660.0]])
    sound = np.sin(2 * np.pi * notes_hz[:, None] * since).sum(axis=0).astype(np.float32) * 0.2
    sizes = {
        complexity: encode(sound, RATE_HZ, Coding("opus", 96, complexity)).size_bytes
        for complexity in (2, 10)
    }
    assert sizes[2] < 0.95 * sizes[10]


@pytest.mark.parametrize("codec", CODECS)
def test_a_lead_is_coded_and_left_out(codec: str) -> None:
    sound = music(4.0)
    whole = encode(sound, RATE_HZ, Coding(codec, 96))
    behind = encode(sound, RATE_HZ, Coding(codec, 96, lead_s=2.0))
    assert 0.4 < behind.size_bytes / whole.size_bytes < 0.6
    assert np.array_equal(behind.heard, whole.heard[2 * RATE_HZ :])


def test_an_encoder_refuses_what_it_cannot_do() -> None:
    with pytest.raises(MediaUnsupported, match="opus, aac, mp3"):
        encode(music(), RATE_HZ, Coding("vorbis", 64))
    with pytest.raises(InputError, match="6 to 510"):
        encode(music(), RATE_HZ, Coding("opus", 1_000))
    with pytest.raises(InputError, match="8 channels"):
        encode(music(channels=8), RATE_HZ, Coding("opus", 64))
    with pytest.raises(InputError):
        encode(np.zeros((0, 2), np.float32), RATE_HZ, Coding("opus", 64))


def test_a_stretch_comes_from_where_it_was_asked_for(tmp_path: Path) -> None:
    sound = music(6)
    sound[3 * RATE_HZ :] *= 0.25
    path = tmp_path / "a.flac"
    path.write_bytes(encode_flac(sound, RATE_HZ))
    form = survey_file(path)
    assert form.channels == 2
    assert form.duration_s == pytest.approx(6, abs=0.01)
    stretch = read_stretch(path, begin_s=4, length_s=1)
    assert stretch.shape == (RATE_HZ, 2)
    # From the frame's beginning on, which lies up to 0.1 s before.
    places = range(4 * RATE_HZ - 4_800, 4 * RATE_HZ + 1)
    apart = [float(np.abs(stretch[:99] - sound[at : at + 99]).max()) for at in places]
    assert min(apart) < 1e-3


def test_mono_stays_mono_and_more_than_stereo_is_refused(tmp_path: Path) -> None:
    mono = write_wav(tmp_path / "mono.wav", 1, 2)
    assert read_stretch(mono, begin_s=0, length_s=1).shape == (RATE_HZ, 1)
    with pytest.raises(MediaUnsupported, match="8 channels"):
        survey_file(write_wav(tmp_path / "eight.wav", 8, 1))


def test_what_is_no_sound_is_refused_with_its_name(tmp_path: Path) -> None:
    text, empty = tmp_path / "a.mp3", tmp_path / "b.wav"
    text.write_text("#EXTM3U\nfile:///etc/passwd\n")
    empty.touch()
    with pytest.raises(MediaUnsupported, match=r"a\.mp3"):
        survey_file(text)
    with pytest.raises(BodyMalformed, match="empty"):
        survey_file(empty)
    with pytest.raises(InputError, match="is no file"):
        survey_file(tmp_path)


def test_a_file_that_is_cut_off_or_damaged_says_where(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "whole.wav", 2, 6).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[: len(whole) // 2])
    assert len(read_stretch(cut, begin_s=0, length_s=2)) == 2 * RATE_HZ
    with pytest.raises(BodyMalformed, match=r"from 4 s on"):
        read_stretch(cut, begin_s=4, length_s=2)
    flac = bytearray(encode_flac(music(6), RATE_HZ))
    middle = len(flac) // 2
    flac[middle : middle + 4_000] = np.random.default_rng(2).bytes(4_000)
    broken = tmp_path / "broken.flac"
    broken.write_bytes(flac)
    with pytest.raises(BodyMalformed, match=r"broken\.flac"):
        read_stretch(broken, begin_s=0, length_s=6)
