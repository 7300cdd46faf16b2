"""A ladder applied to a running platform: heard before, changed, heard after, kept or reverted.

Whatever ends the work between the change and the verdict (Ctrl-C, a command that fails) reverts it.
"""

import asyncio
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auscult.engine.codec.papers import Proposal
from auscult.engine.codec.plan import ChangePlan, fill_command
from auscult.engine.codec.sounding import sound_streams
from auscult.kernel.errors import EffectError, PreconditionFailed, ReceiverRefused
from auscult.performance.codec import Measure
from auscult.performance.codec.verdict import (
    WAY_LOSS_MAX,
    Ruling,
    Sounding,
    Verdict,
    judge_change,
    lose_on_way,
)

WORDS_CHARS_MAX = 300
KBPS_NEAR = 0.15
"""A stream is back where it was when its rates are within so much of what they were."""

Note = Callable[[str, dict[str, Any]], None]
"""note(action, detail): for the audit trail, before and after each deed."""


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


@dataclass(frozen=True, slots=True)
class Means:
    """What the work is done with: a measure, a clock, a trail, and someone who is told."""

    measure: Measure
    now_ms: Callable[[], int]
    note: Note
    tell: Callable[[str], None]


async def apply_ladder(proposal: Proposal, plan: ChangePlan, means: Means) -> Outcome:
    """Change the ladder, listen, and keep or revert it.

    Raises `SettingError` where a tenant does not allow it or a command cannot be filled in, and
    `PreconditionFailed` where the streams cannot be heard well enough to judge a change: nothing
    was changed then.
    """
    plan.check_allowed()
    doing = fill_command(plan.apply, proposal.rungs)
    undoing = fill_command(plan.revert, proposal.rungs)
    means.tell("listening to the streams as they are")
    before = await _listen(plan, means)
    _check_heard(before, proposal, means.measure)
    means.note("codec.applying", {"rungs": _spell(proposal), "command": doing})
    try:
        means.tell(f"applying {_spell(proposal)}")
        await _run(doing, plan.timeout_s)
        await asyncio.sleep(plan.settle_s)
        means.tell("listening to what came of it")
        after = await _listen(plan, means)
        verdict = judge_change(before, after, proposal.promise)
    except EffectError as failed:
        return await _revert(
            undoing,
            plan,
            means,
            so_far=Outcome(End.REVERTED, failed.detail, None, tuple(before), ()),
        )
    except BaseException:
        # Nobody will judge this change any more.
        subprocess.run(undoing, check=False, timeout=plan.timeout_s, start_new_session=True)  # noqa: ASYNC221, S603  # the operator's command, and nothing else may come between
        means.note("codec.reverted", {"sentence": "Stopped before it was judged."})
        raise
    said = (
        "; ".join(verdict.reasons) or f"{verdict.saved_share:.1%} fewer bytes, as good as promised"
    )
    outcome = Outcome(End.KEPT, said, verdict, tuple(before), tuple(after))
    if verdict.ruling is Ruling.REVERT:
        return await _revert(undoing, plan, means, so_far=outcome)
    means.note("codec.kept", _figures(outcome))
    return outcome


async def _revert(
    command: list[str], plan: ChangePlan, means: Means, *, so_far: Outcome
) -> Outcome:
    """Undo, listen again, and say whether it is as it was."""
    means.tell(f"reverting: {so_far.said}")
    end, said = End.REVERTED, so_far.said
    try:
        await _run(command, plan.timeout_s)
        await asyncio.sleep(plan.settle_s)
        means.tell("listening whether it is as it was")
        if not is_restored(so_far.before, await _listen(plan, means)):
            end, said = End.STUCK, f"{said}; after reverting, the streams are not as they were"
    except EffectError as failed:
        end, said = End.STUCK, f"{said}; reverting failed: {failed.detail}"
    outcome = Outcome(end, said, so_far.verdict, so_far.before, so_far.after)
    means.note(f"codec.{end}", _figures(outcome))
    return outcome


def is_restored(before: Sequence[Sounding], now: Sequence[Sounding]) -> bool:
    """Whether every stream has as many renditions as before, each near its rate."""
    for stream in {one.stream for one in before}:
        was, is_now = (
            sorted(one.kbps for one in some if one.stream == stream) for some in (before, now)
        )
        if len(was) != len(is_now):
            return False
        pairs = zip(was, is_now, strict=True)
        if any(abs(new - old) > KBPS_NEAR * old for old, new in pairs):
            return False
    return True


def _check_heard(before: Sequence[Sounding], proposal: Proposal, measure: Measure) -> None:
    if measure.name != proposal.promise.measure:
        raise PreconditionFailed(
            f"the advice was scored by {proposal.promise.measure}, here is {measure.name}"
        )
    for stream in sorted({one.stream for one in before}):
        some = [one for one in before if one.stream == stream]
        loss = lose_on_way(some, proposal.promise)
        if loss is None:
            raise PreconditionFailed(f"{stream}: {some[0].why}")
        if loss > WAY_LOSS_MAX:
            what = f"{stream} differs from its source by {loss:.1f} more than a codec explains"
            raise PreconditionFailed(f"{what}: no change of codec could be judged")


async def _listen(plan: ChangePlan, means: Means) -> list[Sounding]:
    places = [one.place() for one in plan.streams]
    return await sound_streams(
        places, listen_s=plan.listen_s, measure=means.measure, now_ms=means.now_ms
    )


async def _run(command: list[str], timeout_s: float) -> None:
    """Run one of the operator's commands; raises `ReceiverRefused` where it did not succeed."""
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as why:
            raise ReceiverRefused(f"{command[0]}: {why.strerror}") from None
        try:
            code = await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            raise ReceiverRefused(f"{command[0]} did not end within {timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
        if code:
            said.seek(0)
            words = " ".join(said.read(1 << 16).decode(errors="replace").split())
            raise ReceiverRefused(f"{command[0]} ended with {code}: {words[-WORDS_CHARS_MAX:]}")


def _spell(proposal: Proposal) -> str:
    return ", ".join(f"{one.codec} {one.nominal_kbps}k" for one in proposal.rungs)


def _figures(outcome: Outcome) -> dict[str, Any]:
    figures: dict[str, Any] = {"sentence": outcome.said[:WORDS_CHARS_MAX]}
    if outcome.verdict is not None:
        figures["before_kbps"] = round(outcome.verdict.before_kbps, 1)
        figures["after_kbps"] = round(outcome.verdict.after_kbps, 1)
    return figures
