"""`auscult why`: the record of one incident, the oldest first, from the store itself."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from auscult.engine.why.account import Account, Entry, Kind, Sent, give_account
from auscult.engine.why.alerts import GroupAnswer, ask_groups
from auscult.kernel.errors import ObjectMissing, SettingError
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.times import rfc3339
from auscult.kernel.words import TenantId
from auscult.notification.decide.reasons import About, Reason
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import load_settings
from auscult.store import Work
from auscult.surface.cli.opening import configured, opened_store
from auscult.surface.cli.settings.checking import plan_settings


def tell_why(
    incident: str, config: Path, *, person: str = "", tenant: str = "", as_json: bool = False
) -> None:
    """Print why whom was told; raises `ObjectMissing`, `QueryUnknown`, `SettingError`."""
    settings = load_settings(config)
    plans = plan_settings(settings)
    tenants = [configured(settings, tenant, config)] if tenant else [*settings.tenants]
    with opened_store(settings, migrates=False) as store, store.read() as work:
        owner = _owner(work, incident, tenants)
        account = give_account(
            work.of(owner),
            incident,
            rules=plans.of(owner).rules,
            now_ms=SystemClock().now_ms(),
            person=person,
        )
    if as_json:
        sys.stdout.write(json.dumps(account.written(), indent=2) + "\n")
        return
    for line in spell(account):
        sys.stdout.write(f"{line}\n")


def tell_why_alerts(
    written: list[str], config: Path, *, tenant: str = "", as_json: bool = False
) -> None:
    """Print why alerts were told, or are now, or not; raises `MatcherMalformed`, `SettingError`."""
    matchers = tuple(map(parse_matcher, written))
    settings = load_settings(config)
    plans = plan_settings(settings)
    tenants = [configured(settings, tenant, config)] if tenant else [*settings.tenants]
    now_ms = SystemClock().now_ms()
    with opened_store(settings, migrates=False) as store, store.read() as work:
        found = [
            (name, group)
            for name in tenants
            for group in ask_groups(
                work.of(name), plans.of(name).rules.alerting, matchers, now_ms=now_ms
            )
        ]
    if as_json:
        told = [{"tenant": name, **group.written()} for name, group in found]
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    for name, group in found:
        for line in spell_group(name, group):
            sys.stdout.write(f"{line}\n")
    if not found:
        sys.stdout.write("no group is known that such an alert stands in, or stood\n")


def spell(account: Account) -> Iterator[str]:
    """Yield an account as lines for a person to read."""
    incident = account.incident
    yield f"{incident.id}  {incident.severity}  {incident.status}  {incident.headline}"
    if account.person is not None:
        yield f"\n{account.person.verdict}"
        for line in account.person.lines:
            mark = "*" if line.was_called else " "
            yield f"{when(line.at_ms)} {mark} {line.sentence}"
        return
    if not account.is_whole:
        yield "(what came before is left out: there is too much of it)"
    yield from _entries(account.entries)
    if account.messages:
        yield "\nMessages"
    yield from map(_message, account.messages)


def spell_group(tenant: str, group: GroupAnswer) -> Iterator[str]:
    """Yield what is on record of a group, and what it would tell now, as lines to read."""
    yield f"{tenant}  {group.receiver}  {group.key}"
    if not group.is_whole:
        yield "  (what came before is left out: there is too much of it)"
    yield from (f"  {line}" for line in _entries(group.entries))
    yield from (f"  {line}" for line in map(_message, group.messages))
    if not group.answers:
        yield "  now: nothing is in it"
    for one in group.answers:
        yield f"  now: {'yes' if one.tells else 'no '} {one.sentence}"
    if group.next_ms > 0:
        yield f"  looked at again at {when(group.next_ms)}"


def _entries(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield f"{when(entry.at_ms)}  {entry.kind:<8} {_said(entry)}"
        yield from (f"{'':31}{line}" for line in map(spell_reason, entry.reasons))


def _message(sent: Sent) -> str:
    to = f"{', '.join(sent.people)} by {sent.channel}" if sent.people else sent.channel
    attempts = f"{sent.attempts} attempt{'' if sent.attempts == 1 else 's'}"
    reason = f": {sent.reason}" if sent.reason else ""
    return f"{when(sent.due_ms)}  {sent.state:<8} {sent.kind} to {to}, {attempts}{reason}"


def spell_reason(reason: Reason) -> str:
    """Return one reason as a line: `yes` or `no`, about what, and why."""
    name, answer = reason.name, "yes" if reason.holds else "no "
    if reason.about is About.MORE:
        return f"and {name} more"
    if reason.about is About.PERSON and reason.holds:
        name = f"{name or 'all'} by {reason.channel}"
    until = ""
    if reason.at_ms is not None:
        word = "until" if reason.about is About.MUTE else "at"
        until = f" ({word} {when(reason.at_ms)})"
    return (
        f"{answer} {reason.about} {name or 'none'}{': ' if reason.why else ''}{reason.why}{until}"
    )


def when(at_ms: int) -> str:
    """Return an instant as a line begins with it: `2026-11-24 03:12:00Z`."""
    return f"{rfc3339(at_ms)[:19].replace('T', ' ')}Z"


def _said(entry: Entry) -> str:
    by = f"{entry.actor}: " if entry.kind in {Kind.SEEN, Kind.PERSON} else ""
    return f"{by}{entry.sentence}"


def _owner(work: Work, incident: str, tenants: list[TenantId]) -> TenantId:
    """Return whose incident it is, of those that the settings name; raises `ObjectMissing`."""
    for tenant in tenants:
        if work.of(tenant).incidents.get(incident) is not None:
            return tenant
    if not tenants:
        raise SettingError("no tenant is configured")
    raise ObjectMissing(f"incident {incident[:40]!r} of {', '.join(tenants)}")
