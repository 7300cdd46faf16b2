"""Groups whose time has come, rung in a transaction; what of them belongs to incidents with it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.kernel.alerts import Group
from auscult.kernel.errors import StoreUnavailable
from auscult.kernel.facts import Found
from auscult.kernel.words import TenantId
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.store import Work

log = logger("engine.alerts")

AT_ONCE_MAX = 64
"""Groups told in the commit that takes their alerts in, at most: it must stay short."""


def ring_at_once(
    work: "Work", tenant: TenantId, groups: Sequence[Group], *, plans: "Plans", clock: "Clock"
) -> Settled:
    """Ring those of some groups that wait for nobody; the rest has a turn in the queue.

    What keeps them from being told must not keep alerts from being taken in: they have a turn too.
    """
    now_ms = clock.now_ms()
    due = {one.id for one in groups if 0 <= one.next_ms <= now_ms}
    if not due or len(due) > AT_ONCE_MAX:
        return Settled(tenant, groups=len(due))
    try:
        with work.savepoint():
            return ring(work, tenant, due, plans=plans, clock=clock)
    except StoreUnavailable:
        raise  # nothing was taken in either: the desk does all of it again, or says so
    except Exception as why:  # a defect in one group must refuse no alert
        log.error("groups of alerts cannot be told at once", tenant=tenant, exc_info=why)
        return Settled(tenant)


def ring(
    work: "Work", tenant: TenantId, ids: Collection[str], *, plans: "Plans", clock: "Clock"
) -> Settled:
    """Ring groups of one tenant; raises what deciding on a finding raises."""
    rules = plans.of(tenant).rules
    rung = ring_groups(work.of(tenant), ids, rules, now_ms=clock.now_ms())
    effects, timers = len(rung.effects), 0
    for finding in rung.findings:
        settled = settle(work, Found(finding=finding), plans, clock=clock)
        effects += settled.effects
        timers += settled.timers
    return Settled(tenant, effects=effects, timers=timers)
