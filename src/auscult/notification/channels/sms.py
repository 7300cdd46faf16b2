"""Sends text messages by any gateway that takes an HTTP POST."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, model_validator
from typing_extensions import override

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.notification.forms.sms import fill_body, render_sms
from auscult.notification.messages import Message, SoFar
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.notification.posting import Parcel, post, secrets_in

if TYPE_CHECKING:
    import aiohttp

MEDIA = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{4,15}$")]


class Sms(Channel):
    """Sends each message as one text of at most 160 characters, to each number apart.

    `body` is what the gateway wants, with `{to}`, `{text}` and, where it takes one, `{key}` (the
    same at every attempt). Without a key, an attempt that is made again may arrive twice.

    ```yaml
    channels:
      phone:
        use: sms
        url: "https://gateway.example/messages"
        headers: {Authorization: "env:SMS_AUTHORIZATION"}
        format: form
        body: {To: "{to}", From: auscult, Body: "{text}"}
        to: ["+491701234567"]
    ```
    """

    per_minute: PerMinute = 30
    url: HttpUrl
    method: Literal["POST", "PUT"] = "POST"
    format: Literal["json", "form"] = "json"
    headers: dict[str, SecretStr] = Field(default={}, max_length=10)
    body: dict[str, Any] = Field(default={"to": "{to}", "text": "{text}"}, max_length=30)
    to: Annotated[
        tuple[Number, ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
    ] = Field(min_length=1, max_length=20)
    timeout_s: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        text = json.dumps(fill_body(self.body, {"to": "\0", "text": "\1", "key": ""}))
        if "\\u0000" not in text or "\\u0001" not in text:
            raise ValueError("body: {to} and {text} must both stand in it")
        if self.format == "form" and not all(isinstance(one, str) for one in self.body.values()):
            raise ValueError("body: a form has texts only")
        return self

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Send to each number; those that were not reached are tried again alone."""
        so_far = message.so_far
        to = [one for one in self.to if one in so_far.left] if so_far.left else list(self.to)
        remarks, later = [so_far.remark] if so_far.remark else [], dict[str, ReceiverUnavailable]()
        reached = so_far.reached or not to
        for number in to:
            try:
                await post(self._parcel(message, number, key), http)
                reached = True
            except ReceiverUnavailable as why:
                later[number] = why
            except ReceiverRefused as why:
                remarks.append(f"never taken for …{number[-4:]}: {why.detail}")
        remark = "; ".join(remarks)[:400]
        if later:
            first = next(iter(later.values()))
            pauses = [one.retry_after_ms for one in later.values() if one.retry_after_ms]
            left = SoFar(left=tuple(later), reached=reached, remark=remark)
            raise ReceiverUnavailable(
                first.detail,
                retry_after_ms=max(pauses, default=None),
                is_busy=all(one.is_busy for one in later.values()),
                so_far=left.model_dump(mode="json"),
                reached_nobody=not reached and all(one.reached_nobody for one in later.values()),
            )
        if not reached:
            raise ReceiverRefused(remark)
        return Delivered(remark=remark)

    def _parcel(self, message: Message, number: str, key: str) -> Parcel:
        values = {"to": number, "text": render_sms(message), "key": key}
        body = fill_body(self.body, values)
        written = urlencode(body) if self.format == "form" else json.dumps(body)
        headers = {name: one.get_secret_value() for name, one in self.headers.items()}
        return Parcel(
            kind="sms",
            url=str(self.url),
            body=written.encode(),
            headers={"Content-Type": MEDIA[self.format], **headers},
            secrets=(*headers.values(), *secrets_in(str(self.url))),
            timeout_s=self.timeout_s,
            method=self.method,
        )
