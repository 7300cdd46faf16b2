"""`auscult codec apply`: what was heard before and after, and whether the change stays."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auscult.engine.codec.applying import End, Means, Note, Outcome, apply_ladder
from auscult.engine.codec.papers import read_paper
from auscult.engine.codec.plan import ChangePlan, read_plan
from auscult.engine.codec.trying import choose_measure
from auscult.kernel.words import TenantId
from auscult.performance.codec.verdict import Sounding
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import load_settings
from auscult.surface.cli.opening import ACTOR, configured, opened

REVERTED, STUCK, INTERRUPTED = 1, 3, 130


def apply_advice(advice: Path, plan_file: Path, *, config: Path | None) -> None:
    """Apply, print, and end with 0 where the change is kept, 1 reverted, 3 where it is stuck."""
    proposal, plan = read_paper(advice), read_plan(plan_file)
    clock = SystemClock()
    with _trail(plan, config, clock) as note:
        measure = choose_measure(own=proposal.promise.measure == "bands")
        means = Means(measure, clock.now_ms, note, _tell)
        try:
            outcome = asyncio.run(apply_ladder(proposal, plan, means))
        except KeyboardInterrupt:
            _tell("stopped: a change that was not judged yet was reverted")
            raise SystemExit(INTERRUPTED) from None
    _print(outcome)
    if outcome.end is not End.KEPT:
        raise SystemExit(STUCK if outcome.end is End.STUCK else REVERTED)


@contextmanager
def _trail(plan: ChangePlan, config: Path | None, clock: SystemClock) -> Iterator[Note]:
    """Yield what appends to the audit log of each tenant touched; nothing without settings."""
    if config is None:
        yield lambda _action, _detail: None
        return
    settings = load_settings(config)
    names = sorted({one.tenant for one in plan.streams})
    tenants: list[TenantId] = [configured(settings, name, config) for name in names]
    with opened(settings) as house:

        def note(action: str, detail: dict[str, Any]) -> None:
            now_ms = clock.now_ms()
            with house.store.write() as work:
                for name, tenant in zip(names, tenants, strict=True):
                    work.directory.add_tenant(tenant, name, now_ms)
                    work.of(tenant).audit.append(
                        at_ms=now_ms, actor=ACTOR, action=action, about="ladder", detail=detail
                    )

        yield note


def _tell(text: str) -> None:
    sys.stderr.write(f"auscult: {text}\n")


def _print(outcome: Outcome) -> None:
    for when, some in (("before", outcome.before), ("after", outcome.after)):
        for one in sorted(some, key=lambda one: (one.stream, -one.kbps)):
            sys.stdout.write(f"{when:<7} {_line(one)}\n")
    verdict = outcome.verdict
    if verdict is not None:
        rates = f"{verdict.before_kbps:.1f} -> {verdict.after_kbps:.1f} kbit/s"
        sys.stdout.write(f"a listener takes {rates}\n")
    sys.stdout.write(f"{outcome.end}: {outcome.said}\n")


def _line(one: Sounding) -> str:
    quality = one.quality
    if quality is None:
        return f"{one.stream}  {one.kbps:.0f} kbit/s  {one.why}"
    score = f"score {quality.mean:.2f} (worst channel {quality.worst:.2f})"
    return f"{one.stream}  {one.kbps:.0f} kbit/s  {score}"
