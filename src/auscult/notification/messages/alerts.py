"""A group of alerts, turned into a message: for people in words, for machines as webhook v4."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from auscult.kernel.alerts import Alert, Group, rank
from auscult.kernel.incidents import ChangeKind, Status
from auscult.kernel.times import clock_utc, rfc3339
from auscult.kernel.words import Labels, Severity, Subject, TenantId, subject_of, worst
from auscult.notification.messages.message import (
    LINK_CHARS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    AlertsTold,
    Message,
)
from auscult.notification.messages.plain import cut, cut_middle, plain, web_link

ALERTS_SAID_MAX = 5
BODY_CHARS_MAX = 700_000
"""More is left out of the machine's form, which says how many: a row of the outbox is bounded."""

NEVER = "0001-01-01T00:00:00Z"
"""How Go writes a time that is not set; a firing alert has no end."""

UNKNOWN = "unknown"
SUMMARIES = ("summary", "title", "description", "message")
SEVERITIES = {"critical": Severity.CRITICAL, "page": Severity.CRITICAL, "error": Severity.CRITICAL}
SEVERITIES |= {"info": Severity.INFO, "none": Severity.INFO, "low": Severity.INFO}


def render_group(
    group: Group,
    alerts: tuple[Sequence[Alert], Sequence[Alert]],
    *,
    tenant: TenantId,
    at_ms: int,
    base_url: str = "",
) -> Message:
    """Return what is said of a group: `alerts` are those that fire, and those that resolved.

    Its key for receivers that take one is Alertmanager's (`notify.Key.Hash`): what it opened there
    is ended here after a move.
    """
    firing, resolved = alerts
    shown = [*firing, *resolved]
    first = shown[0]
    over = not firing
    common = tuple(sorted(_common([one.labels for one in shown]).items()))
    subject = subject_of(common)
    if subject.service == UNKNOWN:
        subject = Subject(service=subject_of(first.labels).service)
    opened_ms = min(one.starts_ms for one in shown)
    what = _symptom(shown, group)
    return Message(
        kind=ChangeKind.RESOLVED if over else ChangeKind.OPENED,
        incident=group.id,
        tenant=tenant,
        status=Status.RESOLVED if over else Status.OPEN,
        severity=worst([severity_of(one.labels) for one in shown]),
        headline=cut(what, 200),
        title=_title(what, opened_ms=opened_ms, over_ms=at_ms if over else None),
        text=cut("\n".join(_lines(firing, resolved)), TEXT_CHARS_MAX),
        link=_source(shown),
        link_name="Open the source of the alert",
        dedup_key=sha256(group.key.encode()).hexdigest(),
        service=subject.service,
        instance=subject.instance,
        fields=tuple((name, cut(plain(value), 200)) for name, value in group.labels),
        opened_ms=opened_ms,
        at_ms=at_ms,
        alerts=_told(group, firing, resolved, base_url=base_url),
    )


def _source(alerts: Sequence[Alert]) -> str:
    """Return the first link to where an alert comes from; a link cut short leads nowhere."""
    links = (web_link(one.generator_url) for one in alerts)
    return next((one for one in links if 0 < len(one) <= LINK_CHARS_MAX), "")


def severity_of(labels: Labels) -> Severity:
    """Return how bad an alert is by its label `severity`; a warning where that says nothing."""
    return SEVERITIES.get(dict(labels).get("severity", "").lower(), Severity.WARNING)


def _symptom(alerts: Sequence[Alert], group: Group) -> str:
    said = {_said(one) for one in alerts}
    if len(said) == 1:
        (one,) = said
        return one if len(alerts) == 1 else f"{one} ({len(alerts)} alerts)"
    named = ", ".join(value for _, value in group.labels) or group.receiver
    return f"{len(alerts)} alerts: {plain(named)}"


def _said(alert: Alert) -> str:
    """Return the first annotation that says what is wrong, else the alert's own name."""
    notes, labels = dict(alert.annotations), dict(alert.labels)
    said = next((notes[name] for name in SUMMARIES if notes.get(name)), "")
    name = labels.get("alertname", "alert")
    return plain(said) or plain(f"{subject_of(alert.labels)}: {name}")


def _title(what: str, *, opened_ms: int, over_ms: int | None) -> str:
    if over_ms is not None:
        return cut_middle(f"Over: {what}", f", {clock_utc(over_ms)} UTC", TITLE_CHARS_MAX)
    return cut_middle(what, f" since {clock_utc(opened_ms)} UTC", TITLE_CHARS_MAX)


def _lines(firing: Sequence[Alert], resolved: Sequence[Alert]) -> Iterable[str]:
    for word, alerts in (("firing", firing), ("resolved", resolved)):
        for alert in alerts[:ALERTS_SAID_MAX]:
            since = f"since {clock_utc(alert.starts_ms)} UTC"
            yield f"{word} {since}: {cut(_said(alert), 160)} ({_labels(alert.labels)})"
        if len(alerts) > ALERTS_SAID_MAX:
            yield f"and {len(alerts) - ALERTS_SAID_MAX} more {word}."


def _labels(labels: Labels) -> str:
    return cut(", ".join(f"{name}={plain(value)}" for name, value in labels), 200)


def _told(
    group: Group, firing: Sequence[Alert], resolved: Sequence[Alert], *, base_url: str
) -> AlertsTold:
    """Return the machine's form; where it is too long, what fires is kept first."""
    shown = [*firing, *resolved]
    kept: list[tuple[Alert, dict[str, Any]]] = []
    chars = 0
    for number, one in enumerate(shown):
        said = _alert(one, "firing" if number < len(firing) else "resolved")
        chars += len(str(said))
        if chars > BODY_CHARS_MAX:
            break
        kept.append((one, said))
    kept.sort(key=lambda pair: rank(pair[0]))
    return AlertsTold(
        group_key=group.key,
        receiver=group.receiver,
        group_labels=dict(group.labels),
        common_labels=_common([one.labels for one in shown]),
        common_annotations=_common([one.annotations for one in shown]),
        external_url=base_url,
        alerts=tuple(said for _, said in kept),
        truncated=len(shown) - len(kept),
    )


def _alert(alert: Alert, status: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(alert.starts_ms),
        "endsAt": NEVER if status == "firing" else rfc3339(alert.ends_ms),
        "generatorURL": web_link(alert.generator_url),
        "fingerprint": alert.fingerprint,
    }


def _common(sets: Sequence[Labels]) -> dict[str, str]:
    """Return the pairs that are in every set."""
    left = dict(sets[0]) if sets else {}
    for one in sets[1:]:
        named = dict(one)
        left = {name: value for name, value in left.items() if named.get(name) == value}
    return left
