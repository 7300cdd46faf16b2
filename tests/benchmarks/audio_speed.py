"""How many streams a core hears, and how near loudness and true peak come to FFmpeg's ebur128.

`python -m tests.benchmarks.audio_speed [--data DIR] [--seconds S]`

A monitored stream is Opus 128k stereo, decoded with PyAV in this process and heard by an `Ear`
with everything it has, true peak included, second by second; time is the process's CPU time, the
best of several rounds, since a neighbour can only make it worse. What a `Comparison` beside the
decoded source costs is told apart. FFmpeg's filter runs through PyAV on the same samples.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from auscult.kernel.sounds import Pcm, Sound
from auscult.performance.hearing import Ear
from auscult.performance.hearing.comparison import Comparison
from tests.benchmarks.audio_injection import encode_opus, planes_of, read_tracks
from tests.benchmarks.audio_material import BENCH_SEEDS, KINDS, RATE_HZ, make_track
from tests.benchmarks.report import report, run_alone

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", "--tracks", type=Path)
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_known_args(sys.argv[1:])[0]
    measure_streams(given.seconds)
    measure_figures(given.data, given.seconds)


def measure_streams(seconds: int) -> None:
    packets = encode_opus(make_track("pop", BENCH_SEEDS + 900_001, seconds), 128)
    whole, decoding = [], []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in decode(packets):
            pass
        decoded = time.process_time()
        ear = Ear(RATE_HZ, 2)
        for second in decode(packets):
            ear.hear(Sound(second, RATE_HZ))
        heard = time.process_time()
        decoding.append((decoded - begin) / seconds)
        whole.append((heard - decoded) / seconds)
    report("opus_streams_per_core", 1 / min(whole), unit="streams", floor=50, goal=90)
    print(f"opus_decoding_alone {1 / min(decoding):.4g} x_real_time - -", flush=True)
    print(f"ear_alone {1 / (min(whole) - min(decoding)):.4g} x_real_time - -", flush=True)
    beside = min(measure_comparison(list(decode(packets))) for _ in range(ROUNDS)) / seconds
    print(f"comparison_alone {1 / beside:.4g} x_real_time - -", flush=True)
    print(f"opus_streams_compared_too {1 / (min(whole) + beside):.4g} streams - -", flush=True)


def measure_comparison(stream: list[Pcm]) -> float:
    """Return the CPU seconds of hearing a stream beside itself."""
    pair = Comparison(RATE_HZ, 2, source_hz=RATE_HZ)
    begin = time.process_time()
    for second in stream:
        pair.hear_source(Sound(second, RATE_HZ))
        pair.hear(Sound(second, RATE_HZ))
    return time.process_time() - begin


def decode(packets: list[Any]) -> Iterator[Pcm]:
    """Yield the decoded stream a second at a time."""
    import av

    decoder: Any = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = RATE_HZ, "stereo"
    held: list[Pcm] = []
    frames = 0
    for packet in packets:
        for one in decoder.decode(packet):
            held.append(planes_of(one))
            frames += len(held[-1])
        if frames >= RATE_HZ:
            yield np.concatenate(held)
            held, frames = [], 0


def measure_figures(tracks: Path | None, seconds: int) -> None:
    material = [(kind, make_track(kind, BENCH_SEEDS + 900_010, seconds), RATE_HZ) for kind in KINDS]
    material += read_tracks(tracks, seconds) if tracks else []
    off_lu, off_db = [], []
    for name, whole, rate_hz in material:
        size = round(rate_hz / 10) * 5
        sound = whole[: len(whole) // size * size]
        ear = Ear(rate_hz, 2)
        for at in range(0, len(sound), rate_hz):
            ear.hear(Sound(sound[at : at + rate_hz], rate_hz))
        ours = ear.readings
        theirs_lufs, theirs_dbtp = ask_ffmpeg(sound, rate_hz)
        off_lu.append(abs(ours.integrated_lufs - theirs_lufs))
        off_db.append(abs(ours.true_peak_dbtp - theirs_dbtp))
        print(
            f"{name} {ours.integrated_lufs:.2f} LUFS (ffmpeg {theirs_lufs:.2f}) "
            f"{ours.true_peak_dbtp:.2f} dBTP (ffmpeg {theirs_dbtp:.2f})",
            flush=True,
        )
    report("loudness_off", max(off_lu), unit="LU", floor=0.2, goal=0.1)
    report("true_peak_off", max(off_db), unit="dB", floor=0.2, goal=0.1)


def ask_ffmpeg(sound: Pcm, rate_hz: int) -> tuple[float, float]:
    """Return integrated loudness (LUFS) and true peak (dBTP) by the filter ebur128."""
    import av

    graph: Any = av.filter.Graph()
    source = graph.add(
        "abuffer",
        f"sample_rate={rate_hz}:sample_fmt=flt:channel_layout=stereo:time_base=1/{rate_hz}",
    )
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    last: dict[str, str] = {}
    for at in range(0, len(sound), rate_hz):
        part = np.ascontiguousarray(sound[at : at + rate_hz]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        graph.push(frame)
        last = drain(graph) or last
    peak = float(last["lavfi.r128.true_peak"])
    return float(last["lavfi.r128.I"]), 20 * float(np.log10(peak))


def drain(graph: Any) -> dict[str, str]:
    import av

    last: dict[str, str] = {}
    while True:
        try:
            last = dict(graph.pull().metadata) or last
        except (av.error.BlockingIOError, av.error.EOFError):
            return last


if __name__ == "__main__":
    run_alone(main)
