"""What was decided of a group of alerts, as it is written down: by whom told, and why not.

A look that tells somebody is always news. One that tells nobody is, where it keeps back for other
reasons than the last one that was written down did; that nothing is new is none.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from auscult.kernel.alerts import Alert, Group
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts.alerting import INCIDENTS
from auscult.notification.decide.alerts.groups import TELLS, Flush, Muting, Reason, Why
from auscult.notification.decide.reasons import WHY_CHARS, About, pack
from auscult.notification.decide.reasons import Reason as Line
from auscult.notification.messages.plain import cut

DECIDED = "group.decided"
"""The action of the audit row that says why a group was told, or was not."""

DIGEST_BYTES = 8
NAMES_MAX = 10
SAID_MAX = 4
MUTED_CHARS_MAX = 20_000
"""What the labels of muted alerts may take in one record, as JSON; of more only the count."""

MUTES = frozenset({Why.SILENCED, Why.INHIBITED, Why.MUTE_TIME, Why.INACTIVE_TIME})
BY_SETTINGS = MUTES - {Why.SILENCED}
"""What mutes by the section `alerts`: of such alerts the labels are kept, for other settings."""

TO_INCIDENTS = "incidents"
"""How the receiver that makes incidents is called where a channel is named."""


@dataclass(frozen=True, slots=True)
class MutedAlert:
    """A firing alert that settings kept from being told; `starts_ms` is since when it fires.

    `source` are the labels of what inhibits it, where that does.
    """

    fingerprint: str
    labels: Labels
    starts_ms: int
    source: Labels = ()


def noted(before: Group, looked: Flush) -> Flush:
    """Return a look whose group knows what was written down of it last, and whether this is news.

    before: the group as it was before the look.
    """
    digest = _digest(looked.reasons)
    tells = any(one.why in TELLS for one in looked.reasons)
    is_news = tells or (digest not in {"", before.decided})
    group = looked.group
    if group.decided != digest:
        group = replace(group, decided=digest)
    return replace(looked, group=group, is_news=is_news)


def detail_of(
    looked: Flush, alerts: Iterable[Alert], muting: Muting, *, now_ms: int
) -> dict[str, Any]:
    """Return what is written down of a look: a sentence, its reasons, whom settings mute.

    alerts: those of the group. muting: who mutes, as it was asked by the look.
    """
    known = {one.fingerprint: one for one in alerts}
    reasons = looked.reasons
    lines = [*_channels(reasons, known), *_mutes(reasons, known, muting.named)]
    detail: dict[str, Any] = {
        "sentence": _sum_up(reasons),
        "group": cut(looked.group.key, WHY_CHARS),
        "receiver": looked.group.receiver,
        "reasons": pack(lines),
    }
    muted = [
        (known[name], muting.labels_of(one.by) if one.why is Why.INHIBITED else ())
        for one in reasons
        if one.why in BY_SETTINGS
        for name in one.alerts
        if not known[name].is_resolved(now_ms)
    ]
    return detail | _written(muted) if muted else detail


def detail_of_stray(group: Group) -> dict[str, Any]:
    """Return what is written down of a group to which no route leads any of its alerts."""
    return {
        "sentence": "Its route is gone from the settings; its alerts are led where they go now.",
        "group": cut(group.key, WHY_CHARS),
        "receiver": group.receiver,
    }


def read_muted(detail: Mapping[str, Any]) -> Iterator[MutedAlert]:
    """Yield the firing alerts that settings muted, as `detail_of` wrote them down."""
    for name, labels, starts_ms, source in detail.get("muted", ()):
        pairs = [tuple(sorted(one.items())) for one in (labels, source)]
        yield MutedAlert(name, pairs[0], starts_ms, pairs[1])


def _digest(reasons: Iterable[Reason]) -> str:
    """Return what tells one way to be kept back from another; nothing where nobody is."""
    lasting = [
        (one.why.value, one.channel, sorted(one.alerts), one.by)
        for one in reasons
        if one.why not in TELLS and one.why is not Why.UNCHANGED
    ]
    if not lasting:
        return ""
    return blake2b(repr(lasting).encode(), digest_size=DIGEST_BYTES).hexdigest()


def _channels(reasons: Iterable[Reason], known: Mapping[str, Alert]) -> Iterator[Line]:
    for one in reasons:
        if one.why not in MUTES:
            why = cut(f"{one.why}: {_names(one.alerts, known)}", WHY_CHARS)
            yield Line(about=About.CHANNEL, name=_to(one), holds=one.why in TELLS, why=why)


def _mutes(
    reasons: Iterable[Reason], known: Mapping[str, Alert], named: Callable[[str], str]
) -> Iterator[Line]:
    """Yield a line for each thing that mutes, with the alerts that it does."""
    muted: dict[tuple[Why, str], list[str]] = {}
    for one in reasons:
        if one.why in MUTES:
            muted.setdefault((one.why, one.by), []).extend(one.alerts)
    for (why, by), alerts in muted.items():
        said = cut(f"{why}: {_names(alerts, known)}", WHY_CHARS)
        yield Line(about=About.MUTE, name=cut(named(by), WHY_CHARS), holds=True, why=said)


def _names(alerts: Iterable[str], known: Mapping[str, Alert]) -> str:
    names = [dict(known[one].labels).get("alertname", one) for one in alerts]
    first = list(dict.fromkeys(names))
    more = [f"and {len(first) - NAMES_MAX} names more"] if len(first) > NAMES_MAX else []
    count = f" ({len(names)} alerts)" if len(names) > len(first) else ""
    return ", ".join((*first[:NAMES_MAX], *more)) + count


def _sum_up(reasons: Iterable[Reason]) -> str:
    reasons = list(reasons)
    told = [f"{_to(one)} ({one.why})" for one in reasons if one.why in TELLS]
    left = [f"{_to(one)} ({one.why})" for one in reasons if one.why not in TELLS | MUTES]
    muted = {why: 0 for why in Why if why in MUTES}
    for one in reasons:
        if one.why in MUTES:
            muted[one.why] += len(one.alerts)
    parts = [f"told {_some(told)}"] if told else []
    parts += [f"did not tell {_some(left)}"] if left else []
    parts += [
        f"{count} alert{'' if count == 1 else 's'} muted ({why})"
        for why, count in muted.items()
        if count
    ]
    return cut(f"Decided: {'; '.join(parts)}.", WHY_CHARS)


def _some(said: list[str]) -> str:
    more = [f"{len(said) - SAID_MAX} more"] if len(said) > SAID_MAX else []
    return ", ".join((*said[:SAID_MAX], *more))


def _to(reason: Reason) -> str:
    return TO_INCIDENTS if reason.channel == INCIDENTS else reason.channel


def _written(muted: Iterable[tuple[Alert, Labels]]) -> dict[str, Any]:
    """Return muted alerts as `read_muted` reads them, and how many did not fit."""
    kept: list[tuple[str, dict[str, str], int, dict[str, str]]] = []
    left_out, chars = 0, 0
    for alert, source in muted:
        one = (alert.fingerprint, dict(alert.labels), alert.starts_ms, dict(source))
        chars += len(json.dumps(one))
        if chars > MUTED_CHARS_MAX:
            left_out += 1
        else:
            kept.append(one)
    return {"muted": kept, "left_out": left_out} if left_out else {"muted": kept}
