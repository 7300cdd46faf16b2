"""Handovers: a timer for each schedule, and those who come on and go off are told, once."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from auscult.engine.events.settled import Settled
from auscult.kernel.effects import Effect
from auscult.kernel.facts import Timer
from auscult.kernel.incidents import ChangeKind, Incident, Status
from auscult.kernel.words import Severity
from auscult.notification.messages import TITLE_CHARS_MAX, Message, add_lines, plain
from auscult.notification.messages.plain import cut
from auscult.notification.oncall import (
    OnCall,
    Person,
    Schedule,
    handover_message,
    next_handover_ms,
    on_call,
)
from auscult.notification.oncall.handover import last_handover_ms

if TYPE_CHECKING:
    from auscult.engine.wiring import TenantPlan
    from auscult.store import TenantRows

HANDOVER_TIMER = "handover"
INCIDENTS_SAID_MAX = 10
HEADLINE_CHARS = 120
TEXT_CHARS = 1_200
LINK = "/oncall"


def set_timer(rows: "TenantRows", schedule: Schedule, *, since_ms: int, now_ms: int) -> None:
    """Have a schedule's first handover after an instant ring, and no other.

    One that is due rings in a moment, and then sees to the next one itself.
    """
    key = _key(schedule)
    waiting = rows.timers.get(key)
    if waiting is not None and waiting.due_ms <= now_ms:
        return
    due_ms = next_handover_ms(schedule, since_ms) if schedule.handover else None
    if due_ms is None:
        if waiting is not None:
            rows.timers.cancel(key)
    elif waiting is None or waiting.due_ms != due_ms:
        tenant = rows.tenant
        rows.timers.set(
            Timer(key=key, tenant=tenant, name=HANDOVER_TIMER, about=schedule.name, due_ms=due_ms)
        )


def ring(
    rows: "TenantRows", timer: Timer, oncall: OnCall, *, plan: "TenantPlan", now_ms: int
) -> Settled:
    """Tell of the handover that a timer was set for, and set it for the next one.

    Of several that were missed the last one is told. Nobody is told where the schedule is gone, or
    has changed so that nobody came on or went off.
    """
    schedule = next((one for one in oncall.schedules if one.name == timer.about), None)
    if schedule is None or not schedule.handover:
        return Settled(plan.tenant)
    begun_ms = last_handover_ms(schedule, now_ms)
    effects: list[Effect] = []
    if begun_ms is not None and begun_ms >= timer.due_ms:
        effects = _messages(rows, oncall, (schedule, begun_ms), plan=plan)
    wished = [rows.effects.wish(one) for one in effects].count(True)
    set_timer(rows, schedule, since_ms=now_ms, now_ms=now_ms)
    return Settled(plan.tenant, effects=wished, timers=1)


def _messages(
    rows: "TenantRows", oncall: OnCall, handover: tuple[Schedule, int], *, plan: "TenantPlan"
) -> list[Effect]:
    """Return a message for each channel by which those who come on and go off are told."""
    schedule, at_ms = handover
    off, on = _who(schedule, at_ms)
    people = {one.name: one for one in oncall.people}
    told = {
        name: channel
        for name in (*on, *off)
        if name in people and (channel := _way_to(people[name], plan))
    }
    name = f"handover-{_digest(schedule)}-{at_ms}"
    said = f"{', '.join(off) or 'nobody'} to {', '.join(on) or 'nobody'}"
    sentence = f"Handover in {schedule.name}, {said}; told: " + (
        ", ".join(f"{one} by {channel}" for one, channel in told.items()) or "nobody"
    )
    rows.audit.append(
        at_ms=at_ms,
        actor="auscult",
        action="oncall.handover",
        about=name,
        detail={"sentence": sentence},
    )
    headline = cut(plain(f"Handover in {schedule.name}: {said}"), TITLE_CHARS_MAX)
    message = Message(
        kind=ChangeKind.NOTED,
        incident=name,
        tenant=plan.tenant,
        status=Status.RESOLVED,
        severity=Severity.INFO,
        headline=headline,
        title=headline,
        subject=headline,
        text=cut(handover_message(schedule, at_ms, people=oncall.people), TEXT_CHARS),
        link=f"{plan.rules.base_url}{LINK}" if plan.rules.base_url else "",
        link_name="Open the schedules",
        dedup_key=name,
        service="oncall",
        instance=schedule.name,
        opened_ms=at_ms,
        at_ms=at_ms,
    )
    message = add_lines(message, _incident_lines(rows.incidents.recent(INCIDENTS_SAID_MAX + 1)))
    return [
        message.as_effect(channel, key=f"{name}:{channel}", due_ms=at_ms)
        for channel in dict.fromkeys(told.values())
    ]


def _who(schedule: Schedule, at_ms: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who goes off at a handover, and who comes on."""
    before, after = (
        tuple(duty.person for duty in on_call(schedule, edge_ms)) for edge_ms in (at_ms - 1, at_ms)
    )
    return _without(before, after), _without(after, before)


def _without(names: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    gone = set(others)
    return tuple(name for name in names if name not in gone)


def _way_to(person: Person, plan: "TenantPlan") -> str:
    """Return the first contact that can say what is no incident; empty for none."""
    for name in person.contacts:
        channel = plan.channels.get(name)
        if channel is not None and channel.takes_notes:
            return name
    return ""


def _incident_lines(incidents: Sequence[Incident]) -> list[str]:
    """Return what is open, a line each, what needs a person first."""
    shown = sorted(incidents[:INCIDENTS_SAID_MAX], key=lambda one: (one.rank, one.opened_ms))
    lines = [
        f"Open: {one.severity}, {cut(one.headline, HEADLINE_CHARS)}"
        + (f" ({one.acknowledged_by} has it)" if one.acknowledged_by else "")
        for one in shown
    ]
    if len(incidents) > INCIDENTS_SAID_MAX:
        lines.append("There are more open incidents.")
    return lines or ["No incident is open."]


def _key(schedule: Schedule) -> str:
    return f"oncall:{_digest(schedule)}:{HANDOVER_TIMER}"


def _digest(schedule: Schedule) -> str:
    """Return a short name for a schedule, whose own may be longer than a key."""
    return sha256(schedule.name.encode()).hexdigest()[:16]
