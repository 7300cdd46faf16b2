"""`auscult replay`: what a tenant's detectors say about a recorded series, step by step."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from auscult.detection import Watch, read_series
from auscult.engine.wiring import TenantPlan
from auscult.kernel.errors import BodyMalformed, SettingError
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.samples import Times, Values
from auscult.kernel.words import Labels
from auscult.runtime.settings import load_settings
from auscult.surface.cli.settings.checking import plan_settings

SLOT = 0
NO_SLOTS = np.zeros(0, dtype=np.int32)


def replay_file(file: Path, config: Path, *, tenant: str, labels: list[str]) -> None:
    """Print each finding as it would have come; raises `SettingError`, `BodyMalformed`."""
    plan = _plan_of(config, tenant)
    series_labels = _labels_of(file, labels)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            series = read_series(lines)
    except OSError as why:
        raise SettingError(f"{file}: {why.strerror}") from None
    except BodyMalformed as wrong:
        raise BodyMalformed(f"{file}: {wrong.detail}") from None
    found = 0
    for finding in find_all(plan, series_labels, series.at_ms, value=series.value):
        found += finding.phase is Phase.FIRING
        sys.stdout.write(f"{_line(finding)}\n")
    sys.stdout.write(f"{len(series.at_ms)} values replayed, {found} findings\n")


def find_all(plan: TenantPlan, labels: Labels, at_ms: Times, *, value: Values) -> Iterator[Finding]:
    """Yield what the tenant's detectors find, value by value, in the order of time."""

    def history(_slot: int) -> tuple[Times, Values]:
        return at_ms[max(0, seen - 120) : seen], value[max(0, seen - 120) : seen]

    seen = 0
    watch = Watch(labels_of=lambda _slot: labels, history=history)
    watch.configure(plan.tenant, plan.detectors, false_pages_per_week=plan.false_pages_per_week)
    watch.learn(SLOT, plan.tenant, labels=labels, kind="gauge")
    slot = np.array([SLOT], dtype=np.int32)
    for seen in range(1, len(at_ms) + 1):
        now = at_ms[seen - 1 : seen]
        now_ms = int(now[0])
        watch.update(slot, now, values=value[seen - 1 : seen], stale_slots=NO_SLOTS, now_ms=now_ms)
        yield from watch.tick(now_ms)


def _plan_of(config: Path, tenant: str) -> TenantPlan:
    settings = load_settings(config)
    plans = {plan.tenant: plan for plan in plan_settings(settings).all()}
    if not plans:
        raise SettingError(f"{config}: no tenant is configured")
    wanted = tenant or next(iter(plans))
    for name, plan in plans.items():
        if name == wanted:
            return plan
    raise SettingError(f"no tenant {tenant!r}; configured are {', '.join(plans)}")


def _labels_of(file: Path, given: list[str]) -> Labels:
    labels = {"__name__": file.stem, "service": file.stem}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise SettingError(f"--label {text!r} is not of the form name=value")
        labels[name] = value
    return tuple(sorted(labels.items()))


def _line(finding: Finding) -> str:
    at = datetime.fromtimestamp(finding.at_ms / 1000, UTC)
    word = finding.severity if finding.phase is Phase.FIRING else "over"
    return (
        f"{at:%Y-%m-%d %H:%M:%S} UTC  {word:<8}  {finding.seen_by:<10}  {finding.evidence.sentence}"
    )
