"""What a campaign broke against what was found: pure, from the truth and from the API's words.

A finding belongs to a fault when it began between the fault's start and `GRACE_S` after its end and
is about a subject the fault can explain: the stage that was broken, whoever is fed by it (all
stages after it, and whatever is no stage: audiences, programmes), and the stage it asks, whose
traffic changes. Everything else that began is false: in a quiet stretch, or about what the fault
cannot explain. While others hold the machine's cores everything is slow indeed: that time is not
quiet, and how long it was and what was found in it is told apart. A note (info) claims no fault:
it finds none and is never false; notes of quiet time are counted by themselves.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from scipy.stats import chi2

GRACE_S = 20.0
NAMED_WITHIN_S = 30.0
WAY = ("ingest", "enhance", "encode", "package", "edge", "listeners")
"""The published way of the sound; a replica or an audience carries its number or tenant behind."""

SOURCE = "source"
"""What a probe hears in front of the first stage."""

SLOW = frozenset(
    {"delay", "cpu", "slow_disk", "hang", "link_delay", "link_throttle", "bad_release", "leak"}
)
"""Kinds that make a stage slow: whoever is on call asks which one."""

NOTE = "info"
RANKS = {"critical": 0, "warning": 1, NOTE: 2}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that really was in force."""

    name: str
    target: str
    started_ms: int
    ended_ms: int

    @property
    def last_ms(self) -> float:
        """Until when a finding may begin and be about it."""
        return self.ended_ms + GRACE_S * 1_000

    @classmethod
    def of_others(cls, began_ms: int, ended_ms: int) -> "Fault":
        """Make what nobody injected: others held the cores, and any finding may come of it."""
        return cls("others", "host", began_ms, ended_ms)

    @property
    def culprits(self) -> frozenset[str]:
        """Stages that are right to name: the target, and for a link both of its ends."""
        stage = stage_of(self.target)
        if not self.name.startswith("link_"):
            return frozenset({stage})
        return frozenset({stage, *WAY[WAY.index(stage) + 1 :][:1]})

    def explains(self, service: str) -> bool:
        """Whether a finding about a service may come of it."""
        stage, target = stage_of(service), stage_of(self.target)
        if stage == SOURCE:  # what comes in is as it is, whatever is broken behind it
            return False
        if stage not in WAY or target not in WAY:
            return True
        return WAY.index(stage) >= WAY.index(target) - 1


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as an incident told it, at one look."""

    incident: str
    fingerprint: str
    service: str
    signal: str
    seen_by: str
    first_ms: int
    severity: str
    score: float
    sentence: str
    explains: int = 0

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it the same finding at the next look."""
        return self.incident, self.fingerprint, self.first_ms

    @property
    def weight(self) -> tuple[int, int, float, int]:
        """The product's order for headlines: the worst, what explains, the surest, the first."""
        return RANKS.get(self.severity, 3), -self.explains, -self.score, self.first_ms


@dataclass(slots=True)
class Log:
    """Everything that was told, look by look; a look is kept where something had changed."""

    looks: list[tuple[int, tuple[Told, ...]]] = field(default_factory=list)

    def add(self, at_ms: int, told: Sequence[Told]) -> None:
        """Keep one look at all incidents."""
        if not self.looks or self.looks[-1][1] != tuple(told):
            self.looks.append((at_ms, tuple(told)))

    def findings(self) -> list[Told]:
        """Return every finding once, as it was last told, in the order in which they began."""
        latest = {one.key: one for _, told in self.looks for one in told}
        return sorted(latest.values(), key=lambda one: one.first_ms)

    def until(self, at_ms: float) -> tuple[Told, ...]:
        """Return what was told at a moment."""
        seen: tuple[Told, ...] = ()
        for looked_ms, told in self.looks:
            if looked_ms > at_ms:
                break
            seen = told
        return seen


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and what became of it; None where nothing was found or named."""

    fault: Fault
    seconds: float | None
    first: str | None
    """The service of the finding that began first."""

    named: str | None
    """The service a headline led with, `NAMED_WITHIN_S` after the start."""

    by: tuple[str, ...]
    """Who saw it."""

    told: tuple[Told, ...] = ()
    """Everything that was found of it, the first first."""

    @property
    def is_first_right(self) -> bool:
        """Whether the first finding was about a culprit."""
        return self.first is not None and stage_of(self.first) in self.fault.culprits

    @property
    def is_named_right(self) -> bool:
        """Whether a culprit was named in time."""
        return self.named is not None and stage_of(self.named) in self.fault.culprits


def stage_of(service: str) -> str:
    """Return the stage of a replica (`encode-2`) or an audience (`listeners-acme`)."""
    if service.startswith("listeners"):
        return "listeners"
    return re.sub(r"-\d+$", "", service)


@dataclass(slots=True)
class Reader:
    """Reads findings out of the API's incidents; what had cleared and fires again begins anew."""

    _begun_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    _cleared: set[tuple[str, str]] = field(default_factory=set)

    def read(self, incidents: Sequence[dict[str, Any]]) -> list[Told]:
        """Return what the incidents tell at this look."""
        return [
            self._read(str(incident["id"]), signal)
            for incident in incidents
            for signal in incident.get("signals", ())
        ]

    def _read(self, incident: str, signal: dict[str, Any]) -> Told:
        key = (incident, str(signal["fingerprint"]))
        if signal["phase"] == "cleared":
            self._cleared.add(key)
        elif key in self._cleared:
            self._cleared.discard(key)
            self._begun_ms[key] = int(signal["last_ms"])
        return Told(
            incident=incident,
            fingerprint=key[1],
            service=str(signal["subject"]["service"]),
            signal=str(signal["signal"]),
            seen_by=str(signal["seen_by"]),
            first_ms=self._begun_ms.get(key, int(signal["first_ms"])),
            severity=str(signal["severity"]),
            score=float(signal["peak_score"] or 0.0),
            sentence=str(signal["sentence"]),
            explains=int(signal.get("explains", 0)),
        )


