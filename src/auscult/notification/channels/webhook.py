"""Posts signed JSON to any address, as Standard Webhooks 1.0 defines it."""

from typing import TYPE_CHECKING, Literal

import msgspec
from pydantic import Field, HttpUrl, SecretStr, field_validator
from typing_extensions import override

from auscult.kernel.deliveries import secret_bytes, signing_headers
from auscult.kernel.errors import SettingError
from auscult.kernel.incidents import Status
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered
from auscult.notification.posting import Parcel, post, secrets_in

if TYPE_CHECKING:
    import aiohttp

OURS = {"so_far", "kept", "alerts", "added", "thread", "is_aside", "link_name"}
"""What of a message only channels need."""

INCIDENT_FIELDS = {"status", "severity", "headline", "tenant", "service", "instance", "opened_ms"}


class Webhook(Channel):
    """Posts `{"type", "timestamp", "data"}` with a Standard Webhooks signature.

    The header `webhook-id` is the effect's key: a receiver that remembers it for a day sees every
    message exactly once. While the secret rotates, `old_secret` signs as well. With
    `form: alertmanager` groups of alerts are posted as Alertmanager's webhook, version 4.

    ```yaml
    channels:
      ops: {use: webhook, url: "https://ops.example/hook", secret: "env:OPS_SECRET"}
    ```
    """

    url: HttpUrl
    secret: SecretStr | None = None
    old_secret: SecretStr | None = None
    form: Literal["standard", "alertmanager"] = "standard"
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @field_validator("secret", "old_secret")
    @classmethod
    def _signs(cls, secret: SecretStr | None) -> SecretStr | None:
        try:
            secret_bytes(secret.get_secret_value() if secret else "")
        except SettingError as why:
            raise ValueError(str(why)) from None
        return secret

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Post the message once."""
        is_plain = self.form == "standard" or message.alerts is None
        body = body_of(message) if is_plain else alertmanager_body(message)
        given = [one.get_secret_value() for one in (self.secret, self.old_secret) if one]
        headers = signing_headers(body, key=key, at_ms=at_ms, secrets=given)
        headers |= {"Content-Type": "application/json", "User-Agent": "auscult"}
        parcel = Parcel(
            kind="webhook",
            url=str(self.url),
            body=body,
            headers=headers,
            secrets=(*given, *secrets_in(str(self.url))),
            timeout_s=self.timeout_s,
        )
        await post(parcel, http)
        return Delivered()


def body_of(message: Message) -> bytes:
    """Return the JSON body; the same message always gives the same bytes."""
    said = message.model_dump(mode="json", exclude=OURS)
    incident = {"id": message.incident} | {name: said[name] for name in sorted(INCIDENT_FIELDS)}
    event = {
        "type": message.type,
        "timestamp": message.timestamp,
        "data": {"incident": incident, "message": said},
    }
    return msgspec.json.encode(event)


def alertmanager_body(message: Message) -> bytes:
    """Return a group of alerts as Alertmanager posts it."""
    assert message.alerts is not None
    status = "resolved" if message.status is Status.RESOLVED else "firing"
    said = message.alerts.as_webhook(status, message.link)
    return msgspec.json.encode(said)
