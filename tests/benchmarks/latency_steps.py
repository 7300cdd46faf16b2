"""Steps of latency through the monitor itself: found within ten seconds, and the right stage named.

`python -m tests.benchmarks.latency_steps [--seed N] [--runs N]`

Programmes are synthesised by the seed, coded by Opus, AAC or MP3 and heard at a source tap (chunks
of 1 s), at `encode`, and at `edge`: as an endless stream or in pieces of 2 s that are fetched by
polling. Arrivals are late by chance (50 ms on average). After 75 s `encode` or `edge` is later by
0.5 to 10 s: the sound stands still for so long, and goes on. A step counts where the latency was
known for a minute before; the seconds count from when the sound goes on to the look that tells it.
What is said before the step is a false remark. A step smaller than a piece is not promised where
sound is fetched in pieces, and is told apart.

CPU is process time of all looks, for each tap and hour of stream, the source's history included.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject, TenantId
from auscult.performance.monitors.latency import Latency, LatencyLookout
from auscult.performance.port import View
from tests.benchmarks.audio_latency import tell_share
from tests.benchmarks.audio_programmes import CODECS, PROGRAMMES, RATE_HZ, Pcm, delay_of, through
from tests.benchmarks.report import report

LENGTH_S, STEP_AT_S = 115.0, 75.0
BEGIN_MS = 1_700_000_000_000
RUNS = 4
PIECE_S = 2.0
JITTER_S = 0.05
TAPS = 2
SOON_S = 10.0


@dataclass(slots=True)
class Tally:
    found_s: list[float] = field(default_factory=list)
    named: int = 0
    steps: int = 0
    unknown: int = 0
    small: int = 0
    small_found: int = 0
    false: int = 0
    spent_s: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """Which stage is later from `STEP_AT_S` on, and by how much; how the edge is listened to."""

    stage: str
    size_s: float
    piece_s: float

    @property
    def is_small(self) -> bool:
        return self.piece_s > 1 and self.stage == "edge" and self.size_s <= self.piece_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=RUNS, help="of each programme")
    options = parser.parse_known_args(sys.argv[1:])[0]
    tally = Tally()
    codecs = [one for one in CODECS if one != "none"]
    for number, (name, make) in enumerate(PROGRAMMES.items()):
        rng = np.random.default_rng([options.seed, 7, number])
        pcm, codec = make(rng, LENGTH_S), str(rng.choice(codecs))
        coded = through(codec, pcm)[delay_of(codec) :]
        before = tally.steps
        for _ in range(options.runs):
            fault = Fault(
                stage=str(rng.choice(["encode", "edge"])),
                size_s=float(np.exp(rng.uniform(np.log(0.5), np.log(10.0)))),
                piece_s=float(rng.choice([0.5, PIECE_S])),
            )
            examine(tally, (pcm, coded), fault, rng)
        print(f"  {name} {codec}: {tally.steps - before} of {options.runs} runs known", flush=True)
    tell(tally)


def examine(tally: Tally, sound: tuple[Pcm, Pcm], fault: Fault, rng: Generator) -> None:
    lookout = Latency().begin()
    began_s = time.process_time()
    found_s, named, was_known = listen(lookout, sound, fault, rng)
    tally.spent_s.append((time.process_time() - began_s) / (TAPS * LENGTH_S) * 3_600)
    audible_s = STEP_AT_S + fault.size_s
    if found_s is not None and found_s < STEP_AT_S:
        tally.false += 1
    elif not was_known:
        tally.unknown += 1
    elif fault.is_small:
        tally.small += 1
        tally.small_found += found_s is not None
    else:
        tally.steps += 1
        tally.named += named
        if found_s is None:
            print(f"  not found: {fault}", flush=True)
        else:
            tally.found_s.append(found_s - audible_s)


def listen(
    lookout: LatencyLookout, sound: tuple[Pcm, Pcm], fault: Fault, rng: Generator
) -> tuple[float | None, bool, bool]:
    """Return when something was said first, whether of the right stage at last, and whether the
    latency of the stage was known before.
    """
    events = sorted(platform(sound, fault, rng), key=lambda one: one[1].arrived_ms)
    found_s, named, was_known, at = None, False, False, 0
    for second in range(int(LENGTH_S)):
        now_ms, begin = BEGIN_MS + 1_000 * second, at
        while at < len(events) and events[at][1].arrived_ms <= now_ms:
            at += 1
        remarks = lookout.look(View(TenantId("bench"), now_ms, sounds=events[begin:at]))
        late = [one for one in remarks if one.signal == "latency"]
        if late and found_s is None:
            found_s = float(second)
        if late:
            named = worst(late).subject.service == fault.stage
        if second == int(STEP_AT_S) - 1:
            was_known = is_known(lookout, fault.stage)
    return found_s, named, was_known


def worst(late: list[Remark]) -> Remark:
    return max(late, key=lambda one: one.now or 0.0)


def is_known(lookout: LatencyLookout, stage: str) -> bool:
    taps = [tap for one in lookout.standing() if one.lateness for tap in one.lateness.taps]
    usual = {tap.name: tap.usual_s for tap in taps}
    return usual.get("edge") is not None and usual.get(stage) is not None


def platform(
    sound: tuple[Pcm, Pcm], fault: Fault, rng: Generator
) -> Iterator[tuple[Stream, Heard]]:
    pcm, coded = sound
    extra = {"encode": (fault.stage == "encode") * fault.size_s, "edge": fault.size_s}
    yield from play(("ingest", 0), pcm, (0.0, 0.0), piece_s=1.0, rng=rng)
    yield from play(("encode", 2), coded, (0.8, extra["encode"]), piece_s=0.5, rng=rng)
    yield from play(("edge", 4), coded, (2.0, extra["edge"]), piece_s=fault.piece_s, rng=rng)


def play(
    place: tuple[str, int], pcm: Pcm, late_s: tuple[float, float], *, piece_s: float, rng: Generator
) -> Iterator[tuple[Stream, Heard]]:
    """Give a programme in pieces; late_s: usually, and what is added from `STEP_AT_S` on."""
    name, hop = place
    stream = Stream(name, "bench/programme", Subject(service=name), hop=hop)
    width, poll_s, at_s = round(piece_s * RATE_HZ), float(rng.uniform(0, 0.9)), 0.0
    for begin in range(0, pcm.size - width + 1, width):
        end_s = begin / RATE_HZ + piece_s
        due_s = end_s + late_s[0] + late_s[1] * (end_s > STEP_AT_S)
        due_s += float(rng.exponential(JITTER_S))
        if piece_s > 1:  # what is fetched is asked for once a second
            due_s = np.ceil(due_s - poll_s) + poll_s
        at_s = max(at_s, due_s)
        yield (
            stream,
            Heard(
                pcm[begin : begin + width, None],
                RATE_HZ,
                BEGIN_MS + round(1e3 * at_s),
                size_bytes=1_000,
                follows=begin > 0,
            ),
        )


def tell(tally: Tally) -> None:
    name = "latency_steps"
    found = np.array(tally.found_s)
    soon = tell_share("found within 10 s", int(np.sum(found <= SOON_S)), tally.steps)
    report(f"{name}.within_10_s", soon, unit="share", floor=0.9, goal=0.99)
    named = tell_share("right stage named", tally.named, tally.steps)
    report(f"{name}.stage_named", named, unit="share", floor=0.9, goal=0.95)
    if found.size:
        print(f"{name}.found_p95 {np.percentile(found, 95):.1f} s - -", flush=True)
    print(f"{name}.false_remarks {tally.false} count - 0", flush=True)
    print(f"{name}.latency_not_known_before {tally.unknown} count - -", flush=True)
    print(f"{name}.smaller_than_a_piece {tally.small_found}/{tally.small} found - -", flush=True)
    spent_s = float(np.median(tally.spent_s))
    report(f"{name}.cpu_each_tap_hour", spent_s, unit="s", floor=180, goal=36)


if __name__ == "__main__":
    main()
