"""Alerts and silences in memory."""

from auscult.kernel.alerts import Silence
from auscult.kernel.words import TenantId
from auscult.notification.decide.alerts import Alerting
from auscult.signals.alerts import Event, Posted, read_posted, read_webhook


class FakeAlerts:
    """What the surface asks of alerts; silences are only named."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = self.started_ms = now_ms
        self.posted: list[tuple[TenantId, Posted]] = []
        self.events: list[tuple[TenantId, Event, str]] = []
        self.silenced: list[Silence] = []
        self.expired: list[str] = []

    def alerting(self, tenant: TenantId) -> Alerting:
        return Alerting()

    async def receive(self, tenant: TenantId, body: bytes) -> Posted:
        posted = read_posted(body, now_ms=self.now_ms, resolve_timeout_ms=300_000)
        self.posted.append((tenant, posted))
        return posted

    async def receive_webhook(self, tenant: TenantId, body: bytes) -> Posted:
        self.posted.append((tenant, read_webhook(body, now_ms=self.now_ms)))
        return self.posted[-1][1]

    async def receive_event(self, tenant: TenantId, event: Event, *, by: str) -> str:
        self.events.append((tenant, event, by))
        return event.dedup_key or f"made-{len(self.events)}"

    async def silence(
        self, tenant: TenantId, silence: Silence, *, by: str, incident: str = ""
    ) -> str:
        self.silenced.append(silence)
        return silence.id or f"{tenant}-{len(self.silenced)}"

    async def expire(self, tenant: TenantId, silence_id: str, *, by: str) -> None:
        self.expired.append(silence_id)
