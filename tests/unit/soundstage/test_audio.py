"""The sound itself: repeatable, audible, seamless, and decodable after every step."""

from pathlib import Path

import numpy as np
import pytest

from soundstage.audio.codec import OpusEncoder, decode
from soundstage.audio.folder import audio_files, open_loop
from soundstage.audio.format import CHANNELS, CHUNK_SAMPLES, SAMPLE_RATE, Pcm, from_bytes, to_bytes
from soundstage.audio.gate import TARGET_RMS, Enhancer
from soundstage.audio.ogg import pack_ogg
from soundstage.audio.synth import STYLES, Synth, pan
from soundstage.audio.voices import add_harmonics
from soundstage.errors import SoundstageError, StartFailed


def rms(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm * pcm)))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_programme_is_repeatable_and_never_silent(style: str) -> None:
    one, same, other = Synth(STYLES[style], 7), Synth(STYLES[style], 7), Synth(STYLES[style], 8)
    for seq in (0, 1, 12_345):
        chunk = one.render(seq)
        assert chunk.dtype == np.float32
        assert chunk.shape == (CHUNK_SAMPLES, CHANNELS)
        assert np.array_equal(chunk, same.render(seq))
        assert not np.array_equal(chunk, other.render(seq))
        assert 0.02 < rms(chunk) < 0.6
        assert np.abs(chunk).max() <= 1.0


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_programme_has_two_channels_that_differ_and_agree_in_level(style: str) -> None:
    synth = Synth(STYLES[style], 7)
    left, right = np.concatenate([synth.render(seq) for seq in range(4, 12)]).T
    assert rms(left - right) > 0.002  # a collapse to mono takes something away
    assert 0.4 < rms(left) / rms(right) < 2.5
    assert np.corrcoef(left, right)[0, 1] > 0.2  # a turned polarity is not how it sounds


def test_the_voice_has_highs_and_the_harmonics_are_those_asked_for() -> None:
    speech = np.concatenate([Synth(STYLES["talk"], 7).render(seq) for seq in range(8)])[:, 0]
    power = np.abs(np.fft.rfft(speech)) ** 2
    hz = np.fft.rfftfreq(speech.size, 1 / SAMPLE_RATE)
    assert power[hz > 8_000].sum() > 1e-4 * power.sum()
    phase = np.linspace(0, 2 * np.pi, 500, dtype=np.float32)
    wanted = 0.5 * np.sin(phase) + 0.25 * np.sin(3 * phase)
    assert np.allclose(add_harmonics(phase, (0.5, 0.0, 0.25)), wanted, atol=1e-5)


@pytest.mark.parametrize(("place", "left"), [(-1.0, np.sqrt(2)), (0.0, 1.0), (1.0, 0.0)])
def test_a_sound_is_placed_at_constant_power(place: float, left: float) -> None:
    gains = pan(place)
    assert gains[0] == pytest.approx(left, abs=1e-9)
    assert gains[0] ** 2 + gains[1] ** 2 == pytest.approx(2.0)


def test_chunks_join_without_a_click() -> None:
    synth = Synth(STYLES["ambient"], 3)
    whole = np.concatenate([synth.render(seq) for seq in range(40, 46)])
    steps = np.abs(np.diff(whole, axis=0)).max(axis=1)
    borders = steps[CHUNK_SAMPLES - 1 :: CHUNK_SAMPLES]
    assert borders.max() <= np.quantile(steps, 0.999)


def test_pcm_survives_its_way_over_the_wire() -> None:
    pcm = Synth(STYLES["pop"], 1).render(5)
    assert np.abs(from_bytes(to_bytes(pcm)) - pcm).max() < 1e-4
    assert from_bytes(to_bytes(np.array([[2.0, -2.0]], dtype=np.float32))).tolist() == [[1.0, -1.0]]


def test_the_enhancer_keeps_length_levels_loudness_and_lowers_noise() -> None:
    enhancer, rng = Enhancer(), np.random.default_rng(1)
    at_s = np.arange(CHUNK_SAMPLES) / SAMPLE_RATE
    # What never pauses is noise to a gate of this kind, so the tone comes and goes.
    tone = 0.05 * np.sin(2 * np.pi * 440 * at_s) * (np.sin(2 * np.pi * 2 * at_s) > 0)
    chunks = [
        (tone[:, None] + 0.004 * rng.standard_normal((CHUNK_SAMPLES, CHANNELS))).astype(np.float32)
        for _ in range(25)
    ]
    noisy, out = chunks[-1], [enhancer.enhance(chunk) for chunk in chunks][-1]
    assert out.shape == (CHUNK_SAMPLES, CHANNELS)
    assert rms(out) == pytest.approx(TARGET_RMS, rel=0.35)

    def noise_share(pcm: Pcm) -> float:
        power = np.abs(np.fft.rfft(pcm[:, 0] * np.hanning(len(pcm)))) ** 2
        return float(power[3000:].sum() / power.sum())

    assert noise_share(out) < 0.5 * noise_share(noisy)


def test_an_ogg_segment_decodes_to_what_was_encoded() -> None:
    synth, encoder = Synth(STYLES["pop"], 2), OpusEncoder()
    source = np.concatenate([synth.render(seq) for seq in (10, 11)])
    segment = pack_ogg(encoder.encode(source))
    assert segment[:4] == b"OggS"
    sound = decode(segment)
    assert len(sound) == pytest.approx(2 * SAMPLE_RATE, abs=700)
    assert rms(sound) == pytest.approx(rms(source), rel=0.2)


@pytest.mark.parametrize("body", [b"", b"OggS but no more", b"\x00" * 5000])
def test_what_is_no_audio_is_refused(body: bytes) -> None:
    with pytest.raises(SoundstageError):
        decode(body)


def test_a_folder_of_files_is_played_in_a_loop(tmp_path: Path) -> None:
    synth = Synth(STYLES["talk"], 4)
    packets = OpusEncoder().encode(np.concatenate([synth.render(seq) for seq in range(3)]))
    (tmp_path / "a.ogg").write_bytes(pack_ogg(packets))
    (tmp_path / "notes.txt").write_text("no audio")
    (found,) = audio_files(tmp_path)
    loop = open_loop(found)
    assert rms(loop.render(0)) > 0.01
    period = len(loop.samples)
    joined = np.concatenate([loop.render(seq) for seq in range(7)])
    assert np.array_equal(joined[:1000], joined[period : period + 1000])


def test_a_folder_without_audio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="no audio file"):
        audio_files(tmp_path)
