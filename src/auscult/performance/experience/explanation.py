"""Where bad plays concentrate: the smallest audience that explains most of what is unusual.

Everybody, the edge and one programme of it may all be alarmed by the same fault. The one to name is
the most specific that holds four fifths of the bad plays there are too many, if it holds them by
more than chance (Fisher); what it does not explain may have a place of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.performance.experience.audiences import Audience, Roster
from auscult.performance.experience.chance import chance_of
from auscult.performance.experience.plays import Plays

EXPLAINS = 0.8
BY_CHANCE = 0.01
STILL_ODD = 1e-4
PLACES_MAX = 4
_ORDER = ("edge", "programme", "app_version", "device", "region")
"""Of audiences that are the same plays, whose name says most about what to look at."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is bad: so many of so many plays; expected: how many at most would be usual."""

    audience: Audience
    bad: int
    plays: int
    expected: float
    chance: float


def explain(
    plays: Plays, bad: Flags, *, roster: Roster, alarmed: Sequence[int], usual: NDArray[np.float64]
) -> list[Place]:
    """Return where the bad plays are, at most four places, the largest alarmed audience first.

    plays: those of the time since the fault began. bad: which of them, bool (m,). alarmed: numbers
    of audiences. usual: for every audience the share of bad plays in such a time that is usual.
    """
    search = _Search(plays, bad, roster, usual, roster.number(plays))
    total = search.count(np.ones(len(plays), np.bool_))
    left = np.ones(len(plays), np.bool_)
    found: list[Place] = []
    for universe in sorted(alarmed, key=lambda one: (-int(total[one]), one)):
        while len(found) < PLACES_MAX:
            inside = roster.audiences[universe].holds(plays) & left
            if found and not search.is_odd(universe, inside):
                break
            place = search.place_in(universe, inside)
            if place is None:
                break
            found.append(place)
            left &= ~place.audience.holds(plays)
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    """The plays among which a place is sought; numbers: their audiences, by `Roster.number`."""

    plays: Plays
    bad: Flags
    roster: Roster
    usual: NDArray[np.float64]
    numbers: list[NDArray[np.intp]]

    def count(self, chosen: Flags) -> NDArray[np.int64]:
        return self.roster.count(self.numbers, chosen)

    def is_odd(self, universe: int, inside: Flags) -> bool:
        """Whether what is left in an alarmed audience is still more than usual."""
        bad, plays = int((self.bad & inside).sum()), int(inside.sum())
        return chance_beyond(bad, plays, float(self.usual[universe])) < STILL_ODD

    def place_in(self, universe: int, inside: Flags) -> Place | None:
        bads, plays = self.count(self.bad & inside), self.count(inside)
        if not bads[universe]:
            return None
        rate = float(self.usual[universe])
        excess = bads - rate * plays
        enough = (excess >= EXPLAINS * excess[universe]) & (plays < plays[universe]) & (bads > 0)
        rows = np.flatnonzero(enough)
        odds = chance_of(
            bads[rows],
            plays[rows],
            bad_before=bads[universe] - bads[rows],
            plays_before=plays[universe] - plays[rows],
        )
        audiences = self.roster.audiences
        chosen = min(
            rows[odds < BY_CHANCE].tolist(),
            key=lambda one: (plays[one], _rank(audiences[one])),
            default=universe,
        )
        bad, of = int(bads[chosen]), int(plays[chosen])
        chance = chance_beyond(bad, of, rate)
        return Place(audiences[chosen], bad, of, expected=rate * of, chance=chance)


def chance_beyond(bad: int, plays: int, usual: float) -> float:
    """Return how likely so many bad plays or more are where `usual` is the share (binomial)."""
    from scipy.stats import binom

    return float(binom.sf(bad - 1, plays, min(max(usual, 0.0), 1.0))) if bad else 1.0


def _rank(audience: Audience) -> tuple[int, list[int]]:
    named = [_ORDER.index(DIMENSIONS[column]) for column, _ in audience.values]
    return len(named), sorted(named)
