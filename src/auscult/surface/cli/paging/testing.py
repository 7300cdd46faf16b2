"""`auscult page test`: a page about nothing goes the way of a real one; printed is what became."""

import sys
import time
from pathlib import Path

import typer

from auscult.engine.events.outbox.pagetest import read_test, wish_test
from auscult.kernel.effects import Result
from auscult.kernel.errors import SettingError
from auscult.runtime.clock import SystemClock
from auscult.runtime.ids import new_id
from auscult.runtime.settings import load_settings, process_environment
from auscult.surface.cli.opening import ACTOR, configured, opened

PATIENCE_S = 40.0
"""Longer than one attempt may take; a second one of a receiver that is down is not waited for."""

LOOK_S = 0.25
NOBODY_SENDS = "nothing was attempted: is auscult running with these settings?"


def page_channels(config: Path, name: str, channels: list[str]) -> None:
    """Test a tenant's channels and print a line for each; exit code 1 where one was not reached.

    Raises `SettingError`, `StoreUnavailable`.
    """
    settings = load_settings(config, process_environment())
    tenant = configured(settings, name, config)
    known = settings.tenants[tenant].channels
    if wrong := [one for one in channels if one not in known]:
        there = ", ".join(known) or "none"
        raise SettingError(f"{config}: no channel {wrong[0]!r} of {name}; configured are {there}")
    wanted = channels or list(known)
    if not wanted:
        raise SettingError(f"{config}: {name} has no channels")
    clock = SystemClock()
    with opened(settings, migrates=False) as house:
        with house.store.write() as work:
            rows = work.of(tenant)
            keys = wish_test(rows, wanted, by=ACTOR, test_id=new_id(clock), now_ms=clock.now_ms())
        pages = {channel: first for channel, (first, _) in keys.items()}
        seen: dict[str, tuple[str, str, int]] = {}
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            with house.store.read() as work:
                seen = read_test(work.of(tenant), pages.values())
            if all(attempts for _, _, attempts in seen.values()):
                break
            time.sleep(LOOK_S)
    failed = [channel for channel, key in pages.items() if not _tell(channel, seen[key])]
    raise typer.Exit(1 if failed else 0)


def _tell(channel: str, fared: tuple[str, str, int]) -> bool:
    state, reason, attempts = fared
    is_done = state == Result.DONE
    words = "was reached" if is_done else "was NOT reached"
    because = reason or (
        "" if is_done else NOBODY_SENDS if not attempts else "it will be tried again"
    )
    sys.stdout.write(f"{channel} {words}{': ' if because else ''}{because}\n")
    return is_done
