"""`auscult page mute`: the events of a calendar as silences, ahead of time."""

import sys
from pathlib import Path

from auscult.kernel.errors import AuscultError, SettingError
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.times import DAY_MS
from auscult.notification.decide.alerts.windows import Windows, plan_windows
from auscult.notification.oncall import read_calendar
from auscult.notification.oncall.ical.reading import TEXT_MAX_BYTES
from auscult.runtime.clock import SystemClock
from auscult.runtime.ids import new_uuid
from auscult.runtime.settings import load_settings, process_environment
from auscult.surface.cli.opening import ACTOR, configured, opened

SILENCES_MAX = 1_000


def mute_by_calendar(  # noqa: PLR0913  # what a person says on the command line
    config: Path, tenant_name: str, file: Path, *, name: str, match: list[str], days: int
) -> None:
    """Make the events of a calendar mute what matches, and end those that left it; print both.

    Raises `SettingError`, `StoreUnavailable`.
    """
    settings = load_settings(config, process_environment())
    tenant = configured(settings, tenant_name, config)
    matchers = tuple(map(parse_matcher, match))
    now_ms = SystemClock().now_ms()
    try:
        events = read_calendar(_read(file), now_ms, now_ms + days * DAY_MS, zone="UTC").events
    except AuscultError as why:
        raise SettingError(f"{file}: {why.detail or why}") from None
    with opened(settings, migrates=False) as house, house.store.write() as work:
        rows = work.of(tenant)
        known = rows.silences.ending_after(now_ms)
        planned = plan_windows(
            events,
            known,
            name=name or file.stem,
            matchers=matchers,
            by=ACTOR,
            now_ms=now_ms,
            new_id=new_uuid,
        )
        if len(known) + len(planned.made) > SILENCES_MAX:
            raise SettingError(f"{file}: more than {SILENCES_MAX} silences; take fewer --days")
        for silence in (*planned.made, *planned.ended):
            rows.silences.put(silence)
        rows.audit.append(
            at_ms=now_ms,
            actor=ACTOR,
            action="silence.calendar",
            about=name or file.stem,
            detail={"sentence": _said(file, planned)},
        )
    sys.stdout.write(f"{_said(file, planned)}\n")


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened_file:
            body = opened_file.read(TEXT_MAX_BYTES + 1)
    except OSError as why:
        raise SettingError(f"{file}: {why.strerror}") from None
    return body.decode("utf-8", "replace")


def _said(file: Path, planned: Windows) -> str:
    made, ended = len(planned.made), len(planned.ended)
    return f"{file.name}: {made} windows made, {ended} ended, {planned.kept} kept as they are"
