"""A message as Telegram's text: plain, with entities beside it, so that nothing in it is markup.

Telegram Bot API, "MessageEntity": offsets and lengths count UTF-16 code units.
"""

from typing import Any

from auscult.notification.forms.buttons import offers
from auscult.notification.messages import Message
from auscult.notification.messages.plain import cut

TEXT_CHARS_MAX = 2_000  # of at most two units each: 4,096 units is the limit
DATA_CHARS_MAX = 64
"""Bytes that a button holds; one that would be cut would ask for something else."""


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
    row = [
        {"text": one.label, "callback_data": f"{one.action}:{one.about}"}
        for one in offers(message)
        if len(one.action) + 1 + len(one.about) <= DATA_CHARS_MAX
    ]
    return [row] if row else []


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
