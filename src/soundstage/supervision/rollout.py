"""Releases: rolled out to one process, beside others that run another one, and rolled back."""

from pathlib import Path

from soundstage.errors import BadTarget
from soundstage.plan import Plan
from soundstage.stages.release import choose_release, roll_back
from soundstage.supervision.finding import find_running
from soundstage.supervision.rpc import Supervisor

STAGE = "enhance"
"""The only stage whose code comes in releases."""


def roll_out(state: Path, process: str, release: str) -> None:
    """Restart a process with ``release``; raises ``BadTarget``, ``BadSetting``, ``NotRunning``."""
    plan = _check(state, process)
    choose_release(state, process, release)
    _restart(plan, process)


def take_back(state: Path, process: str) -> str:
    """Restart a process with the release it ran before, and return that."""
    plan = _check(state, process)
    release = roll_back(state, process)
    _restart(plan, process)
    return release


def _check(state: Path, process: str) -> Plan:
    plan = find_running(state)
    able = [place.name for place in plan.replicas(STAGE)]
    if process not in able:
        raise BadTarget(f"{process} has no releases; these have: {', '.join(able)}")
    return plan


def _restart(plan: Plan, process: str) -> None:
    supervisor = Supervisor(plan.supervisor_socket)
    supervisor.stop(process)
    supervisor.start(process)
