"""One round for one tenant: titles, advice, and a trial where it is allowed and worth it."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.engine.codec.advising import Order, Report, advise_files
from auscult.engine.codec.applying import Means, apply_ladder
from auscult.engine.codec.automatic.material import gather_titles, measure_audience
from auscult.engine.codec.hearing import NICE, listen
from auscult.engine.codec.papers import Proposal, propose, write_paper
from auscult.engine.codec.plan import ChangePlan, StreamPlan, fill_command, read_rung
from auscult.engine.codec.record import Record, State
from auscult.engine.codec.section import CodecSettings
from auscult.engine.jobs import Beat, Budget, Workshop
from auscult.kernel.errors import AuscultError, InputError, PreconditionFailed, SettingError
from auscult.kernel.words import TenantId
from auscult.performance.codec import Rung
from auscult.performance.codec.advice import Wishes
from auscult.runtime.logging import logger

log = logger("engine.codec")

ENDED = "the round was ended before its time"


@dataclass(frozen=True, slots=True)
class Round:
    """What a round knows. in_force: the ladder as it is now, best step first.

    told_kbps: float64 (n,), throughput told by players. consents, is_acting: whether each tenant
    allows it, and whether anything may be changed without a person, as the settings say now: a
    round takes long, and leave may be withdrawn meanwhile.
    """

    tenant: TenantId
    section: CodecSettings
    in_force: tuple[Rung, ...]
    told_kbps: NDArray[np.float64]
    consents: Callable[[], Mapping[TenantId, bool]]
    is_acting: Callable[[], bool]
    scratch: Path

    @property
    def touched(self) -> tuple[TenantId, ...]:
        """The tenants whose streams a change would touch."""
        return tuple(TenantId(one.tenant or self.tenant) for one in self.section.streams)

    def plan(self) -> ChangePlan | None:
        """Return how the ladder is changed; None where the settings say no command."""
        section = self.section
        if section.apply is None:
            return None
        streams = tuple(
            StreamPlan(tenant=one.tenant or self.tenant, **one.model_dump(exclude={"tenant"}))
            for one in section.streams
        )
        return ChangePlan(
            allow=tuple(one for one, allows in self.consents().items() if allows),
            apply=section.apply,
            revert=fill_command(section.apply, self.in_force),
            streams=streams,
            settle_s=section.settle_s,
            listen_s=section.listen_s,
            timeout_s=section.timeout_s,
            ladder=tuple(f"{one.codec}:{one.nominal_kbps}" for one in self.in_force),
            saved_min_share=section.saved_min_share,
        )

    def order(self, files: tuple[Path, ...], beat: Beat) -> Order:
        """Return what is to be advised on: by the codecs in force, against its best step."""
        section = self.section
        throughput_kbps, _ = measure_audience(section, self.told_kbps)
        return Order(
            files=files,
            wishes=Wishes(throughput_kbps, self.in_force[0], section.worst_item, section.steps),
            codecs=tuple(sorted({one.codec for one in self.in_force})),
            stretch_s=section.stretch_s,
            stretches=section.stretches,
            opus_complexity=section.opus_complexity,
            budget=Budget(workers=section.workers, nice=NICE),
            beat=beat,
        )


async def go_round(around: Round, record: Record, workshop: Workshop) -> None:
    """Advise, and try what is advised; every end is on record, also that of a cancelled round."""
    try:
        async with record.held():
            await _advise_and_try(around, record, workshop)
    except AuscultError as why:
        if record.row.state == State.ON_TRIAL:
            raise  # the next start, or the next round, takes it back
        log.warning("no ladder was advised", tenant=around.tenant, why=str(why))
        await record.close(State.FAILED, why.detail or str(why))
    except BaseException:  # raised again; a stop or a defect leaves no row as if worked on
        if record.row.state == State.ADVISING:
            record.tell(ended=True)
            await record.close(State.FAILED, ENDED)
        raise


async def _advise_and_try(around: Round, record: Record, workshop: Workshop) -> None:
    record.tell(ladder=[f"{one.codec}:{one.nominal_kbps}" for one in around.in_force])
    proposal = await _advise(around, record, workshop)
    try:
        plan = _check(around, proposal)
        hears, tells = partial(listen, workshop=workshop), _teller(around.tenant)
        means = Means(hears, record, tells, partial(check_leave, around))
        outcome = await apply_ladder(proposal, plan, means)
    except (PreconditionFailed, SettingError) as why:
        await record.close(State.PROPOSED, why.detail)
        return
    log.info("a ladder was tried", tenant=around.tenant, end=outcome.end, said=outcome.said)


async def _advise(around: Round, record: Record, workshop: Workshop) -> Proposal:
    """Return what is proposed; raises `InputError` where nothing can be."""

    def work(beat: Beat) -> tuple[Report, dict[str, Any]]:
        around.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=around.scratch) as folder:
            order = around.order(gather_titles(around.section, Path(folder), beat), beat)
            report = advise_files(order, lambda _done, _of, _what: None)
        return report, write_paper(report, order.wishes.throughput_kbps)

    report, paper = await workshop.do(work)
    _, audience = measure_audience(around.section, around.told_kbps)
    await record.propose(paper, audience=audience)
    proposal = propose(paper)
    if proposal is None:
        missing = "; ".join(f"{name}: {why}" for name, why in report.missing.items())
        raise InputError(missing or "no ladder passes the guards with every title")
    return proposal


def _check(around: Round, proposal: Proposal) -> ChangePlan:
    """Return the plan of a trial; raises `PreconditionFailed` with what is in its way."""
    plan = around.plan()
    if proposal.rungs == around.in_force:
        raise PreconditionFailed("the ladder in force is the advised one")
    if plan is None:
        raise PreconditionFailed("no command is set that changes the ladder (`apply`)")
    check_leave(around)
    return plan


def check_leave(around: Round) -> None:
    """Raise `PreconditionFailed` or `SettingError` where it is not allowed, by now."""
    if not around.is_acting():
        raise PreconditionFailed("nothing is changed without a person (AUTO_REMEDIATION)")
    if (plan := around.plan()) is not None:
        plan.check_allowed()


def in_force(section: CodecSettings, last: Mapping[str, Any] | None) -> tuple[Rung, ...]:
    """Return the ladder as it should be now: that of the settings, or what was kept since.

    last: what the newest record says. Another `ladder` in the settings than at its time counts: the
    operator has spoken since.
    """
    said = list(section.ladder)
    known = last.get("in_force") if last and last.get("configured") == said else None
    return tuple(read_rung(one) for one in known or said)


def _teller(tenant: TenantId) -> Callable[[str], None]:
    return lambda text: log.info("a ladder is on trial", tenant=tenant, step=text)
