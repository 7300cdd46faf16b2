"""Label matchers in Alertmanager's syntax: `name="x"`, `!=`, `=~`, `!~`, full-string regexes."""

from auscult.kernel.matchers.matcher import Matcher, matches_all
from auscult.kernel.matchers.patterns import compile_pattern
from auscult.kernel.matchers.spelling import go_quoted, openmetrics_quoted
from auscult.kernel.matchers.writing import parse_matcher, parse_matchers, read_matchers

__all__ = [
    "Matcher",
    "compile_pattern",
    "go_quoted",
    "matches_all",
    "openmetrics_quoted",
    "parse_matcher",
    "parse_matchers",
    "read_matchers",
]
