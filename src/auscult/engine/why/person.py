"""One person's part in an incident: each step that called them, passed them over, or never came.

What was decided is read from the record. Of steps that never came there is none: those are read
from the settings as they are now, and say so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from auscult.kernel.times import clock_utc
from auscult.notification.oncall.escalation import due
from auscult.notification.oncall.resolve import may_call, passed_over

if TYPE_CHECKING:
    from auscult.kernel.incidents import Incident
    from auscult.notification.decide.reasons import Reason
    from auscult.notification.oncall import OnCall
    from auscult.notification.oncall.policy import Policy

BY_NOW = "by the settings of now"


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the record has it: of whom it says why; `holds` is false where none was taken."""

    at_ms: int
    name: str
    holds: bool
    why: str
    people: "tuple[Reason, ...]" = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: at this time they were called, or not, and why."""

    at_ms: int
    was_called: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a person had to do with an incident."""

    name: str
    verdict: str
    lines: tuple[Line, ...]


def part_of(  # noqa: PLR0913  # whose part in what, by the record and by the settings
    name: str,
    incident: "Incident",
    steps: Iterable[Step],
    *,
    sent: Mapping[tuple[str, int], str],
    oncall: "OnCall",
    now_ms: int,
) -> Part:
    """Return one person's part in an incident, the oldest line first.

    sent: what became of each page to them that was not taken back, by (channel, when it was due).
    """
    taken = list(steps)
    record = _Sent.of(name, taken, sent)
    lines = [line for step in taken for line in _lines(name, step, record, now_ms=now_ms)]
    lines += _never_came(name, incident, oncall, now_ms=now_ms)
    times = sum(one.was_called for one in lines)
    verdict = f"{name} was called {times} time{'' if times == 1 else 's'}."
    if not times:
        verdict = f"{name} was not called."
        if not lines:
            verdict += f" No step that was taken, or could have been ({BY_NOW}), is for {name}."
    return Part(name, verdict, tuple(lines))


@dataclass(slots=True)
class _Sent:
    """What became of the pages to a person; each is told of once.

    `moved` are those that were due at another time than any step said: put off while muted.
    """

    became: Mapping[tuple[str, int], str]
    moved: list[tuple[str, int]]
    told: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, name: str, steps: Iterable[Step], sent: Mapping[tuple[str, int], str]) -> Self:
        """Take what was sent, and what the steps said would be."""
        said = {
            (one.channel, step.at_ms if one.at_ms is None else one.at_ms)
            for step in steps
            for one in step.people
            if one.name == name and one.holds
        }
        return cls(sent, sorted(set(sent) - said, key=lambda page: page[1]))

    def find(self, channel: str, due_ms: int) -> tuple[int, str | None]:
        """Return when a page was due in the end, and what became of it; None: it was taken back."""
        page = (channel, due_ms)
        if page in self.told:
            return due_ms, "by the same message as before"
        if page in self.became:
            self.told.add(page)
            return due_ms, self.became[page]
        for one in self.moved:
            if one[0] == channel and one[1] > due_ms:
                self.moved.remove(one)
                return one[1], f"put off while muted, {self.became[one]}"
        return due_ms, None


def _lines(name: str, step: Step, sent: _Sent, *, now_ms: int) -> Iterator[Line]:
    if not step.holds:
        yield Line(step.at_ms, was_called=False, sentence=f"Nobody was called: {step.why}.")
    for one in step.people:
        if one.name != name:
            continue
        if not one.holds:
            said = f"{step.name} did not call {name}: {one.why}."
            yield Line(step.at_ms, was_called=False, sentence=said)
            continue
        due_ms = step.at_ms if one.at_ms is None else one.at_ms
        is_told = (one.channel, due_ms) in sent.told
        in_the_end_ms, became = sent.find(one.channel, due_ms)
        when = f" at {clock_utc(due_ms)} UTC" if due_ms > step.at_ms else ""
        said = f"{step.name} calls {name} by {one.channel}{when} ({one.why})"
        if became is None:
            said += ": taken back before it was due"
        else:
            said += f": {became}"
        is_called = became is not None and in_the_end_ms <= now_ms
        at_ms = max(step.at_ms, in_the_end_ms if is_called else 0)
        yield Line(at_ms, is_called and not is_told, f"{said}.")


def _never_came(
    name: str, incident: "Incident", oncall: "OnCall", *, now_ms: int
) -> Iterator[Line]:
    """Yield what the steps that were not taken would have had to do with somebody."""
    escalation = incident.escalation
    policy = oncall.by_name.get(escalation.policy) if escalation is not None else None
    if escalation is None or policy is None:
        return
    last = escalation.last_step
    at_ms = incident.resolved_ms or incident.acknowledged_ms or now_ms
    first = escalation.first_step if last is None else last + 1
    staff = oncall.staff({})
    for number in range(first, len(policy.steps)):
        if name not in may_call(policy, number, staff):
            continue
        step = policy.steps[number]
        said = f"{step.name or f'step {number + 1}'} ({BY_NOW}) "
        if not step.only.holds(incident.severity, at_ms):
            said += f"is not for severity {incident.severity} at that time"
        else:
            said += _why_not_yet(incident, policy, number)
        absent = {one.person: one.why for one in passed_over(policy, number, staff, at_ms=at_ms)}
        said += f"; {name} was {absent[name]}" if name in absent else ""
        yield Line(at_ms, was_called=False, sentence=f"{said}.")


def _why_not_yet(incident: "Incident", policy: "Policy", number: int) -> str:
    if incident.resolved_ms is not None:
        at = clock_utc(incident.resolved_ms)
        return f"was not reached: {incident.resolved_by} resolved it at {at} UTC"
    if incident.acknowledged_ms is not None:
        at = clock_utc(incident.acknowledged_ms)
        return f"was not reached: {incident.acknowledged_by} has it since {at} UTC"
    if incident.mute is not None:
        return f"waits while the incident is muted by {incident.mute.by}"
    coming = due(policy, incident.escalation) if incident.escalation is not None else None
    if coming is not None and coming.step == number:
        return f"is due at {clock_utc(coming.at_ms)} UTC"
    return "comes later, after the steps before it"
