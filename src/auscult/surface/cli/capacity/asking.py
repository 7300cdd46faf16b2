"""What both commands do: read the plan, ask, and say of what nothing is known."""

import asyncio
import sys
from pathlib import Path

from auscult.engine.capacity.history import ask_usages
from auscult.engine.capacity.plan import CapacityPlan, read_plan
from auscult.performance.capacity import Range, Usage
from auscult.runtime.settings import process_environment

TOKEN_VARIABLE = "AUSCULT_PROMETHEUS_TOKEN"  # noqa: S105  # its name, not the token
"""The bearer token for the Prometheus, where it wants one."""


def ask(file: Path, *, now_ms: int) -> tuple[CapacityPlan, list[Usage], dict[str, str]]:
    """Return the plan, its pools' usage, and of which pools none is known; `SettingError`."""
    plan = read_plan(file)
    token = process_environment().get(TOKEN_VARIABLE, "")
    usages, missing = asyncio.run(ask_usages(plan, now_ms=now_ms, token=token))
    return plan, usages, missing


def say_missing(missing: dict[str, str]) -> None:
    """Say of what nothing is known, and why."""
    for name, why in missing.items():
        sys.stderr.write(f"missing: {name}: {why}\n")


def share(span: Range | None) -> str:
    """Write a share and the end of its range that is of interest, as in `61% (up to 74%)`."""
    return "-" if span is None else f"{span.likely:.0%} (up to {span.high:.0%})"


def wait(span: Range | None) -> str:
    """Write a wait and the end of its range."""
    return "-" if span is None else f"{seconds(span.likely)} (up to {seconds(span.high)})"


def seconds(value: float) -> str:
    """Write seconds for reading, `-` for none."""
    if value != value:  # noqa: PLR0124  # NaN: nothing was measured
        return "-"
    return f"{value:.3g} s" if value >= 1 else f"{1_000 * value:.3g} ms"
