"""Latency without a marker: error, false locks, what stays unknown, CPU, and steps found.

`python -m tests.benchmarks.audio_latency [--data DIR] [--seed N] [--rounds N]
[--probes N] [--tell]`

Programmes are synthesised by the seed (music, bars that repeat exactly, the same under a voice,
sections that return, speech, rain, silence stretches), and every track of DIR is one more. Each is
played through a real codec, an equaliser, gain control, noise, another level and its own clock;
probes of 4 s are taken at delays of 0 to 60 s, at 48 or 44.1 kHz. The source's history is 120 s.
A lock that is more than 50 ms off is a false one. `absent` probes come from a place that the
history does not hold: whatever locks there is false, and where a section returns nothing can know
it, so they are told apart. Steps are jumps of 0.5 to 10 s, as a stall or a skip, in a stream that
is probed every 2 s; the seconds count from when the sound goes on to the end of the probe that
confirms it.

Shares are told with their exact 95 % interval (Clopper, Pearson) over the probes that locked, and
how many ways these came from: probes of one way overlap, so that the interval is the narrower of
two truths, and the ways with a false lock among them are told too.

The figures are of the whole way through `locate`; CPU is process time for a probe against a kept
tape, the probe's own trace included, and for keeping the tape, for each second of source.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from numpy.random import Generator
from scipy.signal import resample_poly
from scipy.stats import beta

from auscult.performance.lateness import (
    Locked,
    Sighting,
    Tape,
    Trace,
    locate,
    replay,
    trace_of,
)
from tests.benchmarks.audio_programmes import (
    CODECS,
    PROGRAMMES,
    RATE_HZ,
    Pcm,
    delay_of,
    drifted,
    through,
    worsen,
)
from tests.benchmarks.report import report

BEGIN_S = 1_700_000_000.0
HISTORY_S = 120.0
PROBE_S = 4.0
DELAY_MAX_S = 60.0
FALSE_MS = 50.0
DRIFTS = (0.0, 0.0, 0.0, 0.0002, -0.001, 0.003, -0.003)
PROBES, ROUNDS = 140, 5
"""3,000 locks and more, on 35 ways."""
SELDOM = ("loops", "sections")
"""What repeats gives no locks, or hardly any; half as many probes show that none is false."""
ABSENT = 4
STEP_EVERY_S = 2.0
ROOM_S = 60.0
"""Shorter tracks have no room for a step, nor for a history that ends."""


@dataclass(slots=True)
class Tally:
    """What the probes of one kind of programme gave."""

    errors_ms: list[float] = field(default_factory=list)
    ways: int = 0
    ways_false: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    absent: int = 0
    absent_locked: int = 0
    found_s: list[float] = field(default_factory=list)
    steps: int = 0
    steps_false: int = 0

    @property
    def probes(self) -> int:
        return len(self.errors_ms) + sum(self.unknown.values())

    @property
    def unknown_share(self) -> float:
        return sum(self.unknown.values()) / max(self.probes, 1)


@dataclass(frozen=True)
class Way:
    """One programme as the source has it, and as a listener hears it."""

    pcm: Pcm
    coded: Pcm
    lead: int
    drift: float
    codec: str

    @cached_property
    def heard(self) -> Pcm:
        return drifted(self.coded, self.drift)

    def probe(self, at_s: float, delay_s: float, rate_hz: int) -> Trace:
        """What is heard from `at_s` of the recording on, with the middle `delay_s` late."""
        begin, half = round(at_s * RATE_HZ), round(PROBE_S * RATE_HZ / 2)
        piece = self.heard[begin : begin + 2 * half]
        if rate_hz != RATE_HZ:
            piece = resample_poly(piece, 147, 160).astype(np.float32)
        played_s = ((begin + half) * (1 + self.drift) - self.lead) / RATE_HZ
        return trace_of(piece, rate_hz=rate_hz, begin_s=BEGIN_S + played_s + delay_s - PROBE_S / 2)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tracks", "--data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--probes", type=int, default=PROBES, help="of each round")
    parser.add_argument("--tell", action="store_true", help="a line for each false lock")
    options = parser.parse_known_args(sys.argv[1:])[0]
    tallies: dict[str, Tally] = {}
    cpu_ms: list[float] = []
    for number, name in enumerate(PROGRAMMES):
        rng = np.random.default_rng([options.seed, number])
        tallies[name] = Tally()
        for _ in range(options.rounds):
            pcm = PROGRAMMES[name](rng, HISTORY_S)
            way = make_way(pcm, rng)
            probes = options.probes // 2 if name in SELDOM else options.probes
            cpu_ms += examine(tallies[name], way, rng, probes=probes, tell=options.tell)
        print(f"  {name}: {options.rounds} ways done", flush=True)
    tracks = sorted(options.tracks.rglob("*")) if options.tracks else []
    for number, path in enumerate(tracks):
        if path.suffix in {".ogg", ".mp3", ".flac", ".wav", ".opus", ".m4a"}:
            rng = np.random.default_rng([options.seed, 100, number])
            pcm = decode(path)[: round(HISTORY_S * RATE_HZ)]
            tally = tallies.setdefault("tracks", Tally())
            for _ in range(options.rounds):
                way = make_way(pcm, rng)
                cpu_ms += examine(tally, way, rng, probes=options.probes, tell=options.tell)
    tell_all(tallies, cpu_ms)


def make_way(pcm: Pcm, rng: Generator) -> Way:
    """Return a way of its own for a programme: codec, treatment, noise, level, clock."""
    codec = str(rng.choice([one for one in CODECS if one != "none"]))
    worse = worsen(
        through(codec, pcm),
        rng,
        snr_db=float(rng.uniform(15, 40)),
        gain_db=float(rng.uniform(-20, 3)),
    )
    return Way(pcm, worse, delay_of(codec), float(rng.choice(DRIFTS)), codec)


def examine(tally: Tally, way: Way, rng: Generator, *, probes: int, tell: bool) -> list[float]:
    """Probe one programme on one way; return the CPU of each probe, in ms."""
    source = trace_of(way.pcm, rate_hz=RATE_HZ, begin_s=BEGIN_S)
    spent_ms, known = [], len(tally.errors_ms)
    end_s = way.heard.size / RATE_HZ - PROBE_S - 1
    for _ in range(probes):
        delay_s, at_s = float(rng.uniform(0, DELAY_MAX_S)), float(rng.uniform(1, end_s))
        began_s = time.process_time()
        probe = way.probe(at_s, delay_s, int(rng.choice([RATE_HZ, 44_100])))
        sighting = locate(source, probe)
        spent_ms.append(1e3 * (time.process_time() - began_s))
        count(tally, sighting, delay_s)
        if tell and isinstance(sighting, Locked):
            error_ms = 1e3 * (sighting.delay_s - delay_s)
            if abs(error_ms) > FALSE_MS:
                print(f"false {way.codec} {way.drift} {at_s:.2f} {error_ms:.0f} ms {sighting}")
    tally.ways += 1
    tally.ways_false += any(error > FALSE_MS for error in tally.errors_ms[known:])
    if way.pcm.size >= ROOM_S * RATE_HZ:
        seek_absent(tally, way, rng)
        find_step(tally, way, rng)
    return spent_ms


def count(tally: Tally, sighting: Sighting, delay_s: float) -> None:
    if isinstance(sighting, Locked):
        tally.errors_ms.append(1e3 * abs(sighting.delay_s - delay_s))
    else:
        reason = sighting.reason.value
        tally.unknown[reason] = tally.unknown.get(reason, 0) + 1


def seek_absent(tally: Tally, way: Way, rng: Generator) -> None:
    """Probe what is played after the history has ended."""
    cut = way.pcm.size // 2
    history = trace_of(way.pcm[:cut], rate_hz=RATE_HZ, begin_s=BEGIN_S)
    for _ in range(ABSENT):
        at_s = float(rng.uniform(cut / RATE_HZ + 1, way.heard.size / RATE_HZ - PROBE_S - 1))
        tally.absent += 1
        sighting = locate(history, way.probe(at_s, -float(rng.uniform(0, 60)), RATE_HZ))
        tally.absent_locked += isinstance(sighting, Locked)


def find_step(tally: Tally, way: Way, rng: Generator) -> None:
    """Play with a constant delay that jumps once; probe every 2 s; count what the track says."""
    before_s, size_s = float(rng.uniform(12, 40)), float(rng.uniform(0.5, 10))
    size_s *= float(rng.choice([-1, 1]))
    source = trace_of(way.pcm, rate_hz=RATE_HZ, begin_s=BEGIN_S)
    middle_s = way.heard.size / RATE_HZ / 2
    ends = np.arange(middle_s - 24, middle_s + 24, STEP_EVERY_S) + float(rng.uniform(0, 2))
    sightings = []
    for end_s in ends:
        probe = _across(way, end_s, middle_s=middle_s, before_s=before_s, size_s=size_s)
        sightings.append(locate(source, probe))
    jump_s = BEGIN_S + middle_s + before_s + max(size_s, 0)  # the sound goes on
    track, steps = replay(sightings)
    known = [step for step in steps if abs(step.size_s - size_s) < 2 * FALSE_MS / 1e3]
    tally.steps_false += len(steps) - len(known)
    if not is_known_before(sightings, jump_s):
        return  # silence or repeats only: nothing was known to step from
    tally.steps += 1
    if known and track.delay_s is not None:
        tally.found_s.append(known[0].confirmed_at_s + PROBE_S / 2 - jump_s)


def is_known_before(sightings: list[Sighting], jump_s: float) -> bool:
    track, _ = replay([one for one in sightings if one.at_s < jump_s - PROBE_S])
    return track.delay_s is not None


def _across(way: Way, end_s: float, *, middle_s: float, before_s: float, size_s: float) -> Trace:
    """The 4 s heard until `end_s`, of a stream whose delay jumps at `middle_s`; no drift.

    A greater delay is heard as a stall (silence) and then the sound goes on; a smaller one as a
    skip of the player.
    """
    clock = end_s - PROBE_S + np.arange(round(PROBE_S * RATE_HZ)) / RATE_HZ
    place = np.where(clock < middle_s, clock, clock - size_s)
    quiet = (clock >= middle_s) & (clock < middle_s + size_s)
    at = np.round(place * RATE_HZ).astype(np.int64) + way.lead
    samples = np.where(quiet, 0, way.coded[np.clip(at, 0, way.coded.size - 1)])
    return trace_of(
        samples.astype(np.float32),
        rate_hz=RATE_HZ,
        begin_s=BEGIN_S + end_s - PROBE_S + before_s,
    )


def keep_ms(rng: Generator) -> float:
    """Return the CPU that a tape costs for each second of source, in ms."""
    pcm = PROGRAMMES["music"](rng, 30)
    tape = Tape(RATE_HZ, keep_s=HISTORY_S)
    began_s = time.process_time()
    for begin in range(0, pcm.size, RATE_HZ):
        tape.append(pcm[begin : begin + RATE_HZ], begin / RATE_HZ)
    return 1e3 * (time.process_time() - began_s) / 30


def decode(path: Path) -> Pcm:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        parts = [
            ready.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for ready in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


def tell_all(tallies: dict[str, Tally], cpu_ms: list[float]) -> None:
    for name, tally in tallies.items():
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(tally.unknown.items()))
        held = f"{len(tally.errors_ms)} of {tally.probes} locked"
        worst = f"worst {max(tally.errors_ms, default=0):.3g} ms"
        print(f"  {name}: {held}, {worst}; unknown: {why or 'none'}", flush=True)
        print(f"  {name}: {tally.absent_locked} of {tally.absent} absent locked", flush=True)
    errors_ms = np.array([error for one in tallies.values() for error in one.errors_ms])
    name = "audio_latency"
    ways = sum(one.ways for one in tallies.values())
    for limit_ms in (50, 20):
        share = tell_share(
            f"within {limit_ms} ms", int(np.sum(errors_ms <= limit_ms)), errors_ms.size
        )
        report(f"{name}.within_{limit_ms}_ms", share, unit="share", floor=0.95, goal=0.99)
    p99_ms = float(np.percentile(errors_ms, 99))
    report(f"{name}.error_p99", p99_ms, unit="ms", floor=50, goal=20)
    false = tell_share("false", int(np.sum(errors_ms > FALSE_MS)), errors_ms.size)
    report(f"{name}.false_locks", false, unit="share", floor=0.001, goal=0.0)
    false_ways = sum(one.ways_false for one in tallies.values())
    print(f"  {false_ways} of {ways} ways with a false lock", flush=True)
    plain = [one for kind, one in tallies.items() if kind != "sections"]
    locked = sum(one.absent_locked for one in plain) / max(sum(one.absent for one in plain), 1)
    report(f"{name}.absent_locked", locked, unit="share", floor=0.01, goal=0.001)
    found_s = [found for one in tallies.values() for found in one.found_s]
    steps = sum(one.steps for one in tallies.values())
    quick = tell_share("steps in 10 s", sum(found <= 10 for found in found_s), steps)
    report(f"{name}.steps_within_10_s", quick, unit="share", floor=0.9, goal=0.99)
    extra = sum(one.steps_false for one in tallies.values())
    print(f"{name}.false_steps {extra} count - 0", flush=True)
    probes = sum(one.probes for one in tallies.values())
    unknown = 1 - errors_ms.size / max(probes, 1)
    print(f"{name}.probes {probes} count - -", flush=True)
    print(f"{name}.unknown {unknown:.3f} share - -", flush=True)
    cpu = float(np.median(cpu_ms))
    report(f"{name}.cpu_each_probe", cpu, unit="ms", floor=250, goal=60)
    kept = keep_ms(np.random.default_rng(0))
    report(f"{name}.cpu_each_source_second", kept, unit="ms", floor=20, goal=5)


def tell_share(what: str, count: int, of: int) -> float:
    """Print the share with its exact 95 % interval; return it."""
    low = float(beta.ppf(0.025, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, of - count)) if count < of else 1.0
    share = count / max(of, 1)
    print(f"  {what}: {count} of {of}, {share:.5f} [{low:.5f}, {high:.5f}]", flush=True)
    return share


if __name__ == "__main__":
    main()
