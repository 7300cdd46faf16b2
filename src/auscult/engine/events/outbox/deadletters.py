"""Messages that were given up, sent again because somebody says so."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from auscult.notification.decide import KEPT_BY

if TYPE_CHECKING:
    from auscult.kernel.words import TenantId
    from auscult.store import Work

REPLAYED_MAX = 1_000


def replay(
    work: "Work", tenant: "TenantId", keys: Collection[str], *, by: str, now_ms: int
) -> list[str]:
    """Queue messages that were given up anew, under their old keys; return those keys.

    All of them, at most `REPLAYED_MAX`, where no key is given. They go in the order in which they
    were wished for; a key that is unknown, or was not given up, is passed over.
    """
    rows = work.of(tenant)
    found = [rows.effects.row(key) for key in dict.fromkeys(keys)]
    given_up = [row for row in found if row] if keys else rows.effects.given_up(REPLAYED_MAX)
    replayed = []
    for number, row in enumerate(sorted(given_up, key=lambda row: row.effect.due_ms)):
        anew = {name: value for name, value in row.effect.payload.items() if name != KEPT_BY}
        effect = row.effect.model_copy(update={"due_ms": now_ms + number, "payload": anew})
        if not rows.effects.revive(effect):
            continue
        replayed.append(effect.key)
        rows.audit.append(
            at_ms=now_ms,
            actor=by,
            action="effect.replayed",
            about=effect.incident,
            detail={"sentence": f"{by} has {effect.to} told again", "key": effect.key},
        )
    return replayed
