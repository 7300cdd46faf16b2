"""`auscult whatif`: the pages that other settings would have added and removed."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from auscult.engine.whatif.alerts import AlertPage, AlertsCompared
from auscult.engine.whatif.comparison import Comparison, Counts, compare
from auscult.engine.whatif.replay import Call
from auscult.kernel.errors import SettingError
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import load_settings
from auscult.surface.cli.opening import configured, opened_store
from auscult.surface.cli.settings.checking import plan_settings
from auscult.surface.cli.why.telling import when

NOT_KNOWN = (
    "not known: alerts that became incidents without telling a channel, that were silenced all\n"
    "the time, or over before anybody was told; looks at other times, repeats, and what resolved"
)
"""What a comparison of alerts leaves out, said with each: a missing page would look like none."""

SHOWN_MAX = 200
"""Pages of each kind that are printed for a person; `--json` has them all."""


def compare_settings(
    new: Path, present: Path, *, tenant: str = "", days: int = 30, as_json: bool = False
) -> None:
    """Print what the new settings would have changed; raises `SettingError`, `QueryUnknown`."""
    settings, others = load_settings(present), load_settings(new)
    name = tenant or next(iter(settings.tenants), "")
    if not name:
        raise SettingError(f"{present}: no tenant is configured")
    owner = configured(settings, name, present)
    configured(others, name, new)
    before, after = (plan_settings(one).of(owner).rules for one in (settings, others))
    now_ms = SystemClock().now_ms()
    with opened_store(settings, migrates=False) as store, store.read() as work:
        found = compare(work.of(owner), before, after, days=days, now_ms=now_ms)
    if as_json:
        sys.stdout.write(json.dumps({"tenant": owner, **asdict(found)}, indent=2) + "\n")
        return
    for line in (f"{owner}, {days} days", *spell(found)):
        sys.stdout.write(f"{line}\n")


def spell(found: Comparison) -> Iterator[str]:
    """Yield a comparison as lines for a person to read."""
    yield f"{found.incidents} incidents from {when(found.from_ms)} to {when(found.to_ms)}"
    yield (
        f"present settings: {found.before} pages; on record are {found.recorded}, "
        f"of which the replay has {found.reproduced}"
    )
    yield f"other settings:   {found.after} pages"
    yield from _listed("added", [_line("+", call) for call in found.added])
    yield from _listed("removed", [_line("-", call) for call in found.removed])
    yield from _counts("by channel", found.by_channel)
    for person, hours in found.by_night.items():
        named = {f"{hour:02}:00": hours[hour] for hour in sorted(hours, key=_since_evening)}
        yield from _counts(f"{person}, at night by their own clock", named)
    for sentence in found.refused:
        yield f"would have been refused: {sentence}"
    yield from spell_alerts(found.alerts)


def spell_alerts(found: AlertsCompared) -> Iterator[str]:
    """Yield what receivers would tell of groups of alerts, as lines for a person to read."""
    yield f"\n{found.alerts} alerts of others that receivers told, or that settings muted"
    if not found.alerts:
        return
    yield (
        f"present section: {found.before} messages that tell something new; on record are "
        f"{found.recorded}, of which the replay has {found.reproduced}"
    )
    yield f"other section:   {found.after} messages"
    yield from _listed("added", [_page("+", one) for one in found.added])
    yield from _listed("removed", [_page("-", one) for one in found.removed])
    yield from _counts("by channel", found.by_channel)
    yield f"\n{NOT_KNOWN}"
    if found.left_out:
        yield f"not known: {found.left_out} alerts that did not fit in a message or a record"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    yield f"\n{title}: {len(lines)}"
    yield from lines[:SHOWN_MAX]
    if len(lines) > SHOWN_MAX:
        yield f"  and {len(lines) - SHOWN_MAX} more; --json has them all"


def _page(mark: str, page: AlertPage) -> str:
    names = ", ".join(page.names)
    count = f" ({page.alerts} alerts)" if page.alerts > 1 else ""
    return f"{mark} {when(page.at_ms)}  {page.channel}  {names}{count}"


def _line(mark: str, call: Call) -> str:
    to = f"{call.person} by {call.channel}" if call.person else call.channel
    return f"{mark} {when(call.at_ms)}  {call.incident}  {to}  {call.step}  {call.headline}"


def _counts(title: str, counts: Counts) -> Iterator[str]:
    if counts:
        yield f"\n{title}"
    for name, (old, new) in counts.items():
        yield f"  {name:<24} {old:>6} -> {new:<6} {new - old:+}"


def _since_evening(hour: int) -> int:
    """Return a place in the night, which begins before midnight."""
    return (hour + 12) % 24
