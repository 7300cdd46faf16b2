"""Plain words: what may stand in a title that wakes a person, and how long it may be."""

import re
import unicodedata
from functools import lru_cache

BANNED = (
    "service degradation",
    "anomaly detected",
    "an issue occurred",
    "anomalous",
    "!",
)
"""What says nothing to an engineer at 3 a.m.; emoji are refused as well (see `is_plain`)."""

REMEMBERED_CHARS = 128

_WEB = re.compile(
    r"https?://(?:[^\s/?#@\\]*@)?(?:\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\]+)(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def is_plain(text: str) -> bool:
    """Say whether a text has no banned word, no emoji and no control character."""
    lowered = text.casefold()
    return not any(word in lowered for word in BANNED) and text == _printable(text)


def plain(text: str) -> str:
    """Return a text on one line, without control characters, emoji and exclamation marks."""
    return _plain_again(text) if len(text) <= REMEMBERED_CHARS else _plain(text)


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.replace("!", ".").strip()
    return _SPACES.sub(" ", _printable(text).replace("!", ".")).strip()


_plain_again = lru_cache(maxsize=8_192)(_plain)
"""Labels say the same words again and again, and each message says its own twice."""


def web_link(text: str) -> str:
    """Return a link that may be shown to be followed: absolute, to the web; else nothing.

    Others would run as code where they are shown, or be refused with the message that has them.
    """
    return text if text.isprintable() and _WEB.fullmatch(text) else ""


def cut(text: str, chars: int) -> str:
    """Return a text of at most so many characters, ended by `…` where it was cut."""
    return text if len(text) <= chars else text[: chars - 1].rstrip() + "…"


def cut_middle(text: str, ending: str, chars: int) -> str:
    """Return text and ending within so many characters; the ending is kept whole."""
    return cut(text, chars - len(ending)) + ending


def _printable(text: str) -> str:
    return "".join(
        " " if char in "\n\r\t" else char
        for char in text
        if char in "\n\r\t" or not _is_noise(char)
    )


def _is_noise(char: str) -> bool:
    category = unicodedata.category(char)
    pictograph = category == "So" and ord(char) >= 0x2600  # noqa: PLR2004  # where emoji begin
    return category in _UNSEEN or pictograph
