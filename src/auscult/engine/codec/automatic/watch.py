"""The watch over every tenant's ladder: what was left on trial is taken back, what is due begins.

One round at a time for all tenants together, so that no trial hears another's change, and no more
than one tenant's work is done at once.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auscult.engine.codec.applying import Means
from auscult.engine.codec.automatic.round import Round, go_round, in_force
from auscult.engine.codec.hearing import listen
from auscult.engine.codec.record import Desk, Record, State, is_orphan, is_stale
from auscult.engine.codec.rescue import find_orphan, rescue
from auscult.engine.jobs import Workshop
from auscult.kernel.errors import AuscultError
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.matchers import Matcher
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.runtime.ids import new_id
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.samples.reading import Reading
    from auscult.engine.wiring import Plans, TenantPlan
    from auscult.runtime.clock import Clock
    from auscult.store import LadderRow, Work

LOOK_S = 10.0
HOUR_MS = 3_600_000
TOLD = (Matcher(name="__name__", op="=", value="cmcd_throughput_mean_kbps"),)
TOLD_SERIES_MAX = 50
RECENT = 10
TRIED = frozenset({State.KEPT, State.REVERTED, State.STUCK})
ACTOR = "auscult"

log = logger("engine.codec")


@dataclass(frozen=True, slots=True)
class Ties:
    """What the watch is told by the rest of the engine, and whom it tells.

    is_acting: whether anything may be changed without a person.
    """

    read: Callable[[Callable[["Work"], Any]], Awaitable[Any]]
    reading: "Reading"
    is_acting: Callable[[], bool]
    report: Callable[[Iterable[Finding]], None]


class LadderWatch:
    """Watches from `start` to `stop`."""

    def __init__(self, desk: Desk, plans: "Plans", *, clock: "Clock", scratch: Path) -> None:
        """Take where records are kept, and a folder for what is recorded of live sources."""
        self._desk = desk
        self._plans = plans
        self._clock = clock
        self._scratch = scratch
        self._workshop = Workshop("ladder")
        self._stuck: dict[TenantId, Finding] = {}
        self._watching: asyncio.Task[None] | None = None

    def start(self, ties: Ties) -> None:
        """Begin to watch."""
        self._watching = asyncio.create_task(self._watch(ties))
        self._watching.add_done_callback(_tell_of_an_end)

    async def stop(self) -> None:
        """End what runs; what is on trial is taken back before this returns."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        self._workshop.close()

    async def _watch(self, ties: Ties) -> None:
        """Look every `LOOK_S`; what goes wrong for one tenant is told and stops no other."""
        begun_s = self._clock.monotonic_s()
        # What a process that was killed had recorded is nobody's any more.
        await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)
        while True:
            for tenant, plan in (await self._tenants(ties)).items():
                up_s = self._clock.monotonic_s() - begun_s
                try:
                    recent = await ties.read(partial(_recent, tenant=tenant))
                    self._report(tenant, recent, ties)
                    last = recent[0] if recent else None
                    if last and is_orphan(last, self._desk.now_ms()):
                        await self._take_back(tenant)
                    elif plan is not None:
                        await self._look(plan, last, ties, up_s=up_s)
                except AuscultError as why:
                    log.warning("a ladder waits", tenant=tenant, why=str(why))
                except Exception as why:  # a defect at one tenant is told and delays no other
                    log.error("a ladder's watch broke", tenant=tenant, exc_info=why)
            await asyncio.sleep(LOOK_S)

    async def _tenants(self, ties: Ties) -> "Mapping[TenantId, TenantPlan | None]":
        """Return every tenant with its plan, also those that are not configured any more.

        A trial of theirs may be left, and the streams are still what it made of them.
        """
        plans = {one.tenant: one for one in self._plans.all()}
        try:
            known = await ties.read(lambda work: work.directory.tenants())
        except AuscultError as why:
            log.warning("ladders of tenants no longer configured wait", why=str(why))
            known = []
        return dict.fromkeys(known) | plans

    async def _look(
        self, plan: "TenantPlan", last: "LadderRow | None", ties: Ties, *, up_s: float
    ) -> None:
        around = self._due(plan, last, up_s=up_s)
        if around is not None:
            told_kbps = await asyncio.to_thread(_told_kbps, ties.reading, plan.tenant)
            await self._go(around(told_kbps=told_kbps, is_acting=ties.is_acting))

    def _report(self, tenant: TenantId, recent: "Sequence[LadderRow]", ties: Ties) -> None:
        """Have a person look at a ladder that is stuck, until a later one was tried and is not.

        One that was not tried (nothing to hear, no leave) proves nothing.
        """
        last = next((one for one in recent if one.state in TRIED), None)
        if last is None:
            return
        known, now_ms = self._stuck.get(tenant), self._desk.now_ms()
        if last.state == State.STUCK and known is None:
            self._stuck[tenant] = tell_stuck(tenant, last, now_ms=now_ms)
            ties.report([self._stuck[tenant]])
        elif last.state != State.STUCK and known is not None:
            over = {"phase": Phase.CLEARED, "at_ms": now_ms}
            ties.report([self._stuck.pop(tenant).model_copy(update=over)])

    async def _take_back(self, tenant: TenantId) -> None:
        orphan = await find_orphan(self._desk, tenant)
        if orphan is None:
            return
        means = Means(partial(listen, workshop=self._workshop), orphan, _tell)
        outcome = await rescue(orphan, means)
        log.warning("a ladder was left on trial", tenant=tenant, end=outcome.end, said=outcome.said)

    def _due(
        self, plan: "TenantPlan", last: "LadderRow | None", *, up_s: float
    ) -> Callable[..., Round] | None:
        """Return what makes a round, where one is due; None where not."""
        section = plan.codec
        if section is None or not section.is_asked or up_s < section.begin_after_s:
            return None
        if last is not None and not is_over(last, self._desk.now_ms(), every_h=section.every_h):
            return None
        return partial(
            Round,
            tenant=plan.tenant,
            section=section,
            in_force=in_force(section, last.body if last else None),
            consents=self._consents,
            scratch=self._scratch,
        )

    async def _go(self, around: Round) -> None:
        record = await Record.open(
            self._desk, around.tenant, new_id=new_id(self._clock), touched=around.touched
        )
        record.tell(
            configured=list(around.section.ladder),
            in_force=[f"{one.codec}:{one.nominal_kbps}" for one in around.in_force],
        )
        await go_round(around, record, self._workshop)

    def _consents(self) -> Mapping[TenantId, bool]:
        return {one.tenant: one.codec is not None and one.codec.allow for one in self._plans.all()}


