"""Which fault comes when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from soundstage.sabotage import shelf

WARM_UP_S = 68.0
"""Quiet at first: what watches has to learn what is usual (about 60 samples, one a second)."""

QUIET_S = 20.0
LAST_QUIET_S = 5.0
"""How long the platform goes on after the last fault, so that its end is on record."""

HEAL_S = 36.0
"""How long a fault that can be healed waits for it."""

SHORTEST_S = 20.0
"""No fault is held for less: it has this long to be found."""

HOLD_S = 25.0
"""How long any other fault is held."""

LEAST_S = WARM_UP_S + SHORTEST_S + LAST_QUIET_S
"""A shorter show ends before it has learnt what is usual and then broken one thing."""

ORDER = ("kill", "hang", "error_burst", "delay", "bad_release", "cpu", "leak")

HEALABLE = frozenset({"kill", "hang"})


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of the script."""

    name: str
    seconds: float
    healable: bool


def steps(*, endless: bool) -> Iterator[Step]:
    """Yield the faults in order, those the script does not know last; endlessly if asked."""
    on_shelf = shelf.names()
    order = [name for name in ORDER if name in on_shelf]
    order += [name for name in on_shelf if name not in ORDER]
    for name in cycle(order) if endless else order:
        kind = shelf.load(name)
        healable = name in HEALABLE
        seconds = kind.seconds if endless else HEAL_S if healable else HOLD_S
        yield Step(name, seconds, healable=healable)


def shorten(step: Step, *, left_s: float) -> float:
    """How long a fault may last so that the quiet after it still fits; 0 when it does not."""
    seconds = min(step.seconds, left_s - LAST_QUIET_S)
    return seconds if seconds >= (step.seconds if step.healable else SHORTEST_S) else 0.0


def has_room(*, left_s: float) -> bool:
    """Whether any fault of the script fits into the time that is left."""
    return any(shorten(step, left_s=left_s) for step in steps(endless=False))
