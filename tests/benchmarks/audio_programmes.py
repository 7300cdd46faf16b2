"""Programmes and the ways between source and listener, for the latency bench; no main of its own.

Programmes are 48 kHz mono, float32. A way is a lossy codec with its own delay (measured, so that
the truth is known to the sample), a level, an equaliser, noise and a clock that is not ours.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

Pcm = NDArray[np.float32]
RATE_HZ = 48_000


def play_tones(rng: Generator, length_s: float, *, repeat_s: float = 0.0) -> Pcm:
    """Chords, melody and drums; with `repeat_s` every bar of that length is the same recording."""
    if repeat_s:
        bar = play_tones(rng, repeat_s)
        times = int(np.ceil(length_s * RATE_HZ / bar.size))
        return np.tile(bar, times)[: round(length_s * RATE_HZ)]
    out = np.zeros(round(length_s * RATE_HZ), np.float32)
    beat_s = float(rng.uniform(0.3, 0.6))
    scale = 110.0 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16, 19]) / 12)
    for beat in range(int(length_s / beat_s)):
        begin = round(beat * beat_s * RATE_HZ)
        pitch_hz = float(rng.choice(scale)) * (2 if rng.random() < 0.5 else 4)
        _add(out, begin, _pluck(pitch_hz, 0.8 * beat_s) * 0.25)
        if beat % 4 == 0:
            for pitch_hz in rng.choice(scale, 3, replace=False):
                _add(out, begin, _pad(float(pitch_hz), 4 * beat_s) * 0.1)
        _add(out, begin, _kick() * 0.4 if beat % 2 == 0 else _hat(rng) * 0.2)
    return out


def play_loop_with_voice(rng: Generator, length_s: float) -> Pcm:
    """A bar that repeats exactly under a voice that does not: what hip-hop is made of."""
    loop = play_tones(rng, length_s, repeat_s=float(rng.uniform(1.5, 4.0)))
    return loop + np.float32(0.5) * play_speech(rng, length_s)


def play_sections(rng: Generator, length_s: float) -> Pcm:
    """Verse, refrain, verse, refrain: each 10 to 20 s long, and the same recording each time."""
    parts = [play_tones(rng, float(rng.uniform(10, 20))) for _ in range(3)]
    order = [0, 1, 0, 1, 2, 1, 0, 1, 2, 1, 1, 0]
    return np.concatenate([parts[one] for one in order])[: round(length_s * RATE_HZ)]


def play_speech(rng: Generator, length_s: float) -> Pcm:
    """Syllables of a gliding buzz through two formants, hisses, and pauses to breathe."""
    out = np.zeros(round(length_s * RATE_HZ), np.float32)
    at_s = 0.0
    while at_s < length_s:
        span_s = float(rng.uniform(0.1, 0.28))
        if rng.random() < 0.12:
            at_s += float(rng.uniform(0.3, 0.9))
            continue
        _add(out, round(at_s * RATE_HZ), _syllable(rng, span_s))
        at_s += span_s + float(rng.uniform(0.0, 0.05))
    return out


def play_noise(rng: Generator, length_s: float) -> Pcm:
    """Rain: pinkish noise whose level wanders."""
    white = rng.standard_normal(round(length_s * RATE_HZ)).astype(np.float32)
    pink = lfilter([0.05], [1, -0.95], white)
    steps = np.repeat(rng.uniform(0.3, 1.0, int(length_s) + 2), RATE_HZ)[: pink.size]
    return np.asarray(0.5 * pink * steps, dtype=np.float32)


def with_silence(rng: Generator, programme: Pcm) -> Pcm:
    """The programme with stretches of digital silence of 1 to 8 s."""
    out = programme.copy()
    for _ in range(max(1, programme.size // (20 * RATE_HZ))):
        begin = int(rng.integers(0, programme.size))
        out[begin : begin + int(rng.uniform(1, 8) * RATE_HZ)] = 0
    return out


PROGRAMMES: dict[str, Callable[[Generator, float], Pcm]] = {
    "music": play_tones,
    "loops": lambda rng, length_s: play_tones(rng, length_s, repeat_s=float(rng.uniform(1.0, 8.0))),
    "loop_and_voice": play_loop_with_voice,
    "sections": play_sections,
    "speech": play_speech,
    "noise": play_noise,
    "pauses": lambda rng, length_s: with_silence(rng, play_tones(rng, length_s)),
}

CODECS: dict[str, tuple[str, str, int]] = {
    "opus_24k": ("libopus", "ogg", 24_000),
    "opus_64k": ("libopus", "ogg", 64_000),
    "opus_128k": ("libopus", "ogg", 128_000),
    "aac_48k": ("aac", "adts", 48_000),
    "aac_96k": ("aac", "adts", 96_000),
    "mp3_64k": ("libmp3lame", "mp3", 64_000),
    "mp3_128k": ("libmp3lame", "mp3", 128_000),
    "none": ("", "", 0),
}


def through(codec: str, pcm: Pcm) -> Pcm:
    """Encode and decode; what the codec puts in front stays in front (see `delay_of`)."""
    name, form, bit_rate = CODECS[codec]
    if not name:
        return pcm
    file = BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = cast("AudioStream", container.add_stream(name, rate=RATE_HZ, layout="mono"))
        stream.bit_rate = bit_rate
        width = stream.codec_context.frame_size or 960
        shape = "flt" if name == "libopus" else "fltp"
        for begin in range(0, pcm.size, width):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(pcm[None, begin : begin + width]), format=shape, layout="mono"
            )
            frame.sample_rate, frame.pts = RATE_HZ, begin
            frame.time_base = Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(file, "r", format=form) as container:
        parts = [
            ready.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for ready in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


@cache
def delay_of(codec: str) -> int:
    """Return the samples that coding and decoding put in front, measured on known noise bursts."""
    rng = np.random.default_rng(99)
    burst = rng.standard_normal(RATE_HZ).astype(np.float32)
    burst = lfilter([0.2], [1, -0.8], burst).astype(np.float32)
    heard = through(codec, np.concatenate([burst, np.zeros(RATE_HZ, np.float32)]) * np.float32(0.2))
    spectrum = np.fft.rfft(heard, 4 * RATE_HZ) * np.conj(np.fft.rfft(burst, 4 * RATE_HZ))
    lag = int(np.fft.irfft(spectrum).argmax())
    return lag if lag < 2 * RATE_HZ else lag - 4 * RATE_HZ


def worsen(pcm: Pcm, rng: Generator, *, snr_db: float, gain_db: float) -> Pcm:
    """Another level, a gentle equaliser, a slow automatic gain and noise."""
    tilt = float(rng.uniform(-0.3, 0.3))
    out = lfilter([1.0, tilt], [1.0], pcm)
    seconds = np.arange(pcm.size, dtype=np.float32) / RATE_HZ
    out *= 1 + 0.2 * np.sin(seconds * float(rng.uniform(0.5, 2.0)))
    level = float(np.sqrt(np.mean(out**2)))
    out = out + rng.standard_normal(out.size) * level * 10 ** (-snr_db / 20)
    return np.asarray(out * 10 ** (gain_db / 20), dtype=np.float32)


def drifted(pcm: Pcm, drift: float) -> Pcm:
    """The programme at (1 + drift) times its speed, by band-limited interpolation."""
    if drift == 0:
        return pcm
    dense = resample_poly(pcm, 4, 1)
    at = np.arange(int(pcm.size / (1 + drift))) * (4 * (1 + drift))
    return np.asarray(np.interp(at, np.arange(dense.size), dense), dtype=np.float32)


def _add(out: Pcm, begin: int, note: NDArray[np.floating]) -> None:
    end = min(begin + note.size, out.size)
    if begin < end:
        out[begin:end] += note[: end - begin].astype(np.float32)


def _since(length_s: float) -> NDArray[np.float64]:
    return np.arange(round(length_s * RATE_HZ)) / RATE_HZ


def _pluck(pitch_hz: float, length_s: float) -> NDArray[np.float64]:
    since = _since(length_s)
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * since) / k for k in range(1, 7))
    return np.asarray(tone) * np.exp(-since * 6) * np.minimum(since * 400, 1)


def _pad(pitch_hz: float, length_s: float) -> NDArray[np.float64]:
    since = _since(length_s)
    fade = np.minimum(since * 8, 1) * np.minimum((length_s - since) * 8, 1)
    turn = 2 * np.pi * pitch_hz * since
    return np.asarray((np.sin(turn) + 0.3 * np.sin(2 * turn)) * fade)


def _kick() -> NDArray[np.float64]:
    since = _since(0.15)
    turn = 2 * np.pi * (50 * since + 4 * (1 - np.exp(-since * 40)))
    return np.asarray(np.sin(turn) * np.exp(-since * 20))


def _hat(rng: Generator) -> NDArray[np.float64]:
    since = _since(0.06)
    return np.asarray(np.diff(rng.standard_normal(since.size + 1)) * np.exp(-since * 80))


def _syllable(rng: Generator, length_s: float) -> NDArray[np.float64]:
    since = _since(length_s)
    swell = np.sin(np.pi * since / length_s) ** 0.5
    if rng.random() < 0.25:
        return np.diff(rng.standard_normal(since.size + 1)) * swell * 0.08
    pitch_hz = float(rng.uniform(90, 180)) * (1 + 0.15 * since / length_s)
    buzz = np.where(np.cumsum(pitch_hz) / RATE_HZ % 1 < 0.1, 1.0, -0.11)
    for formant_hz in (rng.uniform(300, 800), rng.uniform(900, 2400)):
        turn = 2 * np.pi * float(formant_hz) / RATE_HZ
        buzz = lfilter([0.05], [1, -2 * 0.99 * np.cos(turn), 0.99**2], buzz)
    return np.asarray(buzz * swell * 0.25 / max(float(np.abs(buzz).max()), 1e-9))
