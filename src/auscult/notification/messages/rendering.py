"""An incident and one of its changes, turned into a message: symptom first, number, time, zone."""

import re
from collections.abc import Sequence

from auscult.kernel.incidents import Change, ChangeKind, Incident, Signal, Status
from auscult.kernel.times import clock_utc, duration_words
from auscult.notification.messages.message import (
    DEDUP_CHARS_MAX,
    LINK_CHARS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    Message,
)
from auscult.notification.messages.plain import cut, cut_middle, is_plain, plain

SIGNALS_SAID_MAX, SUBJECTS_SAID_MAX = 5, 3
LINE_CHARS_MAX = 300
SIGNIFICANT_DIGITS = 4

_SINCE = re.compile(r" since \d\d:\d\d UTC$")


def render(incident: Incident, change: Change, *, base_url: str = "") -> Message:
    """Return the message that says what just happened to an incident.

    The title keeps to 80 characters and names the symptom first; its time carries a zone. Where
    the headline has words that say nothing (`plain.BANNED`), the evidence speaks instead.
    """
    subject = incident.strongest.subject
    return Message(
        kind=change.kind,
        incident=incident.id,
        tenant=incident.tenant,
        status=incident.status,
        severity=incident.severity,
        headline=incident.headline,
        title=title(incident, change),
        text=cut("\n".join(_lines(incident, change)), TEXT_CHARS_MAX),
        link=_link(incident, base_url),
        dedup_key=incident.id[:DEDUP_CHARS_MAX],
        service=subject.service,
        instance=subject.instance,
        fields=_fields(incident),
        opened_ms=incident.opened_ms,
        at_ms=change.at_ms,
    )


def add_lines(message: Message, lines: Sequence[str]) -> Message:
    """Return a message whose text goes on with more lines, which are said whole."""
    added = tuple(cut(plain(line), LINE_CHARS_MAX) for line in lines if line)
    rest = "\n".join(added)
    if not rest:
        return message
    text = cut(message.text, max(0, TEXT_CHARS_MAX - len(rest) - 1))
    said = cut(f"{text}\n{rest}", TEXT_CHARS_MAX)
    return message.model_copy(update={"text": said, "added": (*message.added, *added)})


def title(incident: Incident, change: Change) -> str:
    """Return the one line that is read on a lock screen."""
    since = f" since {clock_utc(incident.opened_ms)} UTC"
    symptom = _SINCE.sub("", _symptom(incident))
    if change.kind is ChangeKind.RESOLVED:
        return cut_middle(
            _over(incident, symptom), f", {clock_utc(change.at_ms)} UTC", TITLE_CHARS_MAX
        )
    if change.kind is ChangeKind.ACKNOWLEDGED:
        symptom = f"Taken by {plain(change.actor)}: {symptom}"
    elif change.kind is ChangeKind.WORSENED:
        symptom = f"Now {incident.severity}: {symptom}"
    elif change.kind is ChangeKind.RETURNED:
        symptom = f"Back again: {symptom}"
    elif change.kind is ChangeKind.RELEASED:
        symptom = f"Nobody has it: {symptom}"
    elif change.kind is ChangeKind.ESCALATED:
        symptom = f"Not taken: {symptom}"
    return cut_middle(symptom, since, TITLE_CHARS_MAX)


def _over(incident: Incident, symptom: str) -> str:
    if symptom.startswith("Over after "):
        return symptom
    lasted = duration_words((incident.resolved_ms or incident.updated_ms) - incident.opened_ms)
    return f"Over after {lasted}: {symptom}"


def _symptom(incident: Incident) -> str:
    said = plain(incident.headline).rstrip(".")
    return said if said and is_plain(said) else _measured(incident)


def _measured(incident: Incident) -> str:
    """Return the strongest finding in figures, where its own words cannot be used."""
    finding, seen = incident.strongest, incident.strongest.evidence
    now = f" is at {_number(seen.now)}{_unit(seen.unit)}" if seen.now is not None else " is odd"
    return plain(f"{finding.subject}: {finding.signal}{now}{_usual(incident)}")


def _usual(incident: Incident) -> str:
    seen = incident.strongest.evidence
    if seen.usual_low is None or seen.usual_high is None:
        return ""
    return f" (usual: {_number(seen.usual_low)}–{_number(seen.usual_high)}{_unit(seen.unit)})"


