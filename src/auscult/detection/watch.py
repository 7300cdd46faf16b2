"""The facade the engine uses: one `Watch` per process watches every series of every tenant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.detection.alerts import Desk, History, LabelsOf, fingerprint_of
from auscult.detection.budget import Budget
from auscult.detection.detectors.absence import Absence
from auscult.detection.detectors.scorer import Scorer as ScorerPlug
from auscult.detection.port import Detector, Memory
from auscult.detection.roster import Roster, metric_of
from auscult.detection.scoring.calibrator import calibrate
from auscult.detection.scoring.columns import (
    EASES,
    ENDED,
    GAINS,
    READY,
    SCORED,
    VERSION,
    Columns,
    Rows,
)
from auscult.detection.scoring.measure import usual_band
from auscult.detection.scoring.scorer import Scorer, release
from auscult.detection.scoring.seasons import Seasons
from auscult.detection.snapshots import move, pack, unpack, unpack_budgets
from auscult.detection.views import Matches, TenantView
from auscult.kernel.errors import BodyMalformed, ObjectMissing
from auscult.kernel.findings import Finding
from auscult.kernel.samples import Slots, Times, Values
from auscult.kernel.words import Labels, TenantId

Kind = Literal["gauge", "counter", "untyped"]
STATES = ("learning", "watched", "abnormal", "silent", "muted")
_ASLEEP_MS = 10_000
_SEASONS_EVERY_MS = 60_000
_SHUT = 0.02
_ODD = 2.0
RELEASE_S = 1800.0
RELEASE_SAMPLES = 120
RELEASE_SOON = 10.0
"""Samples after which a level at the edge of the usual band is the usual one."""
RELEASE_POWER = 4.0
EXCESS_AT_FIRST = 3.0  # of a new finding, or one from before a restart
EXCESS_FADES = 0.93
"""What remains, a tick later, of how far off a series was: an outbreak's pauses are no calm."""
SETTLED_SAMPLES = 20
"""By how many of its newest samples a series is judged whose present state is taken as usual."""
_SILENT_S = 30.0
_GIVEN = SCORED | EASES | GAINS
"""What the settings say of a series; the rest of its flags are learnt."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for a series now, in its own unit; `state` is one of `STATES`."""

    level: float
    low: float
    high: float
    state: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many series of a tenant are in which state; silent = known, and nothing comes."""

    watched: int
    learning: int
    silent: int
    muted: int
    abnormal: int
    threshold: float
    """The evidence (-log10 p) that is worth a page to this tenant now."""


@dataclass(slots=True)
class Tenant:
    """What `Watch` keeps of one tenant beside the columns."""

    desk: Desk
    detectors: dict[str, Detector]
    budget: Budget
    matches: Matches
    memories: dict[str, Memory] = field(default_factory=dict)


class Watch:
    """Scorer, plain rules, calibration and the alert layer for every tenant of one process."""

    def __init__(self, *, labels_of: LabelsOf, history: History, enabled: bool = True) -> None:
        self._labels_of = labels_of
        self._history = history
        self._enabled = enabled
        self.columns = Columns()
        self.seasons = Seasons()
        self.roster = Roster()
        self._scorer = Scorer(self.columns, self.seasons)
        self._tenants: dict[TenantId, Tenant] = {}
        self._awake_ms = 0
        self._last_tick_ms = 0
        self._seasons_ms = 0
        self._slots = 0
        self._pending: list[Finding] = []
        self._excess: dict[int, float] = {}

    # -- what is watched, and how

    def configure(
        self,
        tenant: TenantId,
        detectors: Mapping[str, Detector],
        *,
        false_pages_per_week: float = 2.0,
    ) -> None:
        """Set a tenant's detectors (name -> plug) and its budget; may be called again at any time.

        A scorer and an absence with their defaults are added where the tenant names none.
        """
        complete = dict(detectors)
        for name, plug in (("scorer", ScorerPlug), ("absence", Absence)):
            if not any(isinstance(detector, plug) for detector in complete.values()):
                complete[name] = plug()
        if not self._enabled:
            complete = {
                name: detector
                for name, detector in complete.items()
                if not isinstance(detector, ScorerPlug)
            }
        known = self._tenant(tenant)
        known.detectors = complete
        known.budget.pages_per_week = false_pages_per_week
        self._pending += known.desk.drop(complete, self._last_tick_ms)
        for slot in self.roster.rows_of(tenant).tolist():
            self._mark_given(slot, tenant, self._labels_of(slot))

    def learn(
        self, slot: int, tenant: TenantId, *, labels: Labels, kind: Kind = "untyped",
        interval_ms: int = 0,
    ) -> None:  # fmt: skip
        """Begin to watch a series. `interval_ms` is a hint; 0 = it is learnt from the samples."""
        if self.roster.knows(slot):
            self.forget(slot)
        self._slots = max(self._slots, slot + 1)
        self.columns.reserve(slot + 1)
        self.columns.clear(slot)
        self.roster.enter(slot, tenant, labels=labels, kind=kind)
        self.columns.interval_s[slot] = interval_ms / 1000
        if kind == "counter" and self.roster.unit_of(slot) == "/s":
            self.columns.quantum[slot] = -1.0 / max(interval_ms / 1000, 1.0)
        self._tenant(tenant).matches.log.append(slot)
        self._mark_given(slot, tenant, labels)

    def forget(self, slot: int) -> None:
        """Stop watching a series; its slot may be used again."""
        if self.roster.knows(slot):
            tenant = self.roster.tenant_of(slot)
            self._tenant(tenant).matches.forget(slot)
            self.roster.leave(slot)
            self.columns.clear(slot)

    # -- samples in, findings out

    def update(
        self, slots: Slots, at_ms: Times, *, values: Values, stale_slots: Slots, now_ms: int
    ) -> None:
        """Take n samples (columns of shape (n,)) and the slots that stale markers ended."""
        del now_ms  # the samples' own times count; the engine's clock speaks in `tick`
        self._scorer.update(slots, at_ms, values)
        if stale_slots.size:
            self.columns.flags[stale_slots] |= ENDED

    def tick(self, now_ms: int) -> list[Finding]:
        """Return what began, became markedly worse or ended; about once a second."""
        if now_ms - self._last_tick_ms > _ASLEEP_MS:
            self._awake_ms = now_ms
        self._last_tick_ms = now_ms
        found, self._pending = self._pending, []
        if now_ms - self._seasons_ms >= _SEASONS_EVERY_MS:
            self._seasons_ms = now_ms
            self.seasons.begin(self.columns, self._slots)
        self.columns.open_gates()
        for name in self._tenants:
            found += self._judge(name, now_ms)
        return found

    def _judge(self, tenant: TenantId, now_ms: int) -> list[Finding]:
        known = self._tenants[tenant]
        found: list[Finding] = []
        for name, detector in known.detectors.items():
            opened = known.desk.slots(name)
            if isinstance(detector, ScorerPlug):
                self._release(opened, now_ms)
            view = self._view(tenant, known, opened=opened, now_ms=now_ms)
            complaints = detector.judge(view, known.memories.setdefault(name, {}))
            quiet_ms = int(detector.quiet_s * 1000)
            by = (name, detector.plug_name or type(detector).__name__.lower())
            found += known.desk.hear(by, complaints, quiet_ms=quiet_ms, now_ms=now_ms)
            if isinstance(detector, ScorerPlug):
                self._shut(view, known.desk.slots(name))
        return found

    def _release(self, opened: dict[int, int], now_ms: int) -> None:
        """Take a level that has lasted long enough as the usual one: the sooner, the nearer it is.

        What stays a little off after a fault (a player farther from live, a connection more) is
        the new usual after seconds; what is far off is a fault for `RELEASE_S`.
        """
        for slot in self._excess.keys() - opened.keys():
            del self._excess[slot]
        for slot, since_ms in opened.items():
            interval_s = max(float(self.columns.interval_s[slot]), 1.0)
            dwell_s = RELEASE_SOON * (1 + self._excess_of(slot)) ** RELEASE_POWER * interval_s
            if now_ms - since_ms > min(dwell_s, max(RELEASE_S, RELEASE_SAMPLES * interval_s)) * 1e3:
                self._settle(slot)

    def _settle(self, slot: int) -> None:
        """Take the present level as the usual one, of a series and of those odd ones like it.

        One finding speaks for every series of its subject's metric: the lag of each programme, say.
        """
        rows = np.flatnonzero(self.roster.group == self.roster.group[slot])
        metric = metric_of(self._labels_of(slot))
        odd = rows[self.columns.evidence[rows] >= _ODD].tolist()
        alike = {row for row in odd if metric_of(self._labels_of(row)) == metric}
        for row in alike | {slot}:
            _, values = self._history(row)
            release(self.columns, row, values[np.isfinite(values)][-SETTLED_SAMPLES:])

    def _excess_of(self, slot: int) -> float:
        """Return how far beyond its band a series has been lately, in widths of that band."""
        _, low, high, _ = self.usual_of(np.array([slot], dtype=np.int32))
        value, width = float(self.columns.last[slot]), max(float(high[0] - low[0]), 1e-12)
        beyond = max(value - float(high[0]), float(low[0]) - value, 0.0) / width
        lately = max(beyond, self._excess.get(slot, EXCESS_AT_FIRST) * EXCESS_FADES)
        self._excess[slot] = lately
        return lately

    def _shut(self, view: TenantView, opened: dict[int, int]) -> None:
        """Let the odd series of a paged subject learn almost nothing."""
        if not opened:
            return
        rows = view.scored
        groups = view.group_of(np.fromiter(opened, dtype=np.int64))
        odd = np.isin(view.group_of(rows), groups) & (self.columns.evidence[rows] >= _ODD)
        self.columns.shut_gates(rows[odd], _SHUT)
        self.columns.shut_gates(np.fromiter(opened, dtype=np.int64), _SHUT)

    # -- what is usual, and how much is watched

    def usual(self, slot: int) -> Usual:
        """Return what is usual for one series now; raises `ObjectMissing` for an unknown slot."""
        if not self.roster.knows(slot):
            raise ObjectMissing(f"series {slot}")
        level, low, high, code = self.usual_of(np.array([slot], dtype=np.int32))
        return Usual(float(level[0]), float(low[0]), float(high[0]), STATES[int(code[0])])

    def usual_of(self, slots: Slots) -> tuple[Values, Values, Values, NDArray[np.uint8]]:
        """Return level, low, high (float64 (n,)) and the index into `STATES` (uint8 (n,))."""
        rows = slots.astype(np.int64)
        level, low, high = usual_band(self.columns, self.seasons, rows)
        low = np.where(
            self.roster.unit[rows] > 0, np.where(level >= 0, np.maximum(low, 0), low), low
        )
        flags = self.columns.flags[rows]
        code = np.where(flags & READY, 1, 0)
        code = np.where(self.columns.gate[rows] < 1, 2, code)
        silent_ms = np.maximum(self.columns.interval_s[rows] * 10, _SILENT_S) * 1000
        silent = self._last_tick_ms - self.columns.last_ms[rows] > silent_ms
        code = np.where(silent | (flags & ENDED > 0), 3, code)
        code = np.where(flags & SCORED > 0, code, 4)
        return level, low, high, code.astype(np.uint8)

    def coverage(self, tenant: TenantId) -> Coverage:
        """Return how many of a tenant's series are in which state."""
        rows = self.roster.rows_of(tenant)
        states = np.bincount(self.usual_of(rows.astype(np.int32))[3], minlength=len(STATES))
        learning, watched, abnormal, silent, muted = states.tolist()
        known = self._tenants.get(tenant)
        threshold = known.budget.threshold if known else 0.0
        return Coverage(watched, learning, silent, muted, abnormal, threshold)

    def evidence_of(self, tenant: TenantId, slot: int) -> tuple[float, float]:
        """Return a series' calibrated evidence now, and what is worth a page to the tenant."""
        columns = self.columns
        heard = bool(columns.flags[slot] & READY)
        evidence = calibrate(columns.evidence[slot : slot + 1], columns.tail[slot : slot + 1])
        needed = self._tenant(tenant).budget.needed(
            self.roster.group[slot : slot + 1].astype(np.int64)
        )
        return float(evidence[0]) if heard else 0.0, float(needed[0])

    def open_slots(self, tenant: TenantId) -> set[int]:
        """Return the slots of a tenant's series that a finding is open about."""
        return {known.complaint.slot for known in self._tenant(tenant).desk.open.values()}

    def firing(self) -> frozenset[str]:
        """Return the fingerprints of every open finding of every tenant."""
        return frozenset(
            fingerprint_of(tenant, key)
            for tenant, known in self._tenants.items()
            for key in known.desk.open
        )

    def accept(self, fingerprints: Collection[str]) -> None:
        """Take the present level as the usual one where the scorer has such a finding open."""
        for tenant, known in self._tenants.items():
            for key, opened in known.desk.open.items():
                is_learned = isinstance(known.detectors.get(key[0]), ScorerPlug)
                if is_learned and fingerprint_of(tenant, key) in fingerprints:
                    self._settle(opened.complaint.slot)

    # -- across a restart

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return everything as arrays, by slot; open findings too."""
        return {
            "version": np.array([VERSION]),
            **self.columns.snapshot(),
            **self.seasons.snapshot(),
            **pack(
                [known.desk for known in self._tenants.values()],
                {name: known.budget for name, known in self._tenants.items()},
            ),
        }

    def restore(
        self, snapshot: Mapping[str, NDArray[np.generic]], slots: NDArray[np.int64]
    ) -> None:
        """Take a snapshot; slots[old slot] is the new slot or -1. `learn` and `configure` first.

        Raises `BodyMalformed` when version or shapes are wrong; nothing is changed then.
        """
        version = snapshot.get("version")
        if version is None or version.tolist() != [VERSION]:
            raise BodyMalformed("the snapshot is of another version")
        old = np.flatnonzero(slots >= 0)
        known = np.array([self.roster.knows(slot) for slot in slots[old].tolist()], dtype=bool)
        old = old[known] if old.size else old
        given = self.columns.flags & _GIVEN
        self.seasons.restore(snapshot)
        self.columns.restore(snapshot, (old, slots[old].astype(np.int64)))
        self.columns.flags = (self.columns.flags & ~_GIVEN) | given
        moved = dict(zip(old.tolist(), slots[old].tolist(), strict=True))
        for tenant, key, opened in unpack(snapshot):
            if opened.complaint.slot in moved:
                slot = moved[opened.complaint.slot]
                self._tenant(tenant).desk.open[key] = move(opened, slot)
        for tenant, learnt in unpack_budgets(snapshot).items():
            for name, number in learnt.items():
                setattr(self._tenant(tenant).budget, name, number)

    def _tenant(self, tenant: TenantId) -> Tenant:
        known = self._tenants.get(tenant)
        if known is None:
            desk = Desk(tenant, self._labels_of, self.roster.unit_of, self._history)
            known = Tenant(desk, {}, Budget(), Matches(self._labels_of))
            self._tenants[tenant] = known
            self.configure(tenant, {})
        return known

    def _mark_given(self, slot: int, tenant: TenantId, labels: Labels) -> None:
        plugs = [p for p in self._tenant(tenant).detectors.values() if isinstance(p, ScorerPlug)]
        flags = self.columns.flags[slot] & ~_GIVEN
        if any(plug.takes(labels) for plug in plugs):
            flags |= SCORED
        for plug in plugs:
            flags |= plug.betters(labels)
        self.columns.flags[slot] = flags

    def _view(
        self, tenant: TenantId, known: Tenant, *, opened: dict[int, int], now_ms: int
    ) -> TenantView:
        return TenantView(
            tenant=tenant,
            now_ms=now_ms,
            awake_ms=self._awake_ms,
            columns=self.columns,
            roster=self.roster,
            budget=known.budget,
            matches=known.matches,
            opened=opened,
            usual_of=self._usual_now,
        )

    def _usual_now(self, rows: Rows) -> tuple[Values, Values, Values]:
        return self.usual_of(rows.astype(np.int32))[:3]
