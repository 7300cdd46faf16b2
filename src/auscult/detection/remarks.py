"""What a monitor says, and the ledger that makes findings of it: told once, and ended once.

A monitor knows what odd figures mean (for a listener, for an attacker) and says at each look all
that holds now; the ledger remembers what was told already.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from auscult.detection.alerts import SENTENCE_CHARS, TOLD_AGAIN_AFTER_MS, is_worse
from auscult.kernel.findings import Breakdown, Evidence, Finding, Phase
from auscult.kernel.sounds import Sound
from auscult.kernel.words import Labels, Severity, Subject, TenantId

OPEN_MAX = 2_000
"""Remarks of one tenant that are open at once; more are not told until others have ended."""


RESUMED_QUIET_MS = 60_000
"""A monitor that began anew, at a restart say, has so long to say again what is open."""

_UNSEEN = "not seen again after a restart of its monitor, so nobody can tell whether it is over"


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over time: at_ms and value have the same length, at most 360; None is a gap.

    `plots` names the figure where it is not what the remark's signal says.
    """

    at_ms: tuple[int, ...] = ()
    value: tuple[float | None, ...] = ()
    unit: str = ""
    usual_low: float | None = None
    usual_high: float | None = None
    plots: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of sound to be heard and looked at, at most a few seconds of it."""

    title: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that holds now, says one monitor.

    `about` and `signal` make it the same remark at the next look, whatever `subject` it is laid to
    meanwhile: where a fault comes from may be known later than that there is one. `score` is -log10
    of how probable this is where all is as usual, 0 where it is a plain fact. `clips` are the sound
    it is about, and what it may be compared with; at most three are kept. `over` ends it now: it is
    the sentence for what was not seen to heal, and yet will not be said again.
    """

    about: str
    signal: str
    subject: Subject
    since_ms: int
    severity: Severity
    sentence: str
    score: float = 0.0
    now: float | None = None
    labels: Labels = ()
    curve: Curve = Curve()
    breakdown: Breakdown | None = None
    trace_id: str = ""
    clips: tuple[Clip, ...] = ()
    over: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, and the sound that belongs to it."""

    finding: Finding
    clips: tuple[Clip, ...] = ()


Key = tuple[str, str, str]
"""Monitor's name, about and signal: what a finding is the same about."""


@dataclass(slots=True)
class Open:
    """A remark that was told and has not ended.

    is_resumed: its monitor began anew, and has not said it since.
    """

    remark: Remark
    seen_by: str
    heard_ms: int
    told_ms: int
    is_resumed: bool = False


