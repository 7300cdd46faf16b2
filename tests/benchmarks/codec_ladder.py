"""Does the score order bit rates as ears would, and what does a ladder by title save?

`python -m tests.benchmarks.codec_ladder [--tracks DIR] [--seed N] [--own]`

Stereo items are synthesised by the seed (music, speech over music, rain, each with a width of its
own) or come from DIR; each is coded as Opus, AAC (FFmpeg's own encoder) and MP3 at several rates
through PyAV and scored by channel. "Right" is that more bits of one codec are never worse; an
inverted step is one that scores lower by more than rounding. Saved bytes: the cheapest rung for
each title that scores what the fixed ladder's (Opus 128k) worst item scores, real bytes both.
`--own` uses our own measure also where zimtohrli is installed.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from auscult.performance.codec import (
    OWN,
    Guards,
    Rung,
    Trial,
    find_measure,
    recommend,
    saved_share,
    try_rungs,
)
from tests.benchmarks.audio_programmes import RATE_HZ, Pcm, play_noise, play_speech, play_tones
from tests.benchmarks.report import report

LENGTH_S = 8.0
OPUS_KBPS = (16, 24, 32, 48, 64, 80, 96, 112, 128, 192, 256)
RUNGS = [
    *(Rung("opus", rate) for rate in OPUS_KBPS),
    *(Rung("aac", rate) for rate in (64, 96, 128, 192)),
    *(Rung("mp3", rate) for rate in (64, 96, 128, 192)),
]
FORMS = {
    "opus": ("libopus", "ogg", "flt"),
    "aac": ("aac", "adts", "fltp"),
    "mp3": ("libmp3lame", "mp3", "fltp"),
}
FIXED = Rung("opus", 128)
STEP_MIN = 0.005


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracks", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_known_args(sys.argv[1:])[0]
    measure = OWN if options.own else find_measure()
    trials: list[Trial] = []
    began_s, heard_s = time.process_time(), 0.0
    items = read_tracks(options.tracks) if options.tracks else make_items(options.seed)
    for name, samples in items:
        found = try_rungs(samples, RUNGS, rate_hz=RATE_HZ, measure=measure, encode=encode)
        trials += [Trial(name, rung, *result) for rung, result in found.items()]
        heard_s += len(RUNGS) * samples.shape[0] / RATE_HZ
        scores = " ".join(f"{found[Rung('opus', rate)][1].mean:.2f}" for rate in OPUS_KBPS)
        print(f"  {name}: Opus {scores}", flush=True)
    tell(trials, measure.name, speed=heard_s / (time.process_time() - began_s))


def tell(trials: list[Trial], name: str, *, speed: float) -> None:
    inverted, steps = count_inversions(trials)
    print(f"codec_ladder.measure {name} - - -", flush=True)
    report("codec_ladder.inverted_steps", inverted / steps, unit="share", floor=0.05, goal=0.02)
    print(f"codec_ladder.steps {steps} count - -", flush=True)
    saved = saved_share(trials, FIXED)
    report("codec_ladder.saved_bytes", saved, unit="share", floor=0.15, goal=0.25)
    opus = [one for one in trials if one.rung.codec == "opus"]
    only = saved_share(opus, FIXED)
    print(f"codec_ladder.saved_bytes_opus_only {only:.3f} share - -", flush=True)
    audience = np.random.default_rng(0).lognormal(np.log(300), 1.0, 5_000)
    ladder = recommend(trials, audience, steps=4, guards=Guards(channel_min=1.5))
    for step in ladder.steps:
        what = f"{step.rung.codec} {step.rung.nominal_kbps}k"
        print(f"  step {what}: {step.real_kbps:.0f} kbit/s, worst item {step.worst_score:.2f}")
    print(f"  refused by a guard: {len(ladder.refused)} of {len(RUNGS)} rungs", flush=True)
    report("codec_ladder.coded_and_scored", speed, unit="x_real_time", floor=4, goal=20)


def count_inversions(trials: list[Trial]) -> tuple[int, int]:
    """Return (steps of Opus that score lower with more bits, all steps)."""
    by_item: dict[str, dict[int, float]] = {}
    for one in trials:
        if one.rung.codec == "opus":
            by_item.setdefault(one.item, {})[one.rung.nominal_kbps] = one.quality.mean
    gains = np.array([np.diff([scores[rate] for rate in OPUS_KBPS]) for scores in by_item.values()])
    return int(np.sum(gains < -STEP_MIN)), gains.size


def encode(samples: Pcm, rate_hz: int, rung: Rung) -> tuple[int, Pcm]:
    """Return (bytes of the packets, what is heard), stereo, by PyAV."""
    name, form, shape = FORMS[rung.codec]
    file, size_bytes = BytesIO(), 0
    with av.open(file, "w", format=form) as container:
        stream = cast("AudioStream", container.add_stream(name, rate=rate_hz, layout="stereo"))
        stream.bit_rate = rung.nominal_kbps * 1000
        width = stream.codec_context.frame_size or 960
        for begin in range(0, samples.shape[0], width):
            piece = samples[begin : begin + width]
            packed = piece.reshape(1, -1) if shape == "flt" else piece.T
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(packed), format=shape, layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, begin, Fraction(1, rate_hz)
            for packet in stream.encode(frame):
                size_bytes += packet.size
                container.mux(packet)
        for packet in stream.encode(None):
            size_bytes += packet.size
            container.mux(packet)
    file.seek(0)
    return size_bytes, decode(file, form)


def decode(source: BytesIO | Path, form: str | None = None) -> Pcm:
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE_HZ)
    opened = str(source) if isinstance(source, Path) else source
    with av.open(opened, "r", format=form) as container:
        parts = [
            ready.to_ndarray().reshape(-1, 2)
            for frame in container.decode(audio=0)
            for ready in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


def make_items(seed: int) -> Iterator[tuple[str, Pcm]]:
    for number in range(8):
        rng = np.random.default_rng([seed, number])
        width = float(rng.uniform(0, 0.8))
        middle, side = play_tones(rng, LENGTH_S), play_tones(rng, LENGTH_S)
        if number % 4 == 1:
            middle = play_speech(rng, LENGTH_S)
        if number % 4 == 2:
            middle, side = play_noise(rng, LENGTH_S), play_noise(rng, LENGTH_S)
        stereo = np.stack([middle + width * side, middle - width * side], axis=1)
        stereo *= 0.5 / max(float(np.abs(stereo).max()), 1e-9)
        yield f"synthesised {number}", stereo.astype(np.float32)


def read_tracks(folder: Path) -> Iterator[tuple[str, Pcm]]:
    """Two stretches of each track: from a fifth and from three fifths on."""
    for path in sorted(folder.iterdir()):
        if path.suffix in {".ogg", ".mp3", ".flac", ".wav", ".opus", ".m4a"}:
            samples = decode(path)
            for share in (0.2, 0.6):
                begin = int(share * samples.shape[0])
                piece = samples[begin : begin + round(LENGTH_S * RATE_HZ)]
                yield f"{path.stem[:24]} {share:g}", piece


if __name__ == "__main__":
    main()
