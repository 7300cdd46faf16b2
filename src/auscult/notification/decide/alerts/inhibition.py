"""Inhibition: while one alert fires, nobody is told of others that follow from it.

Source of the semantics: `inhibit/inhibit.go` of Alertmanager 0.25. What inhibits is looked up by
the labels that must be equal, so that the answer takes as long with 100,000 alerts as with ten.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from hashlib import sha256
from typing import Self

from pydantic import Field, model_validator

from auscult.kernel.alerts import Alert
from auscult.kernel.matchers import Matcher, matches_all
from auscult.kernel.words import Labels, Word
from auscult.notification.decide.alerts.tree import Matchers


class Inhibition(Word):
    """Alerts fit `target_matchers` are not told while one fires that fits `source_matchers`.

    Both must have the same values of the labels in `equal` (a missing label is an empty one). What
    fits both sides is not inhibited by what fits both sides.
    """

    source_matchers: Matchers = ()
    target_matchers: Matchers = ()
    source_match: dict[str, str] = Field(default_factory=dict)
    source_match_re: dict[str, str] = Field(default_factory=dict)
    target_match: dict[str, str] = Field(default_factory=dict)
    target_match_re: dict[str, str] = Field(default_factory=dict)
    equal: tuple[str, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _has_sides(self) -> Self:
        if not self.sources or not self.targets:
            raise ValueError("an inhibition needs matchers for its source and for its target")
        return self

    @cached_property
    def sources(self) -> tuple[Matcher, ...]:
        """All matchers of the side that inhibits."""
        return (*_old(self.source_match, self.source_match_re), *self.source_matchers)

    @cached_property
    def targets(self) -> tuple[Matcher, ...]:
        """All matchers of the side that is inhibited."""
        return (*_old(self.target_match, self.target_match_re), *self.target_matchers)

    @cached_property
    def _name(self) -> str:
        sides = (sorted(map(str, self.sources)), sorted(map(str, self.targets)))
        return repr((*sides, sorted(self.equal)))

    def place(self, labels: Labels) -> str:
        """Return under which key a source with these labels lies, and is looked for by targets.

        The same for the same rule and the same values of the labels in `equal`.
        """
        named = dict(labels)
        values = [named.get(name, "") for name in sorted(self.equal)]
        return sha256(repr((self._name, values)).encode()).hexdigest()[:32]

    def is_source(self, labels: Labels) -> bool:
        """Say whether an alert with these labels may inhibit by this rule."""
        return matches_all(self.sources, labels)

    def is_target(self, labels: Labels) -> bool:
        """Say whether an alert with these labels may be inhibited by this rule."""
        return matches_all(self.targets, labels)


Lookup = Callable[[str], Iterable[Alert]]
"""The alerts that lie under a key as sources."""


def source_places(rules: Iterable[Inhibition], labels: Labels) -> list[str]:
    """Return the keys under which an alert lies as a source."""
    return [rule.place(labels) for rule in rules if rule.is_source(labels)]


def target_places(rules: Iterable[Inhibition], labels: Labels) -> list[str]:
    """Return the keys under which what inhibits an alert would lie."""
    return [rule.place(labels) for rule in rules if rule.is_target(labels)]


def inhibited_by(
    rules: Iterable[Inhibition], labels: Labels, lying: Lookup, *, now_ms: int
) -> str | None:
    """Return the fingerprint of an alert that inhibits one with these labels, if any does."""
    for rule in rules:
        if not rule.is_target(labels):
            continue
        is_source = rule.is_source(labels)
        for source in lying(rule.place(labels)):
            if source.is_resolved(now_ms) or (is_source and rule.is_target(source.labels)):
                continue
            return source.fingerprint
    return None


def _old(equal: dict[str, str], fits: dict[str, str]) -> list[Matcher]:
    return [
        *(Matcher(name=name, op="=", value=value) for name, value in equal.items()),
        *(Matcher(name=name, op="=~", value=value) for name, value in fits.items()),
    ]
