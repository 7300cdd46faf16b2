"""Label matchers in Alertmanager's syntax: `name="x"`, `!=`, `=~`, `!~`, full-string regexes.

Expressions are RE2's, as Prometheus and Alertmanager take them: whoever may search may write one,
so the time it takes must grow with the label and never with the ways to read it (decision 6).
"""

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Literal

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.words import Labels, Word

_SYNTAX = re.compile(
    r"""\s*(?P<name>[A-Za-z_:][A-Za-z0-9_:.]*)\s*(?P<op>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"{},]*))\s*"""
)
PATTERN_CHARS_MAX = 500
PATTERN_STEPS_MAX = 2_000
"""Instructions of a compiled expression: a match costs at most this many for each byte."""
PATTERN_BYTES_MAX = 1 << 19
"""Memory of one compiled expression; the engine keeps 128 of them."""
VALUES_REMEMBERED = 256
"""Answers kept for each expression: series share most values, and asking RE2 costs 6 µs."""


class Matcher(Word):
    """One condition on one label; a missing label counts as the empty string."""

    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str

    @cached_property
    def _fits(self) -> Callable[[str], bool]:
        return compile_pattern(self.value)

    def matches(self, labels: dict[str, str]) -> bool:
        """Say whether a label set fulfils the condition."""
        seen = labels.get(self.name, "")
        if self.op in {"=", "!="}:
            return (seen == self.value) is (self.op == "=")
        return self._fits(seen) is (self.op == "=~")

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
            compile_pattern(value)
        except MatcherMalformed as why:
            raise MatcherMalformed(f"{text!r}: {why.detail}") from None
    return Matcher(name=found["name"], op=op, value=value)


def read_matchers(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read matchers of settings where they are written, one or a list; raises `ValueError`."""
    given = (given,) if isinstance(given, str) else given
    if not isinstance(given, list | tuple):
        return given
    try:
        return tuple(parse_matcher(one) if isinstance(one, str) else one for one in given)
    except MatcherMalformed as why:
        raise ValueError(str(why)) from None


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return what says whether a whole text fits a regular expression in RE2's syntax.

    Raises `MatcherMalformed` with the character where that is known.
    """
    import re2

    options = re2.Options()
    options.max_mem = PATTERN_BYTES_MAX
    options.never_capture = True
    options.log_errors = False  # they are raised; stderr is for our own lines
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as why:
        raise MatcherMalformed(_explain(pattern, why)) from None
    except UnicodeEncodeError as why:
        raise MatcherMalformed(f"no character (at {why.start + 1})") from None
    if compiled.programsize > PATTERN_STEPS_MAX:
        raise MatcherMalformed("the expression repeats too much; write it shorter")

    @lru_cache(maxsize=VALUES_REMEMBERED)
    def fits(text: str) -> bool:
        return compiled.fullmatch(text.encode(errors="replace")) is not None

    return fits


def _explain(pattern: str, why: Exception) -> str:
    """Return RE2's own words, and the character they are about where it stands there once."""
    told = why.args[0].decode(errors="replace") if why.args else "cannot be read"
    _, colon, fragment = told.partition(": ")
    if colon and fragment and pattern.count(fragment) == 1:
        return f"{told} (at {pattern.index(fragment) + 1})"
    return str(told)


def matches_all(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Say whether a label set fulfils every matcher; true for none."""
    named = dict(labels)
    return all(matcher.matches(named) for matcher in matchers)
