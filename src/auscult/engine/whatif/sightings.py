"""When which alert of others was seen firing, as far as a tenant's rows say so.

A message that a receiver told holds its alerts with their labels; the record of a group holds those
that settings kept back. What was silenced, or over before anybody was told, is in neither.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.errors import QueryUnknown
from auscult.notification.decide.alerts import DECIDED
from auscult.notification.decide.alerts.decided import MutedAlert, read_muted

if TYPE_CHECKING:
    from auscult.store import TenantRows
    from auscult.store.rows.audit import AuditRow
    from auscult.store.rows.effects import EffectRow

AT_ONCE = 500
ROWS_MAX = 50_000
"""Messages and records of groups that are read, each."""

SIGHTINGS_MAX = 500_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRING = "firing"

Name = tuple[str, int]
"""One firing of an alert: its fingerprint, and since when."""

Place = tuple[int, str, str]
"""One message: when, by which channel, of which group."""


@dataclass(slots=True)
class Seen:
    """One firing of an alert: `at_ms` are the instants at which it was seen, `ends_ms` its end."""

    alert: Alert
    at_ms: set[int] = field(default_factory=set)
    ends_ms: int | None = None

    def whole(self, *, waited_ms: int, lasts_ms: int) -> Alert:
        """Return the alert as it was known here: from when to when it fired.

        waited_ms: how long it waited for its fellows before it was seen first.
        lasts_ms: for so long it fires after it was seen last, where its end is not known.
        """
        starts_ms = max(self.alert.starts_ms, min(self.at_ms) - waited_ms)
        known = self.ends_ms
        ends_ms = max(self.at_ms) + lasts_ms + 1 if known is None else known
        return replace(self.alert, starts_ms=starts_ms, ends_ms=ends_ms)


@dataclass(slots=True)
class Sightings:
    """All that is on record of a tenant's alerts in a span.

    `told` are the messages in which a channel heard first of alerts, with these. `sources` are
    alerts that were seen to inhibit, at single instants. `left_out` counts alerts that the record
    has no labels of.
    """

    seen: dict[Name, Seen] = field(default_factory=dict)
    told: dict[Place, set[Name]] = field(default_factory=dict)
    sources: list[Alert] = field(default_factory=list)
    left_out: int = 0
    _heard: set[tuple[Name, str, str]] = field(default_factory=set)
    _count: int = 0

    def hear(self, row: "EffectRow") -> None:
        """Take what a message says."""
        effect, told = row.effect, row.effect.payload.get("alerts") or {}
        self.left_out += int(told.get("truncated", 0))
        for said in told.get("alerts", ()):
            alert = _read(said)
            name = (alert.fingerprint, alert.starts_ms)
            one = self.seen.setdefault(name, Seen(alert))
            if said["status"] != FIRING:
                ends = (one.ends_ms, alert.ends_ms)
                one.ends_ms = min(end for end in ends if end is not None)
                continue
            self._see(one, effect.due_ms)
            heard = (name, effect.to, effect.incident)
            if heard not in self._heard:
                self._heard.add(heard)
                place = (effect.due_ms, effect.to, effect.incident)
                self.told.setdefault(place, set()).add(name)

    def look_up(self, row: "AuditRow") -> None:
        """Take what the record says was muted by settings."""
        self.left_out += int(row.detail.get("left_out", 0))
        for muted in read_muted(row.detail):
            alert = _alert(muted)
            one = self.seen.setdefault((alert.fingerprint, alert.starts_ms), Seen(alert))
            self._see(one, row.at_ms)
            if muted.source:
                name = fingerprints([muted.source])[0]
                at_ms = row.at_ms
                self.sources.append(Alert(name, muted.source, (), at_ms, at_ms + 1, at_ms))

    def _see(self, one: Seen, at_ms: int) -> None:
        one.at_ms.add(at_ms)
        self._count += 1
        if self._count > SIGHTINGS_MAX:
            raise QueryUnknown(f"more than {SIGHTINGS_MAX} alerts on record; ask for fewer days")


def read_sightings(rows: "TenantRows", from_ms: int, to_ms: int) -> Sightings:
    """Read what is on record of alerts from one instant to another.

    Raises `QueryUnknown` where there is more than `ROWS_MAX` and `SIGHTINGS_MAX` allow.
    """
    found = Sightings()
    messages = list(_bounded(_messages(rows, from_ms, to_ms)))
    for message in sorted(messages, key=lambda one: (one.effect.due_ms, one.effect.key)):
        found.hear(message)
    for row in _bounded(_records(rows, from_ms)):
        if row.at_ms <= to_ms:
            found.look_up(row)
    return found


def _messages(rows: "TenantRows", from_ms: int, to_ms: int) -> "Iterator[EffectRow]":
    after = ""
    while some := rows.effects.of_groups(from_ms, to_ms, after=after, limit=AT_ONCE):
        yield from some
        after = some[-1].effect.key


def _records(rows: "TenantRows", from_ms: int) -> "Iterator[AuditRow]":
    after = 0
    while some := rows.audit.done(DECIDED, from_ms, after=after, limit=AT_ONCE):
        yield from some
        after = some[-1].seq


def _bounded(found: Iterable[Any]) -> Iterator[Any]:
    for number, one in enumerate(found):
        if number >= ROWS_MAX:
            raise QueryUnknown(f"more than {ROWS_MAX} looks at groups; ask for fewer days")
        yield one


def _read(said: Mapping[str, Any]) -> Alert:
    """Return an alert of a message, as it stood there."""
    labels = tuple(sorted(said["labels"].items()))
    starts_ms, ends_ms = _ms(said["startsAt"]), _ms(said["endsAt"])
    return Alert(said["fingerprint"], labels, (), starts_ms, ends_ms, starts_ms)


def _alert(muted: MutedAlert) -> Alert:
    at_ms = muted.starts_ms
    return Alert(muted.fingerprint, muted.labels, (), at_ms, at_ms, at_ms)


def _ms(text: str) -> int:
    """Return a time as a message spells it; 0 for one that no calendar of Python's has."""
    try:
        return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return 0
