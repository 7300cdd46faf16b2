"""Posts to Slack, by an incoming webhook or as a bot."""

import json
import re
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from typing_extensions import override

from auscult.kernel.errors import ObjectMissing, ReceiverRefused, ReceiverUnavailable
from auscult.kernel.facts import Asked
from auscult.notification.forms.slack import render_blocks
from auscult.notification.inbound import Received
from auscult.notification.inbound.slack import read_slack
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, Reply, SecretUrl, post, read_answer, secrets_in

if TYPE_CHECKING:
    import aiohttp

BUSY = frozenset({"ratelimited", "rate_limited"})
NOT_NOW = BUSY | {
    *("internal_error", "fatal_error", "service_unavailable"),
    *("request_timeout", "team_added_to_org"),
}
"""Errors in a 200 answer that are worth another try; every other one is a refusal."""

GONE = frozenset({"message_not_found", "channel_not_found", "thread_not_found"})
"""Refusals of an edit after which a new message is posted; after others the thread goes on."""

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
            taken = await post(self._parcel("", said), http)
            if read_answer(taken).get("ok") is False:  # `url` may be a method that wants a token
                _, error = _read(taken)
                raise ReceiverRefused(f"slack said {error}")
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
    def receive(self, received: Received) -> tuple[Asked, ...]:
        """Return what was pressed; the signature covers the body and the time."""
        if self.signing_secret is None:
            raise ObjectMissing("this channel has no signing_secret")
        return read_slack(received, self.signing_secret.get_secret_value())

    async def _begin(self, said: dict[str, Any], http: "aiohttp.ClientSession") -> Delivered:
        answer = await self._call("chat.postMessage", {"channel": self.channel, **said}, http)
        place, ts = str(answer.get("channel", "")), str(answer.get("ts", ""))
        known = _PLACE.fullmatch(place) and _TS.fullmatch(ts)
        return Delivered(kept={"channel": place, "ts": ts} if known else {})

    async def _call(
        self, method: str, said: dict[str, Any], http: "aiohttp.ClientSession"
    ) -> dict[str, Any]:
        answer, error = _read(await post(self._parcel(method, said), http))
        if error:
            raise ReceiverRefused(f"slack said {error}")
        return answer

    def _parcel(self, method: str, said: dict[str, Any]) -> Parcel:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if self.token is not None:
            secrets: tuple[str, ...] = (self.token.get_secret_value(),)
            headers["Authorization"] = f"Bearer {secrets[0]}"
            url = f"{str(self.api_url).rstrip('/')}/{method}"
        else:
            url = self.url.get_secret_value() if self.url else ""
            secrets = secrets_in(url)
        body = json.dumps(said, ensure_ascii=False).encode()
        return Parcel("slack", url, body, headers, secrets=secrets, timeout_s=self.timeout_s)


def _read(reply: Reply) -> tuple[dict[str, Any], str]:
    """Return a bot's answer, and its refusal: Slack says no with HTTP 200 and `ok: false`.

    Raises `ReceiverUnavailable` for a "not now".
    """
    answer = read_answer(reply)
    if answer.get("ok") is True:
        return answer, ""
    if not answer:
        raise ReceiverUnavailable("slack answered something that is not JSON")
    error = str(answer.get("error", ""))[:80]
    known = error if error.isascii() and error.replace("_", "").isalnum() else "no reason"
    if error in NOT_NOW:
        raise ReceiverUnavailable(
            f"slack said {known}", retry_after_ms=reply.retry_after_ms, is_busy=error in BUSY
        )
    return answer, known