def _recent(work: "Work", *, tenant: TenantId) -> "Sequence[LadderRow]":
    """Return a tenant's last ladders, the newest first: one that is open is always that."""
    return work.of(tenant).ladders.recent(RECENT)


def tell_stuck(tenant: TenantId, row: "LadderRow", *, now_ms: int) -> Finding:
    """Return what a person has to be told of a ladder that is neither kept nor taken back."""
    return Finding(
        tenant=tenant,
        fingerprint=f"ladder:{tenant}",
        subject=Subject(service="codec ladder"),
        signal="codec_ladder",
        seen_by="ladder",
        at_ms=now_ms,
        severity=Severity.CRITICAL,
        evidence=Evidence(sentence=f"The codec ladder is stuck: {row.body['why']}"[:300]),
    )


def is_over(last: "LadderRow", now_ms: int, *, every_h: float) -> bool:
    """Whether the next round is due after this one; one that was ended before its time is none."""
    if State(last.state).is_open:
        return is_stale(last, now_ms)
    return "ended" in last.body or now_ms - last.updated_ms >= every_h * HOUR_MS


def _told_kbps(reading: "Reading", tenant: TenantId) -> NDArray[np.float64]:
    """Return the throughput that players told of late: float64 (n,), finite and positive."""
    told = [value for _, _, value in reading.windows(tenant, TOLD, limit=TOLD_SERIES_MAX)]
    values = np.concatenate(told).astype(np.float64) if told else np.empty(0)
    return values[np.isfinite(values) & (values > 0)]


def _tell_of_an_end(watching: "asyncio.Task[None]") -> None:
    """Say so where the watch ended by an error: no ladder would be looked at without a word."""
    if not watching.cancelled() and (why := watching.exception()) is not None:
        log.error("ladders are not watched any more", exc_info=why)


def _tell(text: str) -> None:
    log.info("a ladder is taken back", step=text)
