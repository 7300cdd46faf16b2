"""What is said of plays that go badly: how many of how many, where, and what would be usual."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import log10

from auscult.detection.remarks import Curve, Remark
from auscult.kernel.words import Severity, Subject
from auscult.performance.experience.watch import Bad, PlayWatch, Trouble

HELD_MS = 120_000
"""So long it is said on: who failed is gone, and whether the next will fail shows later."""
SERIOUS_SHARE, SERIOUS_PLAYS = 0.5, 3
NAME_CHARS = 60
PLAYERS = "players"
"""The subject where plays go badly at no edge in particular."""

_VERBS = {
    Bad.FAILED: "failed",
    Bad.LEFT: "were left before the first sound",
    Bad.STALLED: "stalled",
}
_PHRASES = {
    "programme": "of {}",
    "region": "in region {}",
    "edge": "on edge {}",
    "device": "on {}",
    "app_version": "with version {}",
}


Values = frozenset[tuple[str, str]]
"""What an audience is told apart by: (dimension, its value)."""


@dataclass(slots=True)
class _Told:
    remark: Remark
    values: Values
    said_ms: int


@dataclass(slots=True)
class Teller:
    """What is being said of one tenant's plays; keeps a trouble the same one while it lasts."""

    _told: dict[Bad, list[_Told]] = field(default_factory=lambda: {bad: [] for bad in Bad})

    def tell(self, watch: PlayWatch, troubles: list[Trouble] | None, now_ms: int) -> list[Remark]:
        """Return everything that holds now. troubles: of this look; None where none was due."""
        for bad in Bad if troubles is not None else ():
            here = [one for one in troubles or () if one.bad is bad]
            self._renew(bad, here, watch=watch, now_ms=now_ms)
        for told in self._told.values():
            told[:] = [one for one in told if now_ms - one.said_ms <= HELD_MS]
        return [one.remark for told in self._told.values() for one in told]

    def _renew(self, bad: Bad, troubles: list[Trouble], *, watch: PlayWatch, now_ms: int) -> None:
        free = list(self._told[bad])
        for trouble in troubles:
            values = frozenset(trouble.place.audience.named(watch.table.texts).items())
            before = next(_alike(free, values), None)
            remark = _remark(watch, trouble)
            if before is None:
                self._told[bad].append(_Told(remark, values, now_ms))
                continue
            free.remove(before)
            before.remark = replace(remark, about=before.remark.about)
            before.values, before.said_ms = values, now_ms


def _alike(told: list[_Told], values: Values) -> Iterator[_Told]:
    """Yield what was said of the same audience, then of one that is part of it or holds it."""
    yield from (one for one in told if one.values == values)
    yield from (one for one in told if one.values <= values or one.values >= values)


def _remark(watch: PlayWatch, trouble: Trouble) -> Remark:
    place = trouble.place
    named = place.audience.named(watch.table.texts)
    share = place.bad / place.plays
    usual = place.expected / place.plays
    where = phrase(named)
    minutes = max(1, round(trouble.window_ms / 60_000))
    sentence = (
        f"{place.bad} of {place.plays} plays {where} {_VERBS[trouble.bad]} within {minutes} min; "
        f"usual is at most {_percent(usual)}"
    )
    grave = trouble.bad is not Bad.STALLED and place.bad >= SERIOUS_PLAYS
    return Remark(
        about=f"plays {where}",
        signal=trouble.bad.value,
        subject=_subject(named, where),
        since_ms=trouble.since_ms,
        severity=Severity.CRITICAL if grave and share >= SERIOUS_SHARE else Severity.WARNING,
        sentence=sentence,
        score=min(30.0, -_log10(place.chance)),
        now=round(100 * share, 1),
        labels=tuple(sorted(named.items())),
        curve=_curve(watch, trouble),
    )


def phrase(named: dict[str, str]) -> str:
    """Return `of acme/morning on edge fra1` for an audience's values by their dimensions."""
    if not named:
        return "of all programmes"
    return " ".join(_PHRASES[key].format(value[:NAME_CHARS]) for key, value in named.items())


def _subject(named: dict[str, str], where: str) -> Subject:
    if edge := named.get("edge"):
        return Subject(service=edge)
    return Subject(service=PLAYERS, instance=where if named else "")


def _curve(watch: PlayWatch, trouble: Trouble) -> Curve:
    alarms, audiences = watch.alarms[trouble.bad], watch.roster.audiences
    row = audiences.index(trouble.place.audience)
    points = [
        (at_ms, int(bad[row]), int(plays[row]))
        for at_ms, bad, plays in alarms.told
        if row < bad.size
    ]
    return Curve(
        at_ms=tuple(at_ms for at_ms, _, _ in points),
        value=tuple(round(100 * bad / of, 2) if of else None for _, bad, of in points),
        unit="%",
        usual_low=0.0,
        usual_high=round(100 * float(alarms.usual[row]), 3),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "100 %"


def _log10(chance: float) -> float:
    return log10(max(chance, 1e-300))
