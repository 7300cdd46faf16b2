"""What a detector sees: one tenant's series at one tick, and which of them a rule matches."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.detection.budget import Budget
from auscult.detection.names import SLIGHT
from auscult.detection.roster import Roster
from auscult.detection.scoring.columns import SCORED, Columns, Rows
from auscult.kernel.matchers import Matcher, matches_all
from auscult.kernel.samples import Values
from auscult.kernel.words import Labels, Subject, TenantId

Matchers = tuple[Matcher, ...]


@dataclass(slots=True)
class Matches:
    """Which slots of one tenant fulfil which matchers; each slot is looked at once per rule."""

    labels_of: Callable[[int], Labels]
    log: list[int] = field(default_factory=list)
    _seen: dict[Matchers, int] = field(default_factory=dict)
    _slots: dict[Matchers, set[int]] = field(default_factory=dict)
    _rows: dict[Matchers, Rows] = field(default_factory=dict)

    def of(self, matchers: Matchers) -> Rows:
        """Return the matching slots, ascending."""
        begin = self._seen.get(matchers, 0)
        if begin < len(self.log) or matchers not in self._rows:
            slots = self._slots.setdefault(matchers, set())
            fresh = self.log[begin:]
            slots.update(slot for slot in fresh if matches_all(matchers, self.labels_of(slot)))
            self._seen[matchers] = len(self.log)
            self._rows[matchers] = np.array(sorted(slots), dtype=np.int64)
        return self._rows[matchers]

    def forget(self, slot: int) -> None:
        """Take a slot out of everything."""
        for matchers, slots in self._slots.items():
            slots.discard(slot)
            self._rows.pop(matchers, None)
        for place in (self.log.index(slot),) if slot in self.log else ():
            del self.log[place]
            self._seen = {key: seen - (seen > place) for key, seen in self._seen.items()}


@dataclass(frozen=True, slots=True)
class TenantView:
    """Implements `port.View`."""

    tenant: TenantId
    now_ms: int
    awake_ms: int
    columns: Columns
    roster: Roster
    budget: Budget
    matches: Matches
    opened: dict[int, int]
    usual_of: Callable[[Rows], tuple[Values, Values, Values]]

    @property
    def rows(self) -> Rows:
        """Every slot of the tenant, ascending."""
        return self.roster.rows_of(self.tenant)

    @property
    def scored(self) -> Rows:
        """The slots that take part in scoring."""
        rows = self.rows
        return rows[(self.columns.flags[rows] & SCORED) > 0]

    def matching(self, matchers: Matchers) -> Rows:
        """Return the slots that fulfil every matcher; all for none."""
        return self.matches.of(matchers) if matchers else self.rows

    def labels_of(self, slot: int) -> Labels:
        """Return a series' labels."""
        return self.matches.labels_of(slot)

    def subject_of(self, slot: int) -> Subject:
        """Return what a series is about."""
        return self.roster.subjects[int(self.roster.group[slot])]

    def group_of(self, rows: Rows) -> Rows:
        """Return the number of the subject of each row."""
        return self.roster.group[rows].astype(np.int64)

    def unit_of(self, slot: int) -> str:
        """Return a series' unit."""
        return self.roster.unit_of(slot)

    def is_negligible(self, rows: Rows) -> NDArray[np.bool_]:
        """Return of n series whether the last value differs by less than is worth a word."""
        grain = self.roster.grain_of(rows)
        some = np.flatnonzero(grain)
        last, (level, low, high) = self.columns.last[rows[some]], self.usual_of(rows[some])
        near = (last > low * (1 - SLIGHT)) & (last < high * (1 + SLIGHT))
        found = np.zeros(rows.size, dtype=np.bool_)
        found[some] = near | (np.abs(last - level) < grain[some])
        return found

    def open_slots(self) -> dict[int, int]:
        """Return slot -> since_ms of the findings this detector has open."""
        return self.opened
