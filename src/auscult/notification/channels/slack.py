"""Posts to Slack, by an incoming webhook or as a bot (Mattermost takes the webhook form too)."""

import json
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, HttpUrl, SecretStr, model_validator
from typing_extensions import override

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import Status
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered
from auscult.notification.posting import Parcel, Reply, post, secrets_in

if TYPE_CHECKING:
    import aiohttp

SECTION_CHARS_MAX = 3_000
FALLBACK_CHARS_MAX = 4_000
NOT_NOW = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)
"""Errors in a 200 answer that are worth another try; every other one is a refusal."""


class Slack(Channel):
    """Posts each message, either to an incoming webhook (`url`) or as a bot (`token`, `channel`).

    Slack takes no idempotency key: an attempt that is made again after a crash, or after an
    answer was lost, may show a message twice.

    ```yaml
    channels:
      chat: {use: slack, url: "env:SLACK_URL"}
      rota: {use: slack, token: "env:SLACK_TOKEN", channel: "C0123456789"}
    ```
    """

    url: SecretStr | None = None
    token: SecretStr | None = None
    channel: str = Field(default="", max_length=100)
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
        """Post once."""
        said = render_blocks(message)
        if self.token is None:
            await post(self._parcel(said), http)
        else:
            _check(await post(self._parcel({"channel": self.channel, **said}), http))
        return Delivered()

    def _parcel(self, said: dict[str, Any]) -> Parcel:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if self.token is not None:
            secrets: tuple[str, ...] = (self.token.get_secret_value(),)
            headers["Authorization"] = f"Bearer {secrets[0]}"
            url = f"{str(self.api_url).rstrip('/')}/chat.postMessage"
        else:
            url = self.url.get_secret_value() if self.url else ""
            secrets = secrets_in(url)
        body = json.dumps(said, ensure_ascii=False).encode()
        return Parcel("slack", url, body, headers, secrets=secrets, timeout_s=self.timeout_s)


def _check(reply: Reply) -> None:
    """Raise what a bot's answer means; Slack says no with HTTP 200 and `ok: false`."""
    try:
        answer = json.loads(reply.body)
    except ValueError:
        raise ReceiverUnavailable("slack answered something that is not JSON") from None
    if isinstance(answer, dict) and answer.get("ok") is True:
        return
    error = str(answer.get("error", "") if isinstance(answer, dict) else "")
    known = error if error.isascii() and error.replace("_", "").isalnum() else "no reason"
    if error in NOT_NOW:
        raise ReceiverUnavailable(f"slack said {known}", retry_after_ms=reply.retry_after_ms)
    raise ReceiverRefused(f"slack said {known[:80]}")


def render_blocks(message: Message) -> dict[str, Any]:
    """Return the text for notifications and the blocks for the eye, within Slack's limits."""
    title = escape(message.title, SECTION_CHARS_MAX - 2)
    head = title if "*" in title else f"*{title}*"
    blocks = [_section(head), _section(escape(message.text, SECTION_CHARS_MAX))]
    if message.link:
        blocks.append(_section(f"<{escape(message.link, 2_900)}|Open the incident>"))
    word = "resolved" if message.status is Status.RESOLVED else str(message.severity)
    fallback = escape(f"{word}: {message.title}", FALLBACK_CHARS_MAX)
    return {"text": fallback, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def escape(text: str, chars: int) -> str:
    """Return text in which `&`, `<` and `>` mean themselves, cut between characters to fit."""
    escaped, left = [], chars
    for char in text:
        written = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(char, char)
        left -= len(written)
        if left < 0:
            break
        escaped.append(written)
    return "".join(escaped)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text or " "}}
