"""What every channel is, and the shelf they stand on."""

from typing import TYPE_CHECKING, Any

from auscult.kernel.plugs import Plug, Shelf
from auscult.notification.messages import Message

if TYPE_CHECKING:
    import aiohttp


class Channel(Plug):
    """A way to reach people or machines.

    Attempts are at least once: `send` may be called again with the same `key` after a crash, and
    hands the key on wherever the receiver takes one.
    """

    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> str:
        """Attempt a message once; return what people should know of how it went, mostly nothing.

        `at_ms` is the time of the attempt. Raises `ReceiverUnavailable` where another attempt
        is worth it (with a `SoFar` for it where some of several recipients were reached),
        `ReceiverRefused` where none is. No secret stands in an error or an answer.
        """
        raise NotImplementedError

    async def deliver(
        self, payload: dict[str, Any], *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> str:
        """Send the message an effect carries as its payload."""
        message = Message.model_validate(payload)
        return await self.send(message, key=key, at_ms=at_ms, http=http)


CHANNELS: Shelf[Channel] = Shelf("auscult.notification.channels", Channel)
