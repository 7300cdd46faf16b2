"""Prints each message as one line, for `make run` and for reading along."""

import sys
from typing import TYPE_CHECKING, Literal, TextIO

from pydantic import PrivateAttr
from typing_extensions import override

from auscult.kernel.errors import ReceiverRefused
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.times import clock_utc
from auscult.kernel.words import Severity
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute

if TYPE_CHECKING:
    import aiohttp

GLYPHS = {Severity.CRITICAL: "◆", Severity.WARNING: "▲", Severity.INFO: "●"}
OVER = "✓"


class Console(Channel):
    """Prints one line per message to standard output or standard error.

    ```yaml
    channels:
      console: {use: console, stream: stdout}
    ```
    """

    per_minute: PerMinute = 6_000
    stream: Literal["stdout", "stderr"] = "stdout"
    _into: TextIO | None = PrivateAttr(default=None)

    def writing_to(self, stream: TextIO) -> "Console":
        """Return the same console writing into another stream."""
        console = self.model_copy()
        console._into = stream  # noqa: SLF001  # its own kind, not yet seen by anyone
        return console

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Print the message; raises `ReceiverRefused` where the stream is closed or gone."""
        stream = self._into or (sys.stdout if self.stream == "stdout" else sys.stderr)
        try:
            stream.write(line_of(message, stream.encoding or "utf-8") + "\n")
            stream.flush()
        except (OSError, ValueError) as why:
            raise ReceiverRefused(f"{self.stream} is closed ({type(why).__name__})") from None
        return Delivered()


def line_of(message: Message, encoding: str) -> str:
    """Return the message on one line, in the characters that the encoding has."""
    over = message.kind is ChangeKind.RESOLVED
    glyph = OVER if over else GLYPHS[message.severity]
    word = "resolved" if over else str(message.severity)
    mark = f"{glyph} {word}" if _has(glyph, encoding) else word
    parts = [f"{clock_utc(message.at_ms)} UTC", mark, message.title, message.link]
    line = "  ".join(part for part in parts if part)
    return line.encode(encoding, "replace").decode(encoding)


def _has(glyph: str, encoding: str) -> bool:
    try:
        glyph.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
