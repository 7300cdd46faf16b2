"""A trial whose process was killed is found on record, taken back, and listened to again.

What it would have come to is not known any more, and a change that is not proved is not kept.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from auscult.engine.codec.applying import End, Means, Outcome, revert_ladder
from auscult.engine.codec.record import LADDERS_KEPT, Desk, Record, is_orphan
from auscult.kernel.errors import VaultError
from auscult.kernel.words import TenantId
from auscult.store import LadderRow

if TYPE_CHECKING:
    from auscult.store import Work

SAID = "the process that tried it was ended before it was judged"


async def find_orphan(desk: Desk, tenant: TenantId) -> Record | None:
    """Return a trial of the tenant that nobody holds any more, and hold it; None for none.

    Of several processes that look at once, one gets it.
    """
    now_ms = desk.now_ms()

    def take(work: "Work") -> LadderRow | None:
        ladders = work.of(tenant).ladders
        for row in ladders.recent(LADDERS_KEPT):
            seen_ms = row.updated_ms
            if is_orphan(row, now_ms) and ladders.touch(row.id, seen_ms=seen_ms, now_ms=now_ms):
                return replace(row, updated_ms=now_ms)
        return None

    row = await desk.write(take)
    if row is None:
        return None
    touched = tuple(TenantId(one) for one in row.body.get("touched", []))
    return Record(desk, tenant, (tenant, *touched), row)


async def rescue(record: Record, means: Means) -> Outcome:
    """Take a trial back by what was sealed with it, and say whether it is as it was.

    What cannot be unsealed or taken back is stuck, and says so.
    """
    envelope = await record.desk.write(
        lambda work: work.of(record.tenant).ladders.undo(record.row.id)
    )
    async with record.held():
        try:
            undo = record.open_undo(envelope)
        except (VaultError, ValueError) as why:  # of another key, or an older form
            outcome = Outcome(End.STUCK, f"{SAID}; its undo cannot be read: {why}", None, (), ())
            await record.end(outcome)
            return outcome
        so_far = Outcome(End.REVERTED, SAID, None, undo.before, ())
        return await revert_ladder(
            so_far, undo.plan, replace(means, journal=record), measure=undo.measure
        )
