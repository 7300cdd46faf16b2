"""Posts signed JSON to any address, as Standard Webhooks 1.0 defines it."""

from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Literal, Self

import msgspec
from pydantic import AfterValidator, Field, HttpUrl, SecretStr, field_validator, model_validator
from typing_extensions import override

from auscult.kernel.deliveries import secret_bytes, signing_headers
from auscult.kernel.errors import SettingError
from auscult.kernel.incidents import Status
from auscult.kernel.words import Word
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered
from auscult.notification.posting import Parcel, post, secrets_in

if TYPE_CHECKING:
    import aiohttp

OURS = {"so_far", "kept", "alerts", "added", "thread", "is_aside", "link_name"}
"""What of a message only channels need."""

INCIDENT_FIELDS = {"status", "severity", "headline", "tenant", "service", "instance", "opened_ms"}


OWN_HEADERS = frozenset({"content-type", "content-length", "host", "transfer-encoding"})
OWN_HEADERS |= {"webhook-id", "webhook-timestamp", "webhook-signature"}
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


def _read_header(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("a header is one line of ASCII")
    return value


HeaderValue = Annotated[SecretStr, AfterValidator(_read_header)]


class Basic(Word):
    """A name and a password, as RFC 7617 sends them."""

    username: str = Field(min_length=1, max_length=200, pattern=r"^[^:\x00-\x1f]+$")
    password: SecretStr


class Webhook(Channel):
    """Posts `{"type", "timestamp", "data"}` with a Standard Webhooks signature.

    The header `webhook-id` is the effect's key: a receiver that remembers it for a day sees every
    message exactly once. While the secret rotates, `old_secret` signs as well. With
    `form: alertmanager` groups of alerts are posted as Alertmanager's webhook, version 4. A
    receiver that wants to know who asks is given `bearer`, or `basic`, or other `headers`.

    ```yaml
    channels:
      ops: {use: webhook, url: "https://ops.example/hook", secret: "env:OPS_SECRET"}
      bot: {use: webhook, url: "https://bot.example/alerts", form: alertmanager,
            basic: {username: auscult, password: "env:BOT_PASSWORD"}}
    ```
    """

    url: HttpUrl
    secret: SecretStr | None = None
    old_secret: SecretStr | None = None
    form: Literal["standard", "alertmanager"] = "standard"
    bearer: SecretStr | None = Field(default=None, min_length=1)
    basic: Basic | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default={}, max_length=20)
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _one_authorization(self) -> Self:
        names = {name.lower() for name in self.headers}
        if ours := sorted(names & OWN_HEADERS):
            raise ValueError(f"headers: {ours[0]} is set by auscult itself")
        given = [self.bearer is not None, self.basic is not None, "authorization" in names]
        if given.count(True) > 1:
            raise ValueError("give one of bearer, basic and the header Authorization")
        return self

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
        who = self._who_asks()
        headers |= {"User-Agent": "auscult", "Content-Type": "application/json"} | who
        parcel = Parcel(
            kind="webhook",
            url=str(self.url),
            body=body,
            headers=headers,
            secrets=(*given, *who.values(), *self._passwords(), *secrets_in(str(self.url))),
            timeout_s=self.timeout_s,
        )
        await post(parcel, http)
        return Delivered()

    def _who_asks(self) -> dict[str, str]:
        """Return the headers by which the receiver knows auscult."""
        headers = {name: one.get_secret_value() for name, one in self.headers.items()}
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer.get_secret_value()}"
        if self.basic is not None:
            pair = f"{self.basic.username}:{self.basic.password.get_secret_value()}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return headers

    def _passwords(self) -> tuple[str, ...]:
        given = (self.bearer, self.basic.password if self.basic else None)
        return tuple(one.get_secret_value() for one in given if one is not None)


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
    return msgspec.json.encode(message.alerts.as_webhook(status))
