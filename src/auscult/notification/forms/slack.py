"""A message as Slack's blocks, within its limits; `&`, `<` and `>` mean themselves in it.

Slack, "Formatting text for app surfaces" and "Reference: blocks".
"""

from typing import Any

from auscult.kernel.incidents import Status
from auscult.notification.messages import Message

SECTION_CHARS_MAX = 3_000
FALLBACK_CHARS_MAX = 4_000
ACKNOWLEDGE, SILENCE, ESCALATE = "acknowledge", "silence", "escalate"
BUTTONS = {ACKNOWLEDGE: "Acknowledge", SILENCE: "Silence 1 h", ESCALATE: "Escalate"}


def render_blocks(message: Message, *, buttons: bool = False) -> dict[str, Any]:
    """Return the text for notifications and the blocks for the eye."""
    title = escape(message.title, SECTION_CHARS_MAX - 2)
    head = title if "*" in title else f"*{title}*"
    blocks = [_section(head), _section(escape(message.text, SECTION_CHARS_MAX))]
    if message.link:
        link = escape(message.link.replace("|", "%7C"), 2_900)
        blocks.append(_section(f"<{link}|{escape(message.link_name, 100)}>"))
    if buttons and not message.digest and message.status is not Status.RESOLVED:
        blocks.append(_buttons(message))
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


def _buttons(message: Message) -> dict[str, Any]:
    """Return what can be asked for now: who has an incident need not take it again."""
    offered = {
        name: label
        for name, label in BUTTONS.items()
        if name != ACKNOWLEDGE or message.status is Status.OPEN
    }
    elements = [
        {
            "type": "button",
            "action_id": name,
            "text": {"type": "plain_text", "text": label},
            "value": message.incident,
        }
        for name, label in offered.items()
    ]
    return {"type": "actions", "block_id": "auscult", "elements": elements}
