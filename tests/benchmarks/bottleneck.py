"""Is the slow stage named, first and soon, and nobody where nothing is wrong?

Worlds of `bottleneck_worlds` with one fault each: a stage works slower, loses workers, hangs, or
the way to it becomes slow. Settings were chosen on seeds below 64, the rules of blame on
some below 200; the figures are those of 200 on.
A world whose fault no request feels (the mean whole time grows by less than a quarter within the
half minute) is drawn anew, for there is nothing to find.
"""

import itertools
import time
from dataclasses import dataclass

import numpy as np

from auscult.kernel.telemetry import SpanKind
from auscult.kernel.words import TenantId
from auscult.performance.monitors.pipeline import Pipeline
from auscult.performance.port import View
from auscult.signals.traces import Names
from tests.benchmarks.bottleneck_worlds import Span, Stage, World, columns_of
from tests.benchmarks.report import report, run_alone

WARM_S, WITHIN_S = 300, 30
QUIET_S = 3_600
FAULTS = ("work", "workers", "hang", "link")
SEEDS, QUIET_SEEDS = range(200, 250), range(200, 206)
FELT = 1.25
ONE = TenantId("acme")
LOOK_SPANS = 12_000


@dataclass(frozen=True)
class Outcome:
    """What was named first within the time, and after how long; `before`: named with no fault."""

    fault: str
    right: bool
    named: str
    after_s: float
    before: int
    truth: str


def view_of(world: World, at_s: float) -> View:
    world.run(at_s)
    return View(ONE, int((1_795_000_000 + at_s) * 1e3), spans=world.collect(), names=world.names)


def inject(world: World, rng: np.random.Generator, fault: str) -> Stage:
    """Make one stage bad by as much as half to three of the usual whole requests."""
    first = 1 if fault in {"link", "hang"} else 0
    called = list(world.services[first:])
    service = called[int(rng.integers(len(called)))]
    whole_s = sum(one.work_s for one in world.services) * 1.5
    if fault == "work":
        service.extra_work_s = whole_s * float(rng.uniform(0.5, 3))
    elif fault == "link":
        service.extra_link_s = whole_s * float(rng.uniform(0.5, 3))
    elif fault == "hang":
        service.hangs = True
    else:
        service.free -= service.workers - max(service.workers // 4, 1)
        service.extra_work_s = 2 * service.work_s
    return service


def whole_s(world: World, from_s: float, to_s: float) -> float:
    """The mean time of the requests that ended between two moments; NaN for none."""
    wholes = [took_s for ended_s, took_s in world.wholes if from_s <= ended_s < to_s]
    return float(np.mean(wholes)) if wholes else float("nan")


def run_fault(seed: int) -> Outcome:
    """One world, one fault; another one of the same seed where no request feels it."""
    fault = FAULTS[seed % len(FAULTS)]
    for attempt in itertools.count():
        outcome, is_felt = try_fault(np.random.default_rng([seed, attempt]), fault)
        if is_felt:
            return outcome
    raise AssertionError


def try_fault(rng: np.random.Generator, fault: str) -> tuple[Outcome, bool]:
    """Return what was named first, and whether requests felt the fault."""
    world = World(rng, handsover=rng.random() < 0.3)
    lookout, before, first = Pipeline().begin(), 0, None
    for second in range(WARM_S):
        before += bool(list(lookout.look(view_of(world, float(second)))))
    usual_s = whole_s(world, WARM_S - 120, WARM_S)
    truth = world.names.text(inject(world, rng, fault).number)
    outcome = Outcome(fault, right=False, named="", after_s=np.nan, before=before, truth=truth)
    for second in range(WARM_S, WARM_S + WITHIN_S + 1):
        view = view_of(world, float(second))
        if first is None and (first := next(iter(lookout.look(view)), None)) is not None:
            is_right = first.subject.service == truth
            after_s = float(second - WARM_S)
            outcome = Outcome(fault, is_right, first.sentence, after_s, before, truth)
    now_s = whole_s(world, WARM_S + 5, WARM_S + WITHIN_S)
    return outcome, fault == "hang" or now_s >= FELT * usual_s


def run_quiet(seed: int) -> int:
    """How many bottlenecks are named in an hour in which there is none."""
    rng = np.random.default_rng(seed)
    world = World(rng, handsover=rng.random() < 0.3)
    lookout, open_before, named = Pipeline().begin(), set[str](), 0
    for second in range(QUIET_S):
        about = {one.about for one in lookout.look(view_of(world, float(second)))}
        named += len(about - open_before)
        open_before = about
    return named


def measure_speed() -> float:
    """Spans per CPU-second of the monitor: traces of six spans, 12,000 spans a look."""
    names, lookout = Names(), Pipeline().begin()
    services = [names.number(f"stage-{at}".encode()) for at in range(6)]
    rng = np.random.default_rng(1)
    spans, used_s = 0, 0.0
    for look in range(60):
        rows = [
            Span(
                trace=look * LOOK_SPANS + at // 6 + 1,
                span=look * LOOK_SPANS + at + 1,
                parent=look * LOOK_SPANS + at if at % 6 else 0,
                service=services[at % 6],
                name=services[at % 6],
                kind=SpanKind.CLIENT if at % 2 else SpanKind.SERVER,
                start_s=look + 0.01 * (at % 6),
                end_s=look + 0.2 - 0.01 * (at % 6) + 0.01 * rng.random(),
                failed=False,
            )
            for at in range(LOOK_SPANS)
        ]
        bodies = [columns_of(rows[at : at + 512]) for at in range(0, LOOK_SPANS, 512)]
        before_s = time.process_time()
        list(lookout.look(View(ONE, 1_000_000 + look * 1_000, spans=bodies, names=names)))
        if look >= 20:
            used_s += time.process_time() - before_s
            spans += LOOK_SPANS
    return spans / used_s


def tell(outcomes: list[Outcome]) -> None:
    for fault in FAULTS:
        own = [one for one in outcomes if one.fault == fault]
        after = [one.after_s for one in own if one.right]
        share = sum(one.right for one in own) / max(len(own), 1)
        print(f"# {fault}: {share:.2f} of {len(own)}, after {np.median(after):.0f} s (median)")


def main(seeds: range = SEEDS, quiet: range = QUIET_SEEDS) -> None:
    outcomes = [run_fault(seed) for seed in seeds]
    tell(outcomes)
    false_names = sum(run_quiet(seed) for seed in quiet)
    hours = len(quiet) * QUIET_S / 3_600 or 1
    right = sum(one.right for one in outcomes) / len(outcomes)
    report("bottleneck_named_first", right, unit="share_within_30_s", floor=0.85, goal=0.95)
    report(
        "bottleneck_false", false_names / hours, unit="names_per_quiet_hour", floor=0.1, goal=0.006
    )
    report("bottleneck_spans", measure_speed(), unit="spans_per_cpu_s", floor=100_000, goal=300_000)


if __name__ == "__main__":
    run_alone(main)
