"""Posts to Discord by a webhook: one message per incident that is edited, and a line per step."""

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field
from typing_extensions import override

from auscult.notification.forms.discord import render_embed, render_line
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import (
    Parcel,
    Reply,
    SecretUrl,
    exchange,
    judge,
    read_answer,
    secrets_in,
)

if TYPE_CHECKING:
    import aiohttp

NOT_FOUND = 404
_ID = re.compile(r"\d{1,25}")


class Discord(Channel):
    """Posts to a webhook, edits the first message as the incident goes on, adds a line per step.

    Discord takes no idempotency key: an attempt that is made again may show a message twice.

    ```yaml
    channels:
      guild: {use: discord, url: "env:DISCORD_URL"}
    ```
    """

    per_minute: PerMinute = 30
    url: SecretUrl
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Post, or edit the first message and then add a line: only the line could come twice."""
        first = message.kept.get("id", "")
        if not first:
            return await self._begin(message, http)
        edit = self._parcel(f"/messages/{first}", render_embed(message), method="PATCH")
        reply = await exchange(edit, http)
        if reply.status == NOT_FOUND:
            begun = await self._begin(message, http)
            return begun.model_copy(update={"remark": "the first message was gone"})
        judge(edit, reply)
        await self._post(render_line(message), http)
        return Delivered()

    async def _begin(self, message: Message, http: "aiohttp.ClientSession") -> Delivered:
        number = str(read_answer(await self._post(render_embed(message), http)).get("id", ""))
        return Delivered(kept={"id": number} if _ID.fullmatch(number) else {})

    async def _post(self, said: dict[str, Any], http: "aiohttp.ClientSession") -> Reply:
        parcel = self._parcel("", said, method="POST")
        return judge(parcel, await exchange(parcel, http))

    def _parcel(self, below: str, said: dict[str, Any], *, method: str) -> Parcel:
        """Return a request to the webhook; `wait=true` asks for the message's id in the answer."""
        secret = self.url.get_secret_value()
        parts = urlsplit(secret)
        query = "&".join(filter(None, (parts.query, "wait=true" if method == "POST" else "")))
        path = f"{parts.path.rstrip('/')}{below}"
        return Parcel(
            kind="discord",
            url=urlunsplit((parts.scheme, parts.netloc, path, query, "")),
            body=json.dumps(said, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            secrets=secrets_in(secret),
            timeout_s=self.timeout_s,
            method=method,
        )
