"""Does the score order bit rates as ears would, and what does a ladder by title save?

`python -m tests.benchmarks.codec_ladder [--tracks DIR] [--data DIR] [--seed N] [--own]`

Items are synthesised by the seed (music, loops, speech, speech over music, rain, each with a width
of its own, mono among them), come from the tracks of a folder alone, or are both (`--data`, with
tracks in `audio/clean` below it). Each is coded as Opus, AAC (FFmpeg's own encoder) and MP3 at
several rates, by the encoders of the product, and scored by channel. "Right" is that more bits of
one codec are never worse; an inverted step is one that scores lower by more than rounding. Saved
bytes: the cheapest rung for each title that scores what the fixed ladder's (Opus 128k) worst item
scores, real bytes both, rungs between those of the grid found by halving as the product does.
`--own` uses our own measure also where zimtohrli is installed.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from auscult.performance.codec import (
    OWN,
    Guards,
    Measure,
    Quality,
    Rung,
    Stretch,
    Trial,
    choose_rung,
    find_measure,
    halve_gaps,
    recommend,
    saved_share,
    try_rungs,
)
from auscult.performance.codec.ladder import worst_score
from auscult.signals.encoding import coding
from tests.benchmarks.audio_programmes import (
    RATE_HZ,
    Pcm,
    play_loop_with_voice,
    play_noise,
    play_speech,
    play_tones,
)
from tests.benchmarks.report import report, run_alone

LENGTH_S = 8.0
OPUS_KBPS = (16, 24, 32, 48, 64, 80, 96, 112, 128, 192, 256)
RUNGS = [
    *(Rung("opus", rate) for rate in OPUS_KBPS),
    *(Rung("aac", rate) for rate in (48, 64, 96, 128, 192)),
    *(Rung("mp3", rate) for rate in (48, 64, 96, 128, 192)),
]
FIXED = Rung("opus", 128)
STEP_MIN = 0.005


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracks", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_known_args(sys.argv[1:])[0]
    measure = OWN if options.own else find_measure()
    bench = Bench(measure)
    for name, samples in choose_items(options):
        bench.take(name, samples)
    tell(bench.trials(), measure.name)
    needed = worst_score(bench.trials(), FIXED)
    for name in bench.items:
        bench.refine(name, needed)
    tell_savings(bench.trials(), needed)
    speed = bench.heard_s / (time.process_time() - bench.began_s)
    report("codec_ladder.coded_and_scored", speed, unit="x_real_time", floor=4, goal=20)


@dataclass
class Bench:
    """Items and what was found out about each, by rung."""

    measure: Measure
    items: dict[str, Pcm] = field(default_factory=dict)
    found: dict[str, dict[Rung, tuple[float, Quality]]] = field(default_factory=dict)
    began_s: float = field(default_factory=time.process_time)
    heard_s: float = 0.0

    def take(self, name: str, samples: Pcm) -> None:
        self.items[name], self.found[name] = samples, {}
        self.try_rungs(name, RUNGS)
        scores = " ".join(f"{self.found[name][Rung('opus', k)][1].mean:.2f}" for k in OPUS_KBPS)
        print(f"  {name}: Opus {scores}", flush=True)

    def try_rungs(self, name: str, rungs: list[Rung]) -> None:
        samples = self.items[name]
        self.found[name] |= try_rungs(
            Stretch(samples, RATE_HZ), rungs, measure=self.measure, encode=encode
        )
        self.heard_s += len(rungs) * samples.shape[0] / RATE_HZ

    def refine(self, name: str, needed: float) -> None:
        while rungs := halve_gaps(self.trials_of(name), FIXED, needed=needed):
            self.try_rungs(name, rungs)

    def trials_of(self, name: str) -> list[Trial]:
        return [Trial(name, rung, *found) for rung, found in self.found[name].items()]

    def trials(self) -> list[Trial]:
        return [trial for name in self.items for trial in self.trials_of(name)]


def tell(trials: list[Trial], name: str) -> None:
    """Say what the grid alone shows: inverted steps, the ladder, savings without halving."""
    inverted, steps = count_inversions(trials)
    print(f"codec_ladder.measure {name} - - -", flush=True)
    report("codec_ladder.inverted_steps", inverted / steps, unit="share", floor=0.05, goal=0.02)
    print(f"codec_ladder.steps {steps} count - -", flush=True)
    audience = np.random.default_rng(0).lognormal(np.log(300), 1.0, 5_000)
    ladder = recommend(trials, audience, steps=4, guards=Guards(channel_min=1.5))
    for step in ladder.steps:
        what = f"{step.rung.codec} {step.rung.nominal_kbps}k"
        print(f"  step {what}: {step.real_kbps:.0f} kbit/s, worst item {step.worst_score:.2f}")
    print(f"  refused by a guard: {len(ladder.refused)} of {len(RUNGS)} rungs", flush=True)
    print(f"codec_ladder.saved_bytes_grid_only {saved_share(trials, FIXED):.3f} share - -")


def tell_savings(trials: list[Trial], needed: float) -> None:
    """Say what each title takes, and what all save."""
    by_item: dict[str, list[Trial]] = {}
    for one in trials:
        by_item.setdefault(one.item, []).append(one)
    for name, some in by_item.items():
        choice = choose_rung(some, FIXED, needed=needed)
        rung = f"{choice.rung.codec} {choice.rung.nominal_kbps}k"
        rates = f"{choice.before_kbps:.0f} -> {choice.real_kbps:.0f} kbit/s"
        print(f"  {name}: {rung}, {rates}, {choice.before_score:.3f} -> {choice.score:.3f}")
    saved = saved_share(trials, FIXED, needed=needed)
    report("codec_ladder.saved_bytes", saved, unit="share", floor=0.15, goal=0.25)
    opus = [one for one in trials if one.rung.codec == "opus"]
    only = saved_share(opus, FIXED, needed=needed)
    print(f"codec_ladder.saved_bytes_opus_only {only:.3f} share - -", flush=True)


def count_inversions(trials: list[Trial]) -> tuple[int, int]:
    """Return (steps of Opus that score lower with more bits, all steps)."""
    by_item: dict[str, dict[int, float]] = {}
    for one in trials:
        if one.rung.codec == "opus":
            by_item.setdefault(one.item, {})[one.rung.nominal_kbps] = one.quality.mean
    gains = np.array([np.diff([scores[rate] for rate in OPUS_KBPS]) for scores in by_item.values()])
    return int(np.sum(gains < -STEP_MIN)), gains.size


def encode(stretch: Stretch, rung: Rung) -> tuple[int, Pcm]:
    """Return (bytes of the packets, what is heard)."""
    how = coding.Coding(rung.codec, rung.nominal_kbps)
    coded = coding.encode(stretch.samples, stretch.rate_hz, how)
    return coded.size_bytes, coded.heard


def decode(path: Path) -> Pcm:
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE_HZ)
    with av.open(str(path), "r") as container:
        parts = [
            ready.to_ndarray().reshape(-1, 2)
            for frame in container.decode(audio=0)
            for ready in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


def choose_items(options: argparse.Namespace) -> Iterator[tuple[str, Pcm]]:
    if options.tracks:
        yield from read_tracks(options.tracks)
        return
    yield from make_items(options.seed)
    if options.data:
        yield from read_tracks(options.data / "audio" / "clean")


def make_items(seed: int) -> Iterator[tuple[str, Pcm]]:
    """Eight programmes: each kind, then music and speech again, that as mono as a microphone is."""
    for number in range(8):
        rng = np.random.default_rng([seed, number])
        width = float(rng.uniform(0, 0.8)) if number != 7 else 0.0
        middle, side = play_tones(rng, LENGTH_S), play_tones(rng, LENGTH_S)
        kind = number % 6
        if kind == 1:
            middle = play_speech(rng, LENGTH_S)
        if kind == 2:
            middle, side = play_noise(rng, LENGTH_S), play_noise(rng, LENGTH_S)
        if kind == 4:
            middle = play_loop_with_voice(rng, LENGTH_S)
        if kind == 5:
            middle = play_tones(rng, LENGTH_S, repeat_s=2.0)
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
    run_alone(main)
