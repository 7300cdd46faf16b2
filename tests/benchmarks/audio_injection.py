"""Real codec round trips, and faults put into clean sound; what was put in is told exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfiltfilt

from auscult.kernel.sounds import Pcm

CODECS = tuple(
    (name, kbps)
    for name, rates in {
        "libopus": (64, 96, 160),
        "aac": (96, 128, 192),
        "libmp3lame": (96, 128, 192),
    }.items()
    for kbps in rates
)


def round_trip(sound: Pcm, rate_hz: int, *, codec: str, kbps: int) -> tuple[Pcm, int]:
    """Encode and decode with FFmpeg's libraries; return what comes out and its rate.

    Opus always comes back at 48 kHz. The codec's own delay is left in, as a player hears it.
    """
    import av

    if codec == "libopus" and rate_hz != 48_000:
        sound, rate_hz = change_rate(sound, rate_hz, 48_000), 48_000
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.sample_rate, encoder.layout = rate_hz, "stereo"
    encoder.format = "flt" if codec == "libopus" else "fltp"
    encoder.bit_rate, encoder.time_base = kbps * 1000, Fraction(1, rate_hz)
    encoder.open()
    decoder: Any = av.CodecContext.create(
        "opus" if codec == "libopus" else codec.replace("libmp3lame", "mp3float"), "r"
    )
    if encoder.extradata and codec == "aac":
        decoder.extradata = encoder.extradata
    if codec == "libopus":
        decoder.sample_rate, decoder.layout = rate_hz, "stereo"
    size, out = encoder.frame_size, []
    packed = codec == "libopus"
    for at in range(0, len(sound) - size + 1, size):
        part = np.ascontiguousarray(sound[at : at + size], dtype=np.float32)
        shaped = part.reshape(1, -1) if packed else np.ascontiguousarray(part.T)
        frame = av.AudioFrame.from_ndarray(
            shaped, format="flt" if packed else "fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        for packet in encoder.encode(frame):
            out += [planes_of(one) for one in decoder.decode(packet)]
    return np.concatenate(out), rate_hz


def encode_opus(sound: Pcm, kbps: int) -> list[Any]:
    """Return the packets of a stream of Opus at 48 kHz."""
    import av

    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "flt"
    encoder.bit_rate, encoder.time_base = kbps * 1000, Fraction(1, 48_000)
    encoder.open()
    packets: list[Any] = []
    for at in range(0, len(sound) - encoder.frame_size + 1, encoder.frame_size):
        part = np.ascontiguousarray(sound[at : at + encoder.frame_size]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        packets += encoder.encode(frame)
    return packets


def planes_of(frame: Any) -> Pcm:
    x = frame.to_ndarray()
    x = x.reshape(-1, 2) if x.shape[0] == 1 else x.T
    return np.ascontiguousarray(x, dtype=np.float32)


def change_rate(sound: Pcm, rate_hz: int, to_hz: int) -> Pcm:
    ratio = Fraction(to_hz, rate_hz)
    out = resample_poly(sound, ratio.numerator, ratio.denominator, axis=0)
    return np.ascontiguousarray(out, dtype=np.float32)


COARSE_KBPS = (96, 64, 48)
"""Rates of the MP3 that a transcode went through."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A clean clip and where a fault goes: from frame `at` to frame `end`."""

    sound: Pcm
    rate_hz: int
    at: int
    rng: Generator
    other: Pcm

    def copy(self) -> Pcm:
        return self.sound.copy()

    def later(self, seconds: float) -> int:
        return min(len(self.sound), self.at + round(seconds * self.rate_hz))


Inject = Callable[[Scene, int], Pcm]


