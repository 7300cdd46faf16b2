"""What is said: an incident turned into the text and fields of a message."""

from auscult.notification.messages.alerts import render_group, severity_of
from auscult.notification.messages.message import TITLE_CHARS_MAX, Digested, Message, SoFar
from auscult.notification.messages.plain import BANNED, is_plain, plain
from auscult.notification.messages.rendering import add_lines, render, title

__all__ = [
    "BANNED",
    "TITLE_CHARS_MAX",
    "Digested",
    "Message",
    "SoFar",
    "add_lines",
    "is_plain",
    "plain",
    "render",
    "render_group",
    "severity_of",
    "title",
]
