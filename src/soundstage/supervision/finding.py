"""Finding the platform that runs: in the folder that was named, or else in one beside it."""

import os
import socket
from pathlib import Path

from soundstage.errors import NotRunning
from soundstage.plan import FILE, Plan, load_plan

TIMEOUT_S = 2.0


def find_running(state: Path) -> Plan:
    """Read the plan of a platform that runs; raises ``NotRunning`` with where one runs instead."""
    if (state / FILE).exists():
        plan = load_plan(state)
        if answers(plan):
            return plan
    beside = _running_beside(state)
    hint = f"add --state {beside}" if beside else "start it with `soundstage up`"
    raise NotRunning(f"nothing runs in {_short(state)}: {hint}")


def answers(plan: Plan) -> bool:
    """Whether a supervisord listens at the socket of the plan."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(TIMEOUT_S)
        try:
            caller.connect(plan.supervisor_socket)
        except OSError:
            return False
    return True


def _running_beside(state: Path) -> str:
    """Return the folder of a platform that runs beside this one (the show's, say), or nothing."""
    for found in sorted(state.parent.glob(f"*/{FILE}")):
        try:
            plan = load_plan(found.parent)
        except (NotRunning, OSError, ValueError):
            continue
        if found.parent != state and answers(plan):
            return _short(found.parent)
    return ""


def _short(folder: Path) -> str:
    """Return a folder as one would type it here."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith("..") else relative
