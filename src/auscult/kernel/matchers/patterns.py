"""Regular expressions of matchers, compiled so that none of them can hold the process up.

They are RE2's, as Prometheus and Alertmanager take them: whoever may search may write one, so the
time it takes must grow with the label and never with the ways to read it (decision 6).
"""

from collections.abc import Callable
from functools import lru_cache

from auscult.kernel.errors import MatcherMalformed

PATTERN_CHARS_MAX = 5_000
"""A hundred hosts written out as `a|b|c` are usual."""
PATTERN_STEPS_MAX = 2_000
STEPS_PER_CHAR_MAX = 2
"""Instructions of a compiled expression: at most the one and, for each character that was written
out, the other more. A match costs at most so many for each byte."""
PATTERN_BYTES_MAX = 1 << 19
"""Memory of one compiled expression; the engine keeps 128 of them."""
VALUES_REMEMBERED = 256
"""Answers kept for each expression: series share most values, and asking RE2 costs 6 µs."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return what says whether a whole text fits a regular expression in RE2's syntax.

    Raises `MatcherMalformed` with the character where that is known.
    """
    import re2

    if len(pattern) > PATTERN_CHARS_MAX:
        raise MatcherMalformed(f"more than {PATTERN_CHARS_MAX} characters")
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
    if compiled.programsize > PATTERN_STEPS_MAX + STEPS_PER_CHAR_MAX * len(pattern):
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
