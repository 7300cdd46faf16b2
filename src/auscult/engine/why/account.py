"""All that is on record of whom an incident was told to: seen, decided, called, sent, answered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auscult.engine.events.steps import DECIDED
from auscult.engine.oncall.takeovers import in_force
from auscult.engine.why.person import Part, Step, part_of
from auscult.kernel.effects import EffectKind
from auscult.kernel.errors import ObjectMissing, QueryUnknown
from auscult.notification.decide.alerts import DECIDED as GROUP_DECIDED
from auscult.notification.decide.reasons import About, Reason

if TYPE_CHECKING:
    from auscult.engine.events.steps import Rules
    from auscult.kernel.incidents import Incident, Paged
    from auscult.store import TenantRows
    from auscult.store.rows.audit import AuditRow
    from auscult.store.rows.effects import EffectRow

ENTRIES_MAX = 1_000
"""Audit rows that are read, the newest of them; messages and pages as well."""


class Kind(StrEnum):
    """What an entry is about."""

    SEEN = "seen"
    DECIDED = "decided"
    CALLED = "called"
    MUTED = "muted"
    SENT = "sent"
    PERSON = "person"
    DONE = "done"


_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(
        (f"incident.{one}" for one in ("opened", "joined", "worsened", "returned", "quiet")),
        Kind.SEEN,
    ),
    **dict.fromkeys(
        (f"incident.{one}" for one in ("acknowledged", "released", "resolved")), Kind.PERSON
    ),
    DECIDED: Kind.DECIDED,
    GROUP_DECIDED: Kind.DECIDED,
    "incident.escalated": Kind.CALLED,
    "incident.noted": Kind.MUTED,
    "incident.unmuted": Kind.MUTED,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, by whom, as a sentence; a decision with its reasons."""

    at_ms: int
    kind: Kind
    actor: str
    sentence: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message: to whom by which channel, since when it was owed, and what became of it.

    `people` are those whom it calls; without any it tells a channel. `at_ms` is when `state`
    (`pending`, `done`, `refused`) began.
    """

    key: str
    channel: str
    kind: str
    title: str
    people: tuple[str, ...]
    due_ms: int
    state: str
    attempts: int
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Account:
    """Everything on record, the oldest first; `person` is the part of the one who was asked for.

    `is_whole` is false where the first of more than `ENTRIES_MAX` entries are left out.
    """

    incident: "Incident"
    entries: tuple[Entry, ...]
    messages: tuple[Sent, ...]
    person: Part | None = None
    is_whole: bool = True

    def written(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        told = self.incident.model_dump(
            mode="json",
            include={"id", "headline", "severity", "status", "opened_ms", "resolved_ms", "mute"},
        )
        return {
            "incident": told,
            "entries": [written_entry(one) for one in self.entries],
            "messages": [asdict(one) for one in self.messages],
            "person": None if self.person is None else asdict(self.person),
            "is_whole": self.is_whole,
        }


def give_account(
    rows: "TenantRows", incident_id: str, *, rules: "Rules", now_ms: int, person: str = ""
) -> Account:
    """Return what is on record of an incident, and of one person's part in it where asked.

    Raises `ObjectMissing` for an incident that is not there, `QueryUnknown` for a person nobody
    knows.
    """
    incident = rows.incidents.get(incident_id)
    if incident is None:
        raise ObjectMissing(f"incident {incident_id[:40]!r}")
    written = rows.audit.of(incident_id, ENTRIES_MAX)
    entries = tuple(map(read_entry, written))
    pages = rows.pages.of(incident_id, ENTRIES_MAX)
    messages = tuple(read_messages(rows.effects.of(incident_id, ENTRIES_MAX), pages))
    part: Part | None = None
    if person:
        steps = tuple(_steps(entries))
        name = _known(person, rules, steps, pages=pages)
        outcomes = {one.key: _outcome(one) for one in messages}
        sent = {
            (one.channel, one.due_ms): outcomes[one.key]
            for one in pages
            if one.person == name and one.key in outcomes
        }
        since_ms = min(now_ms, incident.resolved_ms or now_ms)
        oncall = in_force(rows, rules.oncall, since_ms)
        part = part_of(name, incident, steps, sent=sent, oncall=oncall, now_ms=now_ms)
    return Account(incident, entries, messages, part, len(written) < ENTRIES_MAX)


def read_entry(row: "AuditRow") -> Entry:
    """Return an audit row as an entry."""
    kind = _KINDS.get(row.action, Kind.DONE)
    if row.action.startswith("effect."):
        kind = Kind.SENT
    elif row.action == "incident.noted" and row.actor != "auscult":
        kind = Kind.PERSON  # handed on, or given back beside another
    told = row.detail.get("reasons", ()) if kind is Kind.DECIDED else ()
    reasons = tuple(Reason.model_validate(one) for one in told)
    sentence = str(row.detail.get("sentence") or row.action.replace(".", " "))
    return Entry(row.at_ms, kind, row.actor, sentence, reasons)


def read_messages(effects: "Iterable[EffectRow]", pages: "Iterable[Paged]" = ()) -> Iterator[Sent]:
    """Yield what became of each message; `pages` say whom one calls."""
    people: dict[str, list[str]] = {}
    for page in pages:
        people.setdefault(page.key, []).append(page.person)
    for row in effects:
        effect = row.effect
        if effect.kind is EffectKind.NOTIFY:
            yield Sent(
                key=effect.key,
                channel=effect.to,
                kind=str(effect.payload.get("kind", "")),
                title=str(effect.payload.get("title", "")),
                people=tuple(name for name in people.get(effect.key, ()) if name),
                due_ms=effect.due_ms,
                state=str(row.state),
                attempts=row.attempts,
                reason=row.last_reason,
                at_ms=row.updated_ms,
            )


def _outcome(sent: Sent) -> str:
    if sent.state == "pending" and not sent.attempts:
        return "not sent yet"
    times = f"{sent.attempts} attempt{'' if sent.attempts == 1 else 's'}"
    said = {"pending": "not through yet", "done": "sent", "refused": "given up"}
    reason = f": {sent.reason}" if sent.reason else ""
    return f"{said.get(sent.state, sent.state)} after {times}{reason}"


def _steps(entries: Iterable[Entry]) -> Iterator[Step]:
    """Yield each step that was taken, and each time at which none was."""
    for entry in entries:
        name, holds, why, people = "", False, "", list[Reason]()
        for one in (*entry.reasons, Reason(about=About.MORE, holds=False)):
            if one.about is About.PERSON:
                people.append(one)
                continue
            if name:
                yield Step(entry.at_ms, name, holds, why, tuple(people))
            name, holds, why, people = "", False, "", []
            if one.about is About.CALL or (one.about is About.POLICY and not one.holds):
                name, holds, why = one.name or "no policy", one.holds, one.why


def _known(person: str, rules: "Rules", steps: Iterable[Step], *, pages: "list[Paged]") -> str:
    """Return the name of somebody the settings, or the record, know; raises `QueryUnknown`."""
    named = {one.name for step in steps for one in step.people}
    named |= {one.name for one in rules.oncall.people} | {one.person for one in pages}
    name = rules.oncall.called.get(person.lower(), person)
    if name in named - {""}:
        return name
    known = ", ".join(sorted(named - {""})[:50]) or "none"
    raise QueryUnknown(f"person {person[:80]!r} is nobody that is known; known are {known}")


def written_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON can hold it."""
    reasons = [one.model_dump(mode="json") for one in entry.reasons]
    return {
        "at_ms": entry.at_ms,
        "kind": entry.kind.value,
        "actor": entry.actor,
        "sentence": entry.sentence,
        "reasons": reasons,
    }
