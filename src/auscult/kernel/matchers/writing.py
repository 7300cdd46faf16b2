"""Matchers as they are written, read as Alertmanager reads them.

There are two grammars. The classic one (`pkg/labels/parse.go`) is tolerant: quotes may be missing,
and a backslash that escapes nothing is a backslash. The one of UTF-8 (`matcher/parse`, since 0.27)
takes names in quotes and knows Go's escapes. Where a text can be read by the classic grammar its
meaning holds, so that nothing changes for files that were written before; this is what Alertmanager
does without a feature flag.
"""

import re
from itertools import chain
from typing import Any, Literal, cast

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.matchers.matcher import RESERVED, Matcher
from auscult.kernel.matchers.patterns import compile_pattern
from auscult.kernel.matchers.spelling import go_unquoted

Op = Literal["=", "!=", "=~", "!~"]
VALUE_CHARS_MAX = 65_536
"""As many as the labels of an alert may have."""

_SPACE = r"[\t\n\f\r ]*"
_CLASSIC = re.compile(
    rf"{_SPACE}(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*){_SPACE}(?P<op>=~|=|!=|!~){_SPACE}"
    rf"(?P<value>(?s:.*?)){_SPACE}"
)
_BARE = RESERVED.pattern.replace("[", "[^", 1) + "+"
_QUOTED = r'"(?:[^"\\\n]|\\[^\n])*"'
_UTF8 = re.compile(
    rf"\s*(?P<name>{_QUOTED}|{_BARE})\s*(?P<op>=~|!~|!=|=)\s*(?P<value>{_QUOTED}|{_BARE})\s*"
)


def parse_matcher(text: str) -> Matcher:
    """Read one matcher; raises `MatcherMalformed` with what is wrong."""
    try:
        return _classic(text)
    except MatcherMalformed:
        one = None if text.startswith("{") or text.endswith("}") else _utf8(text)
        if one is None or len(one) != 1:
            raise
        return one[0]


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read several, with commas between them and perhaps in braces; raises as `parse_matcher`."""
    try:
        return tuple(_classic(one) for one in _split(text))
    except MatcherMalformed:
        several = _utf8(text)
        if several is None:
            raise
        return several


def read_matchers(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read matchers of settings where they are written, one or a list; raises `ValueError`."""
    given = (given,) if isinstance(given, str) else given
    if not isinstance(given, list | tuple):
        return given
    try:
        return tuple(chain.from_iterable(map(_read, given)))
    except MatcherMalformed as why:
        raise ValueError(str(why)) from None


def _read(given: object) -> tuple[object, ...]:
    return parse_matchers(given) if isinstance(given, str) else (given,)


def _split(text: str) -> list[str]:
    """Return the parts between the commas that stand outside of quotes."""
    inside = escaped = False
    parts = [""]
    for char in text.removeprefix("{").removesuffix("}"):
        if char == "," and not inside:
            parts.append("")
            continue
        if char == '"':
            inside = inside if escaped else not inside
        if char != ",":  # which, in quotes, ends no escape there either
            escaped = char == "\\" and not escaped
        parts[-1] += char
    last = parts.pop().strip()
    return [*parts, last] if last else parts


def _classic(text: str) -> Matcher:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        raise MatcherMalformed(f'{_short(text)} is not of the form name="value" (=, !=, =~, !~)')
    return _made(text, name=found["name"], op=found["op"], value=_unescaped(text, found["value"]))


def _unescaped(text: str, raw: str) -> str:
    r"""Return a value without its quotes; of the escapes only `\n`, `\"` and `\\` are some."""
    inner, quoted = raw.removeprefix('"'), raw.startswith('"')
    told, at = list[str](), 0
    while at < len(inner):
        char, last = inner[at], at == len(inner) - 1
        if char == '"':
            if not (quoted and last):
                raise MatcherMalformed(f"{_short(text)}: a double quote inside must be escaped")
            return "".join(told)
        if char == "\\" and not last:
            at += 1
            char = {"n": "\n", '"': '"', "\\": "\\"}.get(inner[at], char + inner[at])
        told.append(char)
        at += 1
    if quoted:
        raise MatcherMalformed(f"{_short(text)}: the closing double quote is missing")
    return "".join(told)


def _utf8(text: str) -> tuple[Matcher, ...] | None:
    """Read matchers by the grammar of UTF-8; None where that cannot be."""
    body = text.strip()
    if body.startswith("{") is not body.endswith("}") or body == "{":
        return None
    body, at, several = body.removeprefix("{").removesuffix("}"), 0, list[Matcher]()
    while body[at:].strip():
        found = _UTF8.match(body, at)
        if found is None or (found.end() < len(body) and body[found.end()] != ","):
            return None
        try:
            name, value = (_plain(found[part]) for part in ("name", "value"))
            several.append(_made(text, name=name, op=found["op"], value=value))
        except MatcherMalformed:
            return None  # what the classic grammar says of it holds
        if not name:
            return None
        at = found.end() + 1
    return tuple(several)


def _plain(token: str) -> str:
    return go_unquoted(token[1:-1]) if token.startswith('"') else token


def _made(text: str, *, name: str, op: str, value: str) -> Matcher:
    """Return the matcher; raises `MatcherMalformed` where its expression cannot be read."""
    if len(value) > VALUE_CHARS_MAX:
        raise MatcherMalformed(f"{name}: more than {VALUE_CHARS_MAX} characters")
    if op in {"=~", "!~"}:
        try:
            compile_pattern(value)
        except MatcherMalformed as why:
            raise MatcherMalformed(f"{_short(text)}: {why.detail}") from None
    return Matcher(name=name, op=cast("Op", op), value=value)


def _short(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:199]}…")  # noqa: PLR2004  # one line
