"""What a tenant says about alerts: tree, receivers, inhibition and times, as one section."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.times import write_span
from auscult.kernel.words import SERVICE_LABELS, Word
from auscult.notification.decide.alerts.groups import Wanted
from auscult.notification.decide.alerts.inhibition import Inhibition
from auscult.notification.decide.alerts.intervals import Intervals
from auscult.notification.decide.alerts.paths import Paths
from auscult.notification.decide.alerts.tree import Branch, Node, SpanMs, grow

INCIDENTS = "*incidents"
"""Stands for no channel: what is told to it becomes part of an incident."""

DEFAULT = "incidents"
"""The receiver where a tenant says nothing."""


class Told(Word):
    """A channel that a receiver tells, and whether also of what resolved."""

    channel: str = Field(min_length=1, max_length=63)
    send_resolved: bool = True


def _read_told(given: Any) -> Any:  # noqa: ANN401  # raw settings
    given = (given,) if isinstance(given, str | dict) else given
    if not isinstance(given, list | tuple):
        return given
    return tuple({"channel": one} if isinstance(one, str) else one for one in given)


class Receiver(Word):
    """A name that routes send to, and the channels behind it.

    With `incidents` its groups become parts of incidents, which reach people by `routes`.
    """

    name: str = Field(min_length=1, max_length=200)
    to: Annotated[tuple[Told, ...], BeforeValidator(_read_told), Field(max_length=50)] = ()
    incidents: bool = False

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What each of its channels wants to know."""
        told = tuple(Wanted(one.channel, one.send_resolved) for one in self.to)
        return (*told, Wanted(INCIDENTS)) if self.incidents else told


class Alerting(Word):
    """How alerts that are sent to auscult reach people; the words are Alertmanager's.

    ```yaml
    alerts:
      route: {receiver: team, group_by: [alertname], routes: [...]}
      receivers: [{name: team, to: [chat, {channel: mail, send_resolved: false}]}]
      inhibit_rules: [...]
      time_intervals: [...]
    ```
    """

    route: Branch = Branch(
        receiver=DEFAULT,
        group_by=("alertname", *SERVICE_LABELS),
        group_wait=0,
        group_interval=10_000,
    )
    receivers: tuple[Receiver, ...] = Field(
        default=(Receiver(name=DEFAULT, incidents=True),), max_length=1_000
    )
    inhibit_rules: tuple[Inhibition, ...] = Field(default=(), max_length=1_000)
    time_intervals: tuple[Intervals, ...] = Field(default=(), max_length=1_000)
    mute_time_intervals: tuple[Intervals, ...] = Field(default=(), max_length=1_000)
    resolve_timeout: SpanMs = 300_000

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        root = self.route
        if not root.receiver:
            raise ValueError("the root route needs a receiver")
        if root.conditions:
            raise ValueError("the root route takes every alert: it has no matchers")
        if root.mute_time_intervals or root.active_time_intervals:
            raise ValueError("the root route has no time intervals")
        _once("receiver", [one.name for one in self.receivers])
        intervals = [one.name for one in (*self.time_intervals, *self.mute_time_intervals)]
        _once("time interval", intervals)
        for node in self.tree.walk():
            if node.receiver not in self.wanted:
                raise ValueError(f"undefined receiver {node.receiver!r} used in a route")
            for name in (*node.mute_in, *node.active_in):
                if name not in intervals:
                    raise ValueError(f"undefined time interval {name!r} used in a route")
        return self

    @cached_property
    def tree(self) -> Node:
        """The routes, each with what it takes over from above."""
        return grow(self.route)

    @cached_property
    def paths(self) -> Paths:
        """Where alerts go by their labels."""
        return Paths(self.tree, self.inhibit_rules)

    @cached_property
    def wanted(self) -> Mapping[str, tuple[Wanted, ...]]:
        """What the channels of each receiver want to know."""
        return {one.name: one.wanted for one in self.receivers}

    def is_now(self, name: str, now_ms: int) -> bool:
        """Say whether a time interval of a name holds."""
        named = (*self.time_intervals, *self.mute_time_intervals)
        return any(one.holds(now_ms) for one in named if one.name == name)

    def as_alertmanager(self) -> dict[str, Any]:
        """Return it in Alertmanager's form, which its tools evaluate; of receivers the names."""
        return {
            "global": {"resolve_timeout": write_span(self.resolve_timeout)},
            "route": _branch(self.route),
            "receivers": [{"name": one.name} for one in self.receivers],
            "inhibit_rules": [
                {
                    "source_matchers": [str(one) for one in rule.sources],
                    "target_matchers": [str(one) for one in rule.targets],
                    "equal": list(rule.equal),
                }
                for rule in self.inhibit_rules
            ],
        }


def _branch(branch: Branch) -> dict[str, Any]:
    spans = {
        "group_wait": branch.group_wait,
        "group_interval": branch.group_interval,
        "repeat_interval": branch.repeat_interval,
    }
    said = {
        "receiver": branch.receiver,
        "matchers": [str(one) for one in branch.conditions],
        "group_by": list(branch.group_by or ()),
        "continue": branch.goes_on,
        **{name: write_span(span) for name, span in spans.items() if span is not None},
        "routes": [_branch(one) for one in branch.routes],
    }
    return {name: value for name, value in said.items() if value}


def _once(what: str, names: list[str]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{what} {min(twice)!r} stands twice")
