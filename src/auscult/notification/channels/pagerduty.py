"""Opens, acknowledges and resolves PagerDuty incidents by the Events API v2."""

import json
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, HttpUrl, SecretStr
from typing_extensions import override

from auscult.kernel.errors import ObjectMissing, ReceiverRefused
from auscult.kernel.facts import Asked
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.words import Severity
from auscult.notification.inbound import Received
from auscult.notification.inbound.pagerduty import read_pagerduty
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, post

if TYPE_CHECKING:
    import aiohttp

ACCEPTED = 202
SUMMARY_CHARS_MAX = 1_024
SEVERITY = {Severity.CRITICAL: "critical", Severity.WARNING: "warning", Severity.INFO: "info"}
ACTION = {ChangeKind.ACKNOWLEDGED: "acknowledge", ChangeKind.RESOLVED: "resolve"}
"""What a step means there; every other one triggers, which an open incident only takes note of."""


class Pagerduty(Channel):
    """Keeps one PagerDuty incident per incident of ours: `dedup_key` is the incident's id.

    For a group of alerts it is the key that Alertmanager gives it, so give each tenant a service
    (a `routing_key`) of its own.

    An attempt made twice is one page: PagerDuty appends an event with a known key to the incident
    that is open under it.

    With `webhook_secret`, what people do there comes back: subscribe
    `/api/v1/channels/TENANT/CHANNEL` to `incident.acknowledged`, `.unacknowledged`, `.resolved`.

    ```yaml
    channels:
      pager: {use: pagerduty, routing_key: "env:PAGERDUTY_KEY"}
    ```
    """

    takes_notes: ClassVar[bool] = False  # every event that is no end of an incident begins one

    per_minute: PerMinute = 120
    routing_key: SecretStr
    webhook_secret: SecretStr | None = None
    url: HttpUrl = HttpUrl("https://events.pagerduty.com/v2/enqueue")
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Enqueue one event; the answer 202 means taken, not yet paged."""
        secret = self.routing_key.get_secret_value()
        parcel = Parcel(
            kind="pagerduty",
            url=str(self.url),
            body=json.dumps(event_of(message, secret), ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            secrets=(secret,),
            timeout_s=self.timeout_s,
        )
        reply = await post(parcel, http)
        if reply.status != ACCEPTED:
            raise ReceiverRefused(f"pagerduty answered {reply.status}; Events v2 answers 202")
        return Delivered()

    @override
    def receive(self, received: Received) -> tuple[Asked, ...]:
        """Return what a person did to an incident of ours."""
        if self.webhook_secret is None:
            raise ObjectMissing("this channel has no webhook_secret")
        return read_pagerduty(received, self.webhook_secret.get_secret_value())


def event_of(message: Message, routing_key: str) -> dict[str, Any]:
    """Return the event a message stands for."""
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": ACTION.get(message.kind, "trigger"),
        "dedup_key": message.dedup_key,
    }
    if event["event_action"] != "trigger":
        return event
    event["payload"] = {
        "summary": message.title[:SUMMARY_CHARS_MAX],
        "source": message.instance or message.service,
        "severity": SEVERITY[message.severity],
        "timestamp": message.timestamp,
        "component": message.service,
        "group": str(message.tenant),
        "custom_details": dict(message.fields) | {"story": message.text},
    }
    event["client"] = "auscult"
    if message.link:
        event["client_url"] = message.link
        event["links"] = [{"href": message.link, "text": message.link_name}]
    return event
