"""A test page: the way of a real one, from the outbox to the receiver's answer, about nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auscult.kernel.incidents import ChangeKind, Status
from auscult.kernel.words import Severity
from auscult.notification.messages import Message

if TYPE_CHECKING:
    from auscult.store import TenantRows

TEST = "test-"
"""What the incident of a test page begins with: there is none of the name."""

SERVICE = "auscult"


def wish_test(
    rows: "TenantRows", channels: Iterable[str], *, by: str, test_id: str, now_ms: int
) -> dict[str, list[str]]:
    """Queue a page and its end for each channel; return the keys of both, by channel."""
    keys: dict[str, list[str]] = {}
    for channel in channels:
        for number, kind in enumerate((ChangeKind.OPENED, ChangeKind.RESOLVED)):
            message = _message(rows, kind, by=by, test_id=test_id, at_ms=now_ms + number)
            key = f"{TEST}{test_id}:{kind}:1:{channel}"
            effect = message.as_effect(channel, key=key, due_ms=message.at_ms)  # in this order
            rows.effects.wish(effect)
            keys.setdefault(channel, []).append(effect.key)
    rows.audit.append(
        at_ms=now_ms,
        actor=by,
        action="page.tested",
        about=f"{TEST}{test_id}",
        detail={"sentence": f"{by} tests {', '.join(keys)}."},
    )
    return keys


def read_test(rows: "TenantRows", keys: Iterable[str]) -> dict[str, tuple[str, str, int]]:
    """Return how each message fares: its state, what its receiver said, and how often it was sent.

    A message that was tried in vain is `pending` still.
    """
    found = {key: rows.effects.row(key) for key in keys}
    return {
        key: (row.state, row.last_reason, row.attempts)
        for key, row in found.items()
        if row is not None
    }


def _message(rows: "TenantRows", kind: ChangeKind, *, by: str, test_id: str, at_ms: int) -> Message:
    is_over = kind is ChangeKind.RESOLVED
    title = "Test page: nothing is wrong"
    return Message(
        kind=kind,
        incident=f"{TEST}{test_id}",
        tenant=rows.tenant,
        status=Status.RESOLVED if is_over else Status.OPEN,
        severity=Severity.INFO,
        headline=title,
        title=f"Over: {title}" if is_over else title,
        subject=title,
        text=f"{by} tests whether pages reach you here. Nothing need be done.",
        dedup_key=f"{TEST}{test_id}",
        service=SERVICE,
        opened_ms=at_ms,
        at_ms=at_ms,
    )
