"""Who listens together: everybody, who shares one value of a dimension, or that and the programme.

Each play belongs to at most ten audiences: all, five of one dimension each, and four of its
programme and one other dimension.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.performance.experience.plays import TEXTS_MAX, Numbers, Plays

AUDIENCES_MAX, PAIRS_END = 2_000, 1_500
"""The last five hundred are for audiences of one value, a new edge or version above all."""
PROGRAMME = 0
GROUPINGS: tuple[tuple[int, ...], ...] = (
    (),
    *((one,) for one in range(len(DIMENSIONS))),
    *((PROGRAMME, one) for one in range(1, len(DIMENSIONS))),
)
"""By which columns of a play's place its audiences are told apart."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who has these values: (column of the place, number of its text), in the order of columns."""

    values: tuple[tuple[int, int], ...]

    def holds(self, plays: Plays) -> NDArray[np.bool_]:
        """Return which plays belong to it, bool (m,)."""
        inside = np.ones(len(plays), np.bool_)
        for column, number in self.values:
            inside &= plays["place"][:, column] == number
        return inside

    def named(self, texts: list[str]) -> dict[str, str]:
        """Return its values by the names of their dimensions."""
        return {DIMENSIONS[column]: texts[number] for column, number in self.values}


EVERYBODY = Audience(())


@dataclass(slots=True)
class Roster:
    """The audiences that were seen, each with a number; at most 2,000, until some are forgotten.

    refused: audiences there was no room for, each time one was seen.
    """

    audiences: list[Audience] = field(default_factory=lambda: [EVERYBODY])
    refused: int = 0
    _index: dict[tuple[int, int], int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.audiences)

    def texts_of(self, chosen: Iterable[int]) -> Numbers:
        """Return the numbers of the texts that some audiences are told apart by, int64 (k,)."""
        texts = {number for one in chosen for _, number in self.audiences[one].values}
        return np.array(sorted(texts), np.int64)

    def forget(self, renumbered: Numbers) -> Numbers:
        """Forget the audiences of texts that are forgotten; return the old numbers of the others.

        renumbered: int64 (texts,), the new number of each text, -1 where it is forgotten. Returns
        int64 (k,), ascending.
        """
        kept = [
            number
            for number, one in enumerate(self.audiences)
            if all(renumbered[text] >= 0 for _, text in one.values)
        ]
        old, self.audiences, self._index = self.audiences, [], {}
        for number in kept:
            values = tuple((column, int(renumbered[text])) for column, text in old[number].values)
            self._enter(Audience(values))
        return np.array(kept, np.int64)

    def number(self, plays: Plays) -> list[NDArray[np.intp]]:
        """Return the audience of each play by each of `GROUPINGS`, intp (m,); -1 for none."""
        found = []
        for grouping, columns in enumerate(GROUPINGS):
            place = plays["place"][:, columns].astype(np.int64)
            code = np.zeros(len(plays), np.int64)
            for column in range(len(columns)):
                code = code * TEXTS_MAX + place[:, column]
            said = (place > 0).all(axis=1)
            values, back = np.unique(code, return_inverse=True)
            known = np.array([self._get(grouping, one) for one in values.tolist()], np.intp)
            numbers = known[back] if values.size else np.zeros(0, np.intp)
            found.append(np.where(said, numbers, -1))
        return found

    def count(self, numbers: list[NDArray[np.intp]], chosen: NDArray[np.bool_]) -> Counts:
        """Return how many of the chosen plays each audience has, int64 (audiences,)."""
        total = np.zeros(len(self), np.int64)
        for one in numbers:
            rows = one[chosen & (one >= 0)]
            total += np.bincount(rows, minlength=len(self))
        return total

    def _get(self, grouping: int, code: int) -> int:
        columns = GROUPINGS[grouping]
        if not columns:
            return 0
        numbers = (code,) if len(columns) == 1 else divmod(code, TEXTS_MAX)
        if 0 in numbers:
            return -1
        key = (grouping, code)
        if key not in self._index:
            if len(self.audiences) >= (AUDIENCES_MAX if len(columns) == 1 else PAIRS_END):
                self.refused += 1
                return -1
            self._enter(Audience(tuple(zip(columns, numbers, strict=True))))
        return self._index[key]

    def _enter(self, audience: Audience) -> None:
        columns, code = tuple(column for column, _ in audience.values), 0
        for _, number in audience.values:
            code = code * TEXTS_MAX + number
        if columns:
            self._index[GROUPINGS.index(columns), code] = len(self.audiences)
        self.audiences.append(audience)