@dataclass(slots=True)
class Ledger:
    """One tenant's remarks that were told and have not ended.

    untold: how many remarks of each monitor's last word there was no room for (`OPEN_MAX`).
    """

    tenant: TenantId
    untold: dict[str, int] = field(default_factory=dict)
    _open: dict[Key, Open] = field(default_factory=dict)

    def hear(
        self, by: tuple[str, str], remarks: Iterable[Remark], *, quiet_ms: int, now_ms: int
    ) -> list[Told]:
        """Take everything one monitor says now; return what there is to tell.

        by: the monitor's name in the settings and its plug's name. quiet_ms: so long must a thing
        not be said any more before it has ended.
        """
        name, seen_by = by
        told: list[Told] = []
        self.untold[name] = 0
        for remark in remarks:
            key = (name, remark.about, remark.signal)
            known = self._open.get(key)
            if remark.over:
                told += self._end([key] if known else [], now_ms, remark.over)
                continue
            if known is not None:
                known.heard_ms, known.is_resumed = now_ms, False
                if not _is_news(known, remark, now_ms):
                    continue
                if known.remark.severity is Severity.INFO is not remark.severity:
                    told += self._end([key], now_ms, f"{remark.about}: it is a fault by now")
            elif len(self._open) >= OPEN_MAX:
                self.untold[name] += 1
                continue
            kept = replace(remark, clips=())  # sound is told once, and is large
            self._open[key] = Open(kept, seen_by, heard_ms=now_ms, told_ms=now_ms)
            told.append(Told(self._finding(key, now_ms, Phase.FIRING), remark.clips))
        return [*told, *self._end_quiet(name, quiet_ms, now_ms)]

    def _end_quiet(self, name: str, quiet_ms: int, now_ms: int) -> Iterator[Told]:
        for key, one in list(self._open.items()):
            wait_ms = max(quiet_ms, RESUMED_QUIET_MS) if one.is_resumed else quiet_ms
            if key[0] == name and now_ms - one.heard_ms > wait_ms:
                yield from self._end([key], now_ms, _UNSEEN if one.is_resumed else "")

    def standing(self) -> tuple[tuple[Key, Open], ...]:
        """Return everything that is open, to be kept across a restart."""
        return tuple(self._open.items())

    def forget(self, name: str, now_ms: int) -> None:
        """Know that a monitor has forgotten what it said: it has to see it anew, as at a start."""
        for key, one in self._open.items():
            if key[0] == name:
                one.heard_ms, one.is_resumed = now_ms, True

    def resume(self, key: Key, known: Open) -> None:
        """Take back what was open before a restart, where there is room.

        It is not told again when its monitor says it, and ends where that does not happen.
        """
        if len(self._open) < OPEN_MAX:
            self._open[key] = replace(known, is_resumed=True)

    def drop(
        self, names: Iterable[str], now_ms: int, *, over: str = "nobody looks after it any more"
    ) -> list[Told]:
        """End everything that monitors said which are no longer there; `over` says why."""
        kept = set(names)
        return self._end([key for key in self._open if key[0] not in kept], now_ms, over)

    def firing(self) -> frozenset[str]:
        """Return the fingerprints of everything that is open."""
        every = tuple(self._open.items())  # whoever asks may do so while another thread hears
        return frozenset(
            fingerprint_of(self.tenant, key, one.remark.severity) for key, one in every
        )

    def find(self, fingerprints: Collection[str]) -> frozenset[Key]:
        """Return what is open under these fingerprints."""
        return frozenset(
            key
            for key, one in self._open.items()
            if fingerprint_of(self.tenant, key, one.remark.severity) in fingerprints
        )

    def _end(self, keys: list[Key], now_ms: int, over: str = "") -> list[Told]:
        told = []
        for key in keys:
            told.append(Told(self._finding(key, now_ms, Phase.CLEARED, over=over)))
            del self._open[key]
        return told

    def _finding(self, key: Key, now_ms: int, phase: Phase, *, over: str = "") -> Finding:
        known = self._open[key]
        remark = known.remark
        fires = phase is Phase.FIRING
        over = over or f"{remark.about}: no {remark.signal.replace('_', ' ')} any more"
        return Finding(
            tenant=self.tenant,
            fingerprint=fingerprint_of(self.tenant, key, remark.severity),
            subject=remark.subject,
            signal=remark.signal,
            seen_by=known.seen_by,
            at_ms=now_ms,
            phase=phase,
            score=remark.score if fires else 0.0,
            severity=remark.severity,
            evidence=_evidence(remark, remark.sentence if fires else over),
        )


def fingerprint_of(tenant: TenantId, key: Key, severity: Severity) -> str:
    """Return the same text for the same tenant, monitor, thing and signal, for ever.

    A note (info) has its own: what becomes a fault by and by joins the story of the fault, and does
    not make one of its note.
    """
    note = ("note",) if severity is Severity.INFO else ()
    text = "\0".join((tenant, *key, *note))
    return f"{key[0][:60]}:{blake2b(text.encode(), digest_size=12).hexdigest()}"


def _evidence(remark: Remark, sentence: str) -> Evidence:
    curve = remark.curve
    return Evidence(
        sentence=sentence[:SENTENCE_CHARS],
        labels=remark.labels,
        unit=curve.unit,
        plots=curve.plots,
        now=remark.now,
        usual_low=curve.usual_low,
        usual_high=curve.usual_high,
        at_ms=curve.at_ms,
        value=curve.value,
        low=(curve.usual_low,) * len(curve.at_ms),
        high=(curve.usual_high,) * len(curve.at_ms),
        breakdown=remark.breakdown,
        trace_id=remark.trace_id,
    )


def _is_news(known: Open, remark: Remark, now_ms: int) -> bool:
    told = known.remark
    if remark.severity.rank < told.severity.rank:
        return True
    worse = is_worse(remark.score, told.score)
    elsewhere = remark.subject != told.subject
    return (worse or elsewhere) and now_ms - known.told_ms >= TOLD_AGAIN_AFTER_MS