def judge(fault: Fault, log: Log) -> Row:
    """Say what was found of one fault."""

    def mine(told: Sequence[Told]) -> list[Told]:
        return [
            one
            for one in told
            if fault.started_ms <= one.first_ms <= fault.last_ms and fault.explains(one.service)
            if one.severity != NOTE
        ]

    found = mine(log.findings())
    in_time = mine(log.until(fault.started_ms + NAMED_WITHIN_S * 1_000))
    first = min(found, key=lambda one: one.first_ms, default=None)
    leading = min(in_time, key=lambda one: one.weight, default=None)
    return Row(
        fault=fault,
        seconds=(first.first_ms - fault.started_ms) / 1_000 if first else None,
        first=first.service if first else None,
        named=leading.service if leading else None,
        by=tuple(sorted({one.seen_by for one in found})),
        told=tuple(sorted(found, key=lambda one: one.first_ms)),
    )


def unexplained(faults: Sequence[Fault], log: Log, since_ms: int) -> list[Told]:
    """Return every finding since a moment that no fault explains, notes included."""
    return [
        one
        for one in log.findings()
        if one.first_ms >= since_ms
        and not any(
            fault.started_ms <= one.first_ms <= fault.last_ms and fault.explains(one.service)
            for fault in faults
        )
    ]


def quiet_hours(faults: Sequence[Fault], since_ms: int, until_ms: int) -> float:
    """Return how long nothing was broken, graces left out."""
    broken_ms, at_ms = 0.0, float(since_ms)
    for fault in sorted(faults, key=lambda one: one.started_ms):
        begin = max(at_ms, fault.started_ms)
        end = max(begin, min(fault.last_ms, until_ms))
        broken_ms, at_ms = broken_ms + end - begin, max(at_ms, end)
    return max(0.0, (until_ms - since_ms - broken_ms) / 3_600_000)


def share_range(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def rate_range(events: int, hours: float) -> tuple[float, float]:
    """Return the exact 95 % interval of a Poisson rate (F. Garwood 1936)."""
    if hours <= 0:
        return 0.0, math.inf
    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    return float(low) / hours, float(chi2.ppf(0.975, 2 * events + 2)) / 2 / hours


def summarise(
    faults: Sequence[Fault],
    log: Log,
    *,
    since_ms: int,
    until_ms: int,
    disturbed: Sequence[Fault] = (),
) -> dict[str, Any]:
    """Return the whole score as plain values; `disturbed`: while others held the cores."""
    rows = [judge(fault, log) for fault in faults]
    hours = quiet_hours([*faults, *disturbed], since_ms, until_ms)
    anyhow = unexplained(faults, log, since_ms)
    calm = unexplained([*faults, *disturbed], log, since_ms)
    quiet = [
        one for one in calm if not any(f.started_ms <= one.first_ms <= f.last_ms for f in faults)
    ]
    false, in_quiet = _claims(calm), _claims(quiet)
    slow = [row for row in rows if row.fault.name in SLOW]
    return {
        "grace_s": GRACE_S,
        "named_within_s": NAMED_WITHIN_S,
        "kinds": {
            name: _count([row for row in rows if row.fault.name == name])
            for name in sorted({fault.name for fault in faults})
        },
        "all": _count(rows),
        "slow": _count(slow),
        "quiet_hours": hours,
        "false_in_quiet": len(in_quiet),
        "false_per_quiet_hour": len(in_quiet) / hours if hours else None,
        "false_per_quiet_hour_range": rate_range(len(in_quiet), hours),
        "false_during_faults": len(false) - len(in_quiet),
        "disturbed_hours": quiet_hours(faults, since_ms, until_ms) - hours,
        "false_while_disturbed": len(_claims(anyhow)) - len(false),
        "notes_in_quiet": len(quiet) - len(in_quiet),
        "faults": [_describe(row) for row in rows],
        "false": [
            {"at_ms": one.first_ms, "service": one.service, "signal": one.signal}
            | {"seen_by": one.seen_by, "sentence": one.sentence}
            | {"severity": one.severity, "while_disturbed": one not in calm}
            for one in anyhow
        ],
    }


def _claims(told: Sequence[Told]) -> list[Told]:
    return [one for one in told if one.severity != NOTE]


def _count(rows: Sequence[Row]) -> dict[str, Any]:
    found = [row.seconds for row in rows if row.seconds is not None]
    named, first = (sum(r.is_named_right for r in rows), sum(r.is_first_right for r in rows))
    return {
        "injected": len(rows),
        "detected": len(found),
        "detected_range": share_range(len(found), len(rows)),
        "median_s": median(found) if found else None,
        "longest_s": max(found, default=None),
        "named_right": named,
        "named_right_range": share_range(named, len(rows)),
        "first_right": first,
        "seen_by": sorted({one for row in rows for one in row.by}),
    }


def _describe(row: Row) -> dict[str, Any]:
    fault = row.fault
    return {
        "name": fault.name,
        "target": fault.target,
        "started_ms": fault.started_ms,
        "ended_ms": fault.ended_ms,
        "seconds": row.seconds,
        "first": row.first,
        "named": row.named,
        "named_right": row.is_named_right,
        "seen_by": list(row.by),
        "told": [
            f"{(one.first_ms - fault.started_ms) / 1_000:.1f} s: {one.sentence}" for one in row.told
        ],
    }
