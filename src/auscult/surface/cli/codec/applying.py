"""`auscult codec apply`: what was heard before and after, and whether the change stays."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auscult.engine.codec.applying import End, Journal, Means, Outcome, apply_ladder
from auscult.engine.codec.hearing import listen
from auscult.engine.codec.papers import Proposal, read_paper
from auscult.engine.codec.plan import ChangePlan, read_plan
from auscult.engine.codec.record import Desk, Record, State
from auscult.engine.codec.rescue import find_orphan, rescue
from auscult.engine.jobs import Workshop
from auscult.kernel.words import TenantId
from auscult.performance.codec.verdict import Sounding
from auscult.runtime.clock import SystemClock
from auscult.runtime.ids import new_id
from auscult.runtime.settings import load_settings
from auscult.surface.cli.opening import ACTOR, configured, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auscult.store import Work

REVERTED, STUCK, INTERRUPTED = 1, 3, 130


class NoJournal:
    """Where nothing is kept: without settings there is no store to keep it in."""

    async def begin(self, proposal: Proposal, plan: ChangePlan, before: Sequence[Sounding]) -> None:
        """Keep nothing."""

    async def end(self, outcome: Outcome) -> None:
        """Keep nothing."""


def apply_advice(advice: Path, plan_file: Path, *, config: Path | None) -> None:
    """Apply, print, and end with 0 where the change is kept, 1 reverted, 3 where it is stuck."""
    proposal, plan = read_paper(advice), read_plan(plan_file)
    plan.check_allowed()
    try:
        with _desk(config) as desk:
            outcome = asyncio.run(_apply(proposal, plan, desk, tenants=_tenants(plan, config)))
    except KeyboardInterrupt:
        _tell("stopped")
        raise SystemExit(INTERRUPTED) from None
    _print(outcome)
    if outcome.end is not End.KEPT:
        raise SystemExit(STUCK if outcome.end is End.STUCK else REVERTED)


async def _apply(
    proposal: Proposal, plan: ChangePlan, desk: Desk | None, *, tenants: list[TenantId]
) -> Outcome:
    workshop = Workshop("listening")
    try:
        hears = partial(listen, workshop=workshop)
        async with _journal(desk, Means(hears, NoJournal(), _tell), tenants) as journal:
            return await apply_ladder(proposal, plan, Means(hears, journal, _tell))
    finally:
        workshop.close()


@asynccontextmanager
async def _journal(
    desk: Desk | None, means: Means, tenants: list[TenantId]
) -> "AsyncIterator[Journal]":
    """Yield where the trial is put on record; what an earlier one left is taken back before."""
    if desk is None:
        yield means.journal
        return
    orphan = await find_orphan(desk, tenants[0])
    if orphan is not None:
        _tell("a trial was left when its process was ended: taking it back first")
        outcome = await rescue(orphan, means)
        _tell(f"{outcome.end}: {outcome.said}")
    record = await Record.open(
        desk, tenants[0], new_id=new_id(SystemClock()), touched=tuple(tenants)
    )
    try:
        async with record.held():
            yield record
    except BaseException as why:  # Ctrl-C too: a row left open would bar the next trial
        if record.row.state == State.ADVISING:  # nothing was changed
            await record.close(State.PROPOSED, getattr(why, "detail", "") or "stopped by a person")
        raise


@contextmanager
def _desk(config: Path | None) -> "Iterator[Desk | None]":
    """Yield where records are kept; None without settings."""
    if config is None:
        yield None
        return
    with opened(load_settings(config)) as house:

        async def write(job: "Callable[[Work], Any]") -> Any:  # noqa: ANN401  # what the job returns
            with house.store.write() as work:
                return job(work)

        yield Desk(write, house.vault, SystemClock().now_ms, ACTOR)


def _tenants(plan: ChangePlan, config: Path | None) -> list[TenantId]:
    """Return the tenants touched, the first stream's first; raises `SettingError` for unknown."""
    names = dict.fromkeys(one.tenant for one in plan.streams)
    if config is None:
        return [TenantId(name) for name in names]
    settings = load_settings(config)
    return [configured(settings, name, config) for name in names]


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
