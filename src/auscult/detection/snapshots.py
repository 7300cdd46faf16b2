"""Open findings and learnt budgets as arrays, so that a restart neither forgets nor repeats."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auscult.detection.alerts import Desk, Key, Open
from auscult.detection.budget import Budget
from auscult.detection.port import Complaint
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.words import Severity, Subject, TenantId

Arrays = dict[str, NDArray[np.generic]]
_TEXTS = ("tenant", "name", "seen_by", "service", "instance", "signal", "severity")
_NUMBERS = ("slot", "since_ms", "told_ms", "score", "low", "high")
_BUDGET = ("weeks", "episodes", "paged", "excess")


def pack(desks: Iterable[Desk], budgets: Mapping[TenantId, Budget]) -> Arrays:
    """Return the open findings of all desks and all budgets, one row each."""
    rows = [_row(desk.tenant, key, known) for desk in desks for key, known in desk.open.items()]
    texts = {
        f"open.{name}": np.array([row[name] for row in rows], dtype=np.str_) for name in _TEXTS
    }
    numbers = {
        f"open.{name}": np.array([row[name] for row in rows], dtype=np.float64) for name in _NUMBERS
    }
    learnt = {
        f"budget.{name}": np.array([getattr(budget, name) for budget in budgets.values()])
        for name in _BUDGET
    }
    return {**texts, **numbers, **learnt, "budget.tenant": np.array(list(budgets), dtype=np.str_)}


def unpack(snapshot: Mapping[str, NDArray[np.generic]]) -> list[tuple[TenantId, Key, Open]]:
    """Return the open findings of a snapshot, by old slots; raises `BodyMalformed`."""
    names = (*_TEXTS, *_NUMBERS)
    try:
        columns = [snapshot[f"open.{name}"].tolist() for name in names]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return [_read(row) for row in rows]
    except (KeyError, ValueError, TypeError) as why:
        raise BodyMalformed(f"the snapshot's open findings cannot be read: {why!r}") from None


def unpack_budgets(snapshot: Mapping[str, NDArray[np.generic]]) -> dict[TenantId, dict[str, float]]:
    """Return what each tenant's budget had learnt; raises `BodyMalformed`."""
    try:
        columns = [snapshot[f"budget.{name}"].tolist() for name in _BUDGET]
        rows = [
            dict(zip(_BUDGET, map(float, row), strict=True)) for row in zip(*columns, strict=True)
        ]
        tenants = [TenantId(str(name)) for name in snapshot["budget.tenant"].tolist()]
        return dict(zip(tenants, rows, strict=True))
    except (KeyError, ValueError, TypeError) as why:
        raise BodyMalformed(f"the snapshot's budgets cannot be read: {why!r}") from None


def move(known: Open, slot: int) -> Open:
    """Return the same open finding for the slot its series has now."""
    return replace(known, complaint=replace(known.complaint, slot=slot))


def _row(tenant: TenantId, key: Key, known: Open) -> dict[str, str | float]:
    told = known.complaint
    return {
        "tenant": tenant,
        "name": key[0],
        "seen_by": known.seen_by,
        "service": told.subject.service,
        "instance": told.subject.instance,
        "signal": told.signal,
        "severity": told.severity.value,
        "slot": told.slot,
        "since_ms": known.since_ms,
        "told_ms": known.told_ms,
        "score": told.score,
        "low": np.nan if told.low is None else told.low,
        "high": np.nan if told.high is None else told.high,
    }


def _read(row: Mapping[str, object]) -> tuple[TenantId, Key, Open]:
    text = {name: str(row[name]) for name in _TEXTS}
    number = {name: float(str(row[name])) for name in _NUMBERS}
    subject = Subject(service=text["service"], instance=text["instance"])
    since_ms, told_ms = int(number["since_ms"]), int(number["told_ms"])
    complaint = Complaint(
        slot=int(number["slot"]),
        subject=subject,
        signal=text["signal"],
        since_ms=since_ms,
        score=number["score"],
        severity=Severity(text["severity"]),
        sentence="",
        low=None if np.isnan(number["low"]) else number["low"],
        high=None if np.isnan(number["high"]) else number["high"],
    )
    known = Open(complaint, text["seen_by"], since_ms, heard_ms=0, told_ms=told_ms)
    return TenantId(text["tenant"]), (text["name"], subject, text["signal"]), known
