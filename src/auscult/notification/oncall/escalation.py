"""How a policy is led on for one problem: which step is next, when, and whom it calls.

Each wait counts from when the step before was taken, not from when it should have been: after an
outage nobody's time to answer is cut short, and levels are called one after the other all the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auscult.kernel.incidents import PEOPLE_MAX, Escalation, Taken
from auscult.kernel.times import MINUTE_MS, clock_utc
from auscult.kernel.words import Severity
from auscult.notification.oncall.policy import Due, Policy, Step, Target, plan
from auscult.notification.oncall.resolve import (
    Page,
    Passed,
    Staff,
    passed_over,
    resolve,
    resolve_fallback,
)

JUST_NOW_MS = 10_000
"""A second wish for the next step within this time is the same tap, told twice."""

CALLS_MAX = 40
"""Steps that one look may take: a policy has fewer, with every attempt due at once."""


@dataclass(frozen=True, slots=True)
class Call:
    """A step as it is taken now: what it is called, whom it pages, and whom not, and why."""

    name: str
    number: str
    pages: tuple[Page, ...]
    passed: tuple[Passed, ...] = ()


def begin(
    policy: Policy, severity: Severity, *, now_ms: int, after: Escalation | None
) -> Escalation:
    """Return the escalation of a problem at its beginning, or anew `after` an earlier round."""
    number = after.round + 1 if after is not None else 1
    return Escalation(policy=policy.name, severity=severity, round=number, from_ms=now_ms)


def due(policy: Policy, escalation: Escalation) -> Due | None:
    """Return the step to take next and when; None where somebody has it, or nothing is left.

    The number of steps stands for the end, where it begins again or the fallback is told.
    """
    if escalation.is_resting or escalation.is_spent:
        return None
    coming = [*_again(policy, escalation), *_onward(policy, escalation)]
    if coming:
        return min(coming, key=lambda one: (one.at_ms, one.step, one.attempt))
    severity, last_ms = escalation.severity, escalation.last_taken_ms
    if severity is Severity.INFO or all(severity not in one.only.severity for one in policy.steps):
        return None  # nobody need answer what only informs, and some policies are not for this
    # Where no step is open at this hour, nobody would be called at all: the end comes at once.
    wait_ms = policy.last_wait_min * MINUTE_MS
    end_ms = escalation.from_ms if last_ms is None else last_ms + wait_ms
    return Due(step=len(policy.steps), attempt=0, at_ms=end_ms)


def take(
    policy: Policy, escalation: Escalation, staff: Staff, *, has_it: frozenset[str], now_ms: int
) -> tuple[Escalation, tuple[Call, ...]]:
    """Take every step that is due; return how far it has gone then, and the calls.

    Who says that they have it (`has_it`) is not called again while others are waited for.
    """
    calls: list[Call] = []
    for _ in range(CALLS_MAX):
        coming = due(policy, escalation)
        if coming is None or coming.at_ms > now_ms:
            break
        if coming.step == len(policy.steps):
            escalation, ended = _end(policy, escalation, staff, now_ms=now_ms)
            calls += ended
            continue
        wanted = resolve(policy, coming.step, staff, severity=escalation.severity, at_ms=now_ms)
        pages = tuple(page for page in wanted if page.person not in has_it)
        taken = Taken(step=coming.step, attempt=coming.attempt, at_ms=now_ms, people=_people(pages))
        escalation = escalation.model_copy(update={"taken": (*escalation.taken, taken)})
        number = f"{escalation.round}.{coming.step}.{coming.attempt}"
        passed = (
            *(
                Passed(person=name, why="has it already")
                for name in _people(wanted)
                if name in has_it
            ),
            *passed_over(policy, coming.step, staff, at_ms=now_ms),
        )
        calls.append(Call(_name(policy, coming.step), number, pages, _others(pages, passed)))
    return escalation, tuple(calls)


def said_next(policy: Policy, escalation: Escalation) -> str:
    """Return who is called next, and when, as a sentence; empty where nobody is."""
    coming = due(policy, escalation)
    if coming is None:
        return ""
    name = _name(policy, coming.step) if coming.step < len(policy.steps) else "the fallback"
    return f"Unless somebody takes it, {name} is called at {clock_utc(coming.at_ms)} UTC."


def hurry(policy: Policy, escalation: Escalation, *, now_ms: int) -> Escalation:
    """Return the escalation with its next level due now; at the last one that is called again.

    Where a step was taken only just now, that was the level asked for.
    """
    last, taken_ms = escalation.last_step, escalation.last_taken_ms
    if taken_ms is not None and taken_ms > now_ms - JUST_NOW_MS:
        return escalation.model_copy(update={"is_resting": False})
    following = last + 1 if last is not None else escalation.first_step
    at_least = last if last is not None else len(policy.steps) - 1
    later = enumerate(policy.steps[following:], start=following)
    open_now = (number for number, one in later if one.only.holds(escalation.severity, now_ms))
    step = next(open_now, at_least)
    return _from(policy, escalation, step, now_ms=now_ms).model_copy(update={"asked_ms": now_ms})


def resume(policy: Policy, escalation: Escalation, *, now_ms: int) -> Escalation:
    """Return the next round: it calls the level that had it, and goes on from there."""
    last = escalation.last_step
    first = last if last is not None else escalation.first_step
    return _from(policy, escalation, min(first, len(policy.steps) - 1), now_ms=now_ms)


def hand(
    policy: Policy, escalation: Escalation, target: Target, *, staff: Staff, now_ms: int
) -> tuple[Escalation, Call]:
    """Return the call of those to whom a problem is handed, and the policy that goes on after it.

    The next level is called after its wait, counted from now, if none of them answers.
    """
    last = escalation.last_step
    following = last + 1 if last is not None else escalation.first_step
    number = escalation.round + 1
    handed = policy.model_copy(update={"steps": (Step(to=(target,)),)})
    pages = resolve(handed, 0, staff, severity=escalation.severity, at_ms=now_ms)
    after = Escalation(
        policy=policy.name,
        severity=escalation.severity,
        round=number,
        from_ms=now_ms,
        first_step=following,
        handed_to=str(target),
        asked_ms=now_ms,
        taken=(Taken(step=Taken.HANDED, at_ms=now_ms, people=_people(pages)),),
    )
    return after, Call(f"handed to {target}", f"{number}.handed", pages)


def rests(
    policy: Policy, escalation: Escalation, *, has_it: frozenset[str], by_anybody: bool
) -> bool:
    """Say whether nobody else need be called, given who says that they have it.

    `by_anybody` says that somebody does, be it nobody whom the policy knows.
    """
    last = escalation.last_step
    if last is None or last >= len(policy.steps):
        return by_anybody
    step = policy.steps[last]
    paged = {name for one in escalation.taken if one.step == last for name in one.people}
    return step.is_acknowledged(paged, has_it) or (by_anybody and not (step.ack == "all" and paged))


def _again(policy: Policy, escalation: Escalation) -> Iterator[Due]:
    """Return the next attempt at each step that was taken and has attempts left."""
    last_ms: dict[int, int] = {}
    attempts: dict[int, int] = {}
    for one in escalation.taken:
        if one.step == Taken.HANDED:
            continue
        last_ms[one.step] = max(last_ms.get(one.step, 0), one.at_ms)
        attempts[one.step] = max(attempts.get(one.step, 0), one.attempt)
    for number, attempt in attempts.items():
        step = policy.steps[number] if number < len(policy.steps) else None
        if step is not None and attempt < step.repeat:
            at_ms = last_ms[number] + step.again_min * MINUTE_MS
            yield Due(step=number, attempt=attempt + 1, at_ms=at_ms)


def _onward(policy: Policy, escalation: Escalation) -> Iterator[Due]:
    """Return the first step after those that were taken."""
    last = escalation.last_step
    since_ms, following = escalation.from_ms, escalation.first_step
    if last is not None:
        since_ms = min(one.at_ms for one in escalation.taken if one.step == last)
        following = last + 1
    coming = plan(policy, severity=escalation.severity, from_ms=since_ms, first_step=following)
    yield from (one for one in coming[:1])


def _end(
    policy: Policy, escalation: Escalation, staff: Staff, *, now_ms: int
) -> tuple[Escalation, tuple[Call, ...]]:
    """Begin again where the policy says so, else tell its fallback that nobody has answered."""
    if escalation.again < policy.repeat:
        anew = begin(policy, escalation.severity, now_ms=now_ms, after=escalation)
        return anew.model_copy(update={"again": escalation.again + 1}), ()
    pages = tuple(
        page.model_copy(update={"why": f"nobody has answered; {page.why}"})
        for page in resolve_fallback(policy, staff, severity=escalation.severity, at_ms=now_ms)
    )
    spent = escalation.model_copy(update={"is_spent": True})
    return spent, (Call("fallback", f"{escalation.round}.fallback", pages),)


def _from(policy: Policy, escalation: Escalation, step: int, *, now_ms: int) -> Escalation:
    """Return the next round, whose first step is this one; the policy may be shorter now."""
    step = min(step, len(policy.steps) - 1)
    wait_ms = policy.steps[step].wait_min * MINUTE_MS
    return Escalation(
        policy=policy.name,
        severity=escalation.severity,
        round=escalation.round + 1,
        from_ms=now_ms - wait_ms,
        first_step=step,
    )


def _others(pages: Iterable[Page], passed: Iterable[Passed]) -> tuple[Passed, ...]:
    """Return whom a step does not call, each once: one target may reach whom another does not."""
    found: dict[str, Passed] = {}
    called = _people(pages)
    for one in passed:
        if one.person not in called:
            found.setdefault(one.person, one)
    return tuple(found.values())


def _people(pages: Iterable[Page]) -> tuple[str, ...]:
    named = dict.fromkeys(page.person for page in pages if page.person)
    return tuple(named)[:PEOPLE_MAX]


def _name(policy: Policy, step: int) -> str:
    return policy.steps[step].name or f"step {step + 1}"
