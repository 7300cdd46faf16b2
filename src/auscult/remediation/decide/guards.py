"""The guards: what must hold at the moment before a repair, counted over the recent runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auscult.kernel.runs import Run, RunState
from auscult.kernel.times import HOUR_MS, duration_words
from auscult.remediation.decide.runbooks import Runbook

AT_WORK = frozenset({RunState.APPLYING, RunState.VERIFYING, RunState.UNDOING})
ACTED = AT_WORK | {RunState.HEALED, RunState.UNDONE, RunState.FAILED}
"""States of runs that have touched their target, or may have."""

BAD = frozenset({RunState.UNDONE, RunState.FAILED})


@dataclass(frozen=True, slots=True)
class Block:
    """Why a repair may not happen now; `passes` says that waiting a little may help."""

    sentence: str
    passes: bool


def blocked(run: Run, runbook: Runbook, recent_runs: Sequence[Run], *, now_ms: int) -> Block | None:
    """Return the first guard that forbids this run to act now; None when it may.

    `recent_runs` must hold every run of the tenant that was at work within the last hour.
    """
    others = [one for one in recent_runs if one.id != run.id]
    return (
        _busy(run, runbook, [one for one in others if one.state in AT_WORK])
        or _resting(run, runbook, others, now_ms=now_ms)
        or _too_often(run, runbook, others, now_ms=now_ms)
        or _hopeless(run, runbook, others)
    )


def group_of(target: str) -> str:
    """Return the group a target belongs to: what stands before its first `/`."""
    return target.partition("/")[0]


def _busy(run: Run, runbook: Runbook, at_work: Iterable[Run]) -> Block | None:
    targets = {one.target for one in at_work}
    if run.target in targets:
        return Block(f"another run is at work on {run.target}", passes=True)
    group = group_of(run.target)
    near = sum(group_of(target) == group for target in targets)
    if near >= runbook.group_blast_radius:
        return Block(f"{near} of {group} are under repair already", passes=True)
    if len(targets) >= runbook.blast_radius:
        return Block(f"{len(targets)} targets are under repair already", passes=True)
    return None


def _resting(run: Run, runbook: Runbook, others: Iterable[Run], *, now_ms: int) -> Block | None:
    ends = [
        one.ended_ms
        for one in others
        if one.target == run.target and one.state in ACTED and one.ended_ms is not None
    ]
    free_ms = max(ends, default=0) + int(runbook.cooldown_s * 1_000)
    if not ends or now_ms >= free_ms:
        return None
    left = duration_words(free_ms - now_ms)
    return Block(f"{run.target} rests for another {left} after its last repair", passes=True)


def _too_often(run: Run, runbook: Runbook, others: Iterable[Run], *, now_ms: int) -> Block | None:
    acted = [one for one in others if one.state in ACTED and one.started_ms > now_ms - HOUR_MS]
    by_book = sum(one.runbook == runbook.name for one in acted)
    on_target = sum(one.target == run.target for one in acted)
    counts = (
        (by_book, runbook.max_per_hour, f"runbook {runbook.name!r} acted"),
        (on_target, runbook.target_max_per_hour, f"{run.target} was repaired"),
        (len(acted), runbook.tenant_max_per_hour, "runbooks of this tenant acted"),
    )
    for count, most, what in counts:
        if count >= most:
            return Block(f"{what} {count} times within the hour, no more than {most}", passes=False)
    return None


def _hopeless(run: Run, runbook: Runbook, others: Iterable[Run]) -> Block | None:
    ended = sorted(
        (one for one in others if one.target == run.target and one.state in ACTED - AT_WORK),
        key=lambda one: one.ended_ms or one.updated_ms,
    )
    last = ended[-runbook.max_failures :]
    if len(last) < runbook.max_failures or any(one.state not in BAD for one in last):
        return None
    return Block(
        f"the last {len(last)} repairs of {run.target} failed; a person must look", passes=False
    )
