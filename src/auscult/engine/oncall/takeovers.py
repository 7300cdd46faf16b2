"""Takeovers as rows: said by a person, merged into the schedules before every question."""

from collections.abc import Container
from typing import TYPE_CHECKING

from auscult.engine.oncall.handover import set_timer
from auscult.kernel.errors import BodyMalformed, ObjectMissing, StateConflict
from auscult.kernel.oncall import Takeover
from auscult.kernel.times import DAY_MS, SECOND_MS, rfc3339
from auscult.notification.oncall import OnCall

if TYPE_CHECKING:
    from auscult.store import TenantRows

KEPT_MS = 14 * DAY_MS
"""How long one that is over is kept: a handover says since when somebody was on call."""

TAKEOVERS_MAX = 200
LASTS_MAX_MS = 62 * DAY_MS
AHEAD_MAX_MS = 400 * DAY_MS


def in_force(rows: "TenantRows", oncall: OnCall, since_ms: int) -> OnCall:
    """Return a section with the takeovers that end after an instant."""
    if not oncall.schedules:
        return oncall
    return oncall.amended(rows.takeovers.ending_after(since_ms), {})


def take_over(rows: "TenantRows", oncall: OnCall, wished: Takeover, *, now_ms: int) -> Takeover:
    """Keep a takeover, its times in whole seconds, and move the handover that it brings about.

    Raises `ObjectMissing` for an unknown schedule, `BodyMalformed` for one that names nobody, is
    over, or lasts too long, and `StateConflict` where there are too many.
    """
    schedule = oncall.schedule(wished.schedule)
    _check(oncall, wished, named=schedule.people, now_ms=now_ms)
    if len(rows.takeovers.ending_after(now_ms, TAKEOVERS_MAX)) >= TAKEOVERS_MAX:
        raise StateConflict(f"there are {TAKEOVERS_MAX} takeovers; end some first")
    starts_ms, ends_ms = _whole(wished.starts_ms), _whole(wished.ends_ms)
    made = wished.model_copy(
        update={"starts_ms": starts_ms, "ends_ms": max(ends_ms, starts_ms + SECOND_MS)}
    )
    rows.takeovers.put(made)
    whom = f" from {made.instead_of}" if made.instead_of else ""
    why = f" Reason: {made.reason}" if made.reason else ""
    span = f"{rfc3339(made.starts_ms)} to {rfc3339(made.ends_ms)}"
    sentence = f"{made.person} takes over {made.schedule}{whom}, {span}.{why}"
    deed = {"actor": made.by, "action": "oncall.taken_over", "about": made.id}
    rows.audit.append(at_ms=now_ms, **deed, detail={"sentence": sentence})
    _move_handover(rows, oncall, made.schedule, edge_ms=made.starts_ms, now_ms=now_ms)
    return made


def end(
    rows: "TenantRows", oncall: OnCall, place: tuple[str, str], *, by: str, now_ms: int
) -> None:
    """End a takeover, by its schedule and its id, now.

    One that has not begun is taken back, one that is over stays as it was. Raises `ObjectMissing`
    where there is none.
    """
    found = rows.takeovers.get(place[1])
    if found is None or found.schedule != place[0]:
        raise ObjectMissing("no such takeover")
    if found.ends_ms <= now_ms:
        return
    ends_ms = _whole(now_ms)
    if found.starts_ms < ends_ms:
        rows.takeovers.put(found.model_copy(update={"ends_ms": ends_ms}))
    else:
        rows.takeovers.remove(found.id)
    sentence = f"{by} ended that {found.person} takes over {found.schedule}."
    deed = {"actor": by, "action": "oncall.given_back", "about": found.id}
    rows.audit.append(at_ms=now_ms, **deed, detail={"sentence": sentence})
    _move_handover(rows, oncall, found.schedule, edge_ms=ends_ms, now_ms=now_ms)


def _check(oncall: OnCall, wished: Takeover, *, named: Container[str], now_ms: int) -> None:
    people = {one.name for one in oncall.people}
    if wished.person not in people:
        known = ", ".join(sorted(people))[:200] or "none"
        raise BodyMalformed(f"person: {wished.person[:40]!r} is nobody; there are: {known}")
    if wished.instead_of and wished.instead_of not in named:
        raise BodyMalformed(f"instead_of: {wished.instead_of[:40]!r} is never on call there")
    if wished.ends_ms <= now_ms:
        raise BodyMalformed("it is over already")
    if wished.ends_ms - wished.starts_ms > LASTS_MAX_MS:
        raise BodyMalformed(f"it lasts more than {LASTS_MAX_MS // DAY_MS} days")
    if wished.ends_ms - now_ms > AHEAD_MAX_MS:
        raise BodyMalformed(f"it ends more than {AHEAD_MAX_MS // DAY_MS} days from now")


def _move_handover(
    rows: "TenantRows", oncall: OnCall, name: str, *, edge_ms: int, now_ms: int
) -> None:
    """Set the schedule's handover anew; where somebody comes on at this moment, that is one."""
    schedule = in_force(rows, oncall, now_ms - KEPT_MS).schedule(name)
    since_ms = edge_ms - 1 if now_ms - SECOND_MS < edge_ms <= now_ms else now_ms
    set_timer(rows, schedule, since_ms=since_ms, now_ms=now_ms)


def _whole(at_ms: int) -> int:
    return at_ms // SECOND_MS * SECOND_MS
