"""Posts to Slack, by an incoming webhook or as a bot."""

import json
import re
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from typing_extensions import override

from auscult.kernel.deliveries import SLACK_BUSY, SLACK_NOT_NOW
from auscult.kernel.errors import ObjectMissing, ReceiverRefused, ReceiverUnavailable
from auscult.notification.forms.slack import render_answer, render_blocks
from auscult.notification.inbound import Received, Wished
from auscult.notification.inbound.slack import answer_url, read_slack
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, Reply, SecretUrl, post, read_answer, secrets_in

if TYPE_CHECKING:
    import aiohttp

GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found"})
"""Refusals of an edit after which a new message is posted; after others the thread goes on."""

MEDIA = {"Content-Type": "application/json; charset=utf-8"}
_TS = re.compile(r"\d{1,15}\.\d{1,9}")
_PLACE = re.compile(r"[A-Z0-9]{1,40}")


class Slack(Channel):
    """Posts to an incoming webhook (`url`), or as a bot (`token`, `channel`).

    A bot edits an incident's first message as the incident goes on, and replies in its thread; the
    channel shows a reply as well where somebody is wanted. A webhook posts every step anew. With
    `signing_secret` messages have buttons; Slack sends what is pressed to
    `/api/v1/channels/TENANT/CHANNEL`.

    Slack takes no idempotency key: an attempt that is made again may show a message twice.

    ```yaml
    channels:
      chat: {use: slack, url: "env:SLACK_URL"}
      rota: {use: slack, token: "env:SLACK_TOKEN", channel: "C0123456789",
             signing_secret: "env:SLACK_SIGNING_SECRET"}
    ```
    """

    per_minute: PerMinute = 50
    url: SecretUrl | None = None
    token: SecretStr | None = None
    channel: str = Field(default="", max_length=100)
    signing_secret: SecretStr | None = None
    api_url: HttpUrl = HttpUrl("https://slack.com/api")
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) is (self.token is None):
            raise ValueError("give either url (incoming webhook) or token (bot)")
        if (self.token is not None) is not bool(self.channel):
            raise ValueError("token and channel belong together")
        return self

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Post, or edit the first message and then reply: only the reply could come twice."""
        said = render_blocks(message, buttons=self.signing_secret is not None)
        if self.token is None:
            await self._call("", said, http)
            return Delivered()
        place, ts = message.kept.get("channel", ""), message.kept.get("ts", "")
        if not (place and ts):
            return await self._begin(said, http)
        edit = self._parcel("chat.update", {"channel": place, "ts": ts, **said})
        _, error = _read(await post(edit, http))
        remark = f"the first message could not be edited ({error})" if error else ""
        if error in GONE:
            begun = await self._begin(said, http)
            return begun.model_copy(update={"remark": remark})
        reply = render_blocks(message.model_copy(update={"link": ""}))
        loud = {"reply_broadcast": True} if message.must_be_seen else {}
        thread = {"channel": place, "thread_ts": ts, **reply, **loud}
        await self._call("chat.postMessage", thread, http)
        return Delivered(remark=remark)

    @override
    def receive(self, received: Received) -> tuple[Wished, ...]:
        """Return what was pressed; the signature covers the body and the time."""
        if self.signing_secret is None:
            raise ObjectMissing("this channel has no signing_secret")
        return read_slack(received, self.signing_secret.get_secret_value())

    @override
    async def answer(self, received: Received, text: str, *, http: "aiohttp.ClientSession") -> None:
        """Say it to whoever pressed, and to nobody else in the channel."""
        if text and (url := answer_url(received)):
            body = json.dumps(render_answer(text)).encode()
            await post(Parcel("slack", url, body, MEDIA, secrets=secrets_in(url)), http)

    async def _begin(self, said: dict[str, Any], http: "aiohttp.ClientSession") -> Delivered:
        told = await self._call("chat.postMessage", {"channel": self.channel, **said}, http)
        place, ts = str(told.get("channel", "")), str(told.get("ts", ""))
        known = _PLACE.fullmatch(place) and _TS.fullmatch(ts)
        return Delivered(kept={"channel": place, "ts": ts} if known else {})

    async def _call(
        self, method: str, said: dict[str, Any], http: "aiohttp.ClientSession"
    ) -> dict[str, Any]:
        reply = await post(self._parcel(method, said), http)
        answer, error = _read(reply, is_hook=self.token is None)
        if error:
            raise ReceiverRefused(f"slack said {error}")
        return answer

    def _parcel(self, method: str, said: dict[str, Any]) -> Parcel:
        headers = dict(MEDIA)
        if self.token is not None:
            secrets: tuple[str, ...] = (self.token.get_secret_value(),)
            headers["Authorization"] = f"Bearer {secrets[0]}"
            url = f"{str(self.api_url).rstrip('/')}/{method}"
        else:
            url = self.url.get_secret_value() if self.url else ""
            secrets = secrets_in(url)
        body = json.dumps(said, ensure_ascii=False).encode()
        return Parcel("slack", url, body, headers, secrets=secrets, timeout_s=self.timeout_s)


def _read(reply: Reply, *, is_hook: bool = False) -> tuple[dict[str, Any], str]:
    """Return an answer, and its refusal: Slack says no with HTTP 200 and `ok: false`.

    A webhook may say yes in other words. Raises `ReceiverUnavailable` for a "not now".
    """
    answer = read_answer(reply)
    if answer.get("ok", is_hook) is True:
        return answer, ""
    if not answer:
        raise ReceiverUnavailable("slack answered something that is not JSON")
    error = str(answer.get("error", ""))[:80]
    known = error if error.isascii() and error.replace("_", "").isalnum() else "no reason"
    if error in SLACK_NOT_NOW:
        after_ms = reply.retry_after_ms
        raise ReceiverUnavailable(
            f"slack said {known}", retry_after_ms=after_ms, is_busy=error in SLACK_BUSY
        )
    return answer, known
