"""A message in 160 characters that every phone has, and a gateway's body filled with it.

3GPP TS 23.038: one character outside of the basic alphabet halves the length of the whole message.
"""

import unicodedata
from typing import Any

from auscult.kernel.incidents import Status
from auscult.notification.messages import Message

TEXT_CHARS_MAX = 160
PLACES = ("{to}", "{text}", "{key}")
DEPTH_MAX = 5
_PLAIN = {"–": "-", "—": "-", "…": "...", "’": "'", "“": '"', "”": '"', "×": "x", "−": "-"}
_NOT_BASIC = frozenset("`[]{}\\^~|")  # of ASCII: missing, or two characters long


def render_sms(message: Message) -> str:
    """Return the title with its severity, and the link where it fits."""
    word = "over" if message.status is Status.RESOLVED else str(message.severity)
    text = basic(f"{word}: {message.title}")[:TEXT_CHARS_MAX]
    with_link = f"{text} {message.link}"
    fits = message.link and basic(with_link) == with_link and len(with_link) <= TEXT_CHARS_MAX
    return with_link if fits else text


def basic(text: str) -> str:
    """Return a text in ASCII of the basic alphabet; `?` stands for what has no likeness in it."""
    spelt = "".join(_PLAIN.get(char, char) for char in text)
    plain = unicodedata.normalize("NFKD", spelt)
    kept = (char for char in plain if not unicodedata.combining(char))
    return "".join(char if _is_basic(char) else "?" for char in kept)


def fill_body(template: Any, values: dict[str, str], depth: int = 0) -> Any:  # noqa: ANN401  # raw settings
    """Return a body in which the places hold their values; raises `ValueError` where too deep.

    A value is put in once and never read as a template itself.
    """
    if depth > DEPTH_MAX:
        raise ValueError(f"more than {DEPTH_MAX} levels")
    if isinstance(template, str):
        return _fill(template, values)
    if isinstance(template, dict):
        return {name: fill_body(one, values, depth + 1) for name, one in template.items()}
    if isinstance(template, list | tuple):
        return [fill_body(one, values, depth + 1) for one in template]
    return template


def _fill(text: str, values: dict[str, str]) -> str:
    pieces = [text]
    for place in PLACES:
        pieces = [
            part
            for piece in pieces
            for part in (_split(piece, place) if piece not in PLACES else [piece])
        ]
    return "".join(values[piece[1:-1]] if piece in PLACES else piece for piece in pieces)


def _split(text: str, place: str) -> list[str]:
    first, *rest = text.split(place)
    return [first, *(part for one in rest for part in (place, one))]


def _is_basic(char: str) -> bool:
    return char == "\n" or (" " <= char <= "~" and char not in _NOT_BASIC)
