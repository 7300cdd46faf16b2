"""Pages that need not be told any more when their turn comes: the incident is over, or taken.

Of what surely reached nobody, nothing is told: neither the page nor what waits behind it. What may
have arrived (no answer in time, a death between sending and the outcome) is followed by its end.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.incidents import Status
from auscult.notification.decide.wishes import PAGES

if TYPE_CHECKING:
    from auscult.store import TenantRows
    from auscult.store.rows.effects import EffectRow

LATE_MS = 5_000
"""A page that is attempted sooner than this, for the first time, is as its decision left it."""

OVER = "the incident is over"
TAKEN = "somebody has it"

Claimed = tuple["EffectRow", int]
"""An effect and how often it was claimed, this time included."""


def drop_outdated(rows: "TenantRows", claimed: Iterable[Claimed], now_ms: int) -> frozenset[str]:
    """End claimed pages that need not be sent any more; return the keys of what is not to be."""
    asked = [
        (row, times)
        for row, times in claimed
        if not row.is_sent_again and _may_be(row.effect, times, now_ms)
    ]
    if not asked:
        return frozenset()
    why_of = _reasons(rows, {row.effect.incident for row, _ in asked})
    calls = rows.pages.calling(row.effect.key for row, _ in asked)
    dropped: set[str] = set()
    for row, times in asked:
        why, key = why_of.get(row.effect.incident), row.effect.key
        is_unheard, is_call = row.in_vain == times - 1, key in calls
        if key in dropped or why is None or not (is_call or (is_unheard and why is OVER)):
            continue
        end = _take_back if is_unheard else _leave
        dropped |= end(rows, row.effect, why=why, now_ms=now_ms)
    return frozenset(dropped)


def _may_be(effect: Effect, times: int, now_ms: int) -> bool:
    said = effect.payload
    if effect.kind is not EffectKind.NOTIFY or said.get("kind") not in PAGES:
        return False
    return times > 1 or now_ms - int(said.get("at_ms", effect.due_ms)) >= LATE_MS


def _reasons(rows: "TenantRows", incidents: Iterable[str]) -> dict[str, str]:
    """Return why pages of incidents need not be sent any more, of those where that is so."""
    found: dict[str, str] = {}
    for name, status in rows.incidents.statuses(incidents).items():
        if status is Status.RESOLVED:
            found[name] = OVER
        elif status is Status.ACKNOWLEDGED:
            incident = rows.incidents.get(name)
            escalation = incident.escalation if incident is not None else None
            if escalation is not None and escalation.is_resting:
                found[name] = TAKEN
    return found


def _take_back(rows: "TenantRows", page: Effect, *, why: str, now_ms: int) -> set[str]:
    """Let a page be as if it had never been wished for, with what only waits for it."""
    keys = {page.key}
    if not rows.effects.was_heard(page):
        keys.update(rows.effects.waiting_behind(page))
    rows.effects.drop(keys)
    rows.pages.withdraw(keys)
    _note(rows, page, why=why, now_ms=now_ms)
    return keys


def _leave(rows: "TenantRows", page: Effect, *, why: str, now_ms: int) -> set[str]:
    """Let a page be that may have arrived: what follows goes to whoever got it."""
    reason = f"not sent again, for {why}; it may have arrived"
    outcome = Outcome(
        key=page.key, tenant=page.tenant, result=Result.DONE, reason=reason, at_ms=now_ms
    )
    rows.effects.settle(outcome)
    _note(rows, page, why=f"{why}; it may have arrived", now_ms=now_ms)
    return {page.key}


def _note(rows: "TenantRows", page: Effect, *, why: str, now_ms: int) -> None:
    sentence = f"{page.to} ({page.plug}) {page.verb}: not sent any more, for {why}"
    rows.audit.append(
        at_ms=now_ms,
        actor="auscult",
        action="effect.withdrawn",
        about=page.incident,
        detail={"sentence": sentence, "key": page.key},
    )
