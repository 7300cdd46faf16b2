"""Who is who: the tenant, subject, metric and unit behind each slot."""

import numpy as np
from numpy.typing import NDArray

from auscult.detection.names import GRAINS
from auscult.detection.scoring.columns import Rows
from auscult.detection.sentences import unit_of
from auscult.kernel.words import Labels, Subject, TenantId, subject_of

NOBODY = -1


class Roster:
    """Dense numbers for tenants and groups (a group is one subject of one tenant), per slot."""

    def __init__(self, capacity: int = 1024) -> None:
        self.tenant = np.full(capacity, NOBODY, dtype=np.int16)
        self.group = np.full(capacity, NOBODY, dtype=np.int32)
        self.unit = np.zeros(capacity, dtype=np.uint8)
        self.tenants: dict[TenantId, int] = {}
        self.subjects: list[Subject] = []
        self._groups: dict[tuple[int, Subject], int] = {}
        self._units: dict[str, int] = {"": 0}
        self._rows: dict[int, Rows] | None = None

    def tenant_number(self, tenant: TenantId) -> int:
        """Return the dense number of a tenant, a new one for a new tenant."""
        return self.tenants.setdefault(tenant, len(self.tenants))

    def enter(self, slot: int, tenant: TenantId, *, labels: Labels, kind: str) -> None:
        """Write down whose series this is and what it is about."""
        self._reserve(slot + 1)
        number = self.tenant_number(tenant)
        subject = subject_of(labels)
        group = self._groups.setdefault((number, subject), len(self.subjects))
        if group == len(self.subjects):
            self.subjects.append(subject)
        unit = unit_of(metric_of(labels), kind)
        self.tenant[slot] = number
        self.group[slot] = group
        self.unit[slot] = self._units.setdefault(unit, len(self._units))
        self._rows = None

    def leave(self, slot: int) -> None:
        """Forget a slot."""
        self._rows = None
        self.tenant[slot] = NOBODY
        self.group[slot] = NOBODY

    def knows(self, slot: int) -> bool:
        """Say whether a slot was entered."""
        return 0 <= slot < self.tenant.size and int(self.tenant[slot]) != NOBODY

    def tenant_of(self, slot: int) -> TenantId:
        """Return whose series it is; the slot must be known."""
        return list(self.tenants)[int(self.tenant[slot])]

    def rows_of(self, tenant: TenantId) -> Rows:
        """Return the slots of a tenant, ascending."""
        if self._rows is None:
            order = np.argsort(self.tenant, kind="stable")
            numbers, starts = np.unique(self.tenant[order], return_index=True)
            parts = np.split(order, starts[1:])
            self._rows = dict(zip(numbers.tolist(), parts, strict=True))
        known = self._rows if tenant in self.tenants else {}
        return known.get(self.tenants.get(tenant, NOBODY), np.zeros(0, dtype=np.int64))

    def unit_of(self, slot: int) -> str:
        """Return the unit of a series."""
        return list(self._units)[int(self.unit[slot])]

    def grain_of(self, rows: Rows) -> NDArray[np.float64]:
        """Return the least change of each of n series that is worth a word, in its unit; or 0."""
        return np.array([GRAINS.get(unit, 0.0) for unit in self._units])[self.unit[rows]]

    @property
    def nbytes(self) -> int:
        """Bytes of the dense columns and of the slots by tenant."""
        return self.tenant.nbytes + self.group.nbytes + self.unit.nbytes + 8 * self.tenant.size

    def _reserve(self, slots: int) -> None:
        if slots <= self.tenant.size:
            return
        more = max(slots, self.tenant.size * 3 // 2) - self.tenant.size
        self.tenant = np.concatenate([self.tenant, np.full(more, NOBODY, np.int16)])
        self.group = np.concatenate([self.group, np.full(more, NOBODY, np.int32)])
        self.unit = np.concatenate([self.unit, np.zeros(more, np.uint8)])


def metric_of(labels: Labels) -> str:
    """Return the metric's name, `value` where there is none."""
    return next((text for name, text in labels if name == "__name__"), "value")
