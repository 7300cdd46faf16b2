"""Posts to Telegram as a bot: one message per incident that is edited, and replies to it."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr
from typing_extensions import override

from auscult.kernel.errors import ObjectMissing, ReceiverRefused
from auscult.notification.forms.telegram import render_text
from auscult.notification.inbound import Received, Wished
from auscult.notification.inbound.telegram import query_of, read_telegram
from auscult.notification.messages import Message
from auscult.notification.messages.plain import cut
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, exchange, judge, read_answer

if TYPE_CHECKING:
    import aiohttp

ANSWER_CHARS_MAX = 200
SAME = "message is not modified"
GONE = "message to edit not found"
FIXED = "message can't be edited"


def _as_text(chat: object) -> object:
    return str(chat) if isinstance(chat, int) and not isinstance(chat, bool) else chat


class Telegram(Channel):
    """Posts to a chat as a bot, edits the first message as the incident goes on, replies to it.

    With `secret_token` messages have buttons: give the same token to the bot's `setWebhook`, with
    the address `/api/v1/channels/TENANT/CHANNEL`. Telegram takes no idempotency key: an attempt
    that is made again may show a message twice.

    ```yaml
    channels:
      phones: {use: telegram, token: "env:TELEGRAM_TOKEN", chat_id: -1001234567890}
    ```
    """

    per_minute: PerMinute = 20
    token: SecretStr = Field(min_length=1)
    chat_id: Annotated[str, BeforeValidator(_as_text)] = Field(pattern=r"^(-?\d{1,20}|@\w{1,64})$")
    thread_id: int | None = None
    secret_token: SecretStr | None = Field(default=None, min_length=16, max_length=256)
    api_url: HttpUrl = HttpUrl("https://api.telegram.org")
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Post, or edit the first message and then reply: only the reply could come twice."""
        said = render_text(message, buttons=self.secret_token is not None)
        first = message.kept.get("message_id", "")
        if not first:
            return await self._begin(said, http)
        edited = {"message_id": int(first), **said}
        trouble = await self._call("editMessageText", edited, http, may_be=(SAME, GONE, FIXED))
        if trouble == GONE:
            begun = await self._begin(said, http)
            return begun.model_copy(update={"remark": "the first message was gone"})
        reply = render_text(message.model_copy(update={"link": ""}))
        to = {"message_id": int(first), "allow_sending_without_reply": True}
        await self._call("sendMessage", {**reply, "reply_parameters": to}, http)
        remark = "the first message could not be edited" if trouble == FIXED else ""
        return Delivered(remark=remark)

    @override
    def receive(self, received: Received) -> tuple[Wished, ...]:
        """Return what was pressed in this chat."""
        if self.secret_token is None:
            raise ObjectMissing("this channel has no secret_token")
        return read_telegram(received, self.secret_token.get_secret_value(), chat=self.chat_id)

    @override
    async def answer(self, received: Received, text: str, *, http: "aiohttp.ClientSession") -> None:
        """Say it over the chat to whoever pressed; without a word the button only stops waiting."""
        if query := query_of(received):
            said = {"callback_query_id": query, "text": cut(text, ANSWER_CHARS_MAX)}
            await self._call("answerCallbackQuery", said | {"show_alert": bool(text)}, http)

    async def _begin(self, said: dict[str, Any], http: "aiohttp.ClientSession") -> Delivered:
        answer: dict[str, Any] = {}
        await self._call("sendMessage", said, http, answer=answer)
        result = answer.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return Delivered(kept={"message_id": str(number)} if isinstance(number, int) else {})

    async def _call(
        self,
        method: str,
        said: dict[str, Any],
        http: "aiohttp.ClientSession",
        *,
        may_be: tuple[str, ...] = (),
        answer: dict[str, Any] | None = None,
    ) -> str:
        """Call a method; return which of the refusals `may_be` it met, empty for none."""
        secret = self.token.get_secret_value()
        place: dict[str, Any] = {"chat_id": self.chat_id}
        if self.thread_id is not None and method == "sendMessage":
            place["message_thread_id"] = self.thread_id
        parcel = Parcel(
            kind="telegram",
            url=f"{str(self.api_url).rstrip('/')}/bot{secret}/{method}",
            body=json.dumps(place | said, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            secrets=(secret,),
            timeout_s=self.timeout_s,
        )
        reply = await exchange(parcel, http)
        told = read_answer(reply)
        for known in may_be:
            if reply.status == 400 and known in str(told.get("description", "")):  # noqa: PLR2004  # "Bad Request"
                return known
        judge(parcel, reply)
        if told.get("ok") is not True:
            raise ReceiverRefused("telegram answered 200 without ok")
        if answer is not None:
            answer |= told
        return ""
