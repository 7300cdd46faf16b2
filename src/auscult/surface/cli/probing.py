"""`auscult probe`: listens where it stands, and reports to the auscult that watches."""

import asyncio
import signal
from pathlib import Path
from urllib.parse import urlsplit

from auscult.kernel.errors import SettingError
from auscult.runtime.clock import SystemClock
from auscult.runtime.logging import configure_logs
from auscult.runtime.settings import load_settings, process_environment
from auscult.signals.port import SOURCES, Source
from auscult.signals.vantage import Reporter
from auscult.surface.cli.opening import configured
from auscult.vault import redact_fields

KEY_VARIABLE = "AUSCULT_KEY"
PROBE = "probe"
LEAVE_S = 5.0
"""How long an agent that is stopped tries to say so."""


def report_streams(config: Path, *, tenant: str, to: str, vantage: str) -> None:
    """Listen until a signal comes; raises `SettingError` for what is wrong in file, key or URL."""
    configure_logs(redact=redact_fields, console=False)
    environ = process_environment()
    if urlsplit(to).scheme not in {"http", "https"} or not urlsplit(to).hostname:
        raise SettingError(f"{to!r} is no http(s) URL of an auscult")
    key = environ.get(KEY_VARIABLE, "")
    if not key:
        raise SettingError(f"{KEY_VARIABLE} is not set: it holds the API key of a writer")
    probes = _probes(config, tenant, vantage)
    reporter = Reporter(to.rstrip("/"), key, SystemClock().now_ms)
    asyncio.run(_listen(probes, reporter))


def _probes(config: Path, tenant: str, vantage: str) -> list[Source]:
    settings = load_settings(config, process_environment())
    name = tenant or next(iter(settings.tenants), "")
    tree = settings.tenants[configured(settings, name, config)]
    entries = [entry for entry in tree.sources if entry.use == PROBE]
    if not entries:
        raise SettingError(f"{config}: tenant {name!r} has no source `{{use: probe, …}}`")
    more = {"vantage": vantage} if vantage else {}
    return [SOURCES.make(PROBE, {**dict(entry.settings), **more}) for entry in entries]


async def _listen(probes: list[Source], reporter: Reporter) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    listening = [asyncio.create_task(probe.run(reporter)) for probe in probes]
    sending = asyncio.create_task(reporter.run())
    waiting = asyncio.create_task(stopping.wait())
    ends = [*listening, sending, waiting]
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await _end(listening)
    if not sending.done():  # that nobody listens here any more is the last that is said
        await reporter.drain(within_s=LEAVE_S)
    await _end([sending])
    waiting.cancel()
    for task in done:
        task.result()


async def _end(tasks: "list[asyncio.Task[None]]") -> None:
    """Cancel tasks and wait until they have ended; what they raised is asked for elsewhere."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
