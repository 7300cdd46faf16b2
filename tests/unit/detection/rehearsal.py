"""Plays a platform's series through a `Watch`, second by second, and notes what it says."""

import numpy as np

from auscult.detection import Watch
from auscult.detection.port import Detector
from auscult.kernel.findings import Finding
from auscult.kernel.words import TenantId
from tests.unit.detection.platform_series import Platform

TENANT = TenantId("t")
START_MS = 1_700_000_000_000
NONE = np.zeros(0, dtype=np.int32)


def make_watch(platform: Platform, detectors: dict[str, Detector] | None = None) -> Watch:
    watch = Watch(
        labels_of=lambda slot: platform.labels[slot],
        history=lambda slot: (np.zeros(0, np.int64), np.zeros(0)),
    )
    watch.configure(TENANT, detectors or {})
    for slot, (labels, kind) in enumerate(zip(platform.labels, platform.kinds, strict=True)):
        watch.learn(slot, TENANT, labels=labels, kind=kind)  # type: ignore[arg-type]  # by family
    return watch


def play(
    watch: Watch, platform: Platform, *, begin: int = 0, end: int | None = None
) -> list[tuple[int, Finding]]:
    """Return (second, finding) of all findings; NaN is a second without a sample."""
    told: list[tuple[int, Finding]] = []
    slots = np.arange(platform.values.shape[1], dtype=np.int32)
    for second in range(begin, platform.values.shape[0] if end is None else end):
        now_ms = START_MS + second * 1000
        row = platform.values[second]
        here = np.isfinite(row)
        watch.update(
            slots[here],
            np.full(int(here.sum()), now_ms),
            values=row[here],
            stale_slots=NONE,
            now_ms=now_ms,
        )
        told += [(second, finding) for finding in watch.tick(now_ms)]
    return told
