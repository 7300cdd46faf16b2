"""Label matchers in Alertmanager's syntax: `name="x"`, `!=`, `=~`, `!~`, full-string regexes."""

import re
from functools import cached_property
from typing import Literal

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.words import Labels, Word

_SYNTAX = re.compile(
    r"""\s*(?P<name>[A-Za-z_:][A-Za-z0-9_:.]*)\s*(?P<op>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"{},]*))\s*"""
)
PATTERN_CHARS_MAX = 500


class Matcher(Word):
    """One condition on one label; a missing label counts as the empty string."""

    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.value)

    def matches(self, labels: dict[str, str]) -> bool:
        """Say whether a label set fulfils the condition."""
        seen = labels.get(self.name, "")
        if self.op in {"=", "!="}:
            return (seen == self.value) is (self.op == "=")
        return (self._pattern.fullmatch(seen) is not None) is (self.op == "=~")

    def __str__(self) -> str:
        """Return the matcher as it would be written."""
        return f'{self.name}{self.op}"{self.value}"'


def parse_matcher(text: str) -> Matcher:
    """Read one matcher; raises `MatcherMalformed` with what is wrong."""
    found = _SYNTAX.fullmatch(text)
    if found is None:
        raise MatcherMalformed(f'{text!r} is not of the form name="value" (=, !=, =~, !~)')
    raw = found["quoted"] if found["quoted"] is not None else found["plain"]
    value = re.sub(r"\\(.)", r"\1", raw) if found["op"] in {"=", "!="} else raw.replace('\\"', '"')
    if len(value) > PATTERN_CHARS_MAX:
        raise MatcherMalformed(f"{found['name']}: more than {PATTERN_CHARS_MAX} characters")
    op: Literal["=", "!=", "=~", "!~"] = found["op"]  # type: ignore[assignment]  # by _SYNTAX
    if op in {"=~", "!~"}:
        try:
            re.compile(value)
        except re.error as why:
            raise MatcherMalformed(f"{text!r}: {why}") from None
    return Matcher(name=found["name"], op=op, value=value)


def matches_all(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Say whether a label set fulfils every matcher; true for none."""
    named = dict(labels)
    return all(matcher.matches(named) for matcher in matchers)
