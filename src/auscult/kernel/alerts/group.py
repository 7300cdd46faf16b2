"""A group of alerts that are told together, and what was told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from auscult.kernel.words import Labels


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was told last of a group: fingerprints, and when.

    `since_ms` is when this episode began for it: since then something that it was told of fires.
    By `is_refused` its receiver refused that message for good.
    """

    firing: frozenset[str]
    resolved: frozenset[str]
    at_ms: int
    since_ms: int = 0
    is_refused: bool = False

    @property
    def knows_nothing(self) -> bool:
        """Whether nothing of this episode has reached it: what was refused was its beginning."""
        return self.is_refused and self.since_ms == self.at_ms


@dataclass(frozen=True, slots=True)
class Group:
    """One group of one route, without its alerts. `count` numbers what it told since it began.

    `id` stands for `receiver` and `key`, the matchers on the way to the route with the group's
    labels: the same before and after a move of the route.

    `decided` stands for why it was kept back when that was written down last; it is empty where
    nothing keeps it back.
    It is looked at again at `next_ms`; a time below nothing says since when nobody is in it.
    """

    id: str
    key: str
    receiver: str
    labels: Labels
    begun_ms: int
    next_ms: int
    has_flushed: bool = False
    count: int = 0
    told: Mapping[str, Told] = field(default_factory=dict)
    decided: str = ""
