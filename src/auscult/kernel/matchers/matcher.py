"""One condition on a label, and whether label sets fulfil it."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Literal

from auscult.kernel.matchers.patterns import compile_pattern
from auscult.kernel.matchers.spelling import go_quoted, openmetrics_quoted
from auscult.kernel.words import Labels, Word

RESERVED = re.compile(r"""[\s{}!=~,\\"'`]""")
"""What a name of UTF-8 cannot have unless it stands in quotes."""


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
        """Return the matcher as Alertmanager writes it, and it and we read it again."""
        if RESERVED.search(self.name):
            return f"{go_quoted(self.name)}{self.op}{go_quoted(self.value)}"
        return f"{self.name}{self.op}{openmetrics_quoted(self.value)}"


def matches_all(matchers: tuple[Matcher, ...], labels: Labels) -> bool:
    """Say whether a label set fulfils every matcher; true for none."""
    named = dict(labels)
    return all(matcher.matches(named) for matcher in matchers)
