"""A ladder applied to a running platform: heard before, changed, heard after, kept or reverted.

Whatever ends the work between the change and the verdict (Ctrl-C, a command that fails) reverts it.
What cannot be reverted any more by the process itself (`kill -9`) is taken back from its journal:
see `record.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from auscult.engine.codec.commands import run_command
from auscult.engine.codec.papers import Proposal
from auscult.engine.codec.plan import ChangePlan, fill_command, read_rung
from auscult.kernel.errors import EffectError, PreconditionFailed
from auscult.performance.codec import Rung
from auscult.performance.codec.verdict import (
    WAY_LOSS_MAX,
    WORSE_OFF_MAX_SHARE,
    Ruling,
    Sounding,
    Verdict,
    expect_saving,
    judge_change,
    lose_on_way,
    share_worse_off,
)

KBPS_NEAR = 0.4
"""Speech and music lie so far apart at one rung; a stream is back when it is nearer than that to
what it was, and nearer than to what was tried."""

REAL_LOW, REAL_HIGH = 0.4, 1.8
"""What a real rate may be of the nominal one: variable bit rates lie far from their name."""

RESTORED_TRIES = 3
"""A busy machine may hear nothing once; that alone is no ladder that is stuck."""

STOPPED = "stopped before it was judged"
UNHEARD = "stopped before it was heard again"


class End(StrEnum):
    """How a change ended."""

    KEPT = "kept"
    REVERTED = "reverted"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`STUCK` is a change that was to be reverted and is not: a person must look at `said`."""

    end: End
    said: str
    verdict: Verdict | None
    before: tuple[Sounding, ...]
    after: tuple[Sounding, ...]


class Journal(Protocol):
    """Where a change is put on record before it is made, and what became of it afterwards."""

    async def begin(self, proposal: Proposal, plan: ChangePlan, before: Sequence[Sounding]) -> None:
        """Make durable that the ladder is about to change, and by `plan.revert` how it goes back.

        What it raises keeps the change from being made.
        """

    async def end(self, outcome: Outcome) -> None:
        """Make durable how it ended."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the work is done with: ears, a journal, and someone who is told.

    listen(plan, measure): every rendition of the plan's streams, scored by that measure. check is
    asked once more right before the change: it raises `PreconditionFailed` or `SettingError` where
    it is not allowed any more.
    """

    listen: Callable[[ChangePlan, str], Awaitable[list[Sounding]]]
    journal: Journal
    tell: Callable[[str], None]
    check: Callable[[], None] = lambda: None


async def apply_ladder(proposal: Proposal, plan: ChangePlan, means: Means) -> Outcome:
    """Change the ladder, listen, and keep or revert it.

    Raises `SettingError` where a tenant does not allow it or a command cannot be filled in, and
    `PreconditionFailed` where the streams cannot be heard well enough to judge a change, are not
    what `plan.ladder` says, or too little would be saved: nothing was changed then.
    """
    plan.check_allowed()
    doing = fill_command(plan.apply, proposal.rungs)
    plan = plan.model_copy(update={"revert": fill_command(plan.revert, proposal.rungs)})
    measure = proposal.promise.measure
    means.tell("listening to the streams as they are")
    before = tuple(await means.listen(plan, measure))
    _check_heard(before, proposal, plan)
    means.check()
    await means.journal.begin(proposal, plan, before)
    so_far = Outcome(End.KEPT, "", None, before, ())
    try:
        means.tell(f"applying {spell(proposal.rungs)}")
        await run_command(doing, plan.timeout_s)
        await asyncio.sleep(plan.settle_s)
        means.tell("listening to what came of it")
        so_far = replace(so_far, after=tuple(await means.listen(plan, measure)))
    except EffectError as failed:
        so_far = replace(so_far, end=End.REVERTED, said=failed.detail)
        return await revert_ladder(so_far, plan, means, measure=measure)
    except BaseException:  # a stop and Ctrl-C too: what is changed and not judged must go back
        means.tell("stopping: reverting what was not judged yet")
        undoing = asyncio.create_task(run_command(plan.revert, plan.timeout_s))
        await _leave(undoing, replace(so_far, said=STOPPED), means)
        raise
    verdict = judge_change(before, so_far.after, proposal.promise)
    said = f"{verdict.saved_share:.1%} fewer bytes, as good as promised"
    outcome = replace(so_far, said="; ".join(verdict.reasons) or said, verdict=verdict)
    if verdict.ruling is Ruling.REVERT:
        return await revert_ladder(outcome, plan, means, measure=measure)
    await means.journal.end(outcome)
    return outcome


