"""What every channel is, and the shelf they stand on."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.facts import Asked
from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.words import Word
from auscult.notification.inbound import Received
from auscult.notification.messages import Message

if TYPE_CHECKING:
    import aiohttp


PerMinute = Annotated[int, Field(ge=1, le=60_000)]


class Delivered(Word):
    """A message that was sent: what people should know of it, mostly nothing, and what was learnt.

    `kept` comes back as `message.kept` with every later message of the same thread to this
    channel: a name the receiver gave the first one, under which it is edited or replied to.
    """

    remark: str = Field(default="", max_length=500)
    kept: dict[str, str] = Field(default={}, max_length=10)


class Channel(Plug):
    """A way to reach people or machines.

    Attempts are at least once: `send` may be called again with the same `key` after a crash, and
    hands the key on wherever the receiver takes one. A receiver is asked at most `per_minute` times
    a minute; after three failures in a row its pages go to the channel named in `fallback`.
    """

    takes_notes: ClassVar[bool] = True
    """Whether it can say something that is no incident, as a handover is."""

    per_minute: PerMinute = 600
    fallback: str = Field(default="", max_length=63)

    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Attempt a message once; return what people should know of it, and what is to be kept.

        `message.kept` is what earlier messages of the same thread left here. `at_ms`
        is the time of the attempt. Raises `ReceiverUnavailable` where another attempt is worth it
        (with a `SoFar` for it where some of several recipients were reached),
        `ReceiverRefused` where none is. No secret stands in an error or an answer.
        """
        raise NotImplementedError  # every plug of the shelf has its own; a contract test calls each

    async def deliver(
        self, payload: dict[str, Any], *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Send the message an effect carries as its payload."""
        message = Message.model_validate(payload)
        return await self.send(message, key=key, at_ms=at_ms, http=http)

    def hosts(self) -> dict[str, str]:
        """Return the hosts that this channel asks, by the setting that names each."""
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
            if name.endswith("url") and "://" in text:
                found[name] = _host_of(text)
            elif name == "host":
                found[name] = text
        return found

    def receive(self, received: Received) -> tuple[Asked, ...]:
        """Return what people ask for in a request that came back from the receiver.

        The signature is checked before anything is read. Raises `CredentialMissing` (forged),
        `CredentialStale` (replayed), `BodyMalformed`, and `ObjectMissing` where nothing comes back
        from this channel.
        """
        del received
        raise ObjectMissing("nothing comes back from this channel")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


CHANNELS: Shelf[Channel] = Shelf("auscult.notification.channels", Channel)
