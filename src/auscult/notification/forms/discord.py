"""A message as Discord's embed, within its limits; markup in it means nothing.

Discord, "Embed limits": 6,000 characters in all.
"""

from typing import Any

from auscult.kernel.incidents import Status
from auscult.kernel.words import Severity
from auscult.notification.messages import Message

COLOUR = {Severity.CRITICAL: 0xC0392B, Severity.WARNING: 0xD68910, Severity.INFO: 0x2471A3}
OVER = 0x1E8449
TITLE_CHARS_MAX = 256
STORY_CHARS_MAX = 3_000
NAME_CHARS_MAX, VALUE_CHARS_MAX, FIELDS_MAX = 60, 200, 8
MARKUP = frozenset("\\*_~`|>[]()#-<@")
NOBODY: dict[str, Any] = {"parse": []}
"""Nothing in a text calls anybody, whatever label it came from."""


def render_embed(message: Message) -> dict[str, Any]:
    """Return a webhook's message with one embed."""
    over = message.status is Status.RESOLVED
    embed: dict[str, Any] = {
        "title": escape(message.title, TITLE_CHARS_MAX),
        "description": escape(message.text, STORY_CHARS_MAX),
        "color": OVER if over else COLOUR[message.severity],
        "timestamp": message.timestamp,
        "fields": [
            {
                "name": escape(name, NAME_CHARS_MAX),
                "value": escape(value, VALUE_CHARS_MAX),
                "inline": True,
            }
            for name, value in message.fields[:FIELDS_MAX]
        ],
    }
    if message.link:
        embed["url"] = message.link
    return {"embeds": [embed], "allowed_mentions": NOBODY}


def render_line(message: Message) -> dict[str, Any]:
    """Return one line about a later step."""
    return {"content": escape(message.title, TITLE_CHARS_MAX), "allowed_mentions": NOBODY}


def escape(text: str, chars: int) -> str:
    """Return text whose markup is only text, cut between characters to fit."""
    escaped, left = [], chars
    for char in text:
        written = f"\\{char}" if char in MARKUP else char
        left -= len(written)
        if left < 0:
            break
        escaped.append(written)
    return "".join(escaped)
