"""A digest: what is of low severity is told in one message, every so often."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from auscult.kernel.effects import Effect
from auscult.kernel.incidents import Change, ChangeKind, Incident, Status
from auscult.kernel.times import MINUTE_MS, clock_utc, duration_words
from auscult.kernel.words import Severity, TenantId, worst
from auscult.notification.decide.routes import Route
from auscult.notification.decide.wishes import hearings
from auscult.notification.messages import Digested, Message
from auscult.notification.messages.message import TEXT_CHARS_MAX
from auscult.notification.messages.plain import cut, plain

DIGEST = "digest:"
LINES_MAX = 200
LINE_CHARS = 160


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One thing for a channel's digest that is due at a time, or that the thing is over."""

    channel: str
    from_ms: int
    due_ms: int
    thing: Digested

    @property
    def key(self) -> str:
        """The key of the digest's message: one for each channel and time."""
        return f"{DIGEST}{self.channel}:{self.due_ms}"


def digest_lines(
    incident: Incident,
    changes: Sequence[Change],
    routes: Sequence[Route],
    *,
    told: Collection[str],
    now_ms: int,
) -> tuple[DigestLine, ...]:
    """Return what these changes say in which digests.

    Digests are due at times that `digest_min` divides, counted from midnight UTC, so that all that
    begins between two of them stands in one.
    """
    lines: dict[str, DigestLine] = {}
    is_over = any(change.kind is ChangeKind.RESOLVED for change in changes)
    # What is over was told in a digest by the routes that fitted while it went on.
    asked = [one.model_copy(update={"kind": ChangeKind.JOINED}) for one in changes[:1]]
    for change in asked if is_over else changes:
        for heard in hearings(incident, change, routes, told=told):
            if not heard.is_digested or heard.route.digest_min is None:
                continue
            span_ms = heard.route.digest_min * MINUTE_MS
            due_ms = (now_ms // span_ms + 1) * span_ms
            thing = Digested(
                incident=incident.id,
                headline=incident.headline,
                severity=incident.severity,
                at_ms=incident.opened_ms,
                over_ms=now_ms if is_over else None,
            )
            lines[heard.channel] = DigestLine(heard.channel, due_ms - span_ms, due_ms, thing)
    return tuple(lines.values())


def add_to_digest(
    before: Effect | None, line: DigestLine, *, tenant: TenantId, base_url: str
) -> Effect | None:
    """Return the digest's message with a line more, or with one thing over; None for no change."""
    things = {}
    if before is not None:
        told = Message.model_validate(before.payload).digest
        things = {one.incident: one for one in told}
    known = things.get(line.thing.incident)
    if known is None and line.thing.over_ms is not None:
        return None
    if known is not None and line.thing.over_ms is not None:
        things[known.incident] = known.model_copy(update={"over_ms": line.thing.over_ms})
    elif len(things) < LINES_MAX or known is not None:
        things[line.thing.incident] = line.thing
    message = _message(tuple(things.values()), line, tenant=tenant, base_url=base_url)
    return message.as_effect(line.channel, key=line.key, due_ms=line.due_ms)


def _message(
    things: tuple[Digested, ...], line: DigestLine, *, tenant: TenantId, base_url: str
) -> Message:
    since = f"{clock_utc(line.from_ms)} to {clock_utc(line.due_ms)} UTC"
    many = f"{len(things)} incident{'' if len(things) == 1 else 's'}"
    if len(things) == LINES_MAX:
        many = f"{LINES_MAX} incidents or more"
    title = f"Digest: {many} of low severity, {since}"
    return Message(
        kind=ChangeKind.OPENED,
        incident=line.key,
        tenant=tenant,
        status=Status.OPEN,
        severity=worst([one.severity for one in things]) if things else Severity.INFO,
        headline=title,
        title=title,
        subject=title,
        text=cut("\n".join(map(_said, things)), TEXT_CHARS_MAX),
        link=f"{base_url.rstrip('/')}/" if base_url else "",
        link_name="Open all incidents",
        dedup_key=line.key,
        service="",
        opened_ms=line.from_ms,
        at_ms=line.due_ms,
        digest=things,
    )


def _said(thing: Digested) -> str:
    over = ""
    if thing.over_ms is not None:
        over = f", over after {duration_words(thing.over_ms - thing.at_ms)}"
    headline = cut(plain(thing.headline), LINE_CHARS)
    return f"{clock_utc(thing.at_ms)} UTC {thing.severity}: {headline}{over}"
