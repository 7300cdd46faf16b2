"""Why alerts of others are told now, or are not: each group that they stand in, looked at anew.

It is the look that the group's timer takes (`notification.decide.alerts.flush`), with nothing told
and nothing written; what it decided earlier shows in what each channel was told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auscult.engine.alerts.muting import muting_now
from auscult.kernel.errors import QueryUnknown
from auscult.kernel.matchers import Matcher, matches_all
from auscult.notification.decide.alerts import flush
from auscult.notification.decide.alerts.groups import TELLS, Reason, Why

if TYPE_CHECKING:
    from auscult.kernel.alerts import Alert, Group
    from auscult.notification.decide.alerts import Alerting
    from auscult.store import TenantRows

GROUPS_MAX = 10_000
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """One line about a group: what is told, or not, to whom, and why."""

    tells: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """A group that an alert stands in: whom it tells, and when it is looked at next."""

    key: str
    receiver: str
    next_ms: int
    answers: tuple[Answer, ...]


def ask_groups(
    rows: "TenantRows", alerting: "Alerting", matchers: tuple[Matcher, ...], *, now_ms: int
) -> Iterator[GroupAnswer]:
    """Yield the groups in which an alert fulfils every matcher, and what they would say now.

    Raises `QueryUnknown` where there are more than `GROUPS_MAX` groups to look through.
    """
    muting = muting_now(rows, alerting, now_ms)
    for group in _groups(rows):
        alerts = rows.alerts.of_groups([group.id]).get(group.id, [])
        if not any(matches_all(matchers, one.labels) for one in alerts):
            continue
        ways = (alerting.paths.of(one).node(group.id) for one in alerts)
        node = next((one for one in ways if one is not None), None)
        if node is None:
            answer = Answer(tells=False, sentence="its route is gone from the settings")
            yield GroupAnswer(group.key, group.receiver, group.next_ms, (answer,))
            continue
        channels = alerting.wanted[node.receiver]
        looked = flush(group, alerts, node, channels=channels, muting=muting, now_ms=now_ms)
        known = {one.fingerprint: one for one in alerts}
        answers = tuple(_answer(one, known, rows) for one in looked.reasons)
        yield GroupAnswer(group.key, group.receiver, group.next_ms, answers)


def _groups(rows: "TenantRows") -> "Iterator[Group]":
    seen, after = 0, ""
    while found := rows.groups.page(after=after, limit=AT_ONCE):
        seen, after = seen + len(found), found[-1].id
        if seen > GROUPS_MAX:
            raise QueryUnknown(f"more than {GROUPS_MAX} groups of alerts are to be looked through")
        yield from found


def _answer(reason: Reason, known: "dict[str, Alert]", rows: "TenantRows") -> Answer:
    names = [dict(known[one].labels).get("alertname", one) for one in reason.alerts]
    who = reason.channel or ", ".join(dict.fromkeys(names))
    by = f" by {_named(reason, rows)}" if reason.by else ""
    return Answer(tells=reason.why in TELLS, sentence=f"{who}: {reason.why}{by}")


def _named(reason: Reason, rows: "TenantRows") -> str:
    """Return what mutes, as a person knows it: a silence with its words, an alert's labels."""
    if reason.why is Why.SILENCED and (silence := rows.silences.get(reason.by)) is not None:
        return f"silence {reason.by} of {silence.created_by or 'nobody'}: {silence.comment}"
    if reason.why is Why.INHIBITED and (alert := rows.alerts.get([reason.by]).get(reason.by)):
        return ", ".join(f'{name}="{value}"' for name, value in alert.labels)
    return reason.by
