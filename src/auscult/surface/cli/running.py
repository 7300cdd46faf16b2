"""`auscult run`: the engine and the server in one process, started and stopped in order."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from auscult.engine import Engine
from auscult.kernel.errors import AuscultError
from auscult.runtime.logging import configure_logs, logger
from auscult.surface.app import create_app
from auscult.surface.server import listen, serve
from auscult.vault import redact_fields

SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while others wait for it. Python's own 5 ms are waited
at every step of a request while bodies are decoded: measured, that is four times the latency."""

log = logger("surface")


def run_auscult(config: Path, *, console: bool) -> None:
    """Run until a signal comes; raises `SettingError`, `StoreUnavailable` before it serves."""
    configure_logs(redact=redact_fields, console=console)
    sys.setswitchinterval(SWITCH_S)
    engine = Engine.open(config)
    server = engine.settings.server
    with (
        listen(server.host, server.port) as door,
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        runner.run(_run(engine, door))


async def _run(engine: Engine, door: socket.socket) -> None:
    await engine.start()
    try:
        _reload_on_hangup(engine)
        server = engine.settings.server
        await serve(
            create_app(engine),
            door,
            close_streams=engine.hub.close,
            on_ready=_announce,
            tls=(server.tls_certificate, server.tls_key),
        )
    finally:
        await engine.stop()


def _announce(address: str) -> None:
    """Say where the page is, alone on its line, where a person will look for it."""
    sys.stdout.write(f"auscult: page {address}\n")
    sys.stdout.flush()
    log.info("serving", address=address)


def _reload_on_hangup(engine: Engine) -> None:
    """Read the settings anew on SIGHUP; a wrong file is told in the log and changes nothing."""
    running: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        try:
            changes = await engine.reload(by="SIGHUP")
        except AuscultError as wrong:  # the store may be away just now
            log.warning("settings not reloaded", code=wrong.code, detail=wrong.detail)
        else:
            log.info("settings reloaded", changes=[change.path for change in changes])

    def begin() -> None:
        task = asyncio.ensure_future(reload())
        running.add(task)
        task.add_done_callback(running.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed: about twice the requests a CPU-second."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
