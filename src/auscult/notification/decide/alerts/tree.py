"""The routing tree: which receivers an alert goes to, and what it is grouped by on its way there.

Source of the semantics: `dispatch/route.go` of Alertmanager 0.25.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.matchers import Matcher, go_quoted, read_matchers
from auscult.kernel.times import read_span_ms
from auscult.kernel.words import Labels, Word

EVERY_LABEL = "..."
DEPTH_MAX = 20
GROUP_WAIT_MS, GROUP_INTERVAL_MS, REPEAT_INTERVAL_MS = 30_000, 300_000, 14_400_000


def read_span(given: Any) -> Any:  # noqa: ANN401  # raw settings
    """Read a span where one is written; raises `ValueError`."""
    return read_span_ms(given) if isinstance(given, str) else given


SpanMs = Annotated[int, BeforeValidator(read_span), Field(ge=0)]
Matchers = Annotated[tuple[Matcher, ...], BeforeValidator(read_matchers), Field(max_length=100)]


class Branch(Word):
    """A route as it is written; what it leaves out is as above it.

    `match` and `match_re` are the old spelling of `matchers`. With `continue` the routes beside it
    are tried too.
    """

    receiver: str = ""
    matchers: Matchers = ()
    match: dict[str, str] = Field(default_factory=dict)
    match_re: dict[str, str] = Field(default_factory=dict)
    group_by: tuple[str, ...] | None = None
    group_wait: SpanMs | None = None
    group_interval: SpanMs | None = None
    repeat_interval: SpanMs | None = None
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    goes_on: bool = False
    routes: "tuple[Branch, ...]" = ()

    @model_validator(mode="before")
    @classmethod
    def _read_continue(cls, given: Any) -> Any:  # noqa: ANN401  # raw settings
        """Read the key `continue`, which no Python name may be."""
        if isinstance(given, dict) and "continue" in given:
            return {("goes_on" if name == "continue" else name): it for name, it in given.items()}
        return given

    @model_validator(mode="after")
    def _times(self) -> Self:
        for name in ("group_interval", "repeat_interval"):
            if getattr(self, name) == 0:
                raise ValueError(f"{name} cannot be zero")
        if self.group_by and len(set(self.group_by)) != len(self.group_by):
            raise ValueError("group_by names a label twice")
        if self.group_by and EVERY_LABEL in self.group_by and len(self.group_by) > 1:
            raise ValueError(f"group_by: {EVERY_LABEL!r} stands alone")
        return self

    @cached_property
    def conditions(self) -> tuple[Matcher, ...]:
        """All its matchers, in Alertmanager's order."""
        old = [Matcher(name=name, op="=", value=value) for name, value in self.match.items()]
        old += [Matcher(name=name, op="=~", value=value) for name, value in self.match_re.items()]
        ops = ("=", "!=", "=~", "!~")
        return tuple(
            sorted((*old, *self.matchers), key=lambda one: (one.name, one.value, ops.index(one.op)))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A route with all that it took over.

    `key` are its matchers and those above it, as Alertmanager writes them: with a group's labels
    they are the group's key at the receivers, the same before and after a move.
    """

    key: str
    receiver: str
    matchers: tuple[Matcher, ...]
    goes_on: bool
    group_by: frozenset[str]
    wait_ms: int
    interval_ms: int
    repeat_ms: int
    mute_in: tuple[str, ...]
    active_in: tuple[str, ...]
    children: "tuple[Node, ...]" = ()

    def match(self, labels: Labels) -> "list[Node]":
        """Return the routes an alert takes from here, depth first; none where it does not fit."""
        return self._match(dict(labels))

    def _match(self, named: dict[str, str]) -> "list[Node]":
        for one in self.matchers:
            if not one.matches(named):
                return []
        found: list[Node] = []
        for child in self.children:
            below = child._match(named)  # noqa: SLF001  # one class
            found += below
            if below and not child.goes_on:
                break
        return found or [self]

    def walk(self) -> "Iterator[Node]":
        """Yield it and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def group_labels(self, labels: Labels) -> Labels:
        """Return the labels by which an alert is grouped here."""
        if EVERY_LABEL in self.group_by:
            return labels
        return tuple(pair for pair in labels if pair[0] in self.group_by)

    def group_key(self, labels: Labels) -> str:
        """Return the key of a group of this route, by its labels, as receivers see it."""
        told = ", ".join(f"{name}={go_quoted(value)}" for name, value in labels)
        return f"{self.key}:{{{told}}}"

    def group_id(self, labels: Labels) -> str:
        """Return what tells a group from all others: whom it tells, and its key.

        As Alertmanager's log of what was told (`nflog/nflog.go`), so that two routes of the same
        receiver and matchers tell once, and a route that is moved tells nothing anew.
        """
        return sha256(repr((self.receiver, self.group_key(labels))).encode()).hexdigest()


ROOT = Node(
    key="",
    receiver="",
    matchers=(),
    goes_on=False,
    group_by=frozenset(),
    wait_ms=GROUP_WAIT_MS,
    interval_ms=GROUP_INTERVAL_MS,
    repeat_ms=REPEAT_INTERVAL_MS,
    mute_in=(),
    active_in=(),
)
"""What stands above the root: the times that are in force where nothing is said."""


def grow(branch: Branch, above: Node = ROOT, depth: int = 0) -> Node:
    """Return the tree of a written root; raises `ValueError` where it grows too deep."""
    if depth >= DEPTH_MAX:
        raise ValueError(f"routes stand more than {DEPTH_MAX} deep in each other")
    own = branch.conditions
    key = "{" + ",".join(map(str, own)) + "}"
    said: dict[str, Any] = {
        "receiver": branch.receiver or None,
        "group_by": frozenset(branch.group_by) if branch.group_by else None,
        "wait_ms": branch.group_wait,
        "interval_ms": branch.group_interval,
        "repeat_ms": branch.repeat_interval,
    }
    node = replace(
        above,
        key=f"{above.key}/{key}" if depth else key,
        matchers=own,
        goes_on=branch.goes_on,
        mute_in=branch.mute_time_intervals,
        active_in=branch.active_time_intervals,
        children=(),
        **{name: value for name, value in said.items() if value is not None},
    )
    below = tuple(grow(one, node, depth + 1) for one in branch.routes)
    return replace(node, children=below)
