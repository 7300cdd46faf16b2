"""Pages that were to come later, and whose incident is muted by then: they wait for its end.

What mutes may begin at any time (a window, a silence, another incident), without a fact about the
incident. So it is looked at when the page is due, and again until it may go.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auscult.engine.events.records import sight_of
from auscult.engine.events.steps import MUTE_TIMER
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.facts import Timer
from auscult.kernel.incidents import Incident
from auscult.kernel.words import TenantId
from auscult.notification.decide import LOOK_MS, mute
from auscult.notification.decide.wishes import PAGES

if TYPE_CHECKING:
    from auscult.engine.wiring import Plans
    from auscult.store import Work

Name = tuple[TenantId, str]
"""An effect's tenant and key."""


def was_to_come(effect: Effect) -> bool:
    """Say whether an effect is a page that was due later than it was decided on."""
    said = effect.payload
    is_page = effect.kind is EffectKind.NOTIFY and said.get("kind") in PAGES
    return is_page and effect.due_ms > int(said.get("at_ms", effect.due_ms))


def put_off_muted(
    work: "Work", pages: Iterable[Effect], plans: "Plans", *, now_ms: int
) -> frozenset[Name]:
    """Put off those pages whose incident is muted now; return which."""
    return frozenset(
        (page.tenant, page.key) for page in pages if _is_put_off(work, page, plans, now_ms=now_ms)
    )


def _is_put_off(work: "Work", page: Effect, plans: "Plans", *, now_ms: int) -> bool:
    rows, plan = work.of(page.tenant), plans.find(page.tenant)
    incident = rows.incidents.get(page.incident)
    if plan is None or incident is None or incident.is_over or _was_asked_for(page, incident):
        return False
    row = rows.effects.row(page.key)
    found = mute(incident, sight_of(rows, plan.rules, now_ms))
    if found is None or row is None or row.is_sent_again:
        return False
    until_ms = min(found.until_ms, now_ms + LOOK_MS)
    rows.effects.postpone(page, until_ms)
    rows.pages.postpone(page.key, until_ms)
    if incident.mute is None:  # have it said, and looked at until it ends
        rows.timers.set(
            Timer(
                key=f"{incident.id}:{MUTE_TIMER}",
                tenant=incident.tenant,
                name=MUTE_TIMER,
                about=incident.id,
                due_ms=now_ms,
            )
        )
    return True


def _was_asked_for(page: Effect, incident: Incident) -> bool:
    """Say whether a person asked for this call: whoever asks is not muted."""
    escalation = incident.escalation
    return escalation is not None and page.payload.get("at_ms") == escalation.asked_ms
