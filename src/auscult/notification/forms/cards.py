"""A message as an Adaptive Card 1.2, as Teams shows it.

Every text is a `TextRun`, in which markup means nothing (Adaptive Cards, "RichTextBlock").
"""

from typing import Any

from auscult.kernel.incidents import Status
from auscult.kernel.words import Severity
from auscult.notification.messages import Message

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
COLOUR = {Severity.CRITICAL: "attention", Severity.WARNING: "warning", Severity.INFO: "accent"}
OVER = "good"


def render_card(message: Message) -> dict[str, Any]:
    """Return the card: title, story, what it is about, and a link to the incident."""
    over = message.status is Status.RESOLVED
    title = {
        "type": "TextRun",
        "text": message.title,
        "weight": "bolder",
        "size": "large",
        "color": OVER if over else COLOUR[message.severity],
    }
    lines = [[{"type": "TextRun", "text": line}] for line in message.text.split("\n") if line]
    about = [
        [
            {"type": "TextRun", "text": f"{name}: ", "isSubtle": True},
            {"type": "TextRun", "text": value},
        ]
        for name, value in message.fields
    ]
    card: dict[str, Any] = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.2",
        "msteams": {"width": "full"},
        "fallbackText": message.title,
        "body": [
            {"type": "RichTextBlock", "inlines": inlines} for inlines in ([title], *lines, *about)
        ],
    }
    if message.link:
        open_it = {"type": "Action.OpenUrl", "title": message.link_name, "url": message.link}
        card["actions"] = [open_it]
    return card
