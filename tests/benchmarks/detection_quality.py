"""How well one series is judged: event recall, false alerts, delay; beside a random row.

`python -m tests.benchmarks.detection_quality --data DIR`: every folder below DIR with CSV files
(`TimeStamp,Value,Label`, or `timestamp,value` with `windows.json` above them) is one row. Without
`--data` the families of the tests' own generator are scored, with steps put in.

The random row makes as many alerts of the same lengths at random times: what it recalls is what
chance recalls. `ap` is the average precision of the score over points, its random row the share of
points that lie in events. Nothing here is adjusted (no point adjustment, no tolerance).
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from auscult.detection import read_series, score_series
from tests.benchmarks.report import report, run_alone
from tests.unit.detection.platform_series import FAMILIES

Marks = NDArray[np.int8]
DAY_MS = 86_400_000
RANDOM_ROWS = 20


@dataclass(slots=True)
class Tally:
    """What was counted over the series of one folder."""

    events: int = 0
    found: float = 0
    false_alerts: float = 0
    calm_days: float = 0.0
    delays: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)

    def count(self, at_ms: NDArray[np.int64], truth: Marks, *, alert: Marks, share: float) -> None:
        """Count one series; `share` < 1 where several random rows are averaged."""
        spans = runs_of(truth)
        self.events += len(spans) if share == 1 else 0
        for begin, end in spans:
            hits = np.flatnonzero(alert[begin:end])
            self.found += share * bool(hits.size)
            if hits.size:
                self.delays.append(float(hits[0]))
        false = [1 for begin, end in runs_of(alert) if not truth[begin:end].any()]
        self.false_alerts += share * len(false)
        if at_ms.size > 1:
            step_ms = float(np.median(np.diff(at_ms)))
            self.calm_days += share * float((truth == 0).sum()) * step_ms / DAY_MS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    data = parser.parse_known_args(sys.argv[1:])[0].data
    folders = read_folders(data) if data else make_folders()
    for name, series in folders:
        tell(name, *judge(series))


Labelled = tuple[NDArray[np.int64], NDArray[np.float64], Marks]


def judge(series: list[Labelled]) -> tuple[Tally, Tally]:
    rng = np.random.default_rng(0)
    ours, chance = Tally(), Tally()
    for at_ms, value, truth in series:
        score, alert = score_series(at_ms, value)
        ours.count(at_ms, truth, alert=alert, share=1)
        ours.precision.append(average_precision(score, truth))
        for _ in range(RANDOM_ROWS):
            thrown = shuffle_alerts(alert, rng)
            chance.count(at_ms, truth, alert=thrown, share=1 / RANDOM_ROWS)
        chance.precision.append(float(truth.mean()))
    return ours, chance


def tell(name: str, ours: Tally, chance: Tally) -> None:
    """Print the lines of one folder; a random row is the floor of the row it stands for."""
    events = max(ours.events, 1)
    if ours.events:
        recall, by_chance = ours.found / events, chance.found / events
        report(f"{name}.event_recall", recall, unit="share", floor=by_chance, goal=1.0)
        with_events = [i for i, share in enumerate(chance.precision) if share > 0]
        mean = float(np.mean([ours.precision[i] for i in with_events]))
        random = float(np.mean([chance.precision[i] for i in with_events]))
        report(f"{name}.ap", mean, unit="share", floor=random, goal=1.0)
    if ours.delays:
        delay = float(np.median(ours.delays))
        print(f"{name}.median_delay {delay:g} samples - 0", flush=True)
    days = max(ours.calm_days, 1e-9)
    rate, thrown = ours.false_alerts / days, chance.false_alerts / days
    print(f"{name}.false_alerts {rate:.3g} per_series_day {thrown:.3g} 0", flush=True)
    print(f"{name}.events {ours.events} count - -", flush=True)


def runs_of(marks: Marks) -> list[tuple[int, int]]:
    """Return (begin, end) of every run of ones."""
    edges = np.flatnonzero(np.diff(np.r_[0, (marks > 0).astype(np.int8), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def shuffle_alerts(alert: Marks, rng: Generator) -> Marks:
    thrown = np.zeros_like(alert)
    for begin, end in runs_of(alert):
        at = int(rng.integers(0, alert.size - (end - begin) + 1))
        thrown[at : at + end - begin] = 1
    return thrown


def average_precision(score: NDArray[np.float64], truth: Marks) -> float:
    if not truth.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = truth[order] > 0
    precision = np.cumsum(hits) / np.arange(1, hits.size + 1)
    return float(precision[hits].mean())


def read_folders(data: Path) -> Iterator[tuple[str, list[Labelled]]]:
    for folder in sorted({path.parent for path in data.rglob("*.csv")}):
        windows = next(
            (up / "windows.json" for up in folder.parents if (up / "windows.json").exists()), None
        )
        known = json.loads(windows.read_text()) if windows else {}
        series = []
        for path in sorted(folder.glob("*.csv")):
            read = read_series(path.read_text().splitlines())
            label = read.label if read.label is not None else np.zeros(read.at_ms.size, np.int8)
            for first, last in known.get(f"{folder.name}/{path.name}", []):
                begin, end = (np.datetime64(text, "ms").astype(int) for text in (first, last))
                label[(read.at_ms >= begin) & (read.at_ms <= end)] = 1
            series.append((read.at_ms, read.value, label))
        yield folder.name, series


def make_folders() -> Iterator[tuple[str, list[Labelled]]]:
    """Return each family of the generator with a tenfold or vanished stretch in half its series."""
    for name, (_, family) in FAMILIES.items():
        rng = np.random.default_rng(20_000)
        series = []
        for number in range(4):
            value = family(rng, 900, 1)[:, 0]
            truth = np.zeros(900, dtype=np.int8)
            if number % 2 == 0:
                begin = int(rng.integers(300, 800))
                truth[begin : begin + 40] = 1
                value[begin : begin + 40] = value[begin : begin + 40] * 10 + 5
            series.append((np.arange(900, dtype=np.int64) * 1000, value, truth))
        yield name, series


if __name__ == "__main__":
    run_alone(main)
