"""Synthesised clean programmes, each decided by its seed alone, so that no two benches share one.

Instruments are summed partials and shaped noise with a room; voices are pulses through moving
formants with pauses for breath. None of it is fitted to what the detectors measure.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from auscult.kernel.sounds import Pcm

Mono = NDArray[np.float64]
RATE_HZ = 48_000
BENCH_SEEDS, UNIT_SEEDS, DEVELOPMENT_SEEDS = 1_000_000, 2_000_000, 3_000_000
"""Where the seeds of each use begin; a use has fewer than a million of them."""


def make_track(kind: str, seed: int, length_s: float) -> Pcm:
    """Return float32 (frames, 2) at 48 kHz, peaks between −9 and −1 dB of full scale."""
    rng = np.random.default_rng(seed)
    left, right = KINDS[kind](rng, round(length_s * RATE_HZ))
    both = np.stack([left, right], axis=1)
    both *= 10 ** (-rng.uniform(1.0, 9.0) / 20) / np.abs(both).max()
    return both.astype(np.float32)


Stereo = tuple[Mono, Mono]


def _note(rng: Generator, hz: float, n: int, *, bright: float, decay_s: float) -> Mono:
    """A tone whose partials are the powers of one decaying phasor: a polynomial, so it is quick."""
    t = np.arange(n, dtype=np.float32) / RATE_HZ
    wobble = rng.uniform(0, 0.004) / rng.uniform(4, 6)
    phase = 2 * np.pi * hz * (t + wobble * np.sin(2 * np.pi * 5 * t) / 6.28) % (2 * np.pi)
    phasor = np.exp(1j * phase - t * 0.3 / decay_s).astype(np.complex64)
    partials = min(int(rng.integers(12, 36)), int(18_000 / hz))
    k = np.arange(1, partials + 1)
    weights = k**-bright * np.exp(1j * rng.uniform(0, 6.28, partials))
    out = np.zeros(n, dtype=np.complex64)
    for weight in weights[::-1].astype(np.complex64):
        out += weight
        out *= phasor
    tone = out.imag.astype(np.float64) * np.exp(-t * 0.7 / decay_s)
    attack = min(n // 4, round(rng.uniform(0.002, 0.03) * RATE_HZ))
    release = min(n // 4, round(0.03 * RATE_HZ))
    tone[:attack] *= np.linspace(0, 1, attack) ** 2
    tone[-release:] *= np.linspace(1, 0, release)
    return tone


def _hit(rng: Generator, n: int, *, low_hz: float, high_hz: float, decay_s: float) -> Mono:
    band = butter(2, [low_hz, min(high_hz, 23_000)], "band", fs=RATE_HZ, output="sos")
    body = sosfilt(band, rng.standard_normal(n))
    return np.asarray(body * np.exp(-np.arange(n) / (decay_s * RATE_HZ)))


def _kick(rng: Generator, n: int) -> Mono:
    t = np.arange(n) / RATE_HZ
    hz = rng.uniform(45, 60) + rng.uniform(60, 120) * np.exp(-t * 40)
    return np.asarray(np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ) * np.exp(-t * 9))


def _add(track: Mono, sound: Mono, at: int, gain: float) -> None:
    end = min(len(track), at + len(sound))
    if at < end:
        track[at:end] += gain * sound[: end - at]


def _room(rng: Generator, dry: Stereo, *, wet: float, decay_s: float) -> Stereo:
    n = round(decay_s * 2 * RATE_HZ)
    fall = np.exp(-np.arange(n) / (decay_s * RATE_HZ / 3))
    out = []
    for side in dry:
        echo = lfilter([1.0], [1.0, -rng.uniform(0.2, 0.6)], rng.standard_normal(n)) * fall
        echo /= np.sqrt((echo**2).sum())
        mixed = 0.5 * (dry[0] + dry[1]) * 0.7 + side * 0.3
        out.append(side + wet * fftconvolve(mixed, echo)[: len(side)])
    return out[0], out[1]


def _hiss(rng: Generator, n: int, level_db: float) -> Mono:
    return np.asarray(10 ** (level_db / 20) * rng.standard_normal(n))


SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 6, 7, 10), (0, 2, 4, 7, 9))


def _band(rng: Generator, n: int, *, drums: float, density: float, bright: float) -> Stereo:
    left, right = np.zeros(n), np.zeros(n)
    beat = round(60 / rng.uniform(70, 150) * RATE_HZ)
    scale, root = SCALES[rng.integers(len(SCALES))], rng.uniform(80, 180)
    tones = root * 2 ** (np.array(scale) / 12)
    for number, exact in enumerate(range(0, n, beat)):
        at = exact + (round(rng.normal(0, 0.004) * RATE_HZ) if number else 0)
        if number % 4 == 0:
            chord = rng.integers(len(tones))
            for step in (0, 2, 4):
                hz = tones[(chord + step) % len(tones)] * rng.choice([1, 2])
                tone = _note(rng, hz, beat * 4, bright=bright, decay_s=rng.uniform(1, 3))
                pan = rng.uniform(0.1, 0.9)
                _add(left, tone, max(at, 0), 0.25 * np.cos(pan * np.pi / 2))
                _add(right, tone, max(at, 0), 0.25 * np.sin(pan * np.pi / 2))
            bass = _note(rng, tones[chord] / 2, beat * 3, bright=1.6, decay_s=1.5)
            _add(left, bass, max(at, 0), 0.4)
            _add(right, bass, max(at, 0), 0.4)
        if rng.random() < density:
            hz = tones[rng.integers(len(tones))] * rng.choice([2, 4])
            tone = _note(rng, hz, round(beat * rng.uniform(0.5, 2)), bright=bright, decay_s=0.8)
            _add(left, tone, max(at, 0), 0.3)
            _add(right, tone, max(at, 0), 0.25)
        if drums:
            _drum(rng, (left, right), at=max(at, 0), number=number, beat=beat, gain=drums)
    return left, right


def _drum(rng: Generator, sides: Stereo, *, at: int, number: int, beat: int, gain: float) -> None:
    hat = _hit(rng, 9_000, low_hz=5_000, high_hz=20_000, decay_s=rng.uniform(0.02, 0.06))
    for offset in (0, beat // 2):
        _add(sides[0], hat, at + offset, 0.16 * gain)
        _add(sides[1], hat, at + offset, 0.22 * gain)
    body = (
        _kick(rng, 24_000)
        if number % 2 == 0
        else _hit(rng, 14_000, low_hz=180, high_hz=9_000, decay_s=0.06)
    )
    for side in sides:
        _add(side, body, at, gain * (0.9 if number % 2 == 0 else 0.5))


def _voice(rng: Generator, n: int) -> Mono:
    out = np.zeros(n)
    pitch, at = rng.uniform(90, 230), 0
    while at < n:
        length = round(rng.uniform(0.08, 0.3) * RATE_HZ)
        if rng.random() < 0.3:
            sound = _hit(rng, length // 2, low_hz=3_500, high_hz=14_000, decay_s=0.1) * 0.25
            sound *= np.hanning(len(sound))
        else:
            t = np.arange(length) / RATE_HZ
            hz = pitch * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(1, 4) * t + rng.uniform(0, 6)))
            cycles = np.cumsum(hz) / RATE_HZ
            sound = np.diff(np.floor(cycles), prepend=0.0) + 0.004 * rng.standard_normal(length)
            for formant in (rng.uniform(300, 800), rng.uniform(900, 2300), rng.uniform(2400, 3400)):
                r = np.exp(-np.pi * rng.uniform(60, 140) / RATE_HZ)
                pole = [1.0, -2 * r * np.cos(2 * np.pi * formant / RATE_HZ), r * r]
                sound = lfilter([1 - r], pole, sound) + 0.1 * sound
            sound = sound / (np.abs(sound).max() + 1e-9) * np.hanning(length) ** 0.4
        _add(out, sound, at, rng.uniform(0.5, 1.0))
        pause = rng.uniform(0.25, 1.2) if rng.random() < 0.12 else rng.uniform(0, 0.04)
        at += len(sound) + round(pause * RATE_HZ)
    return out


def _pop(rng: Generator, n: int) -> Stereo:
    dry = _band(rng, n, drums=rng.uniform(0.6, 1.2), density=0.7, bright=rng.uniform(0.9, 1.4))
    return _room(rng, dry, wet=0.5, decay_s=0.6)


def _loud(rng: Generator, n: int) -> Stereo:
    left, right = _pop(rng, n)
    drive = rng.uniform(1.5, 3.0) / max(left.std(), right.std()) / 3
    return np.tanh(drive * left), np.tanh(drive * right)


def _calm(rng: Generator, n: int) -> Stereo:
    dry = _band(rng, n, drums=0.0, density=0.8, bright=rng.uniform(1.0, 1.6))
    swell = 0.55 + 0.45 * np.sin(np.arange(n) / RATE_HZ * rng.uniform(0.2, 0.6))
    left, right = _room(rng, (dry[0] * swell, dry[1] * swell), wet=0.9, decay_s=1.6)
    return left + _hiss(rng, n, -66), right + _hiss(rng, n, -66)


def _speech(rng: Generator, n: int) -> Stereo:
    voice = _voice(rng, n) + _hiss(rng, n, rng.uniform(-70, -52))
    return voice, voice.copy()


def _talk(rng: Generator, n: int) -> Stereo:
    """A voice in the middle of a stereo bed of music."""
    voice = _voice(rng, n)
    bed = _calm(rng, n)
    return voice + 0.3 * bed[0], voice + 0.3 * bed[1]


def _mono(rng: Generator, n: int) -> Stereo:
    left, right = _pop(rng, n)
    one = 0.5 * (left + right)
    return one, one.copy()


def _lofi(rng: Generator, n: int) -> Stereo:
    """Old and narrow: little bandwidth, noise, the crackle of a record."""
    left, right = _band(rng, n, drums=0.5, density=0.6, bright=1.2)
    low = butter(6, rng.uniform(4_500, 8_000), fs=RATE_HZ, output="sos")
    crackle = np.zeros(n)
    at = rng.integers(0, n, n // RATE_HZ * 6)
    crackle[at] = rng.laplace(0, 0.08, len(at))
    one = sosfilt(low, 0.5 * (left + right) + crackle) + _hiss(rng, n, -50)
    return one, one + _hiss(rng, n, -60)


def _fades(rng: Generator, n: int) -> Stereo:
    """Short pieces with ends, pauses of digital silence and fades, as a playlist has."""
    out, at = (np.zeros(n), np.zeros(n)), 0
    while at < n:
        length = min(n - at, round(rng.uniform(8, 20) * RATE_HZ))
        if length < RATE_HZ:
            break
        piece = (_pop, _calm, _talk)[rng.integers(3)](rng, length)
        edge = min(length // 3, round(rng.uniform(0.02, 4.0) * RATE_HZ))
        shape = np.ones(length)
        shape[-edge:] = np.linspace(1, 0, edge) ** 2
        shape[:480] *= np.linspace(0, 1, 480)
        gain = rng.uniform(0.5, 1.0) / max(np.abs(piece[0]).max(), np.abs(piece[1]).max())
        for side, sound in zip(out, piece, strict=True):
            side[at : at + length] = gain * shape * sound
        at += length + round(rng.uniform(0.3, 3.0) * RATE_HZ)
    return out


KINDS: dict[str, Callable[[Generator, int], Stereo]] = {
    "pop": _pop,
    "loud": _loud,
    "calm": _calm,
    "talk": _talk,
    "speech": _speech,
    "mono": _mono,
    "lofi": _lofi,
    "fades": _fades,
}
