"""Alerts as a part of the engine: bodies go in, what is known of alerts and silences comes out."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auscult.engine.alerts.events import hurried, incidents_of, take_event
from auscult.engine.alerts.quieting import matchers_of
from auscult.engine.alerts.ringing import AT_ONCE_MAX, Ringer
from auscult.engine.alerts.taking import take_in
from auscult.kernel.alerts import Alert, Silence
from auscult.kernel.errors import ObjectMissing, QueueFull, StateConflict, StoreUnavailable
from auscult.kernel.facts import Acknowledged
from auscult.kernel.times import DAY_MS, HOUR_MS, rfc3339
from auscult.kernel.words import TenantId
from auscult.notification.decide.alerts import Alerting
from auscult.notification.decide.alerts.silences import change, end
from auscult.runtime.ids import new_uuid
from auscult.runtime.logging import logger
from auscult.signals.alerts import Action, Event, Posted, read_posted, read_webhook

if TYPE_CHECKING:
    from auscult.engine.events.path import EventPath
    from auscult.engine.events.settled import Settled
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock
    from auscult.runtime.settings import Settings
    from auscult.store import Work
    from auscult.store.turns import Lease

T = TypeVar("T")
HOUSEKEEPING_S = 300.0
ALERTS_KEPT_MS, SILENCES_KEPT_MS, GROUPS_KEPT_MS = HOUR_MS, 5 * DAY_MS, 5 * DAY_MS
"""For so long is kept what is over: a sender says for some minutes that an alert has resolved; what
was told of a group, and which silences there were, is of use for longer."""

SILENCES_MAX = 1_000
"""As many as are asked of each alert; one more would be told of and yet mute nobody."""

CHUNK = 1_000
"""Alerts in one commit at most, or `AT_ONCE_MAX` where some are told in it: no other tenant waits
longer than that takes."""


log = logger("engine.alerts")


class AlertPath:
    """Takes alerts in, and changes silences."""

    def __init__(
        self, events: "EventPath", plans: "Plans", *, settings: "Settings", clock: "Clock"
    ) -> None:
        """Take the one writer, and the rules in force."""
        self.started_ms = clock.now_ms()
        self._is_on = settings.monitoring_enabled
        self._events = events
        self._ringer = Ringer(plans, clock)
        self._plans = plans
        self._clock = clock

    def alerting(self, tenant: TenantId) -> Alerting:
        """Return how a tenant's alerts reach people."""
        return self._plans.of(tenant).rules.alerting

    async def receive(self, tenant: TenantId, body: bytes) -> Posted:
        """Make the alerts of a body durable; raises `BodyMalformed`, `QueueFull`.

        What is not valid of it is said in the answer, the rest is taken.
        """
        timeout_ms = self.alerting(tenant).resolve_timeout
        now_ms = self._clock.now_ms()
        return await self._take(
            tenant, read_posted(body, now_ms=now_ms, resolve_timeout_ms=timeout_ms)
        )

    async def receive_webhook(self, tenant: TenantId, body: bytes) -> Posted:
        """Do the same with what Alertmanager posts to a webhook."""
        return await self._take(tenant, read_webhook(body, now_ms=self._clock.now_ms()))

    async def receive_event(self, tenant: TenantId, event: Event, *, by: str) -> str:
        """Do what an event of a pager says; return its key, which is made where it has none.

        Raises `QueueFull`, `StoreUnavailable`. What there is nothing of is done already.
        """
        self._refuse_if_off()
        event = event if event.dedup_key else event.model_copy(update={"dedup_key": new_uuid()})
        alerting = self.alerting(tenant)

        def take(work: "Work", lease: "Lease | None") -> "Settled":
            rows, now_ms = work.of(tenant), self._clock.now_ms()
            groups = take_event(rows, event, alerting.paths, now_ms=now_ms)
            return self._ringer.ring_at_once(work, tenant, groups, lease=lease)

        def look(work: "Work", lease: "Lease | None") -> "Settled":
            rows, now_ms = work.of(tenant), self._clock.now_ms()
            ids = hurried(rows, event, alerting, now_ms=now_ms)
            return self._ringer.ring(work, tenant, ids, lease=lease)

        def held(work: "Work") -> tuple[str, ...]:
            return incidents_of(work.of(tenant), event, alerting, now_ms=self._clock.now_ms())

        if event.event_action is not Action.ACKNOWLEDGE:
            await self._events.tell(tenant, take)
            return event.dedup_key
        await self._events.tell(tenant, look)
        for incident in await self._events.write(held):
            try:
                await self._events.submit(Acknowledged(tenant=tenant, incident=incident, by=by))
            except (StateConflict, ObjectMissing) as why:
                log.info("an acknowledgement came too late", incident=incident, why=str(why))
        return event.dedup_key

    async def keep_house(self) -> None:
        """Forget what is long over, from time to time, until cancelled."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            for plan in self._plans.all():
                try:
                    while await self._events.write(partial(self._forget, tenant=plan.tenant)):
                        pass
                except (StoreUnavailable, QueueFull) as why:
                    log.warning("alerts are not tidied up", why=str(why))

    def _forget(self, work: "Work", tenant: TenantId) -> bool:
        """Forget some; return whether there may be more."""
        rows, now_ms = work.of(tenant), self._clock.now_ms()
        rows.silences.forget(now_ms - SILENCES_KEPT_MS)
        rows.groups.forget(now_ms - GROUPS_KEPT_MS)
        return rows.alerts.forget(now_ms - ALERTS_KEPT_MS, limit=CHUNK) == CHUNK

    async def _take(self, tenant: TenantId, posted: Posted) -> Posted:
        self._refuse_if_off()
        paths = self.alerting(tenant).paths
        nodes = (node for one in posted.alerts for _, node in paths.of(one).ways)
        size = CHUNK if all(node.wait_ms for node in nodes) else AT_ONCE_MAX
        for at in range(0, len(posted.alerts), size):
            some = posted.alerts[at : at + size]

            def take(
                work: "Work", lease: "Lease | None", some: tuple[Alert, ...] = some
            ) -> "Settled":
                groups = take_in(work.of(tenant), some, paths, now_ms=self._clock.now_ms())
                return self._ringer.ring_at_once(work, tenant, groups, lease=lease)

            await self._events.tell(tenant, take)
        return posted

    def _refuse_if_off(self) -> None:
        if not self._is_on:
            raise QueueFull("monitoring is switched off (MONITORING_ENABLED)", retry_after_s=60)

    async def silence(
        self, tenant: TenantId, silence: Silence, *, by: str, incident: str = ""
    ) -> str:
        """Make a silence, or change the one whose id it carries; returns its id.

        Where it is made to mute an incident, the incident's timeline says so. Raises
        `ObjectMissing` where the tenant has no silence of that id, `StateConflict` where it has
        too many.
        """
        now_ms = self._clock.now_ms()

        def write(work: "Work") -> str:
            rows = work.of(tenant)
            before = rows.silences.get(silence.id) if silence.id else None
            if silence.id and before is None:
                raise ObjectMissing("no such silence")
            if before is None and len(rows.silences.ending_after(now_ms)) >= SILENCES_MAX:
                raise StateConflict(f"there are {SILENCES_MAX} silences; end some first")
            made, ended = change(before, silence, new_id=new_uuid(), now_ms=now_ms)
            if ended is not None:
                rows.silences.put(ended)
            rows.silences.put(made)
            matchers = ", ".join(map(str, made.matchers))
            rows.audit.append(
                at_ms=now_ms,
                actor=by,
                action="silence.set",
                about=made.id,
                detail={"sentence": f"Silenced by {by}: {matchers}; {made.comment}"},
            )
            if incident:
                until = f"until {rfc3339(made.ends_ms)[:16].replace('T', ' ')} UTC"
                rows.audit.append(
                    at_ms=now_ms,
                    actor=by,
                    action="incident.silenced",
                    about=incident,
                    detail={"sentence": f"Muted by {by} {until}: {matchers}; {made.comment}"},
                )
            return made.id

        return await self._events.write(write)

    async def silence_group(self, tenant: TenantId, group: str, *, by: str, for_ms: int) -> Silence:
        """Silence what the alerts of a group have in common; return the silence.

        `group` is the beginning of its id. Raises what `matchers_of` and `silence` raise.
        """
        now_ms = self._clock.now_ms()
        found = partial(matchers_of, group=group, now_ms=now_ms)
        silence = Silence(
            id="",
            matchers=await self._events.write(lambda work: found(work.of(tenant))),
            starts_ms=now_ms,
            ends_ms=now_ms + for_ms,
            updated_ms=now_ms,
            created_by=by,
            comment="by a button on a message",
        )
        return silence.model_copy(update={"id": await self.silence(tenant, silence, by=by)})

    async def expire(self, tenant: TenantId, silence_id: str, *, by: str) -> None:
        """End a silence now; raises `ObjectMissing`."""
        now_ms = self._clock.now_ms()

        def write(work: "Work") -> None:
            rows = work.of(tenant)
            before = rows.silences.get(silence_id)
            if before is None:
                raise ObjectMissing("no such silence")
            if before.ends_ms <= now_ms:
                return
            rows.silences.put(end(before, now_ms))
            rows.audit.append(
                at_ms=now_ms,
                actor=by,
                action="silence.ended",
                about=silence_id,
                detail={"sentence": f"Silence ended by {by}."},
            )

        await self._events.write(write)
