"""Why alerts of others were told, or are now, or are not: of each group that they are or were in.

What was decided is read from the record. What would be now is the look that the group's timer takes
(`notification.decide.alerts.flush`), with nothing told and nothing written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from auscult.engine.alerts.muting import muting_now
from auscult.engine.why.account import Entry, Sent, read_entry, read_messages, written_entry
from auscult.kernel.errors import QueryUnknown
from auscult.kernel.matchers import Matcher, matches_all
from auscult.notification.decide.alerts import flush
from auscult.notification.decide.alerts.decided import read_muted
from auscult.notification.decide.alerts.groups import TELLS, Muting, Reason

if TYPE_CHECKING:
    from auscult.kernel.alerts import Alert, Group
    from auscult.kernel.words import Labels
    from auscult.notification.decide.alerts import Alerting
    from auscult.store import TenantRows
    from auscult.store.rows.audit import AuditRow
    from auscult.store.rows.effects import EffectRow

GROUPS_MAX = 10_000
AT_ONCE = 500
HISTORIES_MAX = 2_000
HISTORY_MAX = 200
"""Audit rows of one group that are read, the newest of them; messages as well."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One line about a group: what is told, or not, to whom, and why."""

    tells: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """A group that an alert stands in, or stood: what is on record of it, the oldest first.

    `answers` say what it would tell now, and whom; there are none while nothing is in it.
    `next_ms` is when it is looked at next, below nothing where nobody is in it. `is_whole` is false
    where the first of more than `HISTORY_MAX` entries are left out.
    """

    key: str
    receiver: str
    next_ms: int
    answers: tuple[Answer, ...] = ()
    entries: tuple[Entry, ...] = ()
    messages: tuple[Sent, ...] = ()
    is_whole: bool = True

    def written(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "key": self.key,
            "receiver": self.receiver,
            "next_ms": self.next_ms,
            "entries": [written_entry(one) for one in self.entries],
            "messages": [asdict(one) for one in self.messages],
            "answers": [asdict(one) for one in self.answers],
            "is_whole": self.is_whole,
        }


def ask_groups(
    rows: "TenantRows", alerting: "Alerting", matchers: tuple[Matcher, ...], *, now_ms: int
) -> Iterator[GroupAnswer]:
    """Yield the groups with an alert that fulfils every matcher: what they said, and would now.

    Raises `QueryUnknown` where there are more than `GROUPS_MAX` groups to look through, or more
    than `HISTORIES_MAX` of which only their history says what they held.
    """
    muting = muting_now(rows, alerting, now_ms)
    unsure = 0
    for group, alerts in _groups(rows):
        is_in = any(matches_all(matchers, one.labels) for one in alerts)
        if not is_in and not _may_have_been(group, matchers):
            continue
        names = {name for name, _ in group.labels}
        is_sure = is_in or all(one.name in names for one in matchers)
        unsure += not is_sure
        if unsure > HISTORIES_MAX:
            raise QueryUnknown("too many groups are to be read; name labels they are grouped by")
        written = rows.audit.of(group.id, HISTORY_MAX)
        sent = rows.effects.of(group.id, HISTORY_MAX)
        if not is_sure and not any(matches_all(matchers, one) for one in _labels(written, sent)):
            continue
        yield GroupAnswer(
            key=group.key,
            receiver=group.receiver,
            next_ms=group.next_ms,
            answers=_answers(group, alerts, alerting, muting=muting, now_ms=now_ms),
            entries=tuple(map(read_entry, written)),
            messages=tuple(read_messages(sent)),
            is_whole=len(written) < HISTORY_MAX,
        )


def _may_have_been(group: "Group", matchers: Iterable[Matcher]) -> bool:
    """Say whether an alert that fulfils every matcher may have stood in a group, by its labels."""
    named = dict(group.labels)
    return all(one.matches(named) for one in matchers if one.name in named)


def _labels(written: "Iterable[AuditRow]", sent: "Iterable[EffectRow]") -> "Iterator[Labels]":
    """Yield the labels of alerts that are over, as far as they were told, or muted by settings."""
    for row in written:
        yield from (one.labels for one in read_muted(row.detail))
    for message in sent:
        told = message.effect.payload.get("alerts") or {}
        for alert in told.get("alerts", ()):
            yield tuple(alert["labels"].items())


def _groups(rows: "TenantRows") -> "Iterator[tuple[Group, list[Alert]]]":
    seen, after = 0, ""
    while found := rows.groups.page(after=after, limit=AT_ONCE):
        seen, after = seen + len(found), found[-1].id
        if seen > GROUPS_MAX:
            raise QueryUnknown(f"more than {GROUPS_MAX} groups of alerts are to be looked through")
        inside = rows.alerts.of_groups([one.id for one in found])
        yield from ((one, inside.get(one.id, [])) for one in found)


def _answers(
    group: "Group", alerts: "list[Alert]", alerting: "Alerting", *, muting: Muting, now_ms: int
) -> tuple[Answer, ...]:
    """Return what a group would tell now; nothing where nobody is in it."""
    if not alerts:
        return ()
    ways = (alerting.paths.of(one).node(group.id) for one in alerts)
    node = next((one for one in ways if one is not None), None)
    if node is None:
        return (Answer(tells=False, sentence="its route is gone from the settings"),)
    channels = alerting.wanted[node.receiver]
    looked = flush(group, alerts, node, channels=channels, muting=muting, now_ms=now_ms)
    known = {one.fingerprint: one for one in alerts}
    return tuple(_answer(one, known, muting) for one in looked.reasons)


def _answer(reason: Reason, known: "dict[str, Alert]", muting: Muting) -> Answer:
    names = [dict(known[one].labels).get("alertname", one) for one in reason.alerts]
    who = reason.channel or ", ".join(dict.fromkeys(names))
    by = f" by {muting.named(reason.by)}" if reason.by else ""
    return Answer(tells=reason.why in TELLS, sentence=f"{who}: {reason.why}{by}")
