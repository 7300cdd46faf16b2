"""Messages that were given up, sent again because somebody says so."""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from auscult.engine.alerts.telling import note_refusal
from auscult.kernel.effects import Effect
from auscult.kernel.incidents import ChangeKind
from auscult.notification.decide import KEPT_BY

if TYPE_CHECKING:
    from auscult.kernel.words import TenantId
    from auscult.store import TenantRows, Work

REPLAYED_MAX = 1_000


class Replayed(NamedTuple):
    """The keys of what is sent again, and of what was passed over because it is over."""

    replayed: list[str]
    over: list[str]


def replay(
    work: "Work", tenant: "TenantId", keys: Collection[str], *, by: str, now_ms: int
) -> Replayed:
    """Queue messages that were given up anew, under their old keys; return those keys.

    All of them, at most `REPLAYED_MAX`, where no key is given. They go in the order in which they
    were wished for; a key that is unknown, or was not given up, is passed over. Where none is
    given, so is a page about what is over, or was said anew since: it would wake somebody for
    nothing.
    """
    rows = work.of(tenant)
    found = [rows.effects.row(key) for key in dict.fromkeys(keys)]
    given_up = [row for row in found if row] if keys else rows.effects.given_up(REPLAYED_MAX)
    done = Replayed([], [])
    for number, row in enumerate(sorted(given_up, key=lambda row: row.effect.due_ms)):
        if _is_over(rows, row.effect) and not keys:
            done.over.append(row.effect.key)
            continue
        anew = {name: value for name, value in row.effect.payload.items() if name != KEPT_BY}
        effect = row.effect.model_copy(update={"due_ms": now_ms + number, "payload": anew})
        if not rows.effects.revive(effect):
            continue
        done.replayed.append(effect.key)
        rows.audit.append(
            at_ms=now_ms,
            actor=by,
            action="effect.replayed",
            about=effect.incident,
            detail={"sentence": f"{by} has {effect.to} told again", "key": effect.key},
        )
    return done


def _is_over(rows: "TenantRows", effect: Effect) -> bool:
    """Say whether a message has nothing to say any more; how a thing ended always has."""
    is_end = effect.payload.get("kind") == ChangeKind.RESOLVED
    if effect.payload.get("alerts") is not None:
        is_gone = not rows.groups.get([effect.incident])
        return not (note_refusal(rows, effect, is_refused=False) or (is_end and is_gone))
    incident = rows.incidents.get(effect.incident)
    return not is_end and incident is not None and incident.is_over