def _silence(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    x[scene.at : scene.later((3, 5, 8)[severity])] = 0
    return x


def _gap(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    x[scene.at : scene.later((0.005, 0.02, 0.1)[severity])] = 0
    return x


def _clipping(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    gain = 10 ** ((3, 6, 9)[severity] / 20) / np.abs(x[scene.at :]).max()
    x[scene.at :] = np.clip(x[scene.at :] * gain, -1, 1)
    return x


def _clicks(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    for at in scene.at + scene.rng.integers(0, 5 * scene.rate_hz, 5):
        width = int(scene.rng.integers(1, 4))
        sign = scene.rng.choice([-1, 1])
        x[at : at + width] += sign * (0.1, 0.25, 0.6)[severity]
    return x


def _loudness(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    sign = scene.rng.choice([-1, 1]) if np.abs(x).max() < 0.25 else -1
    x[scene.at :] *= 10 ** (sign * (6, 9, 12)[severity] / 20)
    return x


def _channel_loss(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    x[scene.at :, scene.rng.integers(2)] *= (0.01, 0.001, 0.0)[severity]
    return x


def _polarity(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    x[scene.at : scene.later((5, 8, 14)[severity]), scene.rng.integers(2)] *= -1
    return x


def _mono_collapse(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    part = x[scene.at :]
    mid = part.mean(axis=1, keepdims=True)
    x[scene.at :] = mid + (part - mid) * (0.03, 0.01, 0.0)[severity]
    return x


def _low_pass(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    low = butter(8, (11_000, 7_000, 4_000)[severity], fs=scene.rate_hz, output="sos")
    x[scene.at :] = sosfiltfilt(low, scene.sound, axis=0)[scene.at :]
    return x


def _transcode(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    coded, _ = round_trip(
        scene.sound, scene.rate_hz, codec="libmp3lame", kbps=COARSE_KBPS[severity]
    )
    lag = find_lag(scene.sound, coded)
    end = min(len(coded) - lag, len(x))
    x[scene.at : end] = coded[scene.at + lag : end + lag]
    return x[:end]


def find_lag(sound: Pcm, coded: Pcm) -> int:
    """Return by how many frames a coder delayed the sound (0 to 4095)."""
    size = min(len(sound), len(coded), 1 << 17)
    a, b = (np.fft.rfft(one[:size].sum(axis=1), 2 * size) for one in (sound, coded))
    return int(np.argmax(np.fft.irfft(b * a.conj())[:4096]))


def _noise(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    level = 10 ** ((-55, -48, -40)[severity] / 20)
    hiss = scene.rng.standard_normal(x[scene.at :].shape, dtype=np.float32)
    x[scene.at :] += np.float32(level) * hiss
    return x


def _skip(scene: Scene, severity: int) -> Pcm:
    end = scene.later((0.02, 0.06, 0.2)[severity])
    return np.concatenate([scene.sound[: scene.at], scene.sound[end:]])


def _repeat(scene: Scene, severity: int) -> Pcm:
    end = scene.later((0.02, 0.06, 0.2)[severity])
    return np.concatenate([scene.sound[:end], scene.sound[scene.at :]])


def _wow(scene: Scene, severity: int) -> Pcm:
    depth = (0.005, 0.01, 0.02)[severity]
    n = np.arange(len(scene.sound) - scene.at, dtype=np.float64)
    swing = depth * scene.rate_hz / (2 * np.pi * 1.5)
    at = scene.at + n + swing * np.sin(2 * np.pi * 1.5 * n / scene.rate_hz)
    x = scene.copy()
    for channel in range(x.shape[1]):
        x[scene.at :, channel] = interpolate(scene.sound[:, channel], at)
    return x


def interpolate(sound: Pcm, at: NDArray[np.float64]) -> Pcm:
    """Return the band-limited value of a channel at fractional frames (16-tap windowed sinc)."""
    floor = np.floor(at).astype(np.int64)
    offset = np.arange(-7, 9)
    near = sound[np.clip(floor[:, None] + offset, 0, len(sound) - 1)]
    away = offset - (at - floor)[:, None]
    taps = np.sinc(away) * np.cos(np.clip(away / 8.5, -1, 1) * np.pi / 2) ** 2
    return np.asarray((near * taps).sum(axis=1), dtype=np.float32)


def _wrong_programme(scene: Scene, severity: int) -> Pcm:
    x = scene.copy()
    rest = len(x) - scene.at
    other = np.resize(scene.other[severity * 1000 :], (rest, 2))
    x[scene.at :] = other
    return x


UPSTREAM: dict[str, Inject] = {
    "silence": _silence,
    "clipping": _clipping,
    "loudness": _loudness,
    "channel_loss": _channel_loss,
    "polarity": _polarity,
    "mono_collapse": _mono_collapse,
    "low_pass": _low_pass,
    "transcode": _transcode,
    "noise": _noise,
    "wow": _wow,
    "wrong_programme": _wrong_programme,
}
"""Faults of a stage before the encoder: what is heard went through the codec afterwards."""

DOWNSTREAM: dict[str, Inject] = {"gap": _gap, "clicks": _clicks, "skip": _skip, "repeat": _repeat}
"""Faults of transport and player: they happen to decoded sound."""


def bears(kind: str, scene: Scene, severity: int) -> bool:
    """Say whether the clip can have the fault at all: a mono programme cannot collapse."""
    part = scene.sound[scene.at : scene.later(5)].astype(np.float64)
    power = float((part**2).mean())
    before = scene.sound[scene.at - round(0.05 * scene.rate_hz) : scene.at]
    after = scene.sound[scene.at : scene.later(0.25)]
    if power < 1e-5 or min(float((before**2).mean()), float((after**2).mean())) < 1e-5:
        return False
    if kind == "mono_collapse":
        side = 0.5 * (part[:, 0] - part[:, 1])
        return bool((side**2).mean() > 1e-3 * power)
    if kind in {"low_pass", "transcode"}:
        spectrum = np.abs(np.fft.rfft(part.mean(axis=1) * np.hanning(len(part)))) ** 2
        hz = np.fft.rfftfreq(len(part), 1 / scene.rate_hz)
        limit = (
            (11_000, 7_000, 4_000)[severity]
            if kind == "low_pass"
            else (15_500, 11_500, 9_000)[severity]
        )
        return bool(spectrum[hz > limit].sum() > 1e-5 * spectrum.sum())
    return True


def read_tracks(folder: Path, least_s: int) -> list[tuple[str, Pcm, int]]:
    """Return name, sound in stereo and rate of each audio file below; short ones are said twice.

    A track shorter than `least_s` is repeated after half a second's fade and pause.
    """
    import av

    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".ogg", ".wav", ".flac", ".mp3", ".opus"}:
            continue
        with av.open(str(path)) as container:
            stream: Any = container.streams.audio[0]
            planes = [one.to_ndarray() for one in container.decode(stream)]
            rate_hz = int(stream.rate)
        one = np.concatenate(planes, axis=1).astype(np.float32)
        sound = np.ascontiguousarray(np.broadcast_to(one, (2, one.shape[1])).T)
        if rate_hz < 32_000:
            sound, rate_hz = change_rate(sound, rate_hz, 48_000), 48_000
        edge = rate_hz // 4
        fade = np.linspace(1, 0, edge, dtype=np.float32)[:, None]
        sound[-edge:] *= fade
        sound[:edge] *= fade[::-1]
        while len(sound) < least_s * rate_hz:
            sound = np.concatenate([sound, np.zeros((edge, 2), np.float32), sound])
        found.append((path.name.split("_")[0].split(".")[0], sound, rate_hz))
    return found
