"""A sample path on a fake clock, and series to pour into it."""

from pathlib import Path
from typing import Any

import numpy as np

from auscult.engine.samples.path import SamplePath
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.samples import SampleBatch
from auscult.runtime.clock import FakeClock
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import parse_settings
from auscult.signals import Kind
from tests.unit.engine.bench import ACME


class Stream:
    """One process' sample path for tenant `acme`, not yet running."""

    def __init__(self, folder: Path, *, clock: FakeClock | None = None, **detectors: Any) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.metrics = Metrics()
        text = f"data_dir: {folder}\ntenants: {{acme: {{}}}}\n"
        self.path = SamplePath(parse_settings(text), clock=self.clock, metrics=self.metrics)
        self.scoring = self.path.scoring
        self.keeping = self.path.keeping
        self.plans = Plans({ACME: TenantPlan(ACME, detectors=detectors)})
        self.path.configure(self.plans)

    def pour(self, name: str, value: float, kind: Kind = Kind.GAUGE, **labels: str) -> int:
        """Take one sample of a series, now; return its slot."""
        named = tuple(sorted({"__name__": name, **labels}.items()))
        slot = self.scoring.slot(ACME, named, kind)
        batch = SampleBatch(
            ACME,
            np.array([slot], dtype=np.int32),
            np.array([self.clock.now_ms()], dtype=np.int64),
            np.array([value], dtype=np.float64),
        )
        self.scoring.take(batch, source="test")
        return slot

    def second(self, value: float, name: str = "load", **labels: str) -> list[Any]:
        """Let a second pass with one sample in it; return what the detectors say."""
        self.clock.advance(s=1)
        self.pour(name, value, Kind.GAUGE, **labels)
        self.scoring.score()
        return self.scoring.tick()
