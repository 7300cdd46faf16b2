"""Posts cards to Microsoft Teams by a Workflows webhook."""

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field
from typing_extensions import override

from auscult.notification.forms.cards import render_card
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, SecretUrl, post, secrets_in

if TYPE_CHECKING:
    import aiohttp


class Teams(Channel):
    """Posts each message as an Adaptive Card to a Workflows webhook; its address is the secret.

    The answer 202 means that the flow took it, not that it was shown, and names no message: every
    step is a new card, and an attempt that is made again may show one twice.

    ```yaml
    channels:
      room: {use: teams, url: "env:TEAMS_URL"}
    ```
    """

    per_minute: PerMinute = 60
    url: SecretUrl
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Post one card."""
        url = self.url.get_secret_value()
        parcel = Parcel(
            kind="teams",
            url=url,
            body=json.dumps(envelope(message), ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            secrets=secrets_in(url),
            timeout_s=self.timeout_s,
        )
        await post(parcel, http)
        return Delivered()


def envelope(message: Message) -> dict[str, Any]:
    """Return what a Workflows webhook takes ("When a Teams webhook request is received")."""
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": render_card(message),
    }
    return {"type": "message", "summary": message.title, "attachments": [attachment]}
