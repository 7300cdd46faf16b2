"""Places where a request's time goes: work in a service, the way to one, waiting before one.

Each place has a row in the columns of whatever keeps figures of it. Rows are bounded; a service
that puts identifiers into its operations' names has one row for all beyond the first of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

PLACES_MAX = 2_000
NAMES_PER_SERVICE = 64
IDLE_MS_MAX = 3_600_000
_LOOK_MS = 60_000
_BITS = 16
_MASK = (1 << _BITS) - 1

Numbers = NDArray[np.int64]
Rows = NDArray[np.intp]


class PlaceKind(IntEnum):
    """What takes the time there."""

    WORK = 0
    """A service's own time in one operation; `about` is the operation's name."""

    CALL = 1
    """A call to something that makes no spans (a database, say); `about` is the operation."""

    LINK = 2
    """A call as the caller sees it, less what the called service took; `about` is the caller."""

    SILENCE = 3
    """What callers spent on calls of which the called service made no span; `about`: the caller."""

    WAIT = 4
    """Between the end of one stage and the beginning of the next; `about` is the stage before."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place; service and about are numbers of `Names`."""

    kind: PlaceKind
    service: int
    about: int


class Places:
    """The rows of one tenant's places. Row 0 takes whatever there is no room for."""

    def __init__(self, places_max: int = PLACES_MAX) -> None:
        self.places_max = places_max
        self._rows: dict[int, int] = {}
        self._places: list[Place | None] = [Place(PlaceKind.WORK, 0, 0)]
        self._free: list[int] = []
        self._seen_ms = np.zeros(places_max + 1, dtype=np.int64)
        self._names: dict[int, int] = {}
        self._looked_ms = 0
        self.freed: list[int] = []
        """Rows that were given up since somebody emptied this list."""

    def __len__(self) -> int:
        """Return one past the highest row."""
        return len(self._places)

    def __getitem__(self, row: int) -> Place:
        """Return the place of a row in use."""
        place = self._places[row]
        assert place is not None
        return place

    def items(self) -> Iterator[tuple[int, Place]]:
        """Yield every row in use with its place, but for row 0."""
        for row, place in enumerate(self._places):
            if row and place is not None:
                yield row, place

    def rows(self, kind: PlaceKind, service: Numbers, about: Numbers, *, now_ms: int) -> Rows:
        """Return the row of each place, made where it is new: intp[n]."""
        keys = (np.int64(kind) << 2 * _BITS) | (service.astype(np.int64) << _BITS)
        keys |= about.astype(np.int64)
        distinct, which = np.unique(keys, return_inverse=True)
        found = np.array([self._row(key, now_ms) for key in distinct.tolist()], dtype=np.intp)
        self._seen_ms[found] = now_ms
        settled: Rows = found[which] if len(found) else np.empty(0, dtype=np.intp)
        return settled

    def find(self, kind: PlaceKind, service: int, about: int) -> int | None:
        """Return the row of a place, if it has one of its own."""
        return self._rows.get(kind << 2 * _BITS | service << _BITS | about)

    def _row(self, key: int, now_ms: int) -> int:
        row = self._rows.get(key)
        if row is not None:
            return row
        kind, service, about = PlaceKind(key >> 2 * _BITS), (key >> _BITS) & _MASK, key & _MASK
        if kind in {PlaceKind.WORK, PlaceKind.CALL} and about:
            if self._names.get(service, 0) >= NAMES_PER_SERVICE:
                return self._row(key & ~_MASK, now_ms)
            self._names[service] = self._names.get(service, 0) + 1
        if len(self._rows) >= self.places_max:
            self._forget_idle(now_ms)
        if len(self._rows) >= self.places_max:
            return 0
        place = Place(kind, service, about)
        if self._free:
            row = self._free.pop()
            self._places[row] = place
        else:
            row = len(self._places)
            self._places.append(place)
        self._rows[key] = row
        self._seen_ms[row] = now_ms
        return row

    def _forget_idle(self, now_ms: int) -> None:
        if abs(now_ms - self._looked_ms) < _LOOK_MS:
            return
        self._looked_ms = now_ms
        for key, row in list(self._rows.items()):
            if self._seen_ms[row] >= now_ms - IDLE_MS_MAX:
                continue
            place = self[row]
            if place.kind in {PlaceKind.WORK, PlaceKind.CALL} and place.about:
                self._names[place.service] -= 1
            del self._rows[key]
            self._places[row] = None
            self._free.append(row)
            self.freed.append(row)
