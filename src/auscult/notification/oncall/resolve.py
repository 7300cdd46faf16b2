"""Whom a step of a policy pages at an instant: which person, by which channel, when, and why.

Nobody is never the answer: where a target has nobody to page, the policy's fallback is told and
the page says what was missing. Who has had as many pages in an hour as they take is passed over
for the next one, then for the next level, then for the fallback, and paged all the same where
everybody else is worn out too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from auscult.kernel.words import Severity, Word
from auscult.notification.oncall.duty import on_call
from auscult.notification.oncall.handover import next_up
from auscult.notification.oncall.people import Person, Team
from auscult.notification.oncall.policy import Aim, Policy, Target
from auscult.notification.oncall.schedule import Schedule
from auscult.notification.oncall.zones import said

PASSED_MAX = 20
"""Of so many people at most it is said why a step does not call them."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody there is, by name, and how many pages each has had in the last hour."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    pages_last_hour: Mapping[str, int] = field(default_factory=dict)

    def is_worn_out(self, name: str) -> bool:
        """Say whether somebody has had as many pages in the last hour as they take."""
        most = self.people[name].pages_per_hour_max
        return most is not None and self.pages_last_hour.get(name, 0) >= most


class Page(Word):
    """One message to send: to a person's channel, or to a channel as a whole (`person` empty).

    `after_ms` counts from the instant the step was resolved for.
    """

    person: str
    channel: str
    after_ms: int
    why: str


class Passed(Word):
    """Somebody who belongs to a step's targets and is not called by it, and why."""

    person: str
    why: str


@dataclass(frozen=True, slots=True)
class _Aimed:
    """Who is meant, by a person's name or as a channel, and why."""

    name: str
    why: str
    is_channel: bool = False


@dataclass(frozen=True, slots=True)
class _Reach:
    """Whom a target reaches, what is to be said of it, and who was passed over."""

    aimed: tuple[_Aimed, ...] = ()
    remarks: tuple[str, ...] = ()
    worn_out: tuple[_Aimed, ...] = ()


def resolve(
    policy: Policy, step: int, staff: Staff, *, severity: Severity, at_ms: int
) -> tuple[Page, ...]:
    """Return the pages of a step, by its number, at an instant, the soonest first; at least one.

    A page is due as the person's own rules say; a low severity waits for the end of their quiet
    hours, a critical one never. Nobody is paged twice by the same channel at the same time.
    """
    reaches = [_reach(target, staff, at_ms) for target in policy.steps[step].to]
    aimed = [one for reach in reaches for one in reach.aimed]
    remarks = [remark for reach in reaches for remark in reach.remarks]
    worn_out = [one for reach in reaches if not reach.aimed for one in reach.worn_out]
    level = _next_level(policy, step, staff, severity=severity, at_ms=at_ms) if worn_out else []
    aimed += level
    if any(not (reach.aimed or (reach.worn_out and level)) for reach in reaches):
        aimed += _fallback(policy, staff, at_ms)
    if all(one.is_channel for one in aimed):
        aimed += [replace(one, why=f"{one.why}, all the same") for one in worn_out]
    because = "".join(f"; {remark}" for remark in dict.fromkeys(remarks))
    found = [
        page.model_copy(update={"why": page.why + because})
        for one in aimed
        for page in _pages(one, staff, severity, at_ms=at_ms)
    ]
    return tuple(sorted(_once(found), key=lambda page: page.after_ms))


def may_call(policy: Policy, step: int, staff: Staff) -> frozenset[str]:
    """Return everybody whom a step can ever call: the rotas of its schedules, its teams."""
    return frozenset(name for target in policy.steps[step].to for name in _named_by(target, staff))


def passed_over(policy: Policy, step: int, staff: Staff, *, at_ms: int) -> tuple[Passed, ...]:
    """Return who belongs to the targets of a step and is not meant by it at an instant, and why.

    Each once, `PASSED_MAX` at most: who else is on the rota of a schedule, who has had enough.
    """
    found: dict[str, str] = {}
    for target in policy.steps[step].to:
        reach = _reach(target, staff, at_ms)
        meant = {one.name for one in reach.aimed}
        worn_out = {one.name for one in reach.worn_out}
        for name in _named_by(target, staff):
            if name in worn_out:
                found.setdefault(name, _worn_out_words(name, staff))
            elif name in staff.people and name not in meant:
                found.setdefault(name, _absence(target, staff, at_ms))
    return tuple(Passed(person=name, why=why) for name, why in [*found.items()][:PASSED_MAX])


def _absence(target: Target, staff: Staff, at_ms: int) -> str:
    """Return why somebody on the rota of a schedule is not on call: because others are."""
    duties = on_call(staff.schedules[target.name], at_ms)
    others = ", ".join(f"{one.person} is, by {one.why}" for one in duties) or "nobody is"
    return f"not on call in {target.name}: {others}"


def resolve_fallback(
    policy: Policy, staff: Staff, *, severity: Severity, at_ms: int
) -> tuple[Page, ...]:
    """Return the pages of a policy's fallback, which there always are, the soonest first."""
    found = [
        page
        for one in _fallback(policy, staff, at_ms)
        for page in _pages(one, staff, severity, at_ms=at_ms)
    ]
    return tuple(sorted(_once(found), key=lambda page: page.after_ms))


