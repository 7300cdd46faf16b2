"""Common Media Client Data: what a player says of itself with a request.

CTA-5004 (v1) and CTA-5004-A (v2): comma-separated `key=value`, a bare key is true, texts stand in
double quotes. It comes in the query argument `CMCD`, or in the headers `CMCD-Request`, `-Object`,
`-Status` and `-Session`. Everything in it is the client's word: only numbers within sense are
taken, and session and content ids (`sid`, `cid`) are neither kept nor made into a label.
"""

import math
import re

CMCD_CHARS_MAX = 4_096
KEYS_MAX = 64

KEYS = ("br", "tb", "bl", "mtp", "ltc", "msd", "bsd", "bs", "su")
"""What is read. br, tb, mtp: kbit/s; bl, ltc, msd, bsd: ms; bs (starved), su (starting up): 1."""

_MOST = {"br": 1e6, "tb": 1e6, "mtp": 1e8, "bl": 1e7, "ltc": 1e8, "msd": 1e7, "bsd": 1e7}
_FLAGS = frozenset({"bs", "su"})
_PAIR = re.compile(r' {0,4}([A-Za-z0-9.-]{1,64})(?:=("(?:[^"\\]|\\.)*"|[^,"]*))?(?:,|$)')
_NUMBER = re.compile(r"\(?\s*(-?\d{1,15}(?:\.\d{1,6})?)(?=[\s;)]|$)")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")


def read_cmcd(text: str) -> dict[str, float]:
    """Return the numbers of `KEYS` that a CMCD text gives; nothing of a text that is none.

    A list, as v2 has it for some keys, counts by its first number. What lies outside of sense is
    left out by itself.
    """
    found: dict[str, float] = {}
    if len(text) > CMCD_CHARS_MAX:
        return found
    at = 0
    for _ in range(KEYS_MAX):
        pair = _PAIR.match(text, at)
        if pair is None or pair.end() == at:
            break
        at = pair.end()
        key, value = pair.group(1), pair.group(2)
        number = _number_of(key, value)
        if not math.isnan(number):
            found.setdefault(key, number)
    return found if at == len(text) else {}


def query_cmcd(query: str) -> str:
    """Return the CMCD text in a query string, unescaped; empty where there is none."""
    for part in query.split("&", KEYS_MAX):
        name, _, value = part.partition("=")
        if name.upper() == "CMCD":
            return unescape(value[: 3 * CMCD_CHARS_MAX])
    return ""


def unescape(text: str) -> str:
    """Return a text without percent encoding (RFC 3986, section 2.1), what is no UTF-8 replaced."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.encode(errors="replace"))
    return plain.decode(errors="replace")


def _number_of(key: str, value: str | None) -> float:
    if key in _FLAGS:
        return 1.0 if value in {None, "?1", "true", "1"} else math.nan
    most = _MOST.get(key)
    found = _NUMBER.match(value or "") if most is not None else None
    if most is None or found is None:
        return math.nan
    number = float(found[1])
    return number if 0.0 <= number <= most else math.nan
