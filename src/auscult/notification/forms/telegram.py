"""A message as Telegram's text: plain, with entities beside it, so that nothing in it is markup.

Telegram Bot API, "MessageEntity": offsets and lengths count UTF-16 code units.
"""

from typing import Any

from auscult.kernel.incidents import Status
from auscult.notification.messages import Message
from auscult.notification.messages.plain import cut

TEXT_CHARS_MAX = 2_000  # of at most two units each: 4,096 units is the limit
NAMES = {"acknowledge": "Acknowledge", "silence": "Silence 1 h", "escalate": "Escalate"}


def render_text(message: Message, *, buttons: bool = False) -> dict[str, Any]:
    """Return text, entities and buttons."""
    text = cut(f"{message.title}\n{message.text}", TEXT_CHARS_MAX - len(message.link))
    said: dict[str, Any] = {
        "text": f"{text}\n{message.link}".rstrip(),
        "entities": [{"type": "bold", "offset": 0, "length": _units(message.title)}],
        "link_preview_options": {"is_disabled": True},
    }
    if buttons:
        said["reply_markup"] = {"inline_keyboard": _keyboard(message)}
    return said


def _keyboard(message: Message) -> list[list[dict[str, str]]]:
    """Return what can be asked for now; an empty keyboard takes the buttons away."""
    if message.digest or message.status is Status.RESOLVED:
        return []
    return [
        [
            {"text": label, "callback_data": f"{name}:{message.incident}"[:64]}
            for name, label in NAMES.items()
            if name != "acknowledge" or message.status is Status.OPEN
        ]
    ]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
