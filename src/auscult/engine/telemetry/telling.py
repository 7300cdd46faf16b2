"""Every few seconds: what came in is told as series, and who called whom is learnt from it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from auscult.kernel.samples import SampleBatch
from auscult.kernel.telemetry import SpanColumns
from auscult.kernel.words import TenantId
from auscult.signals.traces import Kept, find_edges

if TYPE_CHECKING:
    from auscult.engine.samples.scoring import Scoring
    from auscult.engine.telemetry.ledgers import Ledger, Ledgers
    from auscult.runtime.clock import Clock

TELL_EVERY_S = 5.0
LATE_MS = 10_000
"""How much later than its child a parent may come in, and still be found."""

CHILDREN_MAX = 20_000
PARENTS_MAX = 100_000
"""Spans of a tenant that one look for calls takes at most: what calls what repeats itself."""


class Telling:
    """Tells the series of all ledgers, for ever."""

    def __init__(self, ledgers: "Ledgers", scoring: "Scoring", *, clock: "Clock") -> None:
        """Take what is told, and where to."""
        self._ledgers = ledgers
        self._scoring = scoring
        self._clock = clock

    async def run(self, is_waiting: Callable[[TenantId], bool]) -> None:
        """Tell every `TELL_EVERY_S` until cancelled; not of a tenant whose past is being filled."""
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            for tenant, ledger in self._ledgers.all():
                if not is_waiting(tenant):
                    await self._scoring.ingest(partial(self.tell, tenant, ledger))

    def tell(self, tenant: TenantId, ledger: "Ledger") -> None:
        """Tell one tenant's series now; on the ingest thread."""
        now_ms = self._clock.now_ms()
        ledger.book.trim(now_ms)
        slot_of = partial(self._scoring.slot, tenant)
        for told in ledger.tell(slot_of, now_ms=now_ms):
            batch = SampleBatch(tenant, told.slots, told.at_ms, told.value)
            self._scoring.take(batch, source="otlp")
        self._link(tenant, ledger, now_ms)

    def _link(self, tenant: TenantId, ledger: "Ledger", now_ms: int) -> None:
        kept = ledger.book.kept
        upto_ms = now_ms - LATE_MS
        children = [one for one in kept if ledger.linked_ms < one.at_ms <= upto_ms]
        parents = [one for one in kept if one.at_ms > ledger.linked_ms - LATE_MS]
        ledger.linked_ms = upto_ms
        edges = find_edges(
            _newest(children, CHILDREN_MAX), _newest(parents, PARENTS_MAX), ledger.names
        )
        for caller, called in edges:
            self._scoring.link(tenant, caller, called)


def _newest(kept: list[Kept], spans_max: int) -> list[SpanColumns]:
    """Return the last requests' spans, about so many of them."""
    chosen: list[SpanColumns] = []
    for one in reversed(kept):
        if spans_max <= 0:
            break
        chosen.append(one.spans)
        spans_max -= len(one.spans)
    return chosen