def missing(policy: Policy, staff: Staff) -> tuple[str, ...]:
    """Return a sentence for each name of a policy or its schedules that means nobody."""
    targets = (*(target for step in policy.steps for target in step.to), *policy.fallback)
    found: list[str] = []
    for target in dict.fromkeys(targets):
        if target.aim is not Aim.CHANNEL and target.name not in _shelf(target.aim, staff):
            found.append(f"{policy.name}: there is no {target.aim} {target.name!r}.")
            continue
        found += [
            f"{target}: {name!r} is no person that is known."
            for name in _named_by(target, staff)
            if name not in staff.people
        ]
    return tuple(found)


def _reach(target: Target, staff: Staff, at_ms: int) -> _Reach:
    if target.aim is Aim.CHANNEL:
        return _Reach((_Aimed(target.name, f"channel {target.name}", is_channel=True),))
    if target.name not in _shelf(target.aim, staff):
        return _Reach(remarks=(f"there is no {target.aim} {target.name!r}",))
    wanted = tuple(_wanted(target, staff, at_ms))
    unknown = tuple(
        f"{one.name!r} ({one.why}) is no person that is known"
        for one in wanted
        if one.name not in staff.people
    )
    known = [one for one in wanted if one.name in staff.people]
    fresh = tuple(one for one in known if not staff.is_worn_out(one.name))
    worn_out = tuple(one for one in known if staff.is_worn_out(one.name))
    remarks = (*unknown, *(_worn_out_words(one.name, staff) for one in worn_out))
    if not wanted:
        remarks = (f"nobody is on call in {target.name}",)
    if worn_out and not fresh and target.aim is Aim.SCHEDULE:
        fresh = tuple(_next_one(target.name, staff, at_ms))
    return _Reach(fresh, remarks, worn_out)


def _wanted(target: Target, staff: Staff, at_ms: int) -> Iterator[_Aimed]:
    if target.aim is Aim.PERSON:
        yield _Aimed(target.name, "named by the policy")
    elif target.aim is Aim.TEAM:
        for name in staff.teams[target.name].people:
            yield _Aimed(name, f"of team {target.name}")
    else:
        for duty in on_call(staff.schedules[target.name], at_ms):
            yield _Aimed(duty.person, f"on call in {target.name}: {duty.why}")


def _next_one(schedule: str, staff: Staff, at_ms: int) -> Iterator[_Aimed]:
    """Return who comes on call next and has pages left to take, if anybody."""
    for name in next_up(staff.schedules[schedule], at_ms):
        if name in staff.people and not staff.is_worn_out(name):
            yield _Aimed(name, f"next on call in {schedule}")
            return


def _next_level(
    policy: Policy, step: int, staff: Staff, *, severity: Severity, at_ms: int
) -> list[_Aimed]:
    """Return whom the first later step that holds now reaches, if any reaches anybody."""
    for number, one in enumerate(policy.steps[step + 1 :], start=step + 2):
        if one.only.holds(severity, at_ms):
            found = [aimed for target in one.to for aimed in _reach(target, staff, at_ms).aimed]
            if found:
                level = one.name or f"step {number}"
                return [replace(aimed, why=f"{level}, {aimed.why}") for aimed in found]
    return []


def _fallback(policy: Policy, staff: Staff, at_ms: int) -> list[_Aimed]:
    found = [one for target in policy.fallback for one in _reach(target, staff, at_ms).aimed]
    return [replace(one, why=f"fallback of {policy.name}, {one.why}") for one in found]


def _pages(aimed: _Aimed, staff: Staff, severity: Severity, *, at_ms: int) -> Iterator[Page]:
    if aimed.is_channel:
        yield Page(person="", channel=aimed.name, after_ms=0, why=aimed.why)
        return
    person = staff.people[aimed.name]
    for rule in person.ways(severity):
        wished_ms, due_ms = person.wished_ms(rule, at_ms), person.due_ms(rule, severity, at_ms)
        why = aimed.why
        if due_ms > wished_ms:
            why += f"; quiet hours put it off till {said(due_ms, person.quiet_zone)}"
        yield Page(person=person.name, channel=rule.channel, after_ms=due_ms - at_ms, why=why)


def _once(pages: Iterable[Page]) -> Iterable[Page]:
    """Return each person, channel and time once, with the first reason given."""
    found: dict[tuple[str, str, int], Page] = {}
    for page in pages:
        found.setdefault((page.person, page.channel, page.after_ms), page)
    return found.values()


def _worn_out_words(name: str, staff: Staff) -> str:
    return f"{name} had {staff.pages_last_hour.get(name, 0)} pages in the last hour"


def _shelf(aim: Aim, staff: Staff) -> Mapping[str, object]:
    return {Aim.PERSON: staff.people, Aim.TEAM: staff.teams}.get(aim, staff.schedules)


def _named_by(target: Target, staff: Staff) -> tuple[str, ...]:
    """Return whom a target may ever call, by name; nobody for a name that is not there."""
    if target.aim is Aim.PERSON:
        return (target.name,)
    if target.aim is Aim.CHANNEL or target.name not in _shelf(target.aim, staff):
        return ()
    if target.aim is Aim.TEAM:
        return staff.teams[target.name].people
    return staff.schedules[target.name].people