async def revert_ladder(
    so_far: Outcome, plan: ChangePlan, means: Means, *, measure: str
) -> Outcome:
    """Undo, listen again, and say whether it is as it was; cancelled, it is undone all the same."""
    means.tell(f"reverting: {so_far.said}")
    end, said = End.REVERTED, so_far.said
    undoing = asyncio.create_task(run_command(plan.revert, plan.timeout_s))
    try:
        await asyncio.shield(undoing)
        if not await _hear_restored(so_far, plan, means, measure=measure):
            end, said = End.STUCK, f"{said}; after reverting, the streams are not as they were"
    except EffectError as failed:
        end, said = End.STUCK, f"{said}; reverting failed: {failed.detail}"
    except asyncio.CancelledError:
        await _leave(undoing, replace(so_far, said=f"{said}; {UNHEARD}"), means)
        raise
    outcome = replace(so_far, end=end, said=said)
    await means.journal.end(outcome)
    return outcome


async def _hear_restored(so_far: Outcome, plan: ChangePlan, means: Means, *, measure: str) -> bool:
    """Listen whether it is as it was; again before a person is troubled with it."""
    for _ in range(RESTORED_TRIES):
        await asyncio.sleep(plan.settle_s)
        means.tell("listening whether it is as it was")
        if is_restored(so_far.before, await means.listen(plan, measure), tried=so_far.after):
            return True
    return False


async def _leave(undoing: "asyncio.Task[None]", so_far: Outcome, means: Means) -> None:
    """Wait until it is undone, put that on record, and listen no further."""
    await asyncio.wait([undoing])
    outcome = replace(so_far, end=End.REVERTED)
    if (failed := undoing.exception()) is not None:
        outcome = replace(so_far, end=End.STUCK, said=f"{so_far.said}; reverting failed: {failed}")
    means.tell(f"{outcome.end}: {outcome.said}")
    await means.journal.end(outcome)


def is_restored(
    before: Sequence[Sounding], now: Sequence[Sounding], *, tried: Sequence[Sounding] = ()
) -> bool:
    """Whether every stream has as many renditions as before, each near its rate.

    tried: what was heard of the change, where it was heard; nothing may be nearer to that.
    """
    for stream in {one.stream for one in before}:
        was, is_now, was_tried = (
            sorted(one.kbps for one in some if one.stream == stream)
            for some in (before, now, tried)
        )
        if len(was) != len(is_now) or _apart(was, is_now) > KBPS_NEAR:
            return False
        if len(was_tried) == len(is_now) and _apart(was_tried, is_now) < _apart(was, is_now):
            return False
    return True


def _apart(some: Sequence[float], others: Sequence[float]) -> float:
    """Return by what share rates lie apart where they do so the most."""
    pairs = zip(some, others, strict=True)
    return max((abs(new - old) / old for old, new in pairs if old > 0), default=0.0)


def is_ladder(heard: Sequence[Sounding], rungs: Sequence[Rung]) -> bool:
    """Whether what was heard of one stream may be these rungs: as many, each about its rate."""
    rates = sorted(one.kbps for one in heard)
    names = sorted(one.nominal_kbps for one in rungs)
    return len(rates) == len(names) and all(
        REAL_LOW * nominal <= real <= REAL_HIGH * nominal
        for real, nominal in zip(rates, names, strict=True)
    )


def spell(rungs: Sequence[Rung]) -> str:
    """Return rungs as a person reads them: `opus 96k, opus 48k`."""
    return ", ".join(f"{one.codec} {one.nominal_kbps}k" for one in rungs)


def _check_heard(before: Sequence[Sounding], proposal: Proposal, plan: ChangePlan) -> None:
    present = [read_rung(text) for text in plan.ladder]
    promise = proposal.promise
    for stream in sorted({one.stream for one in before}):
        some = [one for one in before if one.stream == stream]
        measures = {one.quality.measure for one in some if one.quality} - {promise.measure}
        if measures:
            raise PreconditionFailed(
                f"the advice was scored by {promise.measure}, here is {measures.pop()}"
            )
        loss = lose_on_way(some, promise)
        if loss is None:
            raise PreconditionFailed(f"{stream}: {some[0].why}")
        if loss > WAY_LOSS_MAX:
            what = f"{stream} differs from its source by {loss:.1f} more than a codec explains"
            raise PreconditionFailed(f"{what}: no change of codec could be judged")
        if present and not is_ladder(some, present):
            rates = ", ".join(f"{one.kbps:.0f}" for one in some)
            what = f"{stream} is heard at {rates} kbit/s, which is not {spell(present)}"
            raise PreconditionFailed(f"{what}: say in `ladder` what is in force")
    worse = share_worse_off(before, proposal.real_kbps, promise, needed=proposal.needed)
    if worse > WORSE_OFF_MAX_SHARE:
        what = f"{worse:.0%} of the listeners would hear less than now"
        raise PreconditionFailed(f"{what}, and less than {proposal.needed:.2f}")
    saving = expect_saving(before, proposal.real_kbps, promise.throughput_kbps)
    if saving < plan.saved_min_share:
        least = f"{plan.saved_min_share:.1%} are asked for"
        raise PreconditionFailed(f"only {saving:.1%} of the bytes would be saved, {least}")
