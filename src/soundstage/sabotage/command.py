"""``soundstage fault``: begin, wait, withdraw; also when it is interrupted."""

import signal
import threading
import time
from pathlib import Path

import typer

from soundstage.errors import BadTarget
from soundstage.sabotage.injection import Injection, aim
from soundstage.supervision.finding import find_running


def run_fault(state: Path, name: str, *, target: str, seconds: float, settings: list[str]) -> None:
    """Hold a fault for its seconds and say what was broken; raises ``SoundstageError``."""
    pairs = [setting.partition("=") for setting in settings]
    for key, equals, _ in pairs:
        if not equals:
            raise BadTarget(f"--set {key}: write parameter=value")
    find_running(state)
    injection = aim(
        state,
        name,
        target=target,
        seconds=seconds,
        parameters={key: value for key, _, value in pairs},
    )
    enough = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: enough.set())
    with injection:
        typer.echo(f"{_clock()} {injection.truth().broken}, for {injection.seconds:g} s")
        enough.wait(injection.seconds)
    typer.echo(f"{_clock()} withdrawn after {_lasted_s(injection):.1f} s")


def _lasted_s(injection: Injection) -> float:
    return (injection.ended_ms - injection.started_ms) / 1_000


def _clock() -> str:
    return time.strftime("%H:%M:%S")
