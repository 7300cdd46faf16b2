"""``soundstage up``: start everything, say where it is, and stay if asked to."""

import signal
import threading
import time
from pathlib import Path

import typer

from soundstage.audio.folder import audio_files
from soundstage.errors import NotRunning
from soundstage.settings import Settings
from soundstage.supervision.daemon import launch, stop, wait_ready


def bring_up(
    state: Path, *, foreground: bool, seed: int, audio: Path | None, settings: Settings
) -> None:
    """Start the platform; in the foreground stop it on SIGINT or SIGTERM."""
    started = time.monotonic()
    sources = tuple(str(path.resolve()) for path in audio_files(audio)) if audio else ()
    enough = threading.Event()
    if foreground:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: enough.set())
    plan, daemon = launch(state, seed=seed, sources=sources, settings=settings, tied=foreground)
    try:
        plan = wait_ready(plan, state, alive=lambda: daemon.poll() is None)
        typer.echo(
            f"{len(plan.processes)} processes, {len(plan.programmes)} programmes on air after "
            f"{time.monotonic() - started:.1f} s · {state}"
        )
        edge = plan.process("edge").url
        typer.echo(f"listen: {edge}/live/{plan.programmes[0].key}/playlist.m3u8")
        while foreground and not enough.wait(0.5) and daemon.poll() is None:
            pass
    except BaseException:  # Ctrl-C too: no process may be left behind
        daemon.terminate()
        raise
    if foreground:
        try:
            stop(state)
        except NotRunning:
            daemon.terminate()