def _lines(incident: Incident, change: Change) -> list[str]:
    seen = incident.strongest.evidence
    lines = [plain(incident.headline)]
    if seen.now is not None and not incident.is_over:
        what = f"{plain(seen.plots)} " if seen.plots else ""
        lines.append(f"Now {what}{_number(seen.now)}{_unit(seen.unit)}{_usual(incident)}.")
    lines += [_standing(incident, change), impact(incident), cause(incident)]
    said = {incident.strongest.fingerprint}
    if incident.strongest.evidence.breakdown is None:
        said.add(_first_sign(incident).fingerprint)  # the line on the cause has it
    others = [one for one in incident.signals if one.fingerprint not in said]
    lines.extend(_also(one) for one in others[:SIGNALS_SAID_MAX])
    if len(others) > SIGNALS_SAID_MAX:
        lines.append(f"And {len(others) - SIGNALS_SAID_MAX} more signals.")
    return [line for line in (*lines, how_to_take(incident)) if line]


def impact(incident: Incident) -> str:
    """Return what it touches, as a line."""
    named = [plain(str(subject)) for subject in incident.subjects]
    more = f" and {len(named) - SUBJECTS_SAID_MAX} more" if len(named) > SUBJECTS_SAID_MAX else ""
    where = cut(", ".join(named[:SUBJECTS_SAID_MAX]), 200)
    return f"Impact: {where}{more}; how many listeners is not measured."


def cause(incident: Incident) -> str:
    """Return what is known of where it comes from, as a line; that nothing is, too."""
    made_of = incident.strongest.evidence.breakdown
    if made_of is not None and made_of.parts:
        most = max(made_of.parts, key=lambda part: part.value)
        whole = _number(sum(part.value for part in made_of.parts))
        share = f"{_number(most.value)} of {whole}{_unit(made_of.unit)}"
        return f"Cause: most of it is {plain(most.name)} ({share})."
    first = _first_sign(incident)
    if first.fingerprint == incident.strongest.fingerprint:
        return "Cause: not known yet."
    sign = cut(plain(first.sentence), 160)
    return f"Cause: not known; its first sign, {clock_utc(first.first_ms)} UTC: {sign}"


def _first_sign(incident: Incident) -> Signal:
    return min(incident.signals, key=lambda signal: signal.first_ms)


def how_to_take(incident: Incident) -> str:
    """Return how somebody acknowledges it, as a line; empty where nobody needs to."""
    if incident.status is not Status.OPEN:
        return ""
    path = f"/api/v1/incidents/{incident.id}/acknowledge"
    return f"To acknowledge: its page, a button where there is one, or POST {path}"


def _also(signal: Signal) -> str:
    return f"Also {clock_utc(signal.first_ms)} UTC: {cut(plain(signal.sentence), 160)}"


def _standing(incident: Incident, change: Change) -> str:
    since = f"{clock_utc(incident.opened_ms)} UTC"
    if incident.is_over:
        by = "" if incident.resolved_by in {"", "auscult"} else f" by {plain(incident.resolved_by)}"
        return f"{incident.severity}, open {since} to {clock_utc(change.at_ms)} UTC, resolved{by}."
    if incident.status is Status.ACKNOWLEDGED:
        taken = f"taken by {plain(incident.acknowledged_by)}"
    else:
        taken = "not acknowledged"
    lasted = duration_words(change.at_ms - incident.opened_ms)
    return f"{incident.severity}, open since {since} ({lasted}), {taken}."


def _fields(incident: Incident) -> tuple[tuple[str, str], ...]:
    finding = incident.strongest
    pairs = (
        ("service", finding.subject.service),
        ("instance", finding.subject.instance),
        ("signal", finding.signal),
        ("seen by", finding.seen_by),
        ("tenant", incident.tenant),
        ("signals", str(len(incident.signals))),
    )
    return tuple((name, cut(plain(value), 200)) for name, value in pairs if value)


def _link(incident: Incident, base_url: str) -> str:
    link = f"{base_url.rstrip('/')}/incidents/{incident.id}" if base_url else ""
    return link if len(link) <= LINK_CHARS_MAX else ""


def _number(value: float) -> str:
    return f"{value:.{SIGNIFICANT_DIGITS}g}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
