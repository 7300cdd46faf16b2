"""Groups whose time has come, rung in a transaction; what of them belongs to incidents with it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.claims import in_order
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
    from auscult.store.turns import Lease

log = logger("engine.alerts")

AT_ONCE_MAX = 64
"""Groups told in the commit that takes their alerts in, at most: it must stay short."""


@dataclass(frozen=True, slots=True)
class Ringer:
    """Rings groups of one tenant at a time, by the rules in force then."""

    plans: "Plans"
    clock: "Clock"

    def ring_at_once(
        self,
        work: "Work",
        tenant: TenantId,
        groups: Sequence[Group],
        *,
        lease: "Lease | None" = None,
    ) -> Settled:
        """Ring those of some groups that wait for nobody; the rest has a turn in the queue.

        What keeps them from being told must not keep alerts from being taken in: they have a turn
        too.
        """
        now_ms = self.clock.now_ms()
        due = {one.id for one in groups if 0 <= one.next_ms <= now_ms}
        if not due or len(due) > AT_ONCE_MAX:
            return Settled(tenant, groups=len(due))
        try:
            with work.savepoint():
                return self.ring(work, tenant, due, lease=lease)
        except StoreUnavailable:
            raise  # nothing was taken in either: the desk does all of it again, or says so
        except Exception as why:  # a defect in one group must refuse no alert
            log.error("groups of alerts cannot be told at once", tenant=tenant, exc_info=why)
            return Settled(tenant)

    def ring(
        self,
        work: "Work",
        tenant: TenantId,
        ids: Collection[str],
        *,
        lease: "Lease | None" = None,
    ) -> Settled:
        """Ring groups of one tenant; raises what deciding on a finding raises.

        What they say first is claimed at once as far as a lease goes.
        """
        now_ms = self.clock.now_ms()
        rows, rules = work.of(tenant), self.plans.of(tenant).rules
        rung = ring_groups(rows, ids, rules, now_ms=now_ms, lease=lease)
        most = lease.most if lease else 0
        leased = in_order(rows.effects, rung.effects[:most], now_ms) if most else []
        effects, timers = len(rung.effects[most:]), 0
        for finding in rung.findings:
            settled = settle(work, Found(finding=finding), self.plans, clock=self.clock)
            effects += settled.effects
            timers += settled.timers
        return Settled(tenant, effects=effects, leased=tuple(leased), timers=timers)
