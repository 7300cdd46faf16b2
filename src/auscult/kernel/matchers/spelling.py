"""How names and values are written in double quotes, as OpenMetrics and as Go do it."""

import re

from auscult.kernel.errors import MatcherMalformed

_GO_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_GO_MEANS = {told[1]: char for char, told in _GO_ESCAPES.items()}
_GO_MEANS |= {"n": "\n", '"': '"', "\\": "\\"}
_GO_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|(?P<o>[0-7]{3})"
    r"|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<c>.))",
    re.DOTALL,
)


def openmetrics_quoted(text: str) -> str:
    """Return a value in double quotes, escaped as OpenMetrics does."""
    if '"' in text or "\\" in text or "\n" in text:
        text = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{text}"'


def go_quoted(text: str) -> str:
    """Return a value as Go's `%q` prints it: like the above, and what cannot be printed escaped."""
    escaped = openmetrics_quoted(text)
    if escaped.isprintable():
        return escaped
    return "".join(
        char if char.isprintable() else _GO_ESCAPES.get(char, _code(char)) for char in escaped
    )


def go_unquoted(inner: str) -> str:
    """Return what stands between double quotes, as Go's `strconv.Unquote` reads it.

    Raises `MatcherMalformed` for an escape that Go does not know, and for what is no UTF-8 then.
    """
    if "\\" not in inner:
        return inner
    told, last = bytearray(), 0
    try:
        for found in _GO_ESCAPE.finditer(inner):
            told += inner[last : found.start()].encode()
            told += _meant(found)
            last = found.end()
        return (told + inner[last:].encode()).decode()
    except (ValueError, KeyError):
        raise MatcherMalformed(f'"{inner}" has an escape that cannot be read') from None


def _meant(escape: "re.Match[str]") -> bytes:
    if escape["c"] is not None:
        return _GO_MEANS[escape["c"]].encode()
    if code := escape["u"] or escape["U"]:
        return chr(int(code, 16)).encode()
    return bytes([int(escape["x"], 16) if escape["x"] else int(escape["o"], 8)])


def _code(char: str) -> str:
    code = ord(char)
    for digits, letter, least in ((2, "x", 0x80), (4, "u", 0x10000), (8, "U", 0x110000)):
        if code < least:
            return f"\\{letter}{code:0{digits}x}"
    return char
