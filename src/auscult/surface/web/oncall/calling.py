"""What an incident's page says of calls: who was called, who is next, and whom it can be given."""

from auscult.kernel.incidents import Incident, Taken
from auscult.kernel.times import clock_utc
from auscult.notification.oncall import OnCall, Policy
from auscult.notification.oncall.escalation import due

PEOPLE_SAID_MAX = 4


def said_calls(incident: Incident, oncall: OnCall) -> str:
    """Return who was called and who is next, as a sentence; empty where no policy is for it."""
    escalation = incident.escalation
    policy = oncall.by_name.get(escalation.policy) if escalation is not None else None
    if escalation is None or policy is None:
        return ""
    parts = [_said_taken(policy, one) for one in escalation.taken]
    said = f"Called: {', '.join(parts)}" if parts else "Nobody is called yet"
    coming = due(policy, escalation)
    if coming is not None and not incident.is_over:
        said += f"; next: {_name(policy, coming.step)} at {clock_utc(coming.at_ms)} UTC"
    elif escalation.is_spent:
        said += "; nobody has answered, the fallback was told"
    return f"{said}."


def targets(oncall: OnCall) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return to whom an incident can be handed, as (heading, (value, name) pairs) of a choice."""
    shelves = (
        ("People", "person", oncall.people),
        ("Teams", "team", oncall.teams),
        ("On call in", "schedule", oncall.schedules),
    )
    return tuple(
        (heading, tuple((f"{aim}:{one.name}", one.name) for one in shelf))
        for heading, aim, shelf in shelves
        if shelf
    )


def _said_taken(policy: Policy, taken: Taken) -> str:
    name = "handed on" if taken.step == Taken.HANDED else _name(policy, taken.step)
    shown = ", ".join(taken.people[:PEOPLE_SAID_MAX])
    more = len(taken.people) - PEOPLE_SAID_MAX
    who = f" ({shown}{f' and {more} more' if more > 0 else ''})" if shown else ""
    return f"{name}{who} at {clock_utc(taken.at_ms)} UTC"


def _name(policy: Policy, step: int) -> str:
    if step >= len(policy.steps):
        return "all of it again, or the fallback"
    return policy.steps[step].name or f"step {step + 1}"
