"""``soundstage campaign``: follows the schedule against a running platform and tells the truth."""

import json
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from soundstage.campaign.schedule import LAST_QUIET_S, Step, draw_steps
from soundstage.errors import SoundstageError
from soundstage.plan import load_plan
from soundstage.sabotage.injection import aim
from soundstage.supervision.finding import find_running

Say = Callable[[dict[str, Any]], None]


class Campaign:
    """One campaign; ``stop`` may be set from a signal."""

    def __init__(self, state: Path, say: Say, stop: threading.Event) -> None:
        """Break the platform of ``state`` and tell ``say`` each line of the truth."""
        self._state, self._say, self._stop = state, say, stop
        self._quiet_since_ms = _now_ms()

    def run(self, steps: Sequence[Step]) -> None:
        """Follow the steps; whatever is in force is withdrawn when somebody interrupts."""
        for step in steps:
            if self._stop.wait(step.quiet_s):
                break
            self._break(step)
        else:
            self._stop.wait(LAST_QUIET_S)
        self._tell_quiet()

    def _break(self, step: Step) -> None:
        try:
            injection = aim(
                self._state,
                step.name,
                target=step.target,
                seconds=step.seconds,
                parameters=dict(step.parameters),
            )
            self._tell_quiet()
            try:
                with injection:
                    self._stop.wait(step.seconds)
            finally:
                self._quiet_since_ms = _now_ms()
        except SoundstageError as error:
            self._say({"event": "skipped", "name": step.name, "reason": str(error)})
            return
        self._say({"event": "fault", **asdict(injection.truth())})

    def _tell_quiet(self) -> None:
        self._say({"event": "quiet", "started_ms": self._quiet_since_ms, "ended_ms": _now_ms()})


def run_campaign(
    state: Path, *, seed: int, minutes: float, only: Sequence[str], plan_only: bool
) -> None:
    """Run a campaign or print its schedule; raises ``SoundstageError``."""
    plan = load_plan(state) if plan_only else find_running(state)
    programmes = [programme.key for programme in plan.programmes]
    steps = list(draw_steps(seed, minutes=minutes, names=only, programmes=programmes))
    if plan_only:
        for step in steps:
            _print({"event": "planned", **asdict(step)})
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _print({"event": "campaign", "seed": seed, "minutes": minutes, "faults": len(steps)})
    Campaign(state, _print, stop).run(steps)


def _print(row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False), flush=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
